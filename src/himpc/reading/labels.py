"""Person, session and camera of a recording: from its path by a pattern, or from a table."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from himpc.errors import ConfigError, DataError

__all__ = ["FIELDS", "Labels", "NamePattern", "read_labels"]

FIELDS = ("person", "session", "camera")
"""What can be known of a recording beside its joints."""

_PATH_COLUMNS = ("path", "source", "file", "recording")
_TOKEN = re.compile(r"\{(?P<field>[^{}]*)\}|(?P<any>\*\*/?)|(?P<star>\*)|(?P<one>\?)|(?P<text>[^{}*?]+|[{}])")
_BODY_OR_PART = re.compile(r"(#[^/]*)?$")
_MAX_LABELS_BYTES = 64 * 2**20


@dataclass(frozen=True)
class NamePattern:
    """A pattern of paths that says where person, session and camera stand in them.

    Parameters
    ----------
    text : str
        Such as ``{person}/{session}/*.c3d`` or ``Seq{session}_{person}.csv``. ``{person}``, ``{session}`` and
        ``{camera}`` stand for text within one part of the path, the first of them as short as possible; ``*`` for any
        text within one part, ``?`` for one character, ``**`` for as many parts as there are. The pattern must fit the
        end of the path. Both ``/`` and ``\\`` separate parts.

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
            kind, found = str(token.lastgroup), token.group()
            if found in ("{", "}"):
                raise ConfigError(f"name pattern {self.text!r}: a brace is not closed or not opened")
            if kind == "field":
                fields.append(str(token.group("field")))
                pieces.append(f"(?P<{fields[-1]}>[^/]+?)" if fields[-1] in FIELDS else "")
            else:
                within = {"star": "[^/]*", "one": "[^/]", "any": "(?:.*/)?" if found.endswith("/") else ".*"}
                pieces.append(within.get(kind, re.escape(found)))
        choice = "{" + "}, {".join(FIELDS) + "}"
        if not fields:
            raise ConfigError(f"name pattern {self.text!r}: has no field; use at least one of {choice}")
        if unknown := [name for name in fields if name not in FIELDS]:
            raise ConfigError(f"name pattern {self.text!r}: unknown field {unknown[0]!r}; the fields are {choice}")
        if len(set(fields)) != len(fields):
            raise ConfigError(f"name pattern {self.text!r}: a field stands in it twice; each may stand once")
        object.__setattr__(self, "_expression", re.compile("(?:.*?/)??" + "".join(pieces), re.DOTALL))

    def match(self, path: str | Path) -> dict[str, str] | None:
        """Return the fields that the end of a path shows, or None if the pattern does not fit."""
        found = self._expression.fullmatch(_slashes(str(path)))
        return None if found is None else found.groupdict()


@dataclass(frozen=True)
class Labels:
    """A table that says what is known of recordings; made by `read_labels`.

    Attributes
    ----------
    path : Path
        The file it was read from.
    rows : tuple of (str, dict)
        What each row names, and the person, session and camera it gives.
    """

    path: Path
    rows: tuple[tuple[str, dict[str, str]], ...]

    def assign(self, sources: Sequence[str], paths: Sequence[Path]) -> tuple[list[dict[str, str]], list[str]]:
        """Find the row of each recording.

        A row fits a recording by its source (``walk.skeleton#2``); else by its path, as given, relative to the folder
        that was read, or relative to the table's own folder; else by its file name, where only one file has it.

        Parameters
        ----------
        sources : sequence of str
            Sources of R recordings.
        paths : sequence of Path
            The file of each.

        Returns
        -------
        labels : list of dict
            What is known of each of the R recordings; empty where no row fits.
        problems : list of str
            A line on the rows that fit nothing, and one on those whose file name is that of several files.
        """
        assigned: list[dict[str, str]] = [{} for _ in sources]
        keys = [_keys(source, path) for source, path in zip(sources, paths, strict=True)]
        by_key: dict[str, set[int]] = {}
        for r, names in enumerate(keys):
            for name in names:
                by_key.setdefault(name, set()).add(r)
        by_name: dict[str, set[int]] = {}
        for r, source in enumerate(sources):
            by_name.setdefault(_file_part(source).rsplit("/", 1)[-1], set()).add(r)
        unmatched, ambiguous = [], []
        for value, known in sorted(self.rows, key=lambda row: "#" in row[0]):
            name = _slashes(value).removeprefix("./")
            fits = by_key.get(name) or by_key.get(_absolute(self.path.parent / name))
            if not fits and "/" not in name:
                fits = by_name.get(name, set())
                if len({paths[r] for r in fits}) > 1:
                    ambiguous.append(value)
                    continue
            for r in fits or ():
                assigned[r] = {**assigned[r], **known}
            if not fits:
                unmatched.append(value)
        return assigned, _report(unmatched, "fit no recording") + _report(ambiguous, "name several files")


def read_labels(path: str | Path) -> Labels:
    """Read a CSV table with a column ``path`` (or ``source``, ``file``, ``recording``) and person, session or camera.

    Raises
    ------
    DataError
        If the file cannot be read, or lacks one of the columns.
    """
    try:
        if Path(path).stat().st_size > _MAX_LABELS_BYTES:
            raise DataError(f"{path}: is too large for a table of labels (over {_MAX_LABELS_BYTES >> 20} MiB)")
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        dialect = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
        table = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=dialect) if any(row)]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: is not a CSV table in UTF-8: {error}") from error
    header = [name.lower() for name in table[0]] if table else []
    key = next((name for name in _PATH_COLUMNS if name in header), None)
    known = [name for name in FIELDS if name in header]
    if key is None or not known:
        raise DataError(
            f"{path}: its columns are {', '.join(header) or 'none'}; "
            f"expected one of {', '.join(_PATH_COLUMNS)} and at least one of {', '.join(FIELDS)}"
        )
    rows = []
    for number, row in enumerate(table[1:], start=2):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number} has {len(row)} cells, expected {len(header)}")
        cells = dict(zip(header, row, strict=True))
        if cells[key]:
            rows.append((cells[key], {name: cells[name] for name in known if cells[name]}))
    if twice := [name for name, times in Counter(value for value, _ in rows).items() if times > 1]:
        raise DataError(f"{path}: {twice[0]!r} stands in more than one row; each recording needs one")
    return Labels(Path(path), tuple(rows))


def _slashes(path: str) -> str:
    return path.replace("\\", "/")


def _absolute(path: Path) -> str:
    """Return an absolute path with ``/``, without following links."""
    return _slashes(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


def _file_part(source: str) -> str:
    """Return a source without the number of its body or part."""
    return _BODY_OR_PART.sub("", _slashes(source))


def _keys(source: str, path: Path) -> set[str]:
    """Return all that a row may call a recording, but for its bare file name."""
    number = _slashes(source)[len(_file_part(source)) :].split("#part")[0]
    names = {_file_part(source), _slashes(str(path)).removeprefix("./"), _absolute(path)}
    return names | {f"{name}{number}" for name in names} | {_slashes(source)}


def _report(values: Sequence[str], what: str) -> list[str]:
    if not values:
        return []
    shown = ", ".join(repr(value) for value in values[:3]) + (", ..." if len(values) > 3 else "")
    return [f"{len(values)} of its rows {what}: {shown}"]
