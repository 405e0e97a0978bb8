"""Text with the name of each joint before its numbers, one frame a line, as of IntelliRehabDS and KinectXEFTools.

A line may begin with the number and time of its frame. Each joint is its name, x, y and z, and further numbers; a
tracking state may stand beside the name: ``1,0,636,(SpineBase,Tracked,0.1,0.2,2.5,250,220),(SpineMid,...``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.columns import AXES
from himpc.reading.formats.csv.frames import read_rows
from himpc.reading.formats.csv.table import STATE_WORDS, Table
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.text import decode_head, read_lines
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.txt, *.csv",
    reads="lines of one frame with the name of each joint before its x, y and z, as of IntelliRehabDS; tracking states",
    assumes="rising numbers before the first joint are frame numbers or times; unit and upward axis are as the body "
    "shows; without times, no rate: state {fps}",
    ignores="other numbers of a joint, such as image coordinates; lines without joints",
    source="Miron et al., IntelliRehabDS, Data 6(5), 2021",
)

_SEPARATOR = re.compile(r"(?:[\s,;()\[\]{}|=]|:(?=[\s(\[]))+")
_NAME = re.compile(r"[A-Za-z][A-Za-z_ -]*[0-9]?")
_MIN_JOINTS, _CHECKED_LINES = 8, 3
_MAX_STEP = 8
"""Usual step of whole numbers above which they are times, and do not count frames."""


@dataclass(frozen=True)
class _Line:
    """The tokens of a line before the first joint, and the name, numbers and state of each joint."""

    before: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]
    states: tuple[str, ...]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lines with several names, each before three numbers or more."""
    lines = decode_head(head)
    parsed = [found for line in (lines[:-1] or lines)[: _CHECKED_LINES + 1] if (found := _parse_line(line))]
    return bool(parsed) and all(found.names == parsed[0].names for found in parsed)


def _parse_line(line: str) -> _Line | None:
    """Parse a line; None if it is none of named joints, each once."""
    tokens = [token for token in _SEPARATOR.split(line) if token]
    before: list[str] = []
    joints: list[tuple[str, list[str]]] = []
    states: list[str] = []
    for token in tokens:
        if token.lower() in STATE_WORDS and joints:
            states[-1] = STATE_WORDS[token.lower()]
        elif _NAME.fullmatch(token):
            joints.append((token, []))
            states.append("")
        else:
            (joints[-1][1] if joints else before).append(token)
    names = tuple(name for name, _ in joints)
    if len(names) < _MIN_JOINTS or len(set(names)) < len(names) or any(len(own) < len(AXES) for _, own in joints):
        return None
    return _Line(tuple(before), names, tuple(tuple(own[: len(AXES)]) for _, own in joints), tuple(states))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    parsed = [(number, found) for number, line in read_lines(path) if (found := _parse_line(line))]
    if not parsed:
        raise FormatError(f"{path}: holds no lines of named joints")
    names, n_before = parsed[0][1].names, len(parsed[0][1].before)
    for number, line in parsed:
        if line.names != names or len(line.before) != n_before:
            raise FormatError(f"{path}, line {number}: names other joints than the lines before")
    columns = [[line.before[i] for _, line in parsed] for i in range(n_before)]
    has_states = all(all(line.states) for _, line in parsed)
    parts = [*AXES, "state"] if has_states else list(AXES)
    header = [*_name_columns(columns), *(f"{name}_{part}" for name in names for part in parts)]
    rows = [
        [
            *line.before,
            *(
                cell
                for own, state in zip(line.numbers, line.states, strict=True)
                for cell in (*own, state)[: len(parts)]
            ),
        ]
        for _, line in parsed
    ]
    return read_rows(Table(path, {}, header, parsed[0][0], [number for number, _ in parsed], rows), options)


def _name_columns(columns: Sequence[Sequence[str]]) -> list[str]:
    """Name the columns before the joints: whole numbers that rise count frames, others that rise are times."""
    names: list[str] = []
    for i, column in enumerate(columns):
        try:
            values = [float(cell) for cell in column]
        except ValueError:
            values = []
        rises = len(values) > 1 and all(after > before for before, after in pairwise(values))
        is_count = rises and values[-1] - values[0] < _MAX_STEP * len(values) and all(v == int(v) for v in values)
        names.append(
            "frame" if is_count and "frame" not in names else "time" if rises and "time" not in names else f"{i}"
        )
    return names
