"""Finding the recordings in files and folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from himpc.errors import DataError, FormatError, HimpcError, escape_unprintable
from himpc.reading.formats import FORMATS
from himpc.reading.formats._common.frames import natural_key
from himpc.reading.formats.video import SUFFIXES as VIDEO_SUFFIXES
from himpc.reading.labels import NamePattern

__all__ = ["VIDEO_SUFFIXES", "Source", "find_sources"]

# Files that stand beside recordings and are never one.
_OTHER_NAMES = re.compile(r"(licen[sc]e|readme|changelog|citation|copying|notice|makefile)([._-].*)?", re.IGNORECASE)
_OTHER_SUFFIXES = {
    *(".md", ".rst", ".pdf", ".html", ".doc", ".docx", ".xlsx", ".toml", ".yaml", ".yml", ".ini", ".log", ".py", ".m"),
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp", ".pgm", ".wav", ".mp3"),
    *VIDEO_SUFFIXES,
}


@dataclass(frozen=True)
class Source:
    """A file, or a folder of frames, to read.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        What to call it: relative to the folder that was given, where it was the only one; parts separated by ``/``.
    known : dict
        Person, session and camera as the path shows them.
    """

    path: Path
    name: str
    known: dict[str, str] = field(default_factory=dict)


def find_sources(
    paths: Sequence[Path],
    pattern: NamePattern | None = None,
    leave_out: Iterable[Path] = (),
    wanted: Callable[[Path], bool] | None = None,
) -> tuple[list[Source], list[tuple[Path, HimpcError]]]:
    """Find all that may be a recording in files and folders.

    Hidden files, and files that stand beside recordings (LICENSE, README, pictures, videos), are left out; so is the
    skeleton (``.asf``) beside motion (``.amc``). A folder of frames is one source. A folder that links lead to twice
    is read once.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders; a file that is given itself is always a source.
    pattern : NamePattern, optional
        Only what it fits is a source. It is matched against the path relative to the folder; where it fits nothing in
        the folder that way, against the whole path.
    leave_out : iterable of Path
        Files that are no recordings.
    wanted : callable, optional
        Tells which files of a folder are sources, in place of all that may be recordings; a folder of frames is none
        then.

    Returns
    -------
    sources : list of Source
        In natural order within each folder, none twice.
    errors : list of (Path, HimpcError)
        Folders that cannot be opened.

    Raises
    ------
    DataError
        If a path does not exist.
    """
    errors: list[tuple[Path, HimpcError]] = []
    sources: dict[Path, Source] = {}
    excluded = {path.absolute() for path in leave_out}
    for path in paths:
        try:
            path.stat()
        except FileNotFoundError as error:
            raise DataError(f"{path}: there is no such file or folder") from error
        except OSError as error:
            raise DataError(f"{path}: cannot be opened: {error.strerror or error}") from error
        found = _walk(path, errors, wanted) if path.is_dir() else [path]
        base = path if len(paths) == 1 and path.is_dir() and found != [path] else None
        for source in _name(found, base, pattern):
            if source.path.absolute() not in excluded:
                sources.setdefault(source.path.absolute(), source)
    return list(sources.values()), errors


def _walk(folder: Path, errors: list[tuple[Path, HimpcError]], wanted: Callable[[Path], bool] | None) -> list[Path]:
    """Return the files and folders of frames in a folder, in natural order."""
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = [entry for entry in here.iterdir() if not entry.name.startswith(".")]
            folders = [entry for entry in entries if entry.is_dir()]
            if wanted is not None:
                found += [entry for entry in entries if entry.is_file() and wanted(entry)]
            elif any(known.recognise(here, b"") for known in FORMATS):
                found.append(here)
            else:
                found += [entry for entry in entries if entry.is_file() and _may_be_recording(entry, entries)]
        except OSError as error:
            errors.append((here, FormatError(f"{here}: cannot be opened: {error.strerror or error}")))
            continue
        waiting += sorted(folders, key=lambda entry: natural_key(entry.name), reverse=True)
    return sorted(found, key=lambda path: [natural_key(part) for part in path.relative_to(folder).parts])


def _may_be_recording(path: Path, beside: list[Path]) -> bool:
    if path.suffix.lower() == ".asf":
        return not any(other.suffix.lower() == ".amc" for other in beside)
    return path.suffix.lower() not in _OTHER_SUFFIXES and not _OTHER_NAMES.fullmatch(path.name)


def _name(found: list[Path], base: Path | None, pattern: NamePattern | None) -> list[Source]:
    """Name what was found in one folder, and leave out what the pattern does not fit."""
    names = [(path if base is None else path.relative_to(base)).as_posix() for path in found]
    if pattern is None:
        return [Source(path, escape_unprintable(name)) for path, name in zip(found, names, strict=True)]
    known = [_match(pattern, path, name) for path, name in zip(found, names, strict=True)]
    if not any(known):
        known = [_match(pattern, path, path.absolute().as_posix()) for path in found]
    return [
        Source(path, escape_unprintable(name), {field: escape_unprintable(value) for field, value in fields.items()})
        for path, name, fields in zip(found, names, known, strict=True)
        if fields
    ]


def _match(pattern: NamePattern, path: Path, name: str) -> dict[str, str] | None:
    """Match a file's path; for a folder of frames its own path, or else that of its first frame."""
    fields = pattern.match(name)
    if fields is None and path.is_dir():
        first = min((entry.name for entry in path.iterdir() if entry.is_file()), default="")
        fields = pattern.match(f"{name}/{first}")
    return fields
