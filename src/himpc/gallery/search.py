"""The reading half of a gallery: whom a recording shows, and what a distance means."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.gallery.answer import Answer
from himpc.gallery.cache import RevisionCache
from himpc.gallery.calibration import Calibration, calibrate
from himpc.gallery.calibration.cross_validation import halves_of
from himpc.gallery.catalog import queries
from himpc.gallery.catalog.catalog import Catalog
from himpc.gallery.ranking import Probe, Rule, answer, candidates, rerank, shown
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.store.base import VectorStore
from himpc.gallery.store.memory import MAX_CACHED_NUMBERS, InMemoryIndex
from himpc.model import Model

__all__ = ["FMR", "NOBODY", "Searcher", "usual_fmr"]

FMR = 0.01
"""The false match rate of a search, if none is asked for."""

NOBODY = Rule(None, None, 0.5, 0)
"""Where nobody is enrolled."""

_HALVED = 2_000
"""Recordings whose halves are compared, where nobody has two."""

_CALIBRATED = 20_000
"""Recordings that distances are calibrated by; of more, people are drawn with all their recordings."""


class Searcher:
    """What is worked out from a gallery, and kept until that changes.

    Attributes
    ----------
    calibrated : RevisionCache
        The calibration, or why there is none.
    counted : RevisionCache
        How many people, recordings and windows are enrolled.
    held : RevisionCache
        The pooled vectors in memory, None where they are too many.
    hold : bool
        Whether searches use them, once they are there; after a change the store is asked until they are there again.
    """

    def __init__(self, catalog: Catalog, vectors: VectorStore, model: Model) -> None:
        self._catalog, self._vectors, self._model = catalog, vectors, model
        self.calibrated = RevisionCache(self._calibrate)
        self.counted = RevisionCache(self._count)
        self.index = RevisionCache(self._build_index)
        self.caches_vectors = False

    def changes(self) -> int:
        """Return how often the gallery has changed."""
        with self._catalog.reading() as connection:
            return self._catalog.changes(connection)

    def rule(self, people: int, fmr: float | None, fpir: float | None, enrolled: float) -> Rule:
        """Return how distances are judged; the arguments are those of `Gallery.search`."""
        if people < 1:
            raise ConfigError(f"people must be 1 or more, found {people}")
        if not 0 < enrolled < 1:
            raise ConfigError(f"enrolled must lie between 0 and 1, found {enrolled}")
        if fmr is not None and fpir is not None:
            raise ConfigError("give fmr or fpir, not both: each sets the threshold")
        count = self.counted.get(self.changes())[0]
        if not count:
            raise DataError(f"{self._catalog.where}: nobody is enrolled: himpc gallery enroll adds people")
        calibration, why = self.calibrated.get(self.changes())
        if calibration is None:
            if fmr is not None or fpir is not None:
                raise DataError(f"{self._catalog.where}: {why}")
            return Rule(None, None, enrolled, count, f"whether anybody matches cannot be told: {why}")
        if fpir is not None:
            return Rule(calibration, calibration.threshold_fpir(fpir), enrolled, count, self._doubt(calibration))
        rate = fmr if fmr is not None else usual_fmr(calibration)
        return Rule(calibration, calibration.threshold(rate), enrolled, count, self._doubt(calibration))

    def near_people(self, names: Sequence[str], fmr: float | None) -> list[tuple[str, str, float, float]]:
        """Return who else is near enough to be each of some people: both names, distance and probability."""
        if self.counted.get(self.changes())[0] < 2:
            return []
        rule = self.rule(2, fmr, None, 0.5)
        if rule.threshold is None or rule.calibration is None:
            return []
        near = []
        for name in names:
            for other, distance in self._others(name).items():
                ratio = float(rule.calibration.likelihood_ratio(distance))
                if distance <= rule.threshold or ratio >= 1:  # a human looks at it, so what is as likely as not is told
                    near.append((name, other, distance, ratio / (ratio + 1)))
        return near

    def _others(self, name: str) -> dict[str, float]:
        """Return the distance between the nearest recordings of a person and of each of the nearest others."""
        best: dict[str, float] = {}
        with self._catalog.reading() as connection:
            own = queries.known_recordings(connection, person=queries.the_person(connection, name))
            for pooled in self._vectors.pooled(np.array([each.id for each in own], dtype=np.int64)):
                found = candidates(self._vectors, pooled, 3, lambda some: queries.persons_of(connection, some))
                called = queries.names_of(connection, {each.person for each in found})
                for each in found:
                    other = called[each.person]
                    best[other] = min(each.distance, best.get(other, np.inf))
        best.pop(name, None)
        return best

    def answer(self, take: EmbeddedRecording, people: int, rule: Rule, reranked: bool) -> Answer:
        """Say whom a take shows."""
        if not len(take.windows):
            short = f"shorter than a window of {self._model.window_length} frames"
            return Answer(take.source, None, None, None, 0.0, rule.threshold, 0, (), short)
        people = min(people, max(1, rule.people))
        probe = Probe(take.source, take.pooled, take.windows, take.starts)
        with self._catalog.reading() as connection:
            held = self.index.peek(self._catalog.changes(connection)) if self.caches_vectors else None
            where = held or self._vectors
            found = candidates(where, take.pooled, people, lambda ids: queries.persons_of(connection, ids))
            if reranked:
                found = rerank(self._vectors, probe, found)
            names = queries.names_of(connection, {each.person for each in found})
            looked_at = shown(found, people)
            sources = queries.sources_of(connection, looked_at.tolist())
        return answer(probe, found, people, rule, names, sources, self._vectors.windows(looked_at))

    def _doubt(self, calibration: Calibration) -> str:
        """Return what to say of rates that may be too kind."""
        with self._catalog.reading() as connection:
            trained = self._catalog.fact(connection, "trained") != b"no"
        if calibration.unseen or not trained:
            return ""
        return (
            "if the model was trained on people of this gallery, strangers match more often than the rate says: "
            "himpc gallery calibrate mends that (--folds 0 if it was not)"
        )

    def _build_index(self) -> InMemoryIndex | None:
        ids = self._vectors.ids()
        if len(ids) * self._model.size > MAX_CACHED_NUMBERS:
            return None
        vectors = self._vectors.pooled(ids)
        there = np.isfinite(vectors).all(axis=1)
        return InMemoryIndex(ids[there], vectors[there]) if there.any() else None

    def _count(self) -> tuple[int, int, int]:
        with self._catalog.reading() as connection:
            return queries.counts(connection)

    def _calibrate(self) -> tuple[Calibration | None, str]:
        with self._catalog.reading() as connection:
            if kept := self._catalog.fact(connection, "calibration"):
                return Calibration.from_dict(json.loads(kept)), ""
            person_of = queries.drawn(connection, _CALIBRATED)
        ids = np.array(list(person_of), dtype=np.int64)
        persons = np.array(list(person_of.values()), dtype=np.int64)
        pooled = self._vectors.pooled(ids)
        there = np.isfinite(pooled).all(axis=1)
        ids, persons, pooled = ids[there], persons[there], pooled[there]
        alone = len(np.unique(persons)) == len(persons)
        try:
            return calibrate(pooled, persons, self._halves(ids) if alone else None), ""
        except DataError as error:
            return None, str(error)

    def _halves(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the means of the first and second half of each recording, NaN where it has a single window."""
        entries = self._vectors.entries(ids[:_HALVED])
        order = np.lexsort((entries.starts, entries.of))
        found = halves_of(entries.windows[order], entries.of[order], len(entries.ids))
        halves = np.full((len(ids), 2, self._model.size), np.nan, dtype=np.float32)
        halves[np.flatnonzero(np.isin(ids, entries.ids))] = found
        return halves


def usual_fmr(calibration: Calibration) -> float:
    """Return the false match rate of a search for which none is asked."""
    return max(FMR, calibration.smallest_fmr)
