"""The tables of a gallery's catalog, the same in SQLite and PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, String, Table

__all__ = ["SEARCH_TABLES", "TABLES", "events", "files", "people", "properties", "recordings", "searches", "skeletons"]

TABLES = sql.MetaData()
SEARCH_TABLES = sql.MetaData()

properties = Table(
    "himpc_facts",
    TABLES,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Version, revision, model and calibration."""

people = Table(
    "himpc_people",
    TABLES,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False, unique=True),
    Column("named", Boolean, nullable=False),
)

recordings = Table(
    "himpc_recordings",
    TABLES,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person", BigInteger, nullable=False, index=True),
    Column("fingerprint", String, nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("session", String),
    Column("camera", String),
    Column("fps", Float),
    Column("frames", Integer, nullable=False),
    Column("windows", Integer, nullable=False),
    Column("quality", Float, nullable=False),
    Column("enrolled", String, nullable=False),
)

skeletons = Table(
    "himpc_skeletons",
    TABLES,
    Column("recording", BigInteger, primary_key=True, autoincrement=False),
    Column("joints", LargeBinary, nullable=False),
)
"""Joints ``(frames, J, 3)``, float32, little-endian."""


def _log_table(name: str, tables: sql.MetaData) -> Table:
    return Table(
        name,
        tables,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("time", String, nullable=False),
        Column("action", String, nullable=False),
        Column("actor", String, nullable=False),
        Column("person", BigInteger),
        Column("recordings", Integer, nullable=False),
    )


events = _log_table("himpc_events", TABLES)
"""The audit log of changes."""

searches = _log_table("himpc_searches", SEARCH_TABLES)
"""The audit log of searches; in a folder it is a file of its own, so that a search never waits for an enrolment."""

files = Table(
    "himpc_files",
    TABLES,
    Column("content", String, primary_key=True),
    Column("time", String, nullable=False),
)
"""Files that folder watchers have handled, by the hash of their content."""
