"""OpenSim tables (``.sto``, ``.mot``): positions of bodies or markers are read, other quantities are refused by name.

A header that ends with ``endheader``, a row of column names that begins with ``time``, and one row a frame. Positions
are columns ``pelvis_X``, ``pelvis_Y``, ``pelvis_Z`` (of the analyses BodyKinematics and PointKinematics), columns
``LASI_tx``, ``LASI_ty``, ``LASI_tz`` (marker locations of inverse kinematics), columns ``LASI_1``, ``LASI_2``,
``LASI_3`` (flattened vectors), or cells ``x,y,z`` where the header says ``DataType=Vec3``, with ``|position`` or
``|location`` after the name (reporters of outputs). Lengths are in metres.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.tables import parse_number, table_recordings, triples
from himpc.reading.formats.parsing.text import Row, decode_head, read_lines
from himpc.reading.formats.parsing.timeline import count_note
from himpc.reading.units import parse_unit
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.sto, *.mot",
    reads="positions: columns `pelvis_X` of bodies, `LASI_tx` of markers, or cells x,y,z with `DataType=Vec3`",
    assumes="metres; y is up, as in OpenSim, unless the body shows another axis; the rate follows from `time`",
    ignores="orientations; joint angles, forces, moments and muscle states, which are refused by name; centres of mass "
    "are points, not joints",
    source="https://simtk-confluence.stanford.edu:8443/display/OpenSim/Getting+Started+with+Analyses",
    exports=(
        Export(
            "OpenSim 4",
            "use the TRC of the markers that it was computed from, or run the Analyze Tool with PointKinematics of the "
            "joint centres",
            "https://simtk-confluence.stanford.edu:8443/display/OpenSim/Getting+Started+with+Analyses",
        ),
    ),
)

_PADDING = ",;\t "
"""What spreadsheets add to lines with less cells than others."""

_SUFFIXES = (".sto", ".mot")
_POSITION = re.compile(r"(?:.*/)?([^/|]+)(?:\|(?:position|location))?[_.]t?([XYZ123])", re.IGNORECASE)
_AXES = {"1": "x", "2": "y", "3": "z"}
_ORIENTATION = re.compile(r"(.+)_O([xyz])")
_NOT_OF_THE_BODY = ("center_of_mass", "com")

# What a table holds, by its name, its file name and its columns; the first that fits.
_MOTION = {"velocities": r"velocit|_vel_", "accelerations": r"accelerat|_acc_"}
_QUANTITIES = {
    "velocities": r"\|(linear|angular)_velocity",
    "accelerations": r"\|(linear|angular)_acceleration",
    "muscle states": r"activation|fiber_length|/forceset/",
    "forces": r"force|grf|torque",
    "joint moments": r"_moment\b",
    "orientations": r"quaternion|orientation",
    "joint angles": r"coordinates|indegrees=yes|/jointset/|_(tilt|list|rotation|flexion|angle|adduction)",
}


@dataclass(frozen=True)
class _Table:
    """A file: its name, its keys in lower case, the names of its columns, and its frames."""

    name: str
    stated: dict[str, str]
    columns: list[str]
    frames: list[Row]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the end of the header, or the suffix."""
    lines = [line.rstrip(_PADDING).lower() for line in decode_head(head)]
    keys = ("nrows", "ncolumns", "datarows", "datacolumns", "indegrees", "datatype", "version")
    has_keys = any(line.replace(" ", "=").startswith(keys) for line in lines)
    return has_keys and ("endheader" in lines or path.suffix.lower() in _SUFFIXES)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the person whose positions a table holds."""
    table = _parse(path)
    points, notes = _find_points(path, table)
    return table_recordings(
        path,
        table.frames,
        points,
        options,
        unit=parse_unit(table.stated.get("units", "")) or "m",
        up="y",
        rate=None,
        time_column=0,
        notes=(
            *count_note(
                "frames", parse_number(table.stated.get("nrows") or table.stated.get("datarows")), len(table.frames)
            ),
            *notes,
        ),
    )


def _parse(path: Path) -> _Table:
    lines = read_lines(path)
    end = next((i for i, (_, line) in enumerate(lines) if line.rstrip(_PADDING).lower() == "endheader"), None)
    if end is None or len(lines) < end + 3:
        raise FormatError(f"{path}: holds no frames, or is truncated within its header")
    pairs = (re.split(r"[= ]+", line.rstrip(_PADDING), maxsplit=1) for _, line in lines[:end])
    stated = {pair[0].lower(): pair[1].strip() for pair in pairs if len(pair) == 2}
    titles = lines[end + 1][1].rstrip(_PADDING)
    first = next((line for _, line in lines[end + 2 :] if line.strip(_PADDING)), "")
    separator = next((each for each in "\t;," if 0 < titles.count(each) <= first.count(each)), None)
    columns = [name.strip() for name in titles.split(separator)]
    rows = ((number, [cell.strip() for cell in line.split(separator)]) for number, line in lines[end + 2 :])
    frames: list[Row] = [
        (number, cells if any(cells[len(columns) :]) else cells[: len(columns)]) for number, cells in rows if any(cells)
    ]
    if not frames:
        raise FormatError(f"{path}: holds no frames")
    if stated.get("datatype", "").lower() == "vec3":
        columns = [columns[0], *(f"{name}_{axis}" for name in columns[1:] for axis in "XYZ")]
        frames = [(number, [cells[0], *_split_vectors(path, number, cells[1:])]) for number, cells in frames]
    for number, cells in frames:
        if len(cells) != len(columns):
            raise FormatError(f"{path}, line {number}: has {count_noun(len(cells), 'cell')}, expected {len(columns)}")
    return _Table(lines[0][1].rstrip(_PADDING), stated, columns, frames)


def _split_vectors(path: Path, line: int, cells: Sequence[str]) -> list[str]:
    vectors = [cell.strip("~[]()").split(",") for cell in cells if cell]
    if any(len(vector) != 3 for vector in vectors):
        raise FormatError(f"{path}, line {line}: a vector has not three numbers")
    return [number for vector in vectors for number in vector]


def _find_points(path: Path, table: _Table) -> tuple[dict[str, tuple[int, int, int]], tuple[str, ...]]:
    """Return the columns of each point, and a note on what the points are."""
    names = table.columns[1:]
    orientations = [name for name in names if _ORIENTATION.fullmatch(name)]
    matches = {i: _POSITION.fullmatch(name) for i, name in enumerate(names, start=1) if name not in orientations}
    points = triples((i, match[1], _AXES.get(match[2], match[2])) for i, match in matches.items() if match)
    moving = _find_quantity(_MOTION, f"{table.name} {path.name}")
    if moving or 3 * len(points) != len(matches):
        described = f"{table.name} indegrees={table.stated.get('indegrees')} {table.stated.get('datatype')}"
        quantity = moving or _find_quantity(_QUANTITIES, " ".join([described, *names])) or "numbers"
        raise FormatError(
            f"{path}: is an OpenSim table of {quantity}, expected positions",
            hint=FACTS.advice(),
        )
    body = {name: columns for name, columns in points.items() if name.lower() not in _NOT_OF_THE_BODY}
    if not orientations:
        return body, ()
    # A centre of mass is no joint, so that it must not be taken for the joint of that name.
    return {f"{name}_com": columns for name, columns in body.items()}, ("points are centres of mass of segments",)


def _find_quantity(quantities: dict[str, str], text: str) -> str | None:
    return next((name for name, words in quantities.items() if re.search(words, text, re.IGNORECASE)), None)
