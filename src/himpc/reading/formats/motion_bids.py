"""Motion-BIDS: ``sub-01_task-walk_tracksys-optical_motion.tsv`` with its ``_channels.tsv`` and ``_motion.json``.

The table has no header; each row of the channels file describes one of its columns. Channels of type POS are positions
of the point `tracked_point` along the axis `component`. ``SamplingFrequency`` is in the JSON file, which may also be in
a folder above (the inheritance principle). See the page on motion of the BIDS specification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError, LayoutError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.keypoints import load_json
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.tables import parse_cells, parse_positions, triples
from himpc.reading.formats.parsing.text import Row, read_lines
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.recordings import LAYOUT_KEY, SIZE_KEY, Recording, restore_layout
from himpc.skeleton import Layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="sub-*_motion.tsv with *_channels.tsv and *_motion.json",
    reads="channels of type POS; rate, latencies, unit and `SpatialAxes`; person and session from `sub-01` and "
    "`ses-02` in the name; the layout that himpc wrote",
    assumes="metadata may be in a folder above; without `SpatialAxes`, the upward axis that the body shows",
    ignores="orientations, accelerations and other channels; events",
    source="https://bids-specification.readthedocs.io/en/stable/modality-specific-files/motion.html",
    exports=(
        Export(
            "himpc",
            "{save()} with a folder as its name",
            None,
        ),
    ),
)

_END = "_motion.tsv"
_MAX_JSON_BYTES = 2**20
_MAX_LEVELS = 4
"""Folders above a file that may hold its JSON files: datatype, session, subject and data set."""

_AXES = {
    "R": (1, 0, 0),
    "L": (-1, 0, 0),
    "A": (0, 1, 0),
    "F": (0, 1, 0),
    "P": (0, -1, 0),
    "B": (0, -1, 0),
    "S": (0, 0, 1),
    "U": (0, 0, 1),
    "I": (0, 0, -1),
    "D": (0, 0, -1),
}
"""Directions that the letters of SpatialAxes name: right, left; anterior or front, posterior or back; up and down."""


@dataclass(frozen=True)
class _Channels:
    """The channels of a file, one row for each column of its table; cells by column name in lower case."""

    path: Path
    rows: list[dict[str, str]]

    def of(self, kind: str) -> list[int]:
        """Return the columns of the channels of a type."""
        return [i for i, row in enumerate(self.rows) if row.get("type", "").upper() == kind]

    def values(self, columns: Sequence[int], name: str) -> set[str]:
        """Return the different values of a property of some channels."""
        return {self.rows[i].get(name, "") for i in columns} - {"", "n/a"}


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the name of the file."""
    return path.name.lower().endswith(_END) and path.name.lower().startswith("sub-")


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the person whose positions a Motion-BIDS table holds."""
    channels = _read_channels(path)
    rows = _read_rows(path, channels)
    columns = channels.of("POS")
    points = triples((i, channels.rows[i]["tracked_point"], channels.rows[i]["component"]) for i in columns)
    if not points:
        kinds = ", ".join(sorted(channels.values(range(len(channels.rows)), "type"))) or "none"
        raise FormatError(
            f"{path}: its channels are of types {kinds[:80]}, expected positions (POS) in x, y and z",
            hint="give the table of a system that tracks positions",
        )
    units = channels.values(columns, "units")
    if len(units) > 1:
        raise FormatError(f"{channels.path}: positions are in {', '.join(sorted(units))}, expected one unit")
    positions = parse_positions(path, rows, points)
    up, mirrored = _axes(path, channels, columns)
    if mirrored:
        positions[..., 0] *= -1
    if not (options.layout or options.markers or options.as_points):
        options = replace(options, layout=_stated_layout(path))
    latency = channels.of("LATENCY")[:1]
    timeline = find_timeline(
        path,
        [line for line, _ in rows],
        seconds=parse_cells(path, rows, latency)[:, 0] if latency else None,
        stated=_sampling_frequency(path),
    )
    recordings = marker_recordings(
        path,
        list(points),
        lambda chosen: timeline.place(positions[:, chosen]),
        options,
        unit="".join(units) or None,
        up=up,
        fps=timeline.fps,
        start=timeline.start,
        notes=(*timeline.notes, *(("the axes are left-handed, so x is reversed",) if mirrored else ())),
    )
    size = _load(_find_sidecar(path, "_motion.json")).get(SIZE_KEY)
    sizes = {"true_size": size not in ("assumed", "equal"), "equal_size": size == "equal"}
    return [recording.with_(**_entities(path, recording), **sizes) for recording in recordings]


def _read_channels(path: Path) -> _Channels:
    file = _find_sidecar(path, "_channels.tsv")
    if file is None:
        raise FormatError(f"{path}: has no {path.name[: -len(_END)]}_channels.tsv beside it, which names its columns")
    (_, first), *lines = read_lines(file) or [(0, "")]
    header = [name.strip().lower() for name in first.split("\t")]
    if missing := {"component", "type", "tracked_point"} - set(header):
        raise FormatError(f"{file}: has no column {min(missing)!r}, expected name, component, type and tracked_point")
    rows = []
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(header):
            raise FormatError(f"{file}, line {number}: has {count_noun(len(cells), 'cell')}, expected {len(header)}")
        rows.append(dict(zip(header, cells, strict=True)))
    return _Channels(file, rows)


def _read_rows(path: Path, channels: _Channels) -> list[Row]:
    """Return the rows of the table, without a header that should not be there."""
    rows: list[Row] = [(number, [cell.strip() for cell in line.split("\t")]) for number, line in read_lines(path)]
    if rows and list(rows[0][1]) == [row.get("name") for row in channels.rows]:
        del rows[0]
    if not rows:
        raise FormatError(f"{path}: holds no frames")
    for number, cells in rows:
        if len(cells) != len(channels.rows):
            raise FormatError(
                f"{path}, line {number}: has {count_noun(len(cells), 'column')}, but {channels.path.name} describes "
                f"{count_noun(len(channels.rows), 'channel')}"
            )
    return rows


def _axes(path: Path, channels: _Channels, columns: Sequence[int]) -> tuple[str | None, bool]:
    """Return the upward axis that the JSON files state, and whether the axes are left-handed."""
    frames: Any = _load(_find_sidecar(path, "_channels.json")).get("reference_frame")
    levels = frames.get("Levels") if isinstance(frames, Mapping) else None
    named = channels.values(columns, "reference_frame")
    level = levels.get(next(iter(named))) if isinstance(levels, Mapping) and len(named) == 1 else None
    stated = level if isinstance(level, Mapping) else _load(_find_sidecar(path, "_motion.json"))
    letters = str(stated.get("SpatialAxes", "")).upper()
    directions = np.array([_AXES.get(letter, (0, 0, 0)) for letter in letters])
    if directions.shape != (3, 3) or abs(round(float(np.linalg.det(directions)))) != 1:
        return None, False
    axis = int(np.abs(directions[:, 2]).argmax())
    return ("" if directions[axis, 2] > 0 else "-") + "xyz"[axis], bool(np.linalg.det(directions) < 0)


def _sampling_frequency(path: Path) -> float | None:
    stated = _load(_find_sidecar(path, "_motion.json")).get("SamplingFrequency")
    return float(stated) if isinstance(stated, int | float) and 0 < stated < 1e9 else None


def _stated_layout(path: Path) -> Layout | None:
    """Return the layout that himpc wrote into a data set."""
    file = _find_sidecar(path, "_motion.json")
    table = _load(file).get(LAYOUT_KEY)
    try:
        return restore_layout(table) if isinstance(table, Mapping) else None
    except LayoutError as error:
        raise FormatError(f"{file}: {error.message}", hint=f"remove its key {LAYOUT_KEY!r}") from error


def _load(path: Path | None) -> Mapping[str, Any]:
    content = {} if path is None else load_json(path, _MAX_JSON_BYTES)
    return content if isinstance(content, Mapping) else {}


def _find_sidecar(path: Path, end: str) -> Path | None:
    """Return the nearest file of metadata for a table: one whose entities, such as ``sub-01``, are all in its name."""
    entities = set(path.name[: -len(_END)].split("_"))
    for folder in path.absolute().parents[:_MAX_LEVELS]:
        try:
            files = [file for file in folder.glob(f"*{end}") if set(file.name[: -len(end)].split("_")) <= entities]
        except OSError:
            files = []
        shared = folder / end.removeprefix("_")
        if files or shared.is_file():
            return max(files, key=lambda file: (file.name.count("-"), file.name), default=shared)
        if (folder / "dataset_description.json").is_file():
            break
    return None


def _entities(path: Path, recording: Recording) -> dict[str, str]:
    """Return the person and session that the name of the file states."""
    found = {
        key: re.search(rf"(?:^|_){entity}-([^_]+)", path.name)
        for key, entity in (("person", "sub"), ("session", "ses"))
    }
    return {key: match[1] for key, match in found.items() if match and getattr(recording, key) is None}
