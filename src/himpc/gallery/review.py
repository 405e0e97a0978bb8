"""Review of a gallery: the queue of questions, the decisions of users, and undoing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from sqlalchemy import Connection

from himpc.errors import ConfigError, DataError
from himpc.gallery.cache import RevisionCache
from himpc.gallery.catalog import Catalog, decisions, queries
from himpc.gallery.catalog.audit import add_former_names
from himpc.gallery.catalog.decisions import Fact
from himpc.gallery.queue import build_queue
from himpc.gallery.records import QueueItem
from himpc.gallery.search import Searcher, SearchOptions
from himpc.gallery.store import VectorStore
from himpc.gallery.writer import GalleryWriter

Decision = Literal["confirm", "reject", "enroll"]


class Review:
    """The queue of a gallery, and the decisions about it; `Gallery` documents the operations."""

    def __init__(
        self, catalog: Catalog, store: VectorStore, searcher: Searcher, writer: GalleryWriter, actor: str
    ) -> None:
        self._catalog, self._store, self._searcher, self._writer, self._actor = catalog, store, searcher, writer, actor
        self._queue = RevisionCache(self._build)

    def queue(self, fmr: float | None = None) -> list[QueueItem]:
        """Return the questions that a person decides; see `Gallery.queue`."""
        return self._queue.get(self._searcher.revision()) if fmr is None else self._build(fmr)

    def decide(self, ids: Sequence[str], decision: Decision, person: str | None = None) -> list[int]:
        """Decide questions in one transaction, and return the numbers of the events; see `Gallery.decide`."""
        if (decision == "enroll") != (person is not None):
            raise ConfigError(
                f"the decision is {decision!r}: a person is given with 'enroll', and only there",
                hint="pass {decision=enroll} with {person}",
            )
        waiting = {item.id: item for item in self.queue()}
        if missing := [id for id in ids if id not in waiting]:
            raise DataError(
                f"{missing[0]} is not in the queue: it was decided, or the gallery has changed",
                hint="{Gallery.queue()} lists what waits",
            )
        items = [waiting[id] for id in dict.fromkeys(ids)]
        for item in items:
            if decision == "confirm" and item.candidate is None:
                raise ConfigError(
                    f"{item.id}: {item.person} has no likely person to confirm", hint="name the person by {person}"
                )
        with self._catalog.write() as connection:
            return [self._decide(connection, item, decision, person) for item in items]

    def undo(self, number: int | None = None) -> int:
        """Undo a decision, by default the last one, and return its number; see `Gallery.undo`."""
        with self._catalog.write() as connection:
            number = decisions.last_decision(connection) if number is None else number
            if number is None:
                raise DataError("there is no decision to undo")
            before = decisions.owner_of(connection, number)
            back = decisions.undo_decision(connection, number)
            persons = sorted(set(back.values()))
            counts: list[tuple[int | None, int]] = [(each, list(back.values()).count(each)) for each in persons]
            events = self._catalog.log_change(connection, "undone", self._actor, counts or [(None, 0)])
            gone = before.keys() - queries.names_of(connection, before).keys()
            if gone and persons:  # the log still names who was enrolled by the decision
                add_former_names(connection, events[0], before, persons[0])
        return number

    def last_decision(self) -> int | None:
        """Return the number of the decision that `undo` undoes, or None."""
        with self._catalog.read() as connection:
            return decisions.last_decision(connection)

    def _decide(self, connection: Connection, item: QueueItem, decision: Decision, person: str | None) -> int:
        owners = queries.names_of(connection, queries.persons_of(connection, item.recordings).values())
        if set(owners.values()) != {item.person}:
            raise DataError(f"{item.id}: the gallery has changed; look at the queue again")
        is_doubtful = item.kind == "doubtful"
        if decision == "confirm" and is_doubtful:
            return self._record(connection, "confirmed", item, Fact(item.recording, item.other, True))
        if decision == "confirm":
            return self._move(connection, "confirmed", item, item.candidate, Fact(item.recording, item.other, True))
        if decision == "enroll":
            return self._move(connection, "assigned", item, person, Fact(item.recording, item.recording, True))
        if is_doubtful:
            return self._move(connection, "rejected", item, None, Fact(item.recording, item.other, False))
        other = item.other if item.kind == "merge" else None
        return self._record(connection, "rejected", item, Fact(item.recording, other, False))

    def _record(self, connection: Connection, action: str, item: QueueItem, fact: Fact) -> int:
        (person,) = set(queries.persons_of(connection, [item.recording]).values())
        (event,) = self._catalog.log_change(connection, action, self._actor, [(person, len(item.recordings))])
        decisions.add_decision(connection, event, fact)
        return event

    def _move(self, connection: Connection, action: str, item: QueueItem, person: str | None, fact: Fact) -> int:
        before = decisions.find_owners(connection, item.recordings)
        event, number = self._writer.reassign(connection, item.recordings, person, action)
        decisions.add_decision(connection, event, fact, number, before)
        return event

    def _build(self, fmr: float | None = None) -> list[QueueItem]:
        revision = self._searcher.revision()
        if not self._searcher.counts.get(revision)[0]:
            return []
        calibration, _ = self._searcher.calibration.get(revision, fresh=True)
        if fmr is None and calibration is not None:  # an FPIR bounds what is named unasked; here a person decides
            fmr = calibration.default_fmr
        rule = self._searcher.decision_rule(SearchOptions(fmr=fmr))
        with self._catalog.read() as connection:
            recordings = queries.list_recordings(connection)
            unnamed = {person.name for person in queries.list_people(connection) if not person.named}
            facts = decisions.read_facts(connection)
            simultaneous = queries.simultaneous_pairs(connection)
        vectors = self._searcher.pooled(np.array([each.id for each in recordings], dtype=np.int64))
        return build_queue(recordings, unnamed, vectors, rule, facts, simultaneous, self._searcher.scoring)
