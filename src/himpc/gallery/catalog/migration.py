"""Bring the catalog of an older version up to date, in the transaction that opens it.

Version 2 adds digests, numbers in the audit log and former names, and stores the names of people in the Unicode form
NFC. Version 3 adds the decisions of the queue, version 4 headings and simultaneous recordings, version 5 the system of
a recording. Digests of vectors and headings need what the catalog does not hold or the model, and are added afterwards
(`GalleryService`).
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sql
from sqlalchemy import Connection

from himpc.gallery.catalog import audit
from himpc.gallery.catalog.tables import SEARCH_TABLES, TABLES, events, people, properties, recordings, searches
from himpc.recordings import normalize_label

VERSION = "5"
"""The version of the tables."""

ADDED_TABLES = {
    "1": frozenset({"himpc_former_names", "himpc_decisions", "himpc_decision_moves", "himpc_simultaneous"}),
    "2": frozenset({"himpc_decisions", "himpc_decision_moves", "himpc_simultaneous"}),
    "3": frozenset({"himpc_simultaneous"}),
    "4": frozenset[str](),
    VERSION: frozenset[str](),
}
"""The tables that each version lacks; an older version is migrated, and no other is opened."""


def prepare_search_tables(connection: Connection) -> None:
    """Create the tables of the log of searches, or add the columns that an older version lacked."""
    SEARCH_TABLES.create_all(connection)
    _add_columns(connection, searches)


def migrate(connection: Connection, log: Connection) -> None:
    """Migrate the catalog from an older version, in transactions on the catalog and on the log of searches."""
    version = properties.c.name == "version"
    found = bytes(connection.execute(sql.select(properties.c.value).where(version)).scalar() or b"").decode()
    if found == VERSION:
        return  # another process was first
    TABLES.create_all(connection)
    for table in (properties, recordings, events):
        _add_columns(connection, table)
    if found == "1":
        _number_entries(connection, log)
        _normalise_names(connection, log)
    connection.execute(sql.update(properties).where(version).values(value=VERSION.encode()))
    for name, value in connection.execute(sql.select(properties.c.name, properties.c.value)).all():
        digest = hashlib.sha256(value).hexdigest()
        connection.execute(sql.update(properties).where(properties.c.name == name).values(digest=digest))


def _add_columns(connection: Connection, table: sql.Table) -> None:
    existing = {column["name"] for column in sql.inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in existing:
            kind = column.type.compile(connection.dialect)
            connection.execute(sql.text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))


def _number_entries(connection: Connection, log: Connection) -> None:
    """Number the entries of both tables in the order of time."""
    entries = [
        (row.time, table.name, row.id, of, table)
        for of, table in ((connection, events), (log, searches))
        for row in of.execute(sql.select(table.c.id, table.c.time).where(table.c.number.is_(None)))
    ]
    entries.sort(key=lambda entry: entry[:3])
    for number, (_, _, id, of, table) in zip(audit.next_numbers(log, len(entries), 0), entries, strict=True):
        of.execute(sql.update(table).where(table.c.id == id).values(number=number))


def _normalise_names(connection: Connection, log: Connection) -> None:
    """Store names in the form NFC; people whose names are then equal are one person, as the log records."""
    rows = connection.execute(sql.select(people.c.id, people.c.name).order_by(people.c.id)).all()
    by_name = {row.name: row.id for row in rows}
    for id, name in rows:
        normal = normalize_label(name)
        if normal == name:
            continue
        owner = by_name.setdefault(normal, id)
        if owner == id:
            connection.execute(sql.update(people).where(people.c.id == id).values(name=normal))
            continue
        moved = sql.update(recordings).where(recordings.c.person == id).values(person=owner)
        count = connection.execute(moved).rowcount
        connection.execute(sql.delete(people).where(people.c.id == id))
        (number,) = audit.next_numbers(log, 1, 0)
        audit.log_change(connection, (number,), "merged", "himpc", [(owner, count)])
        audit.add_former_names(connection, number, {id: name}, owner)
