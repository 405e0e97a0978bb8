"""Discovery of recordings and videos in files and folders."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from himpc.errors import DataError, EmptyError, FormatError, HimpcError, count_noun, escape_unprintable
from himpc.reading.formats import FORMATS
from himpc.reading.formats.parsing.frames import natural_key
from himpc.reading.formats.video import BLURRED_SUFFIX, OVERLAY_SUFFIX, list_pictures
from himpc.reading.formats.video import SUFFIXES as VIDEO_SUFFIXES
from himpc.reading.labels import NamePattern

__all__ = ["Discovery", "Source", "discover", "is_video", "nothing_found"]

# Files that stand beside recordings and are never one.
_OTHER_NAMES = re.compile(
    r"(licen[sc]e|readme|changelog|citation|copying|notice|makefile)([._-].*)?"
    # Metadata of Motion-BIDS.
    r"|(dataset_description|participants)\.(tsv|json)"
    r"|(sub|ses|task|tracksys|acq|run)-.+_((channels|coordsystem|events|scans|sessions)\.(tsv|json)|motion\.json)",
    re.IGNORECASE,
)
_OTHER_SUFFIXES = {
    *(".md", ".rst", ".pdf", ".html", ".doc", ".docx", ".xlsx", ".toml", ".yaml", ".yml", ".ini", ".log", ".py", ".m"),
    ".asf",
    *(".png", ".jpg", ".jpeg", ".svg", ".bmp", ".pgm", ".wav", ".mp3"),
}
_ADDRESS = re.compile(r"[a-z]+:/", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """A file, or a folder of frames, to read.

    Attributes
    ----------
    path : Path
        The file or folder.
    name : str
        The name to show: relative to the folder that was given, if it was the only path; parts separated by ``/``.
    labels : dict
        Person, session and camera as the path shows them.
    """

    path: Path
    name: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Discovery:
    """What was found at some paths, in natural order within each folder, nothing twice.

    Attributes
    ----------
    sources : tuple of Source
        What is to be read: recordings, and videos that were given themselves or are alone in a folder.
    videos : tuple of Source
        All videos, also those beside recordings.
    errors : tuple of (Path, HimpcError)
        Folders that cannot be opened.
    notes : tuple of str
        Folders whose videos are not read because they also hold recordings.
    """

    sources: tuple[Source, ...]
    videos: tuple[Source, ...]
    errors: tuple[tuple[Path, HimpcError], ...]
    notes: tuple[str, ...]


def is_video(path: str | Path) -> bool:
    """Recognise a video by the suffix of its name, and a folder by its numbered pictures."""
    place = Path(path)
    return place.suffix.lower() in VIDEO_SUFFIXES or (place.is_dir() and bool(list_pictures(place)))


def discover(paths: Sequence[Path], pattern: NamePattern | None = None, leave_out: Iterable[Path] = ()) -> Discovery:
    """Find the recordings and videos in files and folders; each folder is listed once.

    Hidden files, and files that stand beside recordings (licences, read-me files, pictures), are left out. So are
    skeletons (``.asf``) of motion (``.amc``). A folder of frames is one source.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders. A file that is given itself is always a source.
    pattern : NamePattern, optional
        Leave out files that it does not fit. It is matched against the path relative to the folder; if it fits nothing
        in the folder that way, against the whole path.
    leave_out : iterable of Path, optional
        Files that are no recordings.

    Raises
    ------
    DataError
        If a path does not exist.
    """
    excluded = {path.absolute() for path in leave_out}
    sources: dict[Path, Source] = {}
    videos: dict[Path, Source] = {}
    errors: list[tuple[Path, HimpcError]] = []
    notes = []
    for path in paths:
        is_folder = _is_folder(path)
        inputs = _walk(path, errors) if is_folder else [path]
        base = path if len(paths) == 1 and is_folder and inputs != [path] else None
        files, films = (
            {each.path.absolute(): each for each in _name(kind, base, pattern)}
            for kind in ([each for each in inputs if not is_video(each)], [each for each in inputs if is_video(each)])
        )
        files = {place: source for place, source in files.items() if place not in excluded}
        if files and films:
            unread = count_noun(len(films), "video")
            notes.append(f"{path}: holds recordings; {unread} not read, which must be given by name")
        for place, source in films.items():
            videos.setdefault(place, source)
        for place, source in (files or films).items():
            sources.setdefault(place, source)
    return Discovery(tuple(sources.values()), tuple(videos.values()), tuple(errors), tuple(notes))


def nothing_found(paths: Sequence[Path], pattern: NamePattern | None, what: str) -> EmptyError:
    """Return the error for paths at which nothing was found."""
    fitting = "" if pattern is None else f" whose path fits {pattern.text!r}"
    return EmptyError(f"{', '.join(map(str, paths))}: there is no {what} in it{fitting}")


def _is_folder(path: Path) -> bool:
    """Check that a path exists, and return True for a folder."""
    try:
        path.stat()
    except FileNotFoundError as error:
        if _ADDRESS.match(str(path)):
            hint = "watch a stream with {watch_live()}"
            raise DataError(f"{path}: is an address, expected a file or folder", hint=hint) from error
        raise DataError(f"{path}: there is no such file or folder") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be opened: {error.strerror or error}") from error
    return path.is_dir()


def _walk(folder: Path, errors: list[tuple[Path, HimpcError]]) -> list[Path]:
    """Return the files and folders of frames in a folder, in natural order; a folder that links lead to twice once."""
    inputs: list[Path] = []
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
            waiting += [here / entry.name for entry in entries if _check_kind(entry.is_dir)]
            if any(known.accepts_folders and known.recognise(here, b"") for known in FORMATS):
                inputs.append(here)
                continue
            files = [here / entry.name for entry in entries if _check_kind(entry.is_file)]
        except OSError as error:
            errors.append((here, FormatError(f"{here}: cannot be opened: {error.strerror or error}")))
            continue
        inputs += [file for file in files if _may_be_input(file)]
    return sorted(inputs, key=lambda path: [natural_key(part) for part in path.relative_to(folder).parts])


def _check_kind(kind: Callable[[], bool]) -> bool:
    """Return the result of ``DirEntry.is_dir`` or ``is_file``; False for a link that leads to itself."""
    try:
        return kind()
    except OSError:
        return False


def _may_be_input(path: Path) -> bool:
    if path.suffix.lower() in _OTHER_SUFFIXES or path.name.endswith((OVERLAY_SUFFIX, BLURRED_SUFFIX)):
        return False
    return _OTHER_NAMES.fullmatch(path.name) is None


def _name(paths: Sequence[Path], base: Path | None, pattern: NamePattern | None) -> list[Source]:
    """Name the files of one folder, and leave out those that the pattern does not match."""
    names = [(path if base is None else path.relative_to(base)).as_posix() for path in paths]
    if pattern is None:
        return [Source(path, escape_unprintable(name)) for path, name in zip(paths, names, strict=True)]
    matches = [_match(pattern, path, name) for path, name in zip(paths, names, strict=True)]
    if not any(matches):
        matches = [_match(pattern, path, path.absolute().as_posix()) for path in paths]
    return [
        Source(path, escape_unprintable(name), {field: escape_unprintable(value) for field, value in fields.items()})
        for path, name, fields in zip(paths, names, matches, strict=True)
        if fields
    ]


def _match(pattern: NamePattern, path: Path, name: str) -> dict[str, str] | None:
    """Match a file's path; for a folder of frames its own path, or else that of its first frame."""
    fields = pattern.match(name)
    if fields is None and path.is_dir():
        first = min((entry.name for entry in path.iterdir() if entry.is_file()), default="")
        fields = pattern.match(f"{name}/{first}")
    return fields
