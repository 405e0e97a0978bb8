"""The audit log: the action, actor and time of each change and search."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

import sqlalchemy as sql
from sqlalchemy import Connection

from himpc.gallery.catalog.tables import events, searches
from himpc.gallery.records import Event

__all__ = ["log_change", "log_search", "now", "read_log"]


def now() -> str:
    """Return the current time in UTC, in ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def log_change(connection: Connection, action: str, actor: str, counts: Iterable[tuple[int | None, int]]) -> None:
    """Log a change: an event for each person affected, with the number of that person's recordings."""
    _log(connection, events, action, actor, counts)


def log_search(connection: Connection, actor: str, recordings: int) -> None:
    """Log one search for a number of recordings."""
    _log(connection, searches, "searched", actor, [(None, recordings)])


def _log(
    connection: Connection, table: sql.Table, action: str, actor: str, counts: Iterable[tuple[int | None, int]]
) -> None:
    rows = [
        {"time": now(), "action": action, "actor": actor, "person": person, "recordings": count}
        for person, count in counts
    ]
    if rows:
        connection.execute(sql.insert(table), rows)


def read_log(connection: Connection, table: sql.Table, names: dict[int, str]) -> Iterator[Event]:
    """Yield the events of a table in order of time; a person without a name in `names` is shown as ``gone-...``."""
    for row in connection.execute(sql.select(table).order_by(table.c.time, table.c.id)):
        person = None if row.person is None else names.get(row.person, f"gone-{row.person:x}")
        yield Event(row.time, row.action, row.actor, person, row.recordings)
