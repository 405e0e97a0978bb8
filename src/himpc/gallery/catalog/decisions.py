"""What users decided in the queue: facts about pairs of recordings, and what is needed to undo each decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sql
from sqlalchemy import Connection

from himpc.errors import DataError, NameConflictError
from himpc.gallery.catalog.changes import delete_empty_people
from himpc.gallery.catalog.tables import decision_moves, decisions, former_names, people, recordings

__all__ = ["Fact", "Owners", "add_decision", "find_owners", "last_decision", "owner_of", "read_facts", "undo_decision"]


class Fact(NamedTuple):
    """Whether two recordings show one person; with `other` None, that a person stays without a name."""

    recording: int
    other: int | None
    same: bool


class Owners(NamedTuple):
    """The people to whom recordings and former names belonged before a decision moved them."""

    moves: list[dict[str, object]]
    """The person of each recording, as rows of `decision_moves` without the decision."""
    former: dict[int, int]
    """The person of each former name, by its row."""


def read_facts(connection: Connection) -> list[Fact]:
    """Return what was decided, and not undone."""
    columns = (decisions.c.recording, decisions.c.other, decisions.c.same)
    rows = connection.execute(sql.select(*columns).order_by(decisions.c.number))
    return [Fact(row[0], row[1], bool(row[2])) for row in rows]


def find_owners(connection: Connection, ids: Sequence[int]) -> Owners:
    """Return the people to whom recordings belong, before they are moved."""
    columns = (recordings.c.id.label("recording"), people.c.id.label("person"), people.c.name, people.c.named)
    query = sql.select(*columns).join(people, people.c.id == recordings.c.person).where(recordings.c.id.in_(ids))
    moves = [dict(row._mapping) for row in connection.execute(query)]
    owners = {move["person"] for move in moves}
    rows = sql.select(former_names.c.id, former_names.c.person).where(former_names.c.person.in_(owners))
    return Owners(moves, {row[0]: row[1] for row in connection.execute(rows)})


def add_decision(
    connection: Connection, number: int, fact: Fact, person: int | None = None, before: Owners | None = None
) -> None:
    """Record a decision by the number of its event; `person` has the recordings of `before` since."""
    before = before or Owners([], {})
    former = ",".join(f"{row}:{owner}" for row, owner in before.former.items())
    values = {"number": number, "person": person, "former": former, **fact._asdict()}
    connection.execute(sql.insert(decisions).values(**values))
    if before.moves:
        connection.execute(sql.insert(decision_moves), [{"decision": number, **move} for move in before.moves])


def last_decision(connection: Connection) -> int | None:
    """Return the number of the last decision that was not undone, or None."""
    return connection.execute(sql.select(sql.func.max(decisions.c.number))).scalar()


def owner_of(connection: Connection, number: int) -> dict[int, str]:
    """Return the person who has the recordings that a decision moved, by id and name; empty if it moved none."""
    query = sql.select(people.c.id, people.c.name).join(decisions, decisions.c.person == people.c.id)
    return {row[0]: row[1] for row in connection.execute(query.where(decisions.c.number == number))}


def undo_decision(connection: Connection, number: int) -> dict[int, int]:
    """Undo a decision, and return the person of each recording that was moved back.

    Raises
    ------
    DataError
        If there is no such decision, or its recordings have been moved since.
    NameConflictError
        If the name of a person who would come back is now another person's.
    """
    row = connection.execute(sql.select(decisions).where(decisions.c.number == number)).first()
    if row is None:
        raise DataError(f"there is no decision {number} to undo", hint="{Gallery.audit()} lists decisions")
    moves = connection.execute(sql.select(decision_moves).where(decision_moves.c.decision == number)).all()
    is_there = sql.select(recordings.c.id).where(
        recordings.c.id.in_([move.recording for move in moves]), recordings.c.person == row.person
    )
    present = set(connection.execute(is_there).scalars())
    if moves and not present:
        raise DataError(f"decision {number} cannot be undone: its recordings have been moved since")
    back = {move.recording: move.person for move in moves if move.recording in present}
    for move in moves:
        if move.recording in present:
            _bring_back(connection, move.person, move.name, named=move.named)
    for recording, person in back.items():
        moved = sql.update(recordings).where(recordings.c.id == recording)
        connection.execute(moved.values(person=person))
    delete_empty_people(connection)
    _restore_former_names(connection, number, row.former)
    connection.execute(sql.delete(decision_moves).where(decision_moves.c.decision == number))
    connection.execute(sql.delete(decisions).where(decisions.c.number == number))
    return back


def _bring_back(connection: Connection, person: int, name: str, *, named: bool) -> None:
    if connection.execute(sql.select(people.c.id).where(people.c.id == person)).first() is not None:
        return
    if connection.execute(sql.select(people.c.id).where(people.c.name == name)).first() is not None:
        raise NameConflictError(f"another person is called {name!r} now", hint="{Gallery.rename()} frees the name")
    connection.execute(sql.insert(people).values(id=person, name=name, named=named))


def _restore_former_names(connection: Connection, number: int, former: str) -> None:
    """Give former names back to the people who had them, so that they are erased with these."""
    own = sql.update(former_names).where(former_names.c.event == number)
    connection.execute(own.values(person=former_names.c.former))
    for entry in filter(None, former.split(",")):
        row, _, owner = entry.partition(":")
        connection.execute(sql.update(former_names).where(former_names.c.id == int(row)).values(person=int(owner)))
