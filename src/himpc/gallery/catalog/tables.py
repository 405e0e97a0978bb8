"""The tables of a gallery's catalog, the same in SQLite and PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy import Column, Integer, Table

from himpc.gallery.catalog.cells import BigInteger, Boolean, Count, Float, LargeBinary, String

__all__ = [
    "SEARCH_TABLES",
    "TABLES",
    "counters",
    "decision_moves",
    "decisions",
    "events",
    "files",
    "former_names",
    "people",
    "properties",
    "recordings",
    "searches",
    "simultaneous",
    "skeletons",
]

TABLES = sql.MetaData()
SEARCH_TABLES = sql.MetaData()

properties = Table(
    "himpc_facts",
    TABLES,
    Column("name", String(), primary_key=True),
    Column("value", LargeBinary(), nullable=False),
    Column("digest", String()),
)
"""Version, revision, model and calibration, each with a hash of its value."""

people = Table(
    "himpc_people",
    TABLES,
    Column("id", BigInteger(), primary_key=True, autoincrement=False),
    Column("name", String(), nullable=False, unique=True),
    Column("named", Boolean(), nullable=False),
)

recordings = Table(
    "himpc_recordings",
    TABLES,
    Column("id", BigInteger(), primary_key=True, autoincrement=False),
    Column("person", BigInteger(), nullable=False, index=True),
    Column("fingerprint", String(), nullable=False, unique=True),
    Column("source", String(), nullable=False),
    Column("session", String()),
    Column("camera", String()),
    Column("fps", Float()),
    Column("frames", Count(), nullable=False),
    Column("windows", Count(), nullable=False),
    Column("quality", Float(), nullable=False),
    Column("enrolled", String(), nullable=False),
    Column("pooled_digest", String()),
    Column("windows_digest", String()),
    Column("heading_sectors", Count()),
    Column("heading_x", Float()),
    Column("heading_y", Float()),
    Column("system", String()),
)
"""Digests are hashes of the vectors in the store (`himpc.gallery.integrity`). The heading relative to the camera is a
mean of unit vectors (`himpc.learning.heading_vectors`), NULL if not known, and the sectors that it shows, then 0. The
system is `himpc.recordings.system_name`, NULL if not known."""

simultaneous = Table(
    "himpc_simultaneous",
    TABLES,
    Column("recording", BigInteger(), primary_key=True, autoincrement=False),
    Column("other", BigInteger(), primary_key=True, autoincrement=False, index=True),
)
"""Pairs of recordings that overlap in time, and so show different people; the time itself is not stored."""

skeletons = Table(
    "himpc_skeletons",
    TABLES,
    Column("recording", BigInteger(), primary_key=True, autoincrement=False),
    Column("joints", LargeBinary(), nullable=False),
)
"""Joints ``(frames, J, 3)``, float32, little-endian."""


def _log_table(name: str, tables: sql.MetaData, *columns: Column[str]) -> Table:
    return Table(
        name,
        tables,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("number", BigInteger()),
        Column("time", String(), nullable=False),
        Column("action", String(), nullable=False),
        Column("actor", String(), nullable=False),
        Column("person", BigInteger()),
        Column("recordings", Count(), nullable=False),
        *columns,
    )


events = _log_table("himpc_events", TABLES)
"""The audit log of changes."""

former_names = Table(
    "himpc_former_names",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("event", BigInteger(), nullable=False),
    Column("former", BigInteger(), nullable=False),
    Column("name", String(), nullable=False),
    Column("person", BigInteger(), nullable=False),
)
"""Names that people bore before an event: the person who bore it (`former`), and who has the recordings since."""

decisions = Table(
    "himpc_decisions",
    TABLES,
    Column("number", BigInteger(), primary_key=True, autoincrement=False),
    Column("recording", BigInteger(), nullable=False),
    Column("other", BigInteger()),
    Column("same", Boolean(), nullable=False),
    Column("person", BigInteger()),
    Column("former", String(), nullable=False),
)
"""What a user decided in the queue, by the number of its event: whether two recordings show one person. `person` has
the recordings since, if they moved, and `former` lists the rows of `former_names` that moved with them."""

decision_moves = Table(
    "himpc_decision_moves",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("decision", BigInteger(), nullable=False),
    Column("recording", BigInteger(), nullable=False),
    Column("person", BigInteger(), nullable=False),
    Column("name", String(), nullable=False),
    Column("named", Boolean(), nullable=False),
)
"""The person of each recording before a decision moved it, to undo the decision."""

searches = _log_table("himpc_searches", SEARCH_TABLES, Column("found", String()))
"""The audit log of searches, with the ids of the people found; in a folder it is a file of its own, so that a search
never waits for an enrolment."""

counters = Table(
    "himpc_counters",
    SEARCH_TABLES,
    Column("name", String(), primary_key=True),
    Column("value", BigInteger(), nullable=False),
)
"""The number of the last log entry, and the changes that have begun."""

files = Table(
    "himpc_files",
    TABLES,
    Column("content", String(), primary_key=True),
    Column("time", String(), nullable=False),
)
"""Files that folder watchers have handled, by the hash of their content."""
