"""The audit log: the number, action, actor and time of each change and search, and the people concerned.

Entries of both tables are numbered by one counter, so that their order does not depend on a clock. Names are looked up
when the log is read; the names that people bore before are in a table of their own, from which removal erases them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sql
from sqlalchemy import Connection

from himpc.gallery.catalog.tables import counters, events, former_names, searches
from himpc.gallery.records import Event

__all__ = ["add_former_names", "log_change", "log_search", "next_numbers", "now", "read_changes", "read_searches"]

LAST_NUMBER = "number"
"""The counter of log entries."""


def now() -> str:
    """Return the current time in UTC, in ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def next_numbers(connection: Connection, count: int, last_change: int) -> range:
    """Take the next numbers of the log, in a transaction on the log of searches.

    `last_change` is the number of the last change; the counter may be behind it after its file was lost.
    """
    counter = counters.c.name == LAST_NUMBER
    stored = connection.execute(sql.select(counters.c.value).where(counter)).scalar()
    last_search = connection.execute(sql.select(sql.func.max(searches.c.number))).scalar()
    first = max(stored or 0, last_search or 0, last_change) + 1
    connection.execute(sql.delete(counters).where(counter))
    connection.execute(sql.insert(counters).values(name=LAST_NUMBER, value=first + count - 1))
    return range(first, first + count)


def log_change(
    connection: Connection, numbers: Sequence[int], action: str, actor: str, counts: Iterable[tuple[int | None, int]]
) -> None:
    """Log a change: an event for each person affected, with the number of that person's recordings."""
    time = now()
    rows = [
        {"number": number, "time": time, "action": action, "actor": actor, "person": person, "recordings": count}
        for number, (person, count) in zip(numbers, counts, strict=True)
    ]
    if rows:
        connection.execute(sql.insert(events), rows)


def log_search(connection: Connection, number: int, actor: str, recordings: int, found: Iterable[int]) -> None:
    """Log one search for a number of recordings, and the ids of the people it found."""
    connection.execute(
        sql.insert(searches).values(
            number=number,
            time=now(),
            action="searched",
            actor=actor,
            recordings=recordings,
            found=",".join(map(str, sorted(found))),
        )
    )


def add_former_names(connection: Connection, event: int, names: Mapping[int, str], person: int) -> None:
    """Record the names, by id, that people bore until an event, after which `person` has their recordings."""
    gone = sql.update(former_names).where(former_names.c.person.in_(list(names)))
    connection.execute(gone.values(person=person))
    rows = [{"event": event, "former": former, "name": name, "person": person} for former, name in names.items()]
    if rows:
        connection.execute(sql.insert(former_names), rows)


def read_changes(connection: Connection, names: dict[int, str]) -> Iterator[Event]:
    """Yield the changes in order; a person without a name in `names` is shown as ``gone-...``."""
    before: dict[int, list[str]] = {}
    for row in connection.execute(sql.select(former_names).order_by(former_names.c.id)):
        before.setdefault(row.event, []).append(row.name)
    for row in connection.execute(sql.select(events).order_by(events.c.number, events.c.id)):
        person = None if row.person is None else _name(row.person, names)
        former = tuple(before.get(row.number, ()))
        yield Event(row.number, row.time, row.action, row.actor, person, row.recordings, former=former)


def read_searches(connection: Connection, names: dict[int, str]) -> Iterator[Event]:
    """Yield the searches in order."""
    for row in connection.execute(sql.select(searches).order_by(searches.c.number, searches.c.id)):
        found = tuple(_name(int(id), names) for id in (row.found or "").split(",") if id)
        yield Event(row.number, row.time, row.action, row.actor, None, row.recordings, found=found)


def _name(person: int, names: dict[int, str]) -> str:
    return names.get(person, f"gone-{person:x}")
