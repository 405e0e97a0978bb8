"""Atomic writes, folders and names of output files."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from himpc.errors import Hint, RunFolderError

__all__ = [
    "check_output",
    "check_output_folder",
    "make_folder",
    "number_names",
    "parse_csv_text",
    "remove_file",
    "replace_atomically",
    "write_atomically",
    "write_csv",
]

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_FILE = "name a file"
_OTHER_PLACE = "choose another place"


@contextmanager
def replace_atomically(path: str | Path, *, private: bool = False) -> Iterator[Path]:
    """Replace a file atomically: yield a temporary path, and rename it to `path` if the block ends without error.

    A reader sees the old file or the new one, never a part. For a symbolic link, its target is replaced. A private file
    can be read and written by its owner only.

    Raises
    ------
    RunFolderError
        If the file cannot be written, or the path is a folder, a device or a pipe.
    """
    try:
        _check_replaceable(Path(path))
        path = Path(os.path.realpath(path))
        beside = path.with_name(f".{path.stem}.partial{path.suffix}")  # that of a killed process is overwritten
        try:
            if private:
                beside.unlink(missing_ok=True)
                beside.touch(mode=0o600, exist_ok=False)
            yield beside
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise _not_possible(path, "written", error) from error


def _check_replaceable(path: Path) -> None:
    """Check that a rename neither destroys a device or pipe nor fails at a folder."""
    if path.is_dir():
        raise RunFolderError(f"{path}: cannot be written: is a folder", hint=_FILE)
    if path.exists() and not path.is_file():
        raise RunFolderError(f"{path}: cannot be written: is a device or a pipe", hint=_FILE)


def check_output(path: str | Path, *suffixes: str) -> None:
    """Check, before long work, that a file can be written and has one of some suffixes, if any are given.

    Raises
    ------
    RunFolderError
        If it cannot be written there, or has another suffix.
    """
    path = Path(path)
    if suffixes and path.suffix.lower() not in suffixes:
        found = f"the suffix {path.suffix}" if path.suffix else "no suffix"
        hint = f"name it {Hint.escape(path.name)}{suffixes[0]}"
        raise RunFolderError(f"{path}: has {found}, expected {' or '.join(suffixes)}", hint=hint)
    _check_replaceable(path)
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise RunFolderError(f"{path}: cannot be written: there is no folder {folder}", hint=_OTHER_PLACE)
    _check_writable(folder, path)


def check_output_folder(path: str | Path) -> None:
    """Check, before long work, that a folder can be created and written to; create nothing.

    Raises
    ------
    RunFolderError
        If it cannot.
    """
    folder = Path(path).absolute()
    while not folder.is_dir() and not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise RunFolderError(f"{path}: cannot be written: {folder} is not a folder", hint=_OTHER_PLACE)
    _check_writable(folder, path)


def _check_writable(folder: Path, path: str | Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunFolderError(f"{path}: cannot be written: permission denied", hint=_OTHER_PLACE)


def write_atomically(path: str | Path, content: bytes | str, *, private: bool = False) -> None:
    """Write a whole file, or leave it unchanged; text is written as UTF-8. Private as in `replace_atomically`.

    Raises
    ------
    RunFolderError
        If the file cannot be written.
    """
    with replace_atomically(path, private=private) as beside:
        beside.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_csv(
    path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, private: bool = False
) -> None:
    """Write rows as a CSV file, without the cells of other columns; raises as `write_atomically`.

    A text that a spreadsheet would run as a formula, such as a name that begins with ``=``, is written after an
    apostrophe ("CSV Injection", OWASP). `parse_csv_text` removes it.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: _escape_formula(row.get(column)) for column in columns} for row in rows)
    write_atomically(path, text.getvalue(), private=private)


def parse_csv_text(cell: str) -> str:
    """Return the text of a cell as it was before `write_csv` made it safe for spreadsheets."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _escape_formula(value: object) -> object:
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def number_names(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    """Yield candidate names of a file: without a number, then numbered from 2, to take the first that is free."""
    yield folder / f"{stem}{suffix}"
    for number in count(2):
        yield folder / f"{stem}-{number}{suffix}"


def remove_file(path: str | Path) -> None:
    """Remove a file if it exists.

    Raises
    ------
    RunFolderError
        If it cannot be removed.
    """
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise _not_possible(path, "removed", error) from error


def make_folder(path: str | Path) -> Path:
    """Create a folder and its parents if they do not exist, and return it.

    Raises
    ------
    RunFolderError
        If it cannot be created or written to.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_possible(path, "written", error) from error
    _check_writable(path, path)
    return path


def _not_possible(path: str | Path, action: str, error: OSError) -> RunFolderError:
    return RunFolderError(f"{path}: cannot be {action}: {error.strerror or error}", hint=_OTHER_PLACE)
