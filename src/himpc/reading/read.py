"""Reading: files and folders of any format become clean, labelled recordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args, overload

from himpc.errors import ConfigError, DataError, EmptyError, FormatError, HimpcError
from himpc.reading.discovery import Source, find_sources
from himpc.reading.formats import find_format
from himpc.reading.formats.base import UNITS, FileOptions, Unit, Up
from himpc.reading.labels import Labels, NamePattern, read_labels
from himpc.recordings.cleaning import CleaningRules
from himpc.recordings.cleaning import clean as clean_recording
from himpc.recordings.progress import Progress
from himpc.recordings.recording import Origin, Recording
from himpc.skeleton import Layout, get_layout
from himpc.skeleton.markers import MarkerSet

__all__ = ["MAX_FILE_BYTES", "Plan", "Problem", "Recordings", "plan", "read"]

MAX_FILE_BYTES = 2**30
"""Files above 1 GiB are refused: an hour of 25 joints at 30 Hz is 0.1 GiB as text."""


@dataclass(frozen=True)
class Problem:
    """A file, folder or table that could not be used, or not wholly, and why.

    Attributes
    ----------
    path : Path
        Where.
    message : str
        What was found, what was expected, what to do; without the path.
    """

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class Recordings(Sequence[Recording]):
    """Recordings in natural order of their sources, and what could not be read; it cannot be changed.

    Parameters
    ----------
    recordings : iterable of Recording
        The recordings.
    problems : iterable of Problem
        What could not be used.
    """

    def __init__(self, recordings: Iterable[Recording], problems: Iterable[Problem] = ()) -> None:
        self._recordings = tuple(recordings)
        self.problems = tuple(problems)

    def __len__(self) -> int:
        return len(self._recordings)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> Recordings: ...
    def __getitem__(self, index: int | slice) -> Recording | Recordings:
        if isinstance(index, slice):
            return self.with_(self._recordings[index])
        return self._recordings[index]

    def __repr__(self) -> str:
        return f"<Recordings: {self.summary()}>"

    def with_(self, recordings: Iterable[Recording]) -> Recordings:
        """Return other recordings, a selection of these say, with the same problems."""
        return Recordings(recordings, self.problems)

    def summary(self) -> str:
        """Return one line: how many recordings, frames and persons, of which layouts, and how many problems."""
        frames = sum(len(recording) for recording in self)
        persons = {recording.person for recording in self} - {None}
        layouts = dict.fromkeys(recording.layout.name for recording in self)
        facts = [_count(len(self), "recording"), _count(frames, "frame"), *layouts]
        facts.append(_count(len(persons), "person") if persons else "persons not known")
        return ", ".join(facts + ([_count(len(self.problems), "problem")] if self.problems else []))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def read(
    path: str | Path | Sequence[str | Path],
    *,
    name: str | None = None,
    labels: str | Path | Labels | None = None,
    layout: str | Path | Layout | None = None,
    unit: Unit | None = None,
    up: Up | None = None,
    fps: float | None = None,
    markers: str | Path | MarkerSet | None = None,
    clean: bool | CleaningRules = True,
    progress: Progress | None = None,
) -> Recordings:
    """Read files and folders of any format himpc knows; the format is told by content.

    A folder is read with all that is in it, in natural order (``Seq1_2`` before ``Seq1_10``). A file that cannot be
    used is listed in ``problems`` and the others are used.

    Parameters
    ----------
    path : path or sequence of paths
        Files, folders, folders of frames.
    name : str, optional
        A pattern that says where person, session and camera stand in the path, such as ``{person}/{session}/*.c3d``
        (see `NamePattern`). Files that it does not fit are left out.
    labels : path or Labels, optional
        A CSV table with a column ``path`` and any of person, session, camera (see `read_labels`); it wins over `name`.
    layout : str, path or Layout, optional
        The joints of files that do not state theirs; recordings of another layout are converted.
    unit, up, fps : optional
        What the files do not state: the unit, the axis that points up, frames per second (see `FileOptions`).
    markers : path or MarkerSet, optional
        How joints follow from the markers of files whose labels are of no set that himpc knows (a ``.toml`` file).
    clean : bool or CleaningRules
        Whether to drop bad frames and fill gaps (see `himpc.recordings.clean`).
    progress : callable, optional
        Wraps the files to show progress.

    Returns
    -------
    Recordings
        At least one recording. Its source is the path, relative to the folder where one folder was given, with
        ``#1``, ``#2`` ... where the file shows several bodies and ``#part1`` ... where gaps split it.

    Raises
    ------
    ConfigError, LayoutError
        If an argument is wrong.
    DataError
        If a path does not exist or nothing could be read; one file's own error where it was the only one.
    """
    planned = plan(
        path, name=name, labels=labels, layout=layout, unit=unit, up=up, fps=fps, markers=markers, clean=clean
    )
    recordings: list[Recording] = []
    origins: list[Path] = []
    errors = list(planned.unreadable)
    for source in planned.sources if progress is None else progress(planned.sources, len(planned.sources), "reading"):
        found, failed = _read_one(source, planned.options, planned.rules)
        recordings += found
        origins += [source.path] * len(found)
        errors += [(source.path, error) for error in failed]
    names = {source.path: source.name for source in planned.sources}
    problems = [_problem(where, names.get(where, ""), error) for where, error in errors]
    if not recordings:
        raise errors[0][1] if len(errors) == 1 else _nothing(problems)
    known, complaints = planned.labels([recording.source for recording in recordings], origins)
    labelled = [r.with_(**labels) if labels else r for r, labels in zip(recordings, known, strict=True)]
    return Recordings(labelled, problems + complaints)


@dataclass(frozen=True)
class Plan:
    """What is to be read, and how, before any of it is; made by `plan`.

    Attributes
    ----------
    sources : tuple of Source
        The files, and folders of frames.
    unreadable : tuple of (Path, HimpcError)
        Folders that could not be opened.
    options : FileOptions
        What the files do not state.
    rules : CleaningRules or None
        How the recordings are cleaned; None to leave them as they are.
    table : Labels or None
        The table of labels.
    """

    sources: tuple[Source, ...]
    unreadable: tuple[tuple[Path, HimpcError], ...]
    options: FileOptions
    rules: CleaningRules | None
    table: Labels | None

    def read(self, source: Source) -> tuple[list[Recording], list[Problem]]:
        """Return the recordings of one of the sources, and what could not be used of it; labels are not in them."""
        recordings, errors = _read_one(source, self.options, self.rules)
        return recordings, [_problem(source.path, source.name, error) for error in errors]

    def problems(self) -> list[Problem]:
        """Return what could not be used before anything was read."""
        return [_problem(where, "", error) for where, error in self.unreadable]

    def labels(self, sources: Sequence[str], origins: Sequence[Path]) -> tuple[list[dict[str, str]], list[Problem]]:
        """Return what the table says of recordings with these sources, from these files, and what fits none."""
        if self.table is None:
            return [{} for _ in sources], []
        known, complaints = self.table.assign(sources, origins)
        return known, [Problem(self.table.path, complaint) for complaint in complaints]


def plan(
    path: str | Path | Sequence[str | Path],
    *,
    name: str | None = None,
    labels: str | Path | Labels | None = None,
    layout: str | Path | Layout | None = None,
    unit: Unit | None = None,
    up: Up | None = None,
    fps: float | None = None,
    markers: str | Path | MarkerSet | None = None,
    clean: bool | CleaningRules = True,
) -> Plan:
    """Find what `read` would read, with the same parameters, and read none of it.

    Raises
    ------
    ConfigError, LayoutError
        If an argument is wrong.
    DataError
        If a path does not exist or there is no recording in it.
    """
    options = _options(layout, unit, up, fps, markers)
    pattern = None if name is None else NamePattern(name)
    table = read_labels(labels) if isinstance(labels, str | Path) else labels
    rules = clean if isinstance(clean, CleaningRules) else CleaningRules() if clean else None
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(each) for each in path]
    if not paths:
        raise DataError("there is no recording without a path: give a file or a folder of recordings")
    sources, unreadable = find_sources(paths, pattern, leave_out=[] if table is None else [table.path])
    if not sources and not unreadable:
        fitting = "" if pattern is None else f" whose path fits {pattern.text!r}"
        raise EmptyError(f"{', '.join(map(str, paths))}: there is no recording in it{fitting}")
    return Plan(tuple(sources), tuple(unreadable), options, rules, table)


def _options(
    layout: str | Path | Layout | None,
    unit: Unit | None,
    up: Up | None,
    fps: float | None,
    markers: str | Path | MarkerSet | None,
) -> FileOptions:
    if unit is not None and unit not in UNITS:
        raise ConfigError(f"unknown unit {unit!r}: choose one of {', '.join(UNITS)}")
    if up is not None and up not in get_args(Up):
        raise ConfigError(f"unknown axis {up!r} for up: choose one of {', '.join(get_args(Up))}")
    if fps is not None and not 0 < fps < float("inf"):
        raise ConfigError(f"fps must be a number above 0, found {fps!r}")
    return FileOptions(
        layout=None if layout is None else get_layout(layout),
        unit=unit,
        up=up,
        fps=fps,
        markers=MarkerSet.from_toml(markers) if isinstance(markers, str | Path) else markers,
    )


def _read_one(
    source: Source, options: FileOptions, rules: CleaningRules | None
) -> tuple[list[Recording], list[HimpcError]]:
    """Return the recordings of one file, or folder of frames, and what was wrong with it or its bodies."""
    path, usable, errors = source.path, [], []
    try:
        form = find_format(path)
        if path.is_file() and path.stat().st_size > MAX_FILE_BYTES and form.name != "npz":  # which is mapped
            raise FormatError(f"{path}: is larger than {MAX_FILE_BYTES >> 30} GiB; split it")
        raw = form.read(path, options)
    except HimpcError as error:
        return [], [error]
    except OSError as error:
        return [], [FormatError(f"{path}: cannot be read: {error.strerror or error}")]
    except MemoryError:
        return [], [FormatError(f"{path}: does not fit into memory; split it")]
    for body in raw:
        named = _named(body, source)
        try:
            converted = named if options.layout is None else named.to(options.layout)
            usable += [converted] if rules is None or converted.quality.cleaned else clean_recording(converted, rules)
        except HimpcError as error:
            errors.append(error)
    return usable, errors


def _named(body: Recording, source: Source) -> Recording:
    """Return a body of a file with the absolute path as its origin, what it is called, and what its path shows."""
    origin = replace(body.origin or Origin(), path=source.path.absolute())
    if body.source != str(body.origin):  # the name that it was saved with
        return body.with_(origin=origin, **source.known)
    if origin.part is not None:
        origin = replace(origin, whole_source=origin.whole.text(source.name))
    return body.with_(origin=origin, source=origin.text(source.name), **source.known)


def _problem(path: Path, name: str, error: HimpcError) -> Problem:
    return Problem(path, str(error).removeprefix(f"{path}: ").removeprefix(f"{path}, ").removeprefix(f"{name}: "))


def _nothing(problems: list[Problem]) -> DataError:
    kinds = list({problem.message: problem for problem in reversed(problems)}.values())[::-1]
    reasons = "; ".join(map(str, kinds[:3])) + ("; ..." if len(kinds) > 3 else "")
    return DataError(f"none of {len(problems)} recordings could be used: {reasons}")
