"""What is asked of a gallery's catalog, and noted in it, within one transaction."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import DataError, NotEnrolledError, escape_unprintable
from himpc.gallery.catalog.catalog import events, files, people, recordings, searches
from himpc.gallery.catalog.catalog import skeletons as joints_table
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.records import Event, KnownRecording, Person

__all__ = [
    "UNNAMED",
    "add_person",
    "add_recordings",
    "all_names",
    "check_name",
    "count_people",
    "counts",
    "drawn",
    "drop_empty_people",
    "enrolled_ids",
    "fingerprints_of",
    "has_file",
    "joints_of",
    "known_fingerprints",
    "known_people",
    "known_recordings",
    "log",
    "names_of",
    "new_ids",
    "next_unnamed",
    "note_files",
    "now",
    "persons_of",
    "read_log",
    "sources_of",
    "the_person",
]

UNNAMED = "unnamed-"
"""What the names of people begin with who were found, not named."""

_LONGEST_NAME = 200
_ENOUGH = 3
"""People with a name, to learn from them alone what distances mean."""

_AT_ONCE = 500
"""Values in one query, which databases bound."""


def now() -> str:
    """Return the time: ISO 8601, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def new_ids(count: int) -> NDArray[np.int64]:
    """Return numbers that were never used, and will not be again: 62 random bits each."""
    return np.array([secrets.randbits(62) | 1 for _ in range(count)], dtype=np.int64)


def check_name(name: str) -> str:
    """Return the name of a person, if it can be one.

    Raises
    ------
    DataError
        If it is empty, longer than 200 characters, or holds what cannot be printed.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or escape_unprintable(name) != name:
        raise DataError(f"a person's name must be 1 to {_LONGEST_NAME} printable characters, found {repr(name)[:300]}")
    return name


def the_person(connection: Connection, name: str) -> int:
    """Return the number of a person.

    Raises
    ------
    GalleryError
        If nobody has that name.
    """
    query = sql.select(people.c.id).where(people.c.name == name)
    found = connection.execute(query).scalar() if escape_unprintable(name) == name else None
    if found is None:
        raise NotEnrolledError(f"nobody in the gallery is called {name!r}: himpc gallery list shows who is there")
    return int(found)


def add_person(connection: Connection, name: str, *, named: bool = True) -> int:
    """Return the number of a person, who is new if nobody has that name."""
    found = connection.execute(sql.select(people.c.id).where(people.c.name == check_name(name))).scalar()
    if found is not None:
        return int(found)
    number = int(new_ids(1)[0])
    connection.execute(sql.insert(people).values(id=number, name=name, named=named))
    return number


def next_unnamed(connection: Connection) -> str:
    """Return a name that is free for somebody who has none: unnamed-1, unnamed-2 and so on."""
    taken = connection.execute(sql.select(people.c.name).where(people.c.name.startswith(UNNAMED))).scalars()
    numbers = [int(name.removeprefix(UNNAMED)) for name in taken if name.removeprefix(UNNAMED).isdecimal()]
    return f"{UNNAMED}{max(numbers, default=0) + 1}"


def add_recordings(
    connection: Connection, new: Sequence[tuple[int, int, EmbeddedRecording]], *, skeletons: bool
) -> None:
    """Note recordings, by number, person and take, with their joints where these are to be kept."""
    for some in _parts(new):
        rows = [
            {
                "id": number,
                "person": person,
                "fingerprint": take.fingerprint,
                "source": escape_unprintable(take.source),
                "session": take.session and escape_unprintable(take.session),
                "camera": take.camera and escape_unprintable(take.camera),
                "fps": take.fps,
                "frames": take.frames,
                "windows": len(take.windows),
                "quality": take.quality,
                "enrolled": take.enrolled or now(),
            }
            for number, person, take in some
        ]
        connection.execute(sql.insert(recordings), rows)
        kept = [
            {"recording": number, "joints": np.ascontiguousarray(take.joints, dtype="<f4").tobytes()}
            for number, _, take in some
            if skeletons and take.joints is not None
        ]
        if kept:
            connection.execute(sql.insert(joints_table), kept)


def known_fingerprints(connection: Connection, fingerprints: Sequence[str]) -> dict[str, str]:
    """Return the person of each recording that is enrolled already, by its fingerprint."""
    query = sql.select(recordings.c.fingerprint, people.c.name).join(people, people.c.id == recordings.c.person)
    found: dict[str, str] = {}
    for some in _parts(fingerprints):
        found |= {row[0]: row[1] for row in connection.execute(query.where(recordings.c.fingerprint.in_(some)))}
    return found


def known_people(connection: Connection) -> list[Person]:
    """Return all people, by name."""
    columns = (
        sql.func.count(recordings.c.id),
        sql.func.sum(recordings.c.windows),
        sql.func.min(recordings.c.enrolled),
        sql.func.max(recordings.c.enrolled),
    )
    joined = sql.join(people, recordings, people.c.id == recordings.c.person)
    query = sql.select(people.c.id, people.c.name, people.c.named, *columns).select_from(joined)
    grouped = query.group_by(people.c.id, people.c.name, people.c.named).order_by(people.c.name)
    cameras: dict[int, list[str]] = {}
    seen = sql.select(recordings.c.person, recordings.c.camera).where(recordings.c.camera.is_not(None)).distinct()
    for person, camera in connection.execute(seen.order_by(recordings.c.camera)):
        cameras.setdefault(person, []).append(camera)
    return [
        Person(name, bool(named), count, int(windows), tuple(cameras.get(number, ())), first, last)
        for number, name, named, count, windows, first, last in connection.execute(grouped)
    ]


def known_recordings(
    connection: Connection, *, person: int | None = None, ids: Sequence[int] | None = None
) -> list[KnownRecording]:
    """Return recordings in the order in which they were enrolled: all, those of a person, or those of some numbers."""
    columns = [recordings.c[name] for name in ("id", "source", "session", "camera", "fps", "frames", "windows")]
    more = [
        recordings.c.quality,
        recordings.c.enrolled,
        people.c.name.label("person"),
        joints_table.c.recording.label("skeleton"),
    ]
    query = (
        sql.select(*columns, *more)
        .join(people, people.c.id == recordings.c.person)
        .outerjoin(joints_table, joints_table.c.recording == recordings.c.id)
        .order_by(recordings.c.enrolled, recordings.c.source, recordings.c.id)
    )
    if person is not None:
        query = query.where(recordings.c.person == person)
    parts = [query] if ids is None else [query.where(recordings.c.id.in_(some)) for some in _parts(_numbers(ids))]
    rows = [row for part in parts for row in connection.execute(part)]
    return [KnownRecording(**dict(row._mapping) | {"skeleton": row.skeleton is not None}) for row in rows]


def persons_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the number of the person whom each recording shows; what is not enrolled is left out."""
    query = sql.select(recordings.c.id, recordings.c.person)
    found: dict[int, int] = {}
    for some in _parts(_numbers(ids)):
        found |= {row[0]: row[1] for row in connection.execute(query.where(recordings.c.id.in_(some)))}
    return found


def names_of(connection: Connection, persons: Iterable[int]) -> dict[int, str]:
    """Return the name of each person, by number."""
    query = sql.select(people.c.id, people.c.name)
    found: dict[int, str] = {}
    for some in _parts(list(persons)):
        found |= {row[0]: row[1] for row in connection.execute(query.where(people.c.id.in_(some)))}
    return found


def all_names(connection: Connection) -> dict[int, str]:
    """Return the name of everybody, by number."""
    return {row[0]: row[1] for row in connection.execute(sql.select(people.c.id, people.c.name))}


def count_people(connection: Connection) -> int:
    """Return how many people are enrolled."""
    return int(connection.execute(sql.select(sql.func.count(recordings.c.person.distinct()))).scalar_one())


def counts(connection: Connection) -> tuple[int, int, int]:
    """Return how many people, recordings and windows are enrolled."""
    columns = (sql.func.count(recordings.c.person.distinct()), sql.func.count(), sql.func.sum(recordings.c.windows))
    found = connection.execute(sql.select(*columns)).one()
    return int(found[0]), int(found[1]), int(found[2] or 0)


def sources_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the source of each recording."""
    query = sql.select(recordings.c.id, recordings.c.source).where(recordings.c.id.in_(ids))
    return {row[0]: row[1] for row in connection.execute(query)}


def fingerprints_of(connection: Connection, ids: Sequence[int]) -> list[str]:
    """Return the fingerprint of each recording."""
    query = sql.select(recordings.c.id, recordings.c.fingerprint)
    found: dict[int, str] = {}
    for some in _parts(ids):
        found |= {row[0]: row[1] for row in connection.execute(query.where(recordings.c.id.in_(some)))}
    return [found[number] for number in ids]


def has_file(connection: Connection, content: str) -> bool:
    """Return whether a watched folder has brought a file of this content."""
    return connection.execute(sql.select(files.c.content).where(files.c.content == content)).first() is not None


def note_files(connection: Connection, contents: Iterable[str]) -> None:
    """Note what a watched folder has brought, by nothing but the hash of the content, which leads to nobody."""
    time = now()
    rows = [{"content": content, "time": time} for content in contents]
    if rows:
        connection.execute(sql.insert(files), rows)


def drawn(connection: Connection, most: int) -> dict[int, int]:
    """Return the person of each recording, by its number; of more than `most`, people are drawn with all of theirs.

    Numbers of people are random, so the first of them are a draw, and the same one every time. People without a name
    are left out where three or more have one: some may be the same as others, and what is near would seem far.
    """
    query = sql.select(recordings.c.id, recordings.c.person).order_by(recordings.c.person, recordings.c.id)
    named = sql.select(people.c.id).where(people.c.named)
    if connection.execute(sql.select(sql.func.count()).select_from(named.subquery())).scalar_one() >= _ENOUGH:
        query = query.where(recordings.c.person.in_(named))
    query = query.limit(most + 1)
    rows = [(row[0], row[1]) for row in connection.execute(query)]
    if len(rows) > most:
        rows = [row for row in rows if row[1] != rows[-1][1]] or rows[:most]
    return dict(rows)


def joints_of(connection: Connection, recording: int) -> bytes:
    """Return the joints of a recording as they are kept.

    Raises
    ------
    GalleryError
        If it is not there, or its joints are not kept.
    """
    kept = connection.execute(sql.select(joints_table.c.joints).where(joints_table.c.recording == recording)).scalar()
    if kept is None:
        raise NotEnrolledError(f"no skeleton of recording {recording} is kept in the gallery")
    return bytes(kept)


def enrolled_ids(connection: Connection) -> NDArray[np.int64]:
    """Return the numbers of all recordings, rising."""
    query = sql.select(recordings.c.id).order_by(recordings.c.id)
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)


def drop_empty_people(connection: Connection) -> None:
    """Forget people without a recording."""
    connection.execute(sql.delete(people).where(people.c.id.not_in(sql.select(recordings.c.person))))


def log(connection: Connection, action: str, actor: str, persons: Iterable[tuple[int | None, int]]) -> None:
    """Note what was done: with whom, and how many of their recordings."""
    table = searches if action == "searched" else events
    rows = [
        {"time": now(), "action": action, "actor": actor, "person": person, "recordings": count}
        for person, count in persons
    ]
    if rows:
        connection.execute(sql.insert(table), rows)


def read_log(connection: Connection, table: sql.Table, names: dict[int, str]) -> Iterator[Event]:
    """Return what was done, in order; who was removed, or merged into another, is a number that leads to nobody."""
    for row in connection.execute(sql.select(table).order_by(table.c.time, table.c.id)):
        who = None if row.person is None else names.get(row.person, f"gone-{row.person:x}")
        yield Event(row.time, row.action, row.actor, who, row.recordings)


def _numbers(ids: Sequence[int]) -> list[int]:
    """Return those that a database can hold; no recording has another."""
    return [number for number in ids if 0 < number < 2**63]


def _parts(values: Sequence) -> Iterator[Sequence]:  # type: ignore[type-arg]
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
