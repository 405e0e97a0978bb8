"""Change a gallery; each change is one atomic transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import DataError, NameConflictError, NotEnrolledError
from himpc.gallery.catalog import Catalog, changes, queries
from himpc.gallery.catalog.audit import log_change
from himpc.gallery.catalog.tables import people, recordings
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.store import Entries, VectorStore
from himpc.gallery.verification import find_orphans

__all__ = ["GalleryWriter"]


class GalleryWriter:
    """Enroll, rename, merge, move and remove people or recordings; `Gallery` documents the operations.

    Vectors are added before the catalog lists them, and erased after the catalog has dropped them. A process that is
    killed in between leaves orphaned vectors: no search returns them, and the next writer erases them.
    """

    def __init__(self, catalog: Catalog, store: VectorStore, actor: str) -> None:
        self._catalog, self._store, self._actor = catalog, store, actor

    def add(
        self,
        added: Sequence[EmbeddedRecording],
        groups: Sequence[int | None],
        *,
        skeletons: bool,
        action: str = "enrolled",
        files: Iterable[str] = (),
    ) -> tuple[list[EmbeddedRecording], list[EmbeddedRecording]]:
        """Enroll recordings, and return those that are new, with their people, and those enrolled before.

        Parameters
        ----------
        added : sequence of EmbeddedRecording
            Without duplicates, and each with windows.
        groups : sequence of int or None
            For each recording without a person, the number of its group; each group becomes a new person.
        skeletons : bool
            Whether to store joints.
        action : str
            The action in the audit log.
        files : iterable of str
            Hashes of the files of a watched folder, recorded in the same transaction.

        Raises
        ------
        DataError
            If a recording is enrolled already as another person.
        """
        with self._catalog.write() as connection:
            self._erase_orphans(connection)
            names = queries.names_by_fingerprint(connection, [each.fingerprint for each in added])
            for each in added:
                _check_person(each, names.get(each.fingerprint))
            new = [(each, group) for each, group in zip(added, groups, strict=True) if each.fingerprint not in names]
            persons = self._add_people(connection, new)
            named = [replace(each, person=name) for (each, _), (_, name) in zip(new, persons, strict=True)]
            ids = changes.new_ids(len(named))
            if named:
                self._store.add(_to_entries(ids, named))
            numbers = [person for person, _ in persons]
            rows = list(zip(ids.tolist(), numbers, named, strict=True))
            changes.add_recordings(connection, rows, skeletons=skeletons)
            log_change(connection, action, self._actor, Counter(numbers).items())
            changes.add_files(connection, files)
        return named, [replace(each, person=names[each.fingerprint]) for each in added if each.fingerprint in names]

    def rename(self, old: str, new: str) -> None:
        """Rename a person; see `Gallery.rename`."""
        changes.check_name(new)
        with self._catalog.write() as connection:
            number = queries.find_person(connection, old)
            owner = connection.execute(sql.select(people.c.id).where(people.c.name == new)).scalar()
            if owner not in (None, number):
                raise NameConflictError(
                    f"another person is called {new!r}", hint="if both are the same person: {Gallery.merge()}"
                )
            connection.execute(sql.update(people).where(people.c.id == number).values(name=new, named=True))
            log_change(connection, "named", self._actor, [(number, 0)])

    def merge(self, person: str, others: Sequence[str]) -> int:
        """Merge people into one; see `Gallery.merge`."""
        with self._catalog.write() as connection:
            number = queries.find_person(connection, person)
            sources = [queries.find_person(connection, name) for name in others if name != person]
            count = connection.execute(
                sql.update(recordings).where(recordings.c.person.in_(sources)).values(person=number)
            ).rowcount
            changes.delete_empty_people(connection)
            log_change(connection, "merged", self._actor, [(number, count)])
        return int(count)

    def move(self, ids: Sequence[int], person: str | None) -> str:
        """Assign recordings to another person; see `Gallery.move`."""
        with self._catalog.write() as connection:
            person_of = _require_all(queries.persons_of(connection, ids), ids)
            name = person or changes.next_unnamed(connection)
            number = changes.add_person(connection, name, named=person is not None)
            connection.execute(sql.update(recordings).where(recordings.c.id.in_(list(person_of))).values(person=number))
            changes.delete_empty_people(connection)
            log_change(connection, "moved", self._actor, [(number, len(person_of))])
        return name

    def remove(self, names: Iterable[str], ids: Sequence[int] = ()) -> int:
        """Erase people and recordings; see `Gallery.remove`."""
        with self._catalog.write() as connection:
            person_of = _require_all(queries.persons_of(connection, ids), ids)
            for number in {queries.find_person(connection, name) for name in names}:
                of_person = sql.select(recordings.c.id).where(recordings.c.person == number)
                person_of |= dict.fromkeys(connection.execute(of_person).scalars(), number)
            changes.delete_recordings(connection, list(person_of))
            log_change(connection, "removed", self._actor, Counter(person_of.values()).items())
        self.erase_orphans()
        return len(person_of)

    def erase_orphans(self) -> None:
        """Erase all data that the catalog does not list, including the bytes of deleted rows."""
        with self._catalog.write() as connection:
            self._erase_orphans(connection)
        self._catalog.purge()

    def _erase_orphans(self, connection: Connection) -> None:
        if len(orphans := find_orphans(connection, self._store)):
            self._store.remove(orphans)

    def _add_people(
        self, connection: Connection, added: Sequence[tuple[EmbeddedRecording, int | None]]
    ) -> list[tuple[int, str]]:
        """Return the id and name of the person of each recording; each group without a name gets a new one."""
        names: dict[int | None, str] = {}
        persons = []
        for recording, group in added:
            name = recording.person
            if name is None:
                if group not in names:
                    names[group] = changes.next_unnamed(connection)
                name = names[group]
            persons.append((changes.add_person(connection, name, named=recording.person is not None), name))
        return persons


def _check_person(recording: EmbeddedRecording, person: str | None) -> None:
    if person is not None and recording.person not in (None, person):
        raise DataError(
            f"{recording.source}: is enrolled already, as {person!r}, not {recording.person!r}",
            hint="{Gallery.move()} assigns it to another person, {Gallery.merge()} merges two people",
        )


def _require_all(person_of: dict[int, int], ids: Sequence[int]) -> dict[int, int]:
    if missing := [number for number in ids if number not in person_of]:
        raise NotEnrolledError(
            f"recording {missing[0]} is not in the gallery",
            hint="{Gallery.recordings()} lists ids",
        )
    return person_of


def _to_entries(ids: NDArray[np.int64], added: Sequence[EmbeddedRecording]) -> Entries:
    return Entries(
        ids=ids,
        pooled=np.stack([each.pooled for each in added]),
        windows=np.concatenate([each.windows for each in added]),
        of=np.repeat(np.arange(len(added)), [len(each.windows) for each in added]),
        starts=np.concatenate([each.starts for each in added]),
    )
