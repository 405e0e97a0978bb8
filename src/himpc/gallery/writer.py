"""Change a gallery; each change is one atomic transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import DataError, GalleryError, HimpcError, NameConflictError, NotEnrolledError
from himpc.gallery.catalog import Catalog, changes, queries
from himpc.gallery.catalog.audit import add_former_names
from himpc.gallery.catalog.tables import people, recordings
from himpc.gallery.checked_store import digest_entries
from himpc.gallery.integrity import find_mismatches
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.reserve import Reserve
from himpc.gallery.store import Entries, VectorStore
from himpc.gallery.verification import find_orphans

__all__ = ["GalleryWriter"]


class GalleryWriter:
    """Enroll, rename, merge, move and remove people or recordings; `Gallery` documents the operations.

    Vectors are added before the catalog lists them, and erased after the catalog has dropped them. A process that is
    killed in between leaves orphaned vectors: no search returns them, and the next process that opens the gallery
    erases them, because the catalog records that a change has begun (`settle`).
    """

    def __init__(self, catalog: Catalog, store: VectorStore, actor: str, reserve: Reserve) -> None:
        self._catalog, self._store, self._actor, self._reserve = catalog, store, actor, reserve

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
        with self._change() as begin, self._catalog.write() as connection:
            self._erase_orphans(connection)
            names = queries.names_by_fingerprint(connection, [each.fingerprint for each in added])
            for each in added:
                _check_person(each, names.get(each.fingerprint))
            new = [(each, group) for each, group in zip(added, groups, strict=True) if each.fingerprint not in names]
            persons = self._add_people(connection, new)
            named = [replace(each, person=name) for (each, _), (_, name) in zip(new, persons, strict=True)]
            ids = changes.new_ids(len(named))
            if named:
                self._reserve.ensure(sum(_size(each, skeletons=skeletons) for each in named))
                begin()
                self._store.add(_to_entries(ids, named))
            numbers = [person for person, _ in persons]
            rows = list(zip(ids.tolist(), numbers, named, strict=True))
            changes.add_recordings(connection, rows, skeletons=skeletons)
            changes.add_simultaneous(connection, added)
            self._catalog.log_change(connection, action, self._actor, Counter(numbers).items())
            changes.add_files(connection, files)
        return named, [replace(each, person=names[each.fingerprint]) for each in added if each.fingerprint in names]

    def rename(self, old: str, new: str) -> None:
        """Rename a person; see `Gallery.rename`."""
        new = changes.check_name(new)
        with self._catalog.write() as connection:
            number = queries.find_person(connection, old)
            former = queries.names_of(connection, [number])
            owner = connection.execute(sql.select(people.c.id).where(people.c.name == new)).scalar()
            if owner not in (None, number):
                raise NameConflictError(
                    f"another person is called {new!r}", hint="if both are the same person: {Gallery.merge()}"
                )
            connection.execute(sql.update(people).where(people.c.id == number).values(name=new, named=True))
            (event,) = self._catalog.log_change(connection, "named", self._actor, [(number, 0)])
            add_former_names(connection, event, former, number)

    def merge(self, person: str, others: Sequence[str]) -> int:
        """Merge people into one; see `Gallery.merge`."""
        with self._catalog.write() as connection:
            number = queries.find_person(connection, person)
            sources = {queries.find_person(connection, name) for name in others} - {number}
            if not sources:
                raise DataError(f"there is no other person to merge into {person}", hint="name two people or more")
            former = queries.names_of(connection, sources)
            count = connection.execute(
                sql.update(recordings).where(recordings.c.person.in_(sources)).values(person=number)
            ).rowcount
            changes.delete_empty_people(connection)
            (event,) = self._catalog.log_change(connection, "merged", self._actor, [(number, count)])
            add_former_names(connection, event, former, number)
        return int(count)

    def move(self, ids: Sequence[int], person: str | None) -> str:
        """Assign recordings to another person; see `Gallery.move`."""
        with self._catalog.write() as connection:
            _, number = self.reassign(connection, ids, person, "moved")
            return queries.names_of(connection, [number])[number]

    def reassign(self, connection: Connection, ids: Sequence[int], person: str | None, action: str) -> tuple[int, int]:
        """Assign recordings to a person, or to a new unnamed one; return the numbers of the event and the person."""
        person_of = _require_all(queries.persons_of(connection, ids), ids)
        name = person or changes.next_unnamed(connection)
        number = changes.add_person(connection, name, named=person is not None)
        former = queries.names_of(connection, set(person_of.values()) - {number})
        connection.execute(sql.update(recordings).where(recordings.c.id.in_(list(person_of))).values(person=number))
        empty = changes.delete_empty_people(connection)
        (event,) = self._catalog.log_change(connection, action, self._actor, [(number, len(person_of))])
        add_former_names(connection, event, {id: former[id] for id in empty if id in former}, number)
        for id in former.keys() - empty.keys():
            add_former_names(connection, event, {id: former[id]}, id)
        return event, number

    def remove(self, names: Iterable[str], ids: Sequence[int] = ()) -> int:
        """Erase people and recordings; see `Gallery.remove`."""
        with self._reserve.released(), self._change() as begin:
            with self._catalog.write() as connection:
                person_of = _require_all(queries.persons_of(connection, ids), ids)
                for number in {queries.find_person(connection, name) for name in names}:
                    of_person = sql.select(recordings.c.id).where(recordings.c.person == number)
                    person_of |= dict.fromkeys(connection.execute(of_person).scalars(), number)
                begin()
                changes.delete_recordings(connection, list(person_of))
                self._catalog.log_change(connection, "removed", self._actor, Counter(person_of.values()).items())
            with self._catalog.write() as connection:
                self._erase_orphans(connection)
            self._catalog.purge()
        return len(person_of)

    def replace_vectors(self, embedded: Mapping[int, EmbeddedRecording]) -> None:
        """Replace the vectors of recordings, by id, that are still enrolled."""
        with self._reserve.released(), self._catalog.write() as connection:
            ids = np.intersect1d(np.array(list(embedded), dtype=np.int64), queries.all_ids(connection))
            if not len(ids):
                return
            entries = _to_entries(ids, [embedded[id] for id in ids.tolist()])
            self._store.remove(ids)
            self._store.add(entries)
            changes.set_digests(connection, digest_entries(entries))

    def add_digests(self) -> None:
        """Add the digests of recordings that an older version has enrolled, unless their vectors are damaged."""
        with self._catalog.read() as connection:
            ids = queries.ids_without_digest(connection)
        if not ids:
            return
        for batch in queries.batches(ids):
            entries = self._store.entries(np.array(batch, dtype=np.int64))
            damaged = set(entries.ids[find_mismatches(entries.pooled, entries.windows, entries.of)].tolist())
            digests = {id: ("", "") if id in damaged else each for id, each in digest_entries(entries).items()}
            with self._catalog.write() as connection:
                changes.set_digests(connection, dict.fromkeys(batch, ("", "")) | digests)

    def settle(self) -> bool:
        """Erase all data that the catalog does not list; return False if another process is writing."""
        with self._reserve.released():
            with self._catalog.try_write() as connection:
                if connection is None:
                    return False
                begun = self._catalog.begun_changes()
                # also without orphans: a killed process may leave vectors in a log of the store
                self._store.remove(find_orphans(connection, self._store))
            self._catalog.purge()
            self._catalog.end_changes(begun)
        return True

    @contextmanager
    def _change(self) -> Iterator[Callable[[], None]]:
        """Yield a function that records that a change begins which may leave vectors behind.

        After an error, what was left is erased. Where that fails as well, such as on a full disk, the error says so,
        and the next opening erases it.
        """
        begun: list[str] = []
        try:
            yield lambda: begun.append(self._catalog.begin_change())
        except HimpcError as error:
            if not begun or self._try_to_settle():
                raise
            raise error.with_message(
                f"{error.message} (vectors of recordings that are not enrolled are still stored; they are erased when "
                "the gallery is next opened)"
            ) from error
        self._catalog.end_changes(begun)

    def _try_to_settle(self) -> bool:
        try:
            return self.settle()
        except GalleryError:
            return False

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


def _size(recording: EmbeddedRecording, *, skeletons: bool) -> int:
    """Return the number of bytes that a recording takes."""
    joints = recording.joints.nbytes if skeletons and recording.joints is not None else 0
    return recording.windows.nbytes + recording.pooled.nbytes + joints


def _to_entries(ids: NDArray[np.int64], added: Sequence[EmbeddedRecording]) -> Entries:
    return Entries(
        ids=ids,
        pooled=np.stack([each.pooled for each in added]),
        windows=np.concatenate([each.windows for each in added]),
        of=np.repeat(np.arange(len(added)), [len(each.windows) for each in added]),
        starts=np.concatenate([each.starts for each in added]),
    )
