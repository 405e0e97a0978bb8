"""What changes a gallery, each in one transaction: all of it is done, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import DataError, NameConflictError, NotEnrolledError
from himpc.gallery.catalog import queries
from himpc.gallery.catalog.catalog import Catalog, people, recordings, skeletons
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.store.base import Entries, VectorStore

__all__ = ["Enrolment"]


class Enrolment:
    """The writing half of a gallery.

    Vectors are added before the catalogue knows them, and erased after it has forgotten them: a process that is killed
    in between leaves vectors that nobody looks at, and that the next one to write erases.
    """

    def __init__(self, catalog: Catalog, vectors: VectorStore, actor: str) -> None:
        self._catalog, self._vectors, self._actor = catalog, vectors, actor

    def add(
        self,
        takes: Sequence[EmbeddedRecording],
        groups: Sequence[int | None],
        *,
        skeletons: bool,
        action: str = "enrolled",
        files: Iterable[str] = (),
    ) -> tuple[list[EmbeddedRecording], list[EmbeddedRecording]]:
        """Enroll takes; return those that are new, with their persons, and those that were there already.

        Parameters
        ----------
        takes : sequence of EmbeddedRecording
            Each different, each with windows.
        groups : sequence of int or None
            For each take without a person, which of the new people it shows.
        skeletons : bool
            Whether joints are kept.
        action : str
            What the log calls it.
        files : iterable of str
            Hashes of files that are noted with it (`himpc.gallery.watch`).

        Raises
        ------
        DataError
            If a take is enrolled already as somebody else.
        """
        with self._catalog.writing() as connection:
            self._erase_leftovers(connection)
            known = queries.known_fingerprints(connection, [take.fingerprint for take in takes])
            for take in takes:
                _check_same(take, known.get(take.fingerprint))
            new = [(take, group) for take, group in zip(takes, groups, strict=True) if take.fingerprint not in known]
            persons = self._persons(connection, new)
            added = [replace(take, person=name) for (take, _), (_, name) in zip(new, persons, strict=True)]
            ids = queries.new_ids(len(added))
            if added:
                self._vectors.add(_entries(ids, added))
            numbers = [person for person, _ in persons]
            new_ones = list(zip(ids.tolist(), numbers, added, strict=True))
            queries.add_recordings(connection, new_ones, skeletons=skeletons)
            counts = Counter(numbers)
            queries.log(connection, action, self._actor, counts.items())
            queries.note_files(connection, files)
        return added, [take for take in takes if take.fingerprint in known]

    def rename(self, old: str, new: str) -> None:
        """Give a person another name, who then counts as named.

        Raises
        ------
        GalleryError
            If nobody has the old name, or somebody else has the new one.
        DataError
            If it cannot be a name.
        """
        queries.check_name(new)
        with self._catalog.writing() as connection:
            number = queries.the_person(connection, old)
            taken = connection.execute(sql.select(people.c.id).where(people.c.name == new)).scalar()
            if taken not in (None, number):
                raise NameConflictError(f"somebody else is called {new!r}: if both are one person, merge them")
            connection.execute(sql.update(people).where(people.c.id == number).values(name=new, named=True))
            queries.log(connection, "named", self._actor, [(number, 0)])

    def merge(self, into: str, others: Sequence[str]) -> int:
        """Make some people one, and return how many recordings changed hands.

        Raises
        ------
        GalleryError
            If somebody is not there.
        """
        with self._catalog.writing() as connection:
            number = queries.the_person(connection, into)
            gone = [queries.the_person(connection, name) for name in others if name != into]
            moved = connection.execute(
                sql.update(recordings).where(recordings.c.person.in_(gone)).values(person=number)
            ).rowcount
            queries.drop_empty_people(connection)
            queries.log(connection, "merged", self._actor, [(number, moved)])
        return int(moved)

    def move(self, ids: Sequence[int], person: str | None) -> str:
        """Say that some recordings show another person, who may be new; without a name, a new one without a name.

        Raises
        ------
        GalleryError
            If a recording is not there.
        """
        with self._catalog.writing() as connection:
            found = queries.persons_of(connection, ids)
            _check_there(ids, found)
            name = person or queries.next_unnamed(connection)
            number = queries.add_person(connection, name, named=person is not None)
            connection.execute(sql.update(recordings).where(recordings.c.id.in_(list(found))).values(person=number))
            queries.drop_empty_people(connection)
            queries.log(connection, "moved", self._actor, [(number, len(found))])
        return name

    def remove(self, names: Iterable[str], ids: Sequence[int] = ()) -> int:
        """Erase people and recordings for good, all or none, and return how many recordings these were.

        A person without any recording is erased, too.

        Raises
        ------
        GalleryError
            If nobody has one of the names, or a recording is not there.
        """
        with self._catalog.writing() as connection:
            found = queries.persons_of(connection, ids)
            _check_there(ids, found)
            for number in {queries.the_person(connection, name) for name in names}:
                of_person = sql.select(recordings.c.id).where(recordings.c.person == number)
                found |= dict.fromkeys(connection.execute(of_person).scalars(), number)
            self._forget(connection, list(found), Counter(found.values()))
        self.erase()
        return len(found)

    def erase(self) -> int:
        """Erase what the catalogue does not know, to the last byte, and return how many recordings that were."""
        with self._catalog.writing() as connection:
            erased = self._erase_leftovers(connection)
        self._catalog.forget()
        return erased

    def leftovers(self, connection: Connection) -> NDArray[np.int64]:
        """Return recordings of which vectors are kept though they are not enrolled."""
        return np.setdiff1d(self._vectors.ids(), queries.enrolled_ids(connection))

    def _erase_leftovers(self, connection: Connection) -> int:
        left = self.leftovers(connection)
        if len(left):
            self._vectors.remove(left)
        return len(left)

    def _forget(self, connection: Connection, ids: Sequence[int], counts: dict[int, int]) -> None:
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            connection.execute(sql.delete(skeletons).where(skeletons.c.recording.in_(some)))
            connection.execute(sql.delete(recordings).where(recordings.c.id.in_(some)))
        queries.drop_empty_people(connection)
        queries.log(connection, "removed", self._actor, counts.items())

    def _persons(
        self, connection: Connection, new: Sequence[tuple[EmbeddedRecording, int | None]]
    ) -> list[tuple[int, str]]:
        """Return number and name of the person of each take; people without a name get one."""
        names: dict[int | None, str] = {}
        found = []
        for take, group in new:
            name = take.person
            if name is None:
                if group not in names:
                    names[group] = queries.next_unnamed(connection)
                name = names[group]
            found.append((queries.add_person(connection, name, named=take.person is not None), name))
        return found


def _check_same(take: EmbeddedRecording, person: str | None) -> None:
    if person is not None and take.person not in (None, person):
        raise DataError(
            f"{take.source}: is enrolled already, as {person!r}, not {take.person!r}: "
            "move the recording, or merge the two"
        )


def _check_there(ids: Sequence[int], found: dict[int, int]) -> None:
    if missing := [number for number in ids if number not in found]:
        raise NotEnrolledError(f"recording {missing[0]} is not in the gallery: himpc gallery show lists them")


def _entries(ids: NDArray[np.int64], takes: Sequence[EmbeddedRecording]) -> Entries:
    return Entries(
        ids=ids,
        pooled=np.stack([take.pooled for take in takes]),
        windows=np.concatenate([take.windows for take in takes]),
        of=np.repeat(np.arange(len(takes)), [len(take.windows) for take in takes]),
        starts=np.concatenate([take.starts for take in takes]),
    )
