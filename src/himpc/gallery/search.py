"""Search a gallery. All searches go through this module, which logs each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from sqlalchemy import Connection

from himpc._schema import validated
from himpc.errors import ConfigError, DataError, GalleryError
from himpc.gallery.answer import Answer
from himpc.gallery.cache import RevisionCache
from himpc.gallery.calibration import Calibration, calibrate, load_stored_calibration, mean_halves
from himpc.gallery.catalog import Catalog, queries
from himpc.gallery.comparable import ComparableRecording, make_comparable
from himpc.gallery.ranking import (
    Candidate,
    DecisionRule,
    build_answer,
    find_candidates,
    give_different_people,
    rerank,
    select_evidence,
)
from himpc.gallery.ratio_index import RatioIndex, rank_by_ratio
from himpc.gallery.recordings import EmbeddedRecording, embed_recordings, pairs_apart
from himpc.gallery.store import InMemoryIndex, VectorStore
from himpc.gallery.systems import EnrolledSystems, choose_common, learn_offsets, measure_displacements
from himpc.model import TYPICAL_NOISE_RATIO
from himpc.recordings import Progress, Recording, nearby_sectors

if TYPE_CHECKING:
    from himpc.model import Model

MAX_SPLIT_RECORDINGS = 2_000
"""Maximum number of recordings whose halves are compared if no person has two recordings."""

MAX_CALIBRATION_RECORDINGS = 20_000
"""Maximum number of recordings in a calibration; in a larger gallery, people are sampled with all their recordings."""

MAX_INDEX_ELEMENTS = 64 * 2**20
"""Elements of the index in memory, 256 MiB: 350,000 recordings of 192 dimensions. Larger galleries use the store."""

SMALL_INDEX_ELEMENTS = 2**20
"""Elements of an index that any search by likelihood ratios builds, because it is exact: 5,000 recordings."""

RATIO_CANDIDATES = 8
"""Nearest recordings that a store returns for each one that the likelihood ratio selects: 256 or more. Of 50,000
simulated ones, the five with the largest ratios were always among them."""

OTHER_SIDE_NOTE = (
    "the nearest person is enrolled from other sides only, and a body looks different from another side: the answer is "
    "less certain than stated; enroll recordings from this side"
)

Rate = Annotated[float, Field(gt=0, lt=1)]


@validated
class SearchOptions:
    """What a search returns and decides; see `Gallery.search`."""

    people: Annotated[int, Field(ge=1)] = 5
    fmr: Rate | None = None
    fpir: Rate | None = None
    enrolled: Rate = 0.5
    rerank: bool = False

    @model_validator(mode="after")
    def _check_rates(self) -> Self:
        if self.fmr is not None and self.fpir is not None:
            raise ConfigError("fmr and fpir are both given, but each sets the threshold", hint="pass {fmr} or {fpir}")
        return self


def _withhold(answer: Answer, reason: str) -> Answer:
    """Return an answer that a person has to decide, because systems measure bodies differently."""
    matches = tuple(replace(each, probability=None) for each in answer.matches)
    return replace(
        answer, person=None, probability=None, nobody=None, threshold=None, matches=matches, system_doubt=reason
    )


class Searcher:
    """Search a gallery, with caches that are valid until the gallery changes.

    Attributes
    ----------
    calibration : RevisionCache
        The calibration, or None, and the reason why there is none.
    counts : RevisionCache
        The numbers of people, recordings and windows.
    index : RevisionCache
        The pooled vectors in memory, or None if there are too many.
    systems : RevisionCache
        The systems that made the recordings, and their offsets.
    scoring : IdentityScoring or None
        By which recordings are compared if the model is an adapted prior; otherwise they are by Euclidean distance.
    uses_index : bool
        Whether searches use `index`; after a change the store is searched until the index is complete again.
    """

    def __init__(self, catalog: Catalog, store: VectorStore, model: Model, actor: str) -> None:
        self._catalog, self._store, self._model, self._actor = catalog, store, model, actor
        self.calibration = RevisionCache(self._calibrate)
        self.counts = RevisionCache(self._count)
        self.index = RevisionCache(self._build_index)
        self.systems = RevisionCache(self._learn_systems)
        self.scoring = None if model.scoring is None else model.scoring.for_typical_recordings()
        self.uses_index = False

    def revision(self) -> int:
        """Return the revision of the gallery, the number of its changes."""
        with self._catalog.read() as connection:
            return self._catalog.revision(connection)

    def search(
        self,
        probes: Sequence[Recording],
        options: SearchOptions,
        *,
        allow_empty: bool = False,
        progress: Progress | None = None,
    ) -> list[Answer]:
        """Identify the person in each recording, and log the search; see `Gallery.search`.

        Recordings that overlap in time are never found to show one person.

        With `allow_empty`, a gallery without people answers unknown instead of raising an error.
        """
        embedded = embed_recordings(self._model, probes, progress)
        if self._is_small(revision := self.revision()):
            self.index.get(revision)
        is_empty = allow_empty and not self.counts.get(revision)[0]
        rule = DecisionRule() if is_empty else self.decision_rule(options)
        pairs = pairs_apart(embedded)
        others = np.bincount(pairs.ravel(), minlength=len(embedded)).tolist()
        wide = [replace(options, people=options.people + count) for count in others]
        systems = self.systems.get(self.revision())
        probes_of = self._make_comparable(systems, embedded) if not is_empty else map(ComparableRecording, embedded)
        answers = [self._answer(probe, own, rule, systems) for probe, own in zip(probes_of, wide, strict=True)]
        answers = [
            replace(answer, matches=answer.matches[: options.people])
            for answer in give_different_people(answers, pairs)
        ]
        answers = [self._note_side(answer, probe) for answer, probe in zip(answers, embedded, strict=True)]
        with self._catalog.read() as connection:
            names = {answer.person for answer in answers if answer.person is not None}
            found = queries.ids_of_names(connection, names)
        self._catalog.log_search(self._actor, len(embedded), found)
        return answers

    def decision_rule(self, options: SearchOptions) -> DecisionRule:
        """Return the rule by which a search decides; nothing is searched.

        Raises
        ------
        DataError
            If the gallery is empty, or has too few people to estimate the rate.
        """
        fmr, fpir = options.fmr, options.fpir
        count = self.counts.get(self.revision())[0]
        if not count:
            raise DataError(
                f"{self._catalog.location}: no person is enrolled", hint="{Gallery.enroll()} adds recordings of people"
            )
        calibration, reason = self.calibration.get(self.revision())
        if calibration is None:
            if fmr is not None or fpir is not None:
                raise DataError(f"{self._catalog.location}: {reason}")
            note = f"the gallery cannot set a threshold yet: {reason}"
            return DecisionRule(None, None, options.enrolled, count, note)
        threshold = calibration.operating_point(fmr, fpir).threshold
        return DecisionRule(calibration, threshold, options.enrolled, count, self._describe_bias(calibration))

    def _make_comparable(
        self, systems: EnrolledSystems, probes: Sequence[EmbeddedRecording]
    ) -> list[ComparableRecording]:
        """Remove the offsets of systems from probes; see `himpc.gallery.comparable.make_comparable`."""

        def nearest_people(probe: EmbeddedRecording, count: int) -> list[int]:
            with self._catalog.read() as connection:
                found = self._find(connection, ComparableRecording(probe), count, systems)
            return list(dict.fromkeys(each.person for each in found))[:count]

        def vectors_of(persons: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
            with self._catalog.read() as connection:
                person_of = queries.recordings_of_people(connection, persons)
                system_of = queries.systems_of(connection, list(person_of))
            ids = np.array(list(person_of), dtype=np.int64)
            pooled = self._store.pooled(ids)
            is_stored = np.isfinite(pooled).all(axis=1)
            ids = ids[is_stored]
            vectors = systems.correct(pooled[is_stored], [system_of[id] for id in ids.tolist()])
            return vectors, np.array([person_of[id] for id in ids.tolist()], dtype=np.int64)

        return make_comparable(self._model, systems, probes, nearest_people, vectors_of)

    def _find(
        self, connection: Connection, probe: ComparableRecording, people: int, systems: EnrolledSystems
    ) -> list[Candidate]:
        """Find the recordings nearest to a probe without offsets, of the systems with which it can be compared."""
        if not systems.offsets:
            return find_candidates(
                self._nearest(connection, probe.recording.pooled),
                people,
                lambda ids: queries.persons_of(connection, ids),
            )
        found: list[Candidate] = []
        for system, count in systems.people.items():
            if probe.systems and system is not None and system not in probe.systems:
                continue

            def persons_of(ids: Sequence[int], system: str | None = system) -> dict[int, int]:
                of = queries.systems_of(connection, ids)
                return {id: person for id, person in queries.persons_of(connection, ids).items() if of[id] == system}

            offset, query = systems.offset(system), probe.recording.pooled
            if system is not None and system in probe.by_system:
                query = probe.by_system[system].pooled - offset
            found += find_candidates(self._nearest(connection, query, offset), min(people, count), persons_of)
        return sorted(found, key=lambda each: each.distance)

    def _nearest(
        self, connection: Connection, query: NDArray[np.floating], offset: NDArray[np.float64] | float = 0.0
    ) -> Callable[[int], list[tuple[int, float]]]:
        """Return a function that finds up to k recordings and their distances, nearest first.

        Vectors are stored with the offset of their system, so the store is searched with the offset added.
        """
        revision = self._catalog.revision(connection)
        index = self.index.peek(revision) if self.uses_index or self._is_small(revision) else None

        def nearest(k: int) -> list[tuple[int, float]]:
            if index is not None:
                ids, distances = (each[0] for each in index.nearest(query[None].astype(np.float32), k))
            elif self.scoring is None:
                ids, distances = (each[0] for each in self._store.nearest(query[None].astype(np.float32), k))
            else:
                with_offset = (query + offset)[None].astype(np.float32)
                ids = self._store.nearest(with_offset, RATIO_CANDIDATES * k)[0][0]
                ids = ids[ids > 0]
                ids, distances = rank_by_ratio(query, ids, self._store.pooled(ids) - offset, self.scoring)
            found = zip(ids[:k].tolist(), distances[:k].tolist(), strict=True)
            return [(id, distance) for id, distance in found if id]

        return nearest

    def _answer(
        self, comparable: ComparableRecording, options: SearchOptions, rule: DecisionRule, systems: EnrolledSystems
    ) -> Answer:
        probe = comparable.recording
        if not len(probe.windows):
            note = f"shorter than a window of {self._model.window_length} frames"
            return Answer(probe.source, None, None, None, 0.0, rule.threshold, 0, (), note)
        people = min(options.people, max(1, rule.people))
        with self._catalog.read() as connection:
            candidates = self._find(connection, comparable, people, systems)
            if options.rerank:
                candidates = rerank(self.pooled, probe, candidates)
            names = queries.names_of(connection, {each.person for each in candidates})
            evidence = select_evidence(candidates, people)
            sources = queries.sources_of(connection, evidence.tolist())
            system_of = queries.systems_of(connection, evidence.tolist())
        entries = self._store.windows(evidence)
        if systems.offsets and candidates:  # windows are compared as the system of the nearest recording has them
            of = [system_of.get(int(id)) for id in entries.ids]
            near = system_of.get(candidates[0].id)
            corrected = systems.correct(entries.windows, [of[i] for i in entries.of]) + systems.offset(near)
            entries = replace(entries, windows=corrected.astype(np.float32))
            shifted = (probe.windows + systems.offset(near)).astype(np.float32)
            probe = comparable.by_system.get(str(near), replace(probe, windows=shifted))
        rule = replace(rule, note="; ".join(filter(None, (comparable.note, rule.note))))
        answer = build_answer(probe, candidates, people, rule, names, sources, entries)
        if comparable.systems is not None and not comparable.systems:
            return _withhold(answer, "another system made the recording, which measures bodies otherwise")
        if answer.person is None and answer.matches and answer.threshold is not None:
            nearest = answer.matches[0]
            slack = comparable.slack.get(str(system_of.get(nearest.recordings[0].id)), 0.0) / TYPICAL_NOISE_RATIO
            if nearest.distance**2 <= answer.threshold**2 + slack:
                reason = (
                    f"the distance {nearest.distance:.2f} is beyond the threshold {answer.threshold:.2f} by no more "
                )
                return _withhold(answer, reason + "than two systems differ in how they measure one person")
        return answer

    def _note_side(self, answer: Answer, probe: EmbeddedRecording) -> Answer:
        """Add a note if no recording of the nearest person was seen from a side that the probe shows."""
        if not answer.matches or not probe.sectors:
            return answer
        with self._catalog.read() as connection:
            nearest = queries.headings_of(connection, [each.id for each in answer.matches[0].recordings])
        enrolled = [sectors for sectors, _ in nearest.values()]
        near = nearby_sectors(probe.sectors)
        if not any(enrolled) or any(sectors & near for sectors in enrolled):
            return answer
        return replace(answer, note="; ".join(note for note in (answer.note, OTHER_SIDE_NOTE) if note))

    def _describe_bias(self, calibration: Calibration) -> str:
        """Return a note if the rates may be too low because the model was trained on these people."""
        with self._catalog.read() as connection:
            is_trained_on = self._catalog.get_property(connection, "trained") != b"no"
        if calibration.unseen or not is_trained_on or self._model.scoring is not None:
            return ""
        return (
            "if the model was trained on people of this gallery, impostors match more often than the rate states: "
            "calibrate the gallery, with 0 folds if the model was not trained on its people"
        )

    def _is_small(self, revision: int) -> bool:
        """Return whether any search builds the index, because the store alone is not exact."""
        is_small = self.counts.get(revision)[1] * self._model.size <= SMALL_INDEX_ELEMENTS
        return self.scoring is not None and is_small

    def _build_index(self) -> InMemoryIndex | RatioIndex | None:
        ids = self._store.ids()
        if len(ids) * self._model.size > MAX_INDEX_ELEMENTS:
            return None
        vectors = self.pooled(ids)
        is_stored = np.isfinite(vectors).all(axis=1)
        if not is_stored.any():
            return None
        ids, vectors = ids[is_stored], vectors[is_stored]
        return InMemoryIndex(ids, vectors) if self.scoring is None else RatioIndex(ids, vectors, self.scoring)

    def _count(self) -> tuple[int, int, int]:
        with self._catalog.read() as connection:
            return queries.counts(connection)

    def _calibrate(self) -> tuple[Calibration | None, str]:
        with self._catalog.read() as connection:
            # One of an adapted model was saved by an older version, which compared by Euclidean distance.
            saved = self._catalog.get_property(connection, "calibration")
            if saved and self.scoring is None:
                return load_stored_calibration(saved, self._catalog.location), ""
            person_of = queries.sample_recordings(connection, MAX_CALIBRATION_RECORDINGS)
        ids = np.array(list(person_of), dtype=np.int64)
        persons = np.array(list(person_of.values()), dtype=np.int64)
        pooled = self.pooled(ids)
        is_stored = np.isfinite(pooled).all(axis=1)
        ids, persons, pooled = ids[is_stored], persons[is_stored], pooled[is_stored]
        has_one_each = len(np.unique(persons)) == len(persons)
        try:
            halves = self._halves(ids) if has_one_each else None
            return calibrate(pooled, persons, halves, scoring=self.scoring), ""
        except DataError as error:
            return None, str(error)

    def _learn_systems(self) -> EnrolledSystems:
        with self._catalog.read() as connection:
            people = queries.people_of_systems(connection)
            known = [name for name in people if name is not None]
            if len(known) < 2 or self._model.scoring is None:
                return EnrolledSystems(people, {}, {})
            person_of = queries.sample_recordings(connection, MAX_CALIBRATION_RECORDINGS)
            system_of = queries.systems_of(connection, list(person_of))
        ids = np.array(list(person_of), dtype=np.int64)
        pooled = self._store.pooled(ids)
        ids, pooled = ids[stored := np.isfinite(pooled).all(axis=1)], pooled[stored]
        person = np.array([person_of[id] for id in ids.tolist()], dtype=np.int64)
        systems = [system_of[id] for id in ids.tolist()]
        found = learn_offsets(self._model, people, pooled, person, systems)
        return replace(
            found, displacements=measure_displacements(self._mean_poses(choose_common(ids, person, systems)))
        )

    def _mean_poses(
        self, chosen: Mapping[tuple[int, str], Sequence[int]]
    ) -> dict[tuple[int, str], NDArray[np.float64]]:
        """Compute the mean pose ``(J, 3)`` of recordings, as far as their skeletons are stored."""
        from himpc.learning import mean_poses

        layout, found = self._model.layout, {}
        with self._catalog.read() as connection:
            for key, ids in chosen.items():
                with suppress(GalleryError):
                    joints = [queries.joints_of(connection, id, len(layout)) for id in ids]
                    found[key] = mean_poses(joints, layout).mean(axis=0)
        return found

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of recordings, ``(R, D)``, without the offsets of their systems."""
        pooled, systems = self._store.pooled(ids), self.systems.get(self.revision())
        if not systems.offsets:
            return pooled
        with self._catalog.read() as connection:
            system_of = queries.systems_of(connection, ids.tolist())
        return systems.correct(pooled, [system_of.get(id) for id in ids.tolist()])

    def _halves(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute the means of the first and second half of each recording, NaN if it has a single window."""
        entries = self._store.entries(ids[:MAX_SPLIT_RECORDINGS])
        order = np.lexsort((entries.starts, entries.of))
        halves = np.full((len(ids), 2, self._model.size), np.nan, dtype=np.float32)
        halves[np.isin(ids, entries.ids)] = mean_halves(
            entries.windows[order], entries.of[order], len(entries.ids), self._model.pose_scale
        )
        return halves
