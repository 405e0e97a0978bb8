"""Changes to the catalog, each within the caller's transaction."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import DataError, escape_unprintable
from himpc.gallery.catalog.audit import now
from himpc.gallery.catalog.queries import batches, ids_by_fingerprint, simultaneous_pairs
from himpc.gallery.catalog.tables import (
    decision_moves,
    decisions,
    files,
    former_names,
    people,
    recordings,
    simultaneous,
)
from himpc.gallery.catalog.tables import skeletons as skeleton_table
from himpc.gallery.integrity import digest
from himpc.gallery.recordings import EmbeddedRecording
from himpc.recordings import normalize_label

__all__ = [
    "add_files",
    "add_person",
    "add_recordings",
    "add_simultaneous",
    "check_name",
    "delete_empty_people",
    "delete_recordings",
    "new_ids",
    "next_unnamed",
    "set_digests",
    "set_headings",
]

UNNAMED = "unnamed-"
"""The prefix of the names of people who were created by grouping."""

MAX_NAME_LENGTH = 200


def new_ids(count: int) -> NDArray[np.int64]:
    """Return new ids of people or recordings: 62 random bits each, so that ids are not reused."""
    return np.array([secrets.randbits(62) | 1 for _ in range(count)], dtype=np.int64)


def check_name(name: str) -> str:
    """Return the name of a person in the Unicode form NFC.

    Raises
    ------
    DataError
        If it is empty, longer than 200 characters, has characters that cannot be printed, or a joiner (ZWJ, ZWNJ) that
        is not between two letters, where it is invisible.
    """
    normal = normalize_label(name)
    if (
        not isinstance(normal, str)
        or not normal.strip()
        or len(normal) > MAX_NAME_LENGTH
        or escape_unprintable(normal) != normal
        or not _are_within_words(normal)
    ):
        raise DataError(
            f"a person's name must be 1 to {MAX_NAME_LENGTH} printable characters, found {ascii(name)[:300]}"
        )
    return normal


def _are_within_words(name: str) -> bool:
    """Return whether every joiner of a name is between two letters or marks."""
    return all(
        0 < i < len(name) - 1 and all(unicodedata.category(name[near])[0] in "LM" for near in (i - 1, i + 1))
        for i, character in enumerate(name)
        if character in "\u200c\u200d"
    )


def add_person(connection: Connection, name: str, *, named: bool = True) -> int:
    """Return the id of a person; add the person if the name is new."""
    name = check_name(name)
    existing = connection.execute(sql.select(people.c.id).where(people.c.name == name)).scalar()
    if existing is not None:
        return int(existing)
    number = int(new_ids(1)[0])
    connection.execute(sql.insert(people).values(id=number, name=name, named=named))
    return number


def next_unnamed(connection: Connection) -> str:
    """Return the first free name of an unnamed person: ``unnamed-1``, ``unnamed-2`` and so on."""
    names = connection.execute(sql.select(people.c.name).where(people.c.name.startswith(UNNAMED))).scalars()
    numbers = [int(name.removeprefix(UNNAMED)) for name in names if name.removeprefix(UNNAMED).isdecimal()]
    return f"{UNNAMED}{max(numbers, default=0) + 1}"


def add_recordings(
    connection: Connection, added: Sequence[tuple[int, int, EmbeddedRecording]], *, skeletons: bool
) -> None:
    """Add recordings, each with its id and its person's id, and their joints if `skeletons` is true."""
    for batch in batches(added):
        rows = [
            {
                "id": number,
                "person": person,
                "fingerprint": recording.fingerprint,
                "source": escape_unprintable(recording.source),
                "session": recording.session and escape_unprintable(recording.session),
                "camera": recording.camera and escape_unprintable(recording.camera),
                "fps": recording.fps,
                "frames": recording.frames,
                "windows": len(recording.windows),
                "quality": recording.quality,
                "enrolled": recording.enrolled or now(),
                "pooled_digest": digest(recording.pooled),
                "windows_digest": digest(recording.windows, recording.starts),
                **_heading_cells(recording.sectors, recording.heading),
                "system": recording.system and escape_unprintable(recording.system),
            }
            for number, person, recording in batch
        ]
        connection.execute(sql.insert(recordings), rows)
        joints = [
            {"recording": number, "joints": np.ascontiguousarray(recording.joints, dtype="<f4").tobytes()}
            for number, _, recording in batch
            if skeletons and recording.joints is not None
        ]
        if joints:
            connection.execute(sql.insert(skeleton_table), joints)


def set_digests(connection: Connection, digests: Mapping[int, tuple[str, str]]) -> None:
    """Set the digests of pooled vector and windows of some recordings, by id."""
    for number, (pooled, windows) in digests.items():
        row = sql.update(recordings).where(recordings.c.id == number)
        connection.execute(row.values(pooled_digest=pooled, windows_digest=windows))


def set_headings(connection: Connection, headings: Mapping[int, tuple[int, complex | None]]) -> None:
    """Set the sectors and the mean heading of some recordings, by id."""
    for number, (sectors, heading) in headings.items():
        row = sql.update(recordings).where(recordings.c.id == number)
        connection.execute(row.values(**_heading_cells(sectors, heading)))


def _heading_cells(sectors: int, heading: complex | None) -> dict[str, float | None]:
    x, y = (None, None) if heading is None else (heading.real, heading.imag)
    return {"heading_sectors": sectors, "heading_x": x, "heading_y": y}


def add_simultaneous(connection: Connection, added: Sequence[EmbeddedRecording]) -> None:
    """Record which enrolled recordings overlap in time; pairs that are known, or not enrolled, are skipped."""
    fingerprints = {each.fingerprint for each in added if each.simultaneous}
    id_of = ids_by_fingerprint(connection, list(fingerprints.union(*(each.simultaneous for each in added))))
    pairs = {
        (min(one, other), max(one, other))
        for each in added
        if (one := id_of.get(each.fingerprint)) is not None
        for other in map(id_of.get, each.simultaneous)
        if other is not None and other != one
    }
    known = set(simultaneous_pairs(connection, list(id_of.values()))) if pairs else set()
    for batch in batches(sorted(pairs - known)):
        connection.execute(sql.insert(simultaneous), [{"recording": one, "other": other} for one, other in batch])


def delete_recordings(connection: Connection, ids: Sequence[int]) -> None:
    """Delete recordings, with what was decided about them, and people who have none left, with all former names."""
    for batch in batches(ids):
        connection.execute(sql.delete(skeleton_table).where(skeleton_table.c.recording.in_(batch)))
        connection.execute(sql.delete(recordings).where(recordings.c.id.in_(batch)))
        connection.execute(sql.delete(decision_moves).where(decision_moves.c.recording.in_(batch)))
        concerned = sql.or_(decisions.c.recording.in_(batch), decisions.c.other.in_(batch))
        connection.execute(sql.delete(decisions).where(concerned))
        together = sql.or_(simultaneous.c.recording.in_(batch), simultaneous.c.other.in_(batch))
        connection.execute(sql.delete(simultaneous).where(together))
    undecided = decision_moves.c.decision.not_in(sql.select(decisions.c.number))
    connection.execute(sql.delete(decision_moves).where(undecided))
    delete_empty_people(connection)
    connection.execute(sql.delete(former_names).where(former_names.c.person.not_in(sql.select(people.c.id))))


def delete_empty_people(connection: Connection) -> dict[int, str]:
    """Delete people without a recording, and return their names by id."""
    are_empty = people.c.id.not_in(sql.select(recordings.c.person))
    empty = {row.id: row.name for row in connection.execute(sql.select(people).where(are_empty))}
    connection.execute(sql.delete(people).where(are_empty))
    return empty


def add_files(connection: Connection, contents: Iterable[str]) -> None:
    """Record the hashes of files that a folder watcher has handled; neither names nor people are stored with them."""
    time = now()
    rows = [{"content": content, "time": time} for content in contents]
    if rows:
        connection.execute(sql.insert(files), rows)
