"""Labels of recordings: person, session and camera, from paths by a pattern or from a table."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from himpc._files import parse_csv_text
from himpc.errors import ConfigError, DataError, count_noun

__all__ = ["FIELDS", "Labels", "NamePattern", "read_labels"]

FIELDS = ("person", "session", "camera")
"""The labels of a recording."""

_PATH_COLUMNS = ("path", "source", "file", "recording")
_TOKEN = re.compile(r"\{(?P<field>[^{}]*)\}|(?P<any>\*\*/?)|(?P<star>\*)|(?P<one>\?)|(?P<text>[^{}*?]+|[{}])")
_MAX_LABELS_BYTES = 64 * 2**20


@dataclass(frozen=True)
class NamePattern:
    """A pattern of paths in which person, session and camera are fields.

    Parameters
    ----------
    text : str
        Such as ``{person}/{session}/*.c3d`` or ``Seq{session}_{person}.csv``. ``{person}``, ``{session}`` and
        ``{camera}`` match text within one part of the path, the first of them as little as possible. ``*`` matches any
        text within one part, ``?`` one character, ``**`` any number of parts. The pattern must match the end of the
        path. Both ``/`` and ``\\`` separate parts.

    Raises
    ------
    ConfigError
        If the pattern has no field, a field twice, or an unknown one.

    Examples
    --------
    >>> NamePattern("Seq{session}_{person}.csv").match("kinect/Seq4_12.csv")
    {'session': '4', 'person': '12'}
    >>> NamePattern("{person}/*.c3d").match("readme.txt") is None
    True
    """

    text: str
    _expression: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces, fields = [], []
        for token in _TOKEN.finditer(_slashes(self.text).removeprefix("./")):
            kind, text = str(token.lastgroup), token.group()
            if text in ("{", "}"):
                raise ConfigError(f"name pattern {self.text!r}: a brace is not closed or not opened")
            if kind == "field":
                fields.append(str(token.group("field")))
                pieces.append(f"(?P<{fields[-1]}>[^/]+?)" if fields[-1] in FIELDS else "")
            else:
                within = {"star": "[^/]*", "one": "[^/]", "any": "(?:.*/)?" if text.endswith("/") else ".*"}
                pieces.append(within.get(kind, re.escape(text)))
        choice = "{" + "}, {".join(FIELDS) + "}"
        if not fields:
            raise ConfigError(f"name pattern {self.text!r}: has no field; use at least one of {choice}")
        if unknown := [name for name in fields if name not in FIELDS]:
            raise ConfigError(f"name pattern {self.text!r}: unknown field {unknown[0]!r}; the fields are {choice}")
        if len(set(fields)) != len(fields):
            raise ConfigError(f"name pattern {self.text!r}: has a field twice, expected each at most once")
        object.__setattr__(self, "_expression", re.compile("(?:.*?/)??" + "".join(pieces), re.DOTALL))

    def match(self, path: str | Path) -> dict[str, str] | None:
        """Return the fields at the end of a path, or None if the pattern does not match."""
        match = self._expression.fullmatch(_slashes(str(path)))
        return None if match is None else match.groupdict()


@dataclass(frozen=True)
class Labels:
    """A table of labels; read by `read_labels`.

    Attributes
    ----------
    path : Path
        The file.
    rows : tuple of (str, dict)
        The recording that each row names, and its person, session and camera.
    """

    path: Path
    rows: tuple[tuple[str, dict[str, str]], ...]

    def assign(self, sources: Sequence[str], paths: Sequence[Path]) -> tuple[list[dict[str, str]], list[str]]:
        """Find the row of each recording.

        A row names a recording by its source, or the beginning of it up to a ``#`` (``walk.skeleton`` names all bodies
        in it, ``walk.skeleton#2`` all parts of one); else by the path of its file, absolute or relative to the table's
        folder; else by its file name, if only one file has it.

        Parameters
        ----------
        sources : sequence of str
            The sources of R recordings.
        paths : sequence of Path
            The file of each.

        Returns
        -------
        labels : list of dict
            The labels of each recording; empty where no row names it.
        problems : list of str
            A line about rows that name no recording, and one about rows that name several files.
        """
        assigned: list[dict[str, str]] = [{} for _ in sources]
        by_key: dict[str, set[int]] = {}
        by_name: dict[str, set[int]] = {}
        for r, (source, path) in enumerate(zip(sources, paths, strict=True)):
            file, *numbers = _split(source)
            for name in (file, _slashes(str(path)).removeprefix("./"), _absolute(path)):
                for key in accumulate([name, *numbers]):
                    by_key.setdefault(key, set()).add(r)
            by_name.setdefault(file.rsplit("/", 1)[-1], set()).add(r)
        unmatched, ambiguous = [], []
        for value, labels in sorted(self.rows, key=lambda row: "#" in row[0]):
            name = _slashes(value).removeprefix("./")
            named = by_key.get(name) or by_key.get(_absolute(self.path.parent / name)) or set()
            if not named and "/" not in name:
                named = by_name.get(name, set())
                if len({paths[r] for r in named}) > 1:
                    ambiguous.append(value)
                    continue
            for r in named:
                assigned[r] = {**assigned[r], **labels}
            if not named:
                unmatched.append(value)
        return assigned, _report(unmatched, "fit no recording") + _report(ambiguous, "name several files")


def read_labels(path: str | Path) -> Labels:
    """Read a CSV table with a column ``path`` (or ``source``, ``file``, ``recording``) and any of the labels.

    Raises
    ------
    DataError
        If the file cannot be read, or lacks one of the columns.
    """
    try:
        if Path(path).stat().st_size > _MAX_LABELS_BYTES:
            raise DataError(f"{path}: is larger than {_MAX_LABELS_BYTES >> 20} MiB, expected a table of labels")
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        dialect = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
        table = [
            [parse_csv_text(cell.strip()) for cell in row] for row in csv.reader(lines, delimiter=dialect) if any(row)
        ]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: is not a CSV table in UTF-8: {error}") from error
    header = [name.lower() for name in table[0]] if table else []
    key = next((name for name in _PATH_COLUMNS if name in header), None)
    fields = [name for name in FIELDS if name in header]
    if key is None or not fields:
        raise DataError(
            f"{path}: its columns are {', '.join(header) or 'none'}; "
            f"expected one of {', '.join(_PATH_COLUMNS)} and at least one of {', '.join(FIELDS)}"
        )
    rows = []
    for number, row in enumerate(table[1:], start=2):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number} has {count_noun(len(row), 'cell')}, expected {len(header)}")
        cells = dict(zip(header, row, strict=True))
        if cells[key]:
            rows.append((cells[key], {name: cells[name] for name in fields if cells[name]}))
    if twice := [name for name, times in Counter(value for value, _ in rows).items() if times > 1]:
        raise DataError(f"{path}: {twice[0]!r} is in more than one row, expected one row for each recording")
    return Labels(Path(path), tuple(rows))


def _slashes(path: str) -> str:
    return path.replace("\\", "/")


def _absolute(path: Path) -> str:
    """Return an absolute path with ``/``, without resolving links."""
    return _slashes(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


def _split(source: str) -> list[str]:
    """Split a source into the name of the file and what follows, at each ``#`` in the last part of the path."""
    folder, slash, name = _slashes(source).rpartition("/")
    file, *numbers = name.split("#")
    return [f"{folder}{slash}{file}", *(f"#{number}" for number in numbers)]


def _report(values: Sequence[str], what: str) -> list[str]:
    if not values:
        return []
    shown = ", ".join(repr(value) for value in values[:3]) + (", ..." if len(values) > 3 else "")
    return [f"{len(values)} of its rows {what}: {shown}"]
