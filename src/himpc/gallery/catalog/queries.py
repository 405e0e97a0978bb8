"""Queries on the catalog, each within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import NotEnrolledError, escape_unprintable
from himpc.gallery.catalog.cells import InvalidCellError
from himpc.gallery.catalog.tables import files, former_names, people, recordings, simultaneous
from himpc.gallery.catalog.tables import skeletons as skeleton_table
from himpc.gallery.records import EnrolledRecording, Person
from himpc.recordings import normalize_label

__all__ = [
    "all_ids",
    "all_names",
    "batches",
    "counts",
    "digests_of",
    "find_person",
    "fingerprints_of",
    "has_file",
    "headings_of",
    "ids_by_fingerprint",
    "ids_of_names",
    "ids_without_digest",
    "ids_without_heading",
    "joints_of",
    "list_people",
    "list_recordings",
    "names_by_fingerprint",
    "names_of",
    "people_of_systems",
    "persons_of",
    "recordings_of_people",
    "sample_recordings",
    "simultaneous_pairs",
    "sources_of",
    "systems_of",
    "windows_of",
]

MIN_NAMED = 3
"""With this number of named people or more, a calibration excludes unnamed people."""

MAX_LOOKUPS = 5_000
"""More ids than these are not looked up one by one: the whole table is read."""

BATCH_SIZE = 500
"""Maximum number of values in one query, which databases limit."""


def find_person(connection: Connection, name: str) -> int:
    """Return the id of a person.

    Raises
    ------
    NotEnrolledError
        If no person has that name.
    """
    query = sql.select(people.c.id).where(people.c.name == normalize_label(name))
    number = connection.execute(query).scalar() if escape_unprintable(name) == name else None
    if number is None:
        raise NotEnrolledError(f"no person of the gallery is called {name!r}", hint="{Gallery.people()} lists all")
    return int(number)


def list_people(connection: Connection) -> list[Person]:
    """Return all people, sorted by name."""
    columns = (
        sql.func.count(recordings.c.id),
        sql.func.sum(recordings.c.windows),
        sql.func.min(recordings.c.enrolled),
        sql.func.max(recordings.c.enrolled),
    )
    joined = sql.join(people, recordings, people.c.id == recordings.c.person)
    query = sql.select(people.c.id, people.c.name, people.c.named, *columns).select_from(joined)
    ordered = query.group_by(people.c.id, people.c.name, people.c.named).order_by(people.c.name)
    cameras: dict[int, list[str]] = {}
    pairs = sql.select(recordings.c.person, recordings.c.camera).where(recordings.c.camera.is_not(None)).distinct()
    for person, camera in connection.execute(pairs.order_by(recordings.c.camera)):
        cameras.setdefault(person, []).append(camera)
    return [
        Person(name, bool(named), count, int(windows), tuple(cameras.get(number, ())), first, last)
        for number, name, named, count, windows, first, last in connection.execute(ordered)
    ]


def list_recordings(
    connection: Connection, *, person: int | None = None, ids: Sequence[int] | None = None
) -> list[EnrolledRecording]:
    """Return recordings in order of enrolment: all, those of a person, or those with some ids."""
    columns = [recordings.c[name] for name in ("id", "source", "session", "camera", "fps", "frames", "windows")]
    joined_columns = [
        recordings.c.quality,
        recordings.c.enrolled,
        people.c.name.label("person"),
        skeleton_table.c.recording.label("skeleton"),
    ]
    query = (
        sql.select(*columns, *joined_columns)
        .join(people, people.c.id == recordings.c.person)
        .outerjoin(skeleton_table, skeleton_table.c.recording == recordings.c.id)
        .order_by(recordings.c.enrolled, recordings.c.source, recordings.c.id)
    )
    if person is not None:
        query = query.where(recordings.c.person == person)
    rows: Iterable[Any] = (
        connection.execute(query) if ids is None else _select_among(connection, query, recordings.c.id, _valid_ids(ids))
    )
    return [EnrolledRecording(**dict(row._mapping) | {"skeleton": row.skeleton is not None}) for row in rows]


def names_by_fingerprint(connection: Connection, fingerprints: Sequence[str]) -> dict[str, str]:
    """Return the person's name of each recording that is enrolled, by fingerprint."""
    query = sql.select(recordings.c.fingerprint, people.c.name).join(people, people.c.id == recordings.c.person)
    return _lookup(connection, query, recordings.c.fingerprint, fingerprints)


def ids_by_fingerprint(connection: Connection, fingerprints: Sequence[str]) -> dict[str, int]:
    """Return the id of each recording that is enrolled, by fingerprint."""
    query = sql.select(recordings.c.fingerprint, recordings.c.id)
    return _lookup(connection, query, recordings.c.fingerprint, fingerprints)


def simultaneous_pairs(connection: Connection, ids: Sequence[int] | None = None) -> list[tuple[int, int]]:
    """Return the pairs of recordings that overlap in time, the lower id first: all, or those of some lower ids."""
    query = sql.select(simultaneous.c.recording, simultaneous.c.other)
    rows: Iterable[Any] = (
        connection.execute(query) if ids is None else _select_among(connection, query, simultaneous.c.recording, ids)
    )
    return [(row[0], row[1]) for row in rows]


def headings_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, complex | None]]:
    """Return the sectors and the mean heading of each recording that is enrolled, by id; 0 and None if not known."""
    columns = (recordings.c.heading_sectors, recordings.c.heading_x, recordings.c.heading_y)
    rows = _select_among(connection, sql.select(recordings.c.id, *columns), recordings.c.id, ids)
    return {row[0]: (row[1] or 0, None if None in (row[2], row[3]) else complex(row[2], row[3])) for row in rows}


def systems_of(connection: Connection, ids: Sequence[int]) -> dict[int, str | None]:
    """Return the system that made each recording that is enrolled, by id; None if not known."""
    return _lookup(connection, sql.select(recordings.c.id, recordings.c.system), recordings.c.id, _valid_ids(ids))


def people_of_systems(connection: Connection) -> dict[str | None, int]:
    """Return the number of people whom each system recorded; the name of a system is None if it is not known."""
    count = sql.func.count(recordings.c.person.distinct())
    return {row[0]: row[1] for row in connection.execute(sql.select(recordings.c.system, count).group_by("system"))}


def recordings_of_people(connection: Connection, persons: Sequence[int]) -> dict[int, int]:
    """Return the person's id of each recording of some people, by id."""
    rows = _select_among(connection, sql.select(recordings.c.id, recordings.c.person), recordings.c.person, persons)
    return {row[0]: row[1] for row in rows}


def persons_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the person's id of each recording that is enrolled, by id."""
    return _lookup(connection, sql.select(recordings.c.id, recordings.c.person), recordings.c.id, _valid_ids(ids))


def names_of(connection: Connection, persons: Iterable[int]) -> dict[int, str]:
    """Return the names of some people, by id."""
    return _lookup(connection, sql.select(people.c.id, people.c.name), people.c.id, list(persons))


def ids_of_names(connection: Connection, names: Iterable[str]) -> list[int]:
    """Return the ids of people by their names."""
    return list(_lookup(connection, sql.select(people.c.name, people.c.id), people.c.name, list(names)).values())


def all_names(connection: Connection) -> dict[int, str]:
    """Return the names of all people by id, also of those who were merged into others."""
    former = sql.select(former_names.c.former, former_names.c.name).order_by(former_names.c.id)
    current = sql.select(people.c.id, people.c.name)
    return {row[0]: row[1] for query in (former, current) for row in connection.execute(query)}


def sources_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the sources of some recordings, by id."""
    return _lookup(connection, sql.select(recordings.c.id, recordings.c.source), recordings.c.id, ids)


def fingerprints_of(connection: Connection, ids: Sequence[int]) -> list[str]:
    """Return the fingerprints of some recordings, in the order of `ids`."""
    query = sql.select(recordings.c.id, recordings.c.fingerprint)
    fingerprints = _lookup(connection, query, recordings.c.id, ids)
    return [fingerprints[number] for number in ids]


def digests_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return the digests of pooled vector and windows of each recording that is enrolled, by id."""
    query = sql.select(recordings.c.id, recordings.c.pooled_digest, recordings.c.windows_digest)
    rows: Iterable[Any] = _select_among(connection, query, recordings.c.id, ids)
    if len(ids) > MAX_LOOKUPS:
        rows = connection.execute(query)
    return {row[0]: (row[1], row[2]) for row in rows}


def windows_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the number of windows of each recording that is enrolled, by id."""
    return _lookup(connection, sql.select(recordings.c.id, recordings.c.windows), recordings.c.id, ids)


def ids_without_digest(connection: Connection) -> list[int]:
    """Return the ids of recordings that an older version of himpc has enrolled, without digests."""
    return list(connection.execute(sql.select(recordings.c.id).where(recordings.c.pooled_digest.is_(None))).scalars())


def ids_without_heading(connection: Connection) -> list[int]:
    """Return the ids of recordings that an older version of himpc has enrolled, without their headings."""
    return list(connection.execute(sql.select(recordings.c.id).where(recordings.c.heading_sectors.is_(None))).scalars())


def counts(connection: Connection) -> tuple[int, int, int]:
    """Return the numbers of people, recordings and windows."""
    columns = (sql.func.count(recordings.c.person.distinct()), sql.func.count(), sql.func.sum(recordings.c.windows))
    row = connection.execute(sql.select(*columns)).one()
    return int(row[0]), int(row[1]), int(row[2] or 0)


def all_ids(connection: Connection) -> NDArray[np.int64]:
    """Return the ids of all recordings, ascending."""
    query = sql.select(recordings.c.id).order_by(recordings.c.id)
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)


def has_file(connection: Connection, content: str) -> bool:
    """Return True if a folder watcher has handled a file with this hash."""
    return connection.execute(sql.select(files.c.content).where(files.c.content == content)).first() is not None


def sample_recordings(connection: Connection, limit: int) -> dict[int, int]:
    """Return the person's id of each recording, by id; of more than `limit`, those of a sample of people.

    Ids of people are random, so the people with the lowest ids are a random sample, the same at every call. Unnamed
    people are excluded if three or more people have a name: two of them may be one person, and would make the
    distances between different people look too small.
    """
    query = sql.select(recordings.c.id, recordings.c.person).order_by(recordings.c.person, recordings.c.id)
    named = sql.select(people.c.id).where(people.c.named)
    if connection.execute(sql.select(sql.func.count()).select_from(named.subquery())).scalar_one() >= MIN_NAMED:
        query = query.where(recordings.c.person.in_(named))
    rows = [(row[0], row[1]) for row in connection.execute(query.limit(limit + 1))]
    if len(rows) > limit:
        rows = [row for row in rows if row[1] != rows[-1][1]] or rows[:limit]
    return dict(rows)


def joints_of(connection: Connection, recording: int, n_joints: int) -> NDArray[np.float32]:
    """Return the joints of a recording, ``(frames, n_joints, 3)``.

    Raises
    ------
    NotEnrolledError
        If it is not enrolled, or its joints are not stored.
    """
    query = sql.select(skeleton_table.c.joints).where(skeleton_table.c.recording == recording)
    joints = connection.execute(query).scalar()
    if joints is None:
        raise NotEnrolledError(f"the gallery has no skeleton of recording {recording}")
    if not joints or len(joints) % (4 * 3 * n_joints):
        raise InvalidCellError(f"the skeleton of recording {recording} has {len(joints)} bytes")
    return np.frombuffer(bytes(joints), dtype="<f4").reshape(-1, n_joints, 3).astype(np.float32)


def _valid_ids(ids: Sequence[int]) -> list[int]:
    """Return the ids that are valid: positive 64-bit integers."""
    return [number for number in ids if 0 < number < 2**63]


def batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield values in batches that one query may hold."""
    for start in range(0, len(values), BATCH_SIZE):
        yield values[start : start + BATCH_SIZE]


def _select_among(connection: Connection, query: Any, column: Any, values: Sequence[Any]) -> Iterator[Any]:
    for batch in batches(values):
        yield from connection.execute(query.where(column.in_(batch)))


def _lookup(connection: Connection, query: Any, column: Any, values: Sequence[Any]) -> dict[Any, Any]:
    """Return the rows of a query of two columns as a dictionary."""
    return {row[0]: row[1] for row in _select_among(connection, query, column, values)}
