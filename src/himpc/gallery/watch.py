"""A gallery that grows by itself: a folder is watched, and what comes into it is matched or becomes somebody new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from himpc.errors import EmptyError, HimpcError, escape_unprintable
from himpc.gallery.answer import Answer
from himpc.gallery.gallery import Gallery
from himpc.reading.read import Plan, Problem
from himpc.recordings import Recording

__all__ = ["Arrival", "Suggestion", "Watch", "suggest_merges"]

_CHUNK = 2**20


@dataclass(frozen=True)
class Arrival:
    """What became of a file.

    Attributes
    ----------
    path : str
        Relative to the folder.
    people : tuple of str
        Whom its recordings show.
    new : bool
        Whether somebody of them was not known before.
    probability : float, optional
        Of the least sure match; None for somebody new.
    problem : str
        Why it could not be used; empty, where it could.
    """

    path: str
    people: tuple[str, ...] = ()
    new: bool = False
    probability: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Suggestion:
    """Two people who may be one: for a human to confirm.

    Attributes
    ----------
    person, other : str
        The one who has a name, or more recordings, first.
    distance : float
        Between their nearest recordings.
    probability : float
        That a recording so near shows the same person.
    """

    person: str
    other: str
    distance: float
    probability: float


class Watch:
    """Files that come into a folder, each handled once, across restarts and whatever it is called.

    A file is taken when its size and time have not changed from one poll to the next. It is known by its content, which
    is noted in the transaction that enrolls its recordings: a process that is killed has handled it, or has not.

    Parameters
    ----------
    gallery : Gallery
    folder : path
    plan : callable
        Returns what the folder holds now (`himpc.reading.read.plan`).
    fmr : float, optional
        As in `Gallery.search`.
    """

    def __init__(
        self, gallery: Gallery, folder: str | Path, plan: Callable[[], Plan], fmr: float | None = None
    ) -> None:
        self._gallery, self._folder, self._plan, self._fmr = gallery, Path(folder), plan, fmr
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._done: dict[Path, tuple[int, int]] = {}

    def poll(self, *, settled: bool = False) -> list[Arrival]:
        """Handle what is new, and return what became of it.

        Parameters
        ----------
        settled : bool
            EmbeddedRecording files as they are, without waiting for another poll.

        Raises
        ------
        GalleryError
            If the gallery cannot be written; nothing is noted then, so the next poll tries again.
        """
        try:
            plan = self._plan()
        except EmptyError:  # what there is may be still to come
            return []
        found: dict[str, tuple[Path, list[Recording], list[Problem]]] = {}
        for source in plan.sources:
            stamp = _stamp(source.path)
            ready = stamp is not None and (settled or self._stamps.get(source.path) == stamp)
            if stamp is not None:
                self._stamps[source.path] = stamp
            if not ready or self._done.get(source.path) == stamp:
                continue
            content = _content(source.path)
            self._done[source.path] = stamp  # type: ignore[assignment]
            if content in found or self._gallery.has_handled(content):
                continue
            found[content] = (source.path, *plan.read(source))
        return self._handle(found) if found else []

    def _handle(self, found: dict[str, tuple[Path, list[Recording], list[Problem]]]) -> list[Arrival]:
        """Enroll what could be read of some files, all together, so that strangers among them can be grouped."""
        names = {content: self._name(path) for content, (path, _, _) in found.items()}
        answers: dict[str, list[Answer]] = {}
        usable: list[Recording] = []
        problems: dict[str, str] = {}
        for content, (_, recordings, complaints) in found.items():
            try:
                answers[content] = self._gallery.identify(recordings, fmr=self._fmr) if recordings else []
            except HimpcError as error:
                problems[content] = str(error)
                continue
            if not any(answer.windows for answer in answers[content]):
                why = [answer.note for answer in answers[content]] or [problem.message for problem in complaints]
                problems[content] = "; ".join(why) or "holds no recording"
                continue
            by_source = {answer.source: answer.person for answer in answers[content]}
            usable += [each.with_(person=by_source.get(each.whole_source)) for each in recordings]
        before = {person.name for person in self._gallery.people()}
        try:
            shown = self._gallery.absorb(usable, found)
        except HimpcError:
            for path, _, _ in found.values():
                self._done.pop(path, None)
            raise
        return list(self._arrivals(found, names, problems, answers, shown, before))

    def _arrivals(
        self,
        found: dict[str, tuple[Path, list[Recording], list[Problem]]],
        names: dict[str, str],
        problems: dict[str, str],
        answers: dict[str, list[Answer]],
        shown: dict[str, str],
        before: set[str],
    ) -> Iterator[Arrival]:
        for content in found:
            if content in problems:
                yield Arrival(names[content], problem=problems[content])
                continue
            sources = [answer.source for answer in answers[content] if answer.windows]
            people = tuple(dict.fromkeys(shown[source] for source in sources if source in shown))
            sure = [
                answer.probability for answer in answers[content] if answer.person and answer.probability is not None
            ]
            yield Arrival(names[content], people, bool(set(people) - before), min(sure, default=None))

    def _name(self, path: Path) -> str:
        return escape_unprintable(
            str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else str(path)
        )


def suggest_merges(gallery: Gallery, *, fmr: float | None = None) -> list[Suggestion]:
    """Return pairs of people who may be one, the nearest first, where one of them has no name.

    Each is as near as a match would have to be (`Gallery.search`), or as likely one person as two. Nothing is merged:
    that is for a human to say.
    """
    unnamed = {person.name for person in gallery.people() if not person.named}
    best: dict[tuple[str, str], Suggestion] = {}
    for person, other, distance, probability in gallery.near_people(sorted(unnamed), fmr=fmr):
        first, second = (other, person) if other not in unnamed else sorted((person, other), key=_number)
        known = best.get((first, second))
        if known is None or distance < known.distance:
            best[first, second] = Suggestion(first, second, distance, probability)
    return sorted(best.values(), key=lambda suggestion: suggestion.distance)


def _number(name: str) -> tuple[int, str]:
    return len(name), name


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file, or of all files of a folder; None where it is gone."""
    try:
        stats = [each.stat() for each in ([path] if path.is_file() else sorted(path.iterdir()))]
    except OSError:
        return None
    return sum(stat.st_size for stat in stats), max((stat.st_mtime_ns for stat in stats), default=0)


def _content(path: Path) -> str:
    """Return a hash of what is in a file or a folder of files, or of its name where that cannot be read."""
    digest = hashlib.sha256()
    try:
        for file in [path] if path.is_file() else sorted(path.iterdir()):
            digest.update(b"" if path.is_file() else file.name.encode(errors="surrogateescape"))
            with file.open("rb") as opened:
                while chunk := opened.read(_CHUNK):
                    digest.update(chunk)
    except OSError as error:
        digest.update(f"{path} {error.errno}".encode(errors="surrogateescape"))
    return digest.hexdigest()
