"""Watch a folder: identify or enroll each recording that arrives in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from himpc.errors import EmptyError, GalleryError, HimpcError, Reference, escape_unprintable
from himpc.gallery.answer import Answer, Verdict, least_certain
from himpc.gallery.gallery import Gallery, get_service
from himpc.gallery.recordings import group_parts
from himpc.gallery.search import SearchOptions
from himpc.reading import Plan, Problem
from himpc.recordings import Recording

CHUNK_BYTES = 2**20

Stamp = tuple[int, int]
"""Size and time of modification."""


@dataclass(frozen=True)
class Arrival:
    """The result for one file."""

    path: str
    """Relative to the folder."""
    people: tuple[str, ...] = ()
    """The people its recordings show."""
    new: bool = False
    """Whether one of them was not enrolled before."""
    probability: float | None = None
    """The lowest probability of a match; None if all people are new."""
    verdict: Verdict | None = None
    """The least certain answer in a word: of the matches, or, if all people are new, unsure before unknown."""
    problem: str = ""
    """Why the file could not be used; empty if it could."""
    note: str = ""
    """What else a person should know, such as that the recordings have another layout than the gallery."""


@dataclass(frozen=True)
class MergeSuggestion:
    """Two people who may be the same person; a user confirms or rejects it."""

    person: str
    other: str
    """`person`, `other`: the named person first, or else the one with the lower number."""
    distance: float
    """The distance between their nearest recordings."""
    probability: float
    """The probability that recordings at that distance show the same person."""


@dataclass
class _NewFile:
    """A new file, its recordings, and the state of their processing."""

    path: Path
    recordings: list[Recording]
    problems: list[Problem]
    answers: list[Answer] = field(default_factory=list)
    usable: list[Recording] = field(default_factory=list)
    problem: str = ""


class FolderWatcher:
    """Handle each file of a folder once, even across restarts and after renaming.

    A file is handled once its size and time have not changed between two polls. A hash of its content
    identifies it, and is recorded in the transaction that enrolls its recordings: a process that is killed has handled
    a file completely or not at all.

    Parameters
    ----------
    gallery : Gallery
    folder : path
    plan : callable
        Return the files that the folder holds now (`himpc.reading.plan`).
    fmr : float, optional
        As in `Gallery.search`.
    spell : callable, optional
        Names the parameters and operations in hints; by default in the words of the Python API.

    Raises
    ------
    ConfigError
        If `fmr` is out of its range.
    """

    def __init__(
        self,
        gallery: Gallery,
        folder: str | Path,
        plan: Callable[[], Plan],
        fmr: float | None = None,
        spell: Callable[[Reference], str] = str,
    ) -> None:
        self._service, self._folder, self._plan, self._spell = get_service(gallery), Path(folder), plan, spell
        self._options = SearchOptions(people=1, fmr=fmr)
        self._stamps: dict[Path, Stamp] = {}
        self._handled: dict[Path, Stamp] = {}

    def poll(self, *, immediate: bool = False) -> list[Arrival]:
        """Handle new files, and return the result for each.

        Parameters
        ----------
        immediate : bool
            Handle files at once, without waiting for another poll.

        Raises
        ------
        GalleryError
            If the gallery cannot be written; nothing is recorded then, and the next poll tries again.
        """
        try:
            plan = self._plan()
        except EmptyError:  # files may still arrive
            return []
        files: dict[str, _NewFile] = {}
        for source in plan.sources:
            stamp = _stamp(source.path)
            if stamp is None:
                continue
            is_ready = immediate or self._stamps.get(source.path) == stamp
            self._stamps[source.path] = stamp
            if not is_ready or self._handled.get(source.path) == stamp:
                continue
            content = _hash_content(source.path)
            self._handled[source.path] = stamp
            if content not in files and not self._service.has_file(content):
                files[content] = _NewFile(source.path, *plan.read(source))
        return self._handle(files) if files else []

    def _handle(self, files: dict[str, _NewFile]) -> list[Arrival]:
        """Enroll the recordings of all new files together, so that unknown people among them can be grouped."""
        try:
            for file in files.values():
                self._identify(file)
            usable = [recording for file in files.values() for recording in file.usable]
            before = {person.name for person in self._service.people()}
            added = self._service.add(usable, files=files)
        except HimpcError:
            for file in files.values():
                self._handled.pop(file.path, None)
            raise
        persons = iter(added.persons)
        return [self._arrival(file, list(islice(persons, len(file.usable))), before) for file in files.values()]

    def _identify(self, file: _NewFile) -> None:
        """Search for the recordings of a file, and set the person of each that matches."""
        try:
            if file.recordings:
                file.answers = self._service.searcher.search(file.recordings, self._options, allow_empty=True)
        except GalleryError:  # it concerns all files, not this one
            raise
        except HimpcError as error:
            file.problem = error.render(self._spell)
            return
        if not any(answer.windows for answer in file.answers):
            reasons = [answer.note for answer in file.answers] or [
                problem.render(self._spell) for problem in file.problems
            ]
            file.problem = "; ".join(reasons) or "holds no recording"
            return
        groups = zip(file.answers, group_parts(file.recordings), strict=True)
        file.usable = [part.with_(person=answer.person) for answer, parts in groups for part in parts]

    def _arrival(self, file: _NewFile, persons: list[str | None], before: set[str]) -> Arrival:
        relative_path = file.path.relative_to(self._folder) if file.path.is_relative_to(self._folder) else file.path
        name = escape_unprintable(str(relative_path))
        if file.problem:
            return Arrival(name, problem=file.problem)
        people = tuple(dict.fromkeys(person for person in persons if person is not None))
        matches = [answer for answer in file.answers if answer.person]
        probabilities = [answer.probability for answer in matches if answer.probability is not None]
        verdict = least_certain(matches) or least_certain([answer for answer in file.answers if answer.windows])
        notes = "; ".join(dict.fromkeys(answer.note for answer in file.answers if answer.note))
        return Arrival(name, people, bool(set(people) - before), min(probabilities, default=None), verdict, note=notes)


def suggest_merges(gallery: Gallery, *, fmr: float | None = None) -> list[MergeSuggestion]:
    """Find pairs of people, one or both unnamed, who are likely to be one person; nothing is merged.

    These are the merges of `Gallery.queue`, most probable first, without those of two people who were named by hand.
    """
    return [
        MergeSuggestion(str(item.candidate), item.person, float(item.distance or 0), float(item.probability or 0))
        for item in gallery.queue(fmr=fmr)
        if item.kind == "merge" and not item.contradicts
    ]


def _stamp(path: Path) -> Stamp | None:
    """Return size and time of a file, or of all files of a folder; None if it no longer exists."""
    try:
        stats = [each.stat() for each in ([path] if path.is_file() else sorted(path.iterdir()))]
    except OSError:
        return None
    return sum(stat.st_size for stat in stats), max((stat.st_mtime_ns for stat in stats), default=0)


def _hash_content(path: Path) -> str:
    """Compute a hash of a file, or of the files of a folder; if it cannot be read, of its path and the reason."""
    digest = hashlib.sha256()
    try:
        for file in [path] if path.is_file() else sorted(path.iterdir()):
            digest.update(b"" if path.is_file() else file.name.encode(errors="surrogateescape"))
            with file.open("rb") as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    digest.update(chunk)
    except OSError as error:
        digest.update(f"{path} {error.errno}".encode(errors="surrogateescape"))
    return digest.hexdigest()
