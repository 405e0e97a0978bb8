"""Search a gallery. All searches go through this module, which logs each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from himpc._schema import validated
from himpc.errors import ConfigError, DataError
from himpc.gallery.answer import Answer
from himpc.gallery.cache import RevisionCache
from himpc.gallery.calibration import Calibration, calibrate, load_stored_calibration, mean_halves
from himpc.gallery.catalog import Catalog, queries
from himpc.gallery.ranking import (
    DecisionRule,
    build_answer,
    find_candidates,
    give_different_people,
    rerank,
    select_evidence,
)
from himpc.gallery.recordings import EmbeddedRecording, embed_recordings, pairs_apart
from himpc.gallery.store import InMemoryIndex, VectorStore
from himpc.recordings import Progress, Recording, nearby_sectors

if TYPE_CHECKING:
    from himpc.model import Model

MAX_SPLIT_RECORDINGS = 2_000
"""Maximum number of recordings whose halves are compared if no person has two recordings."""

MAX_CALIBRATION_RECORDINGS = 20_000
"""Maximum number of recordings in a calibration; in a larger gallery, people are sampled with all their recordings."""

MAX_INDEX_ELEMENTS = 64 * 2**20
"""Elements of the index in memory, 256 MiB: 350,000 recordings of 192 dimensions. Larger galleries use the store."""

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
    uses_index : bool
        Whether searches use `index`; after a change the store is searched until the index is complete again.
    """

    def __init__(self, catalog: Catalog, store: VectorStore, model: Model, actor: str) -> None:
        self._catalog, self._store, self._model, self._actor = catalog, store, model, actor
        self.calibration = RevisionCache(self._calibrate)
        self.counts = RevisionCache(self._count)
        self.index = RevisionCache(self._build_index)
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
        is_empty = allow_empty and not self.counts.get(self.revision())[0]
        rule = DecisionRule() if is_empty else self.decision_rule(options)
        pairs = pairs_apart(embedded)
        others = np.bincount(pairs.ravel(), minlength=len(embedded)).tolist()
        wide = [replace(options, people=options.people + count) for count in others]
        answers = [self._answer(probe, own, rule) for probe, own in zip(embedded, wide, strict=True)]
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

    def _answer(self, probe: EmbeddedRecording, options: SearchOptions, rule: DecisionRule) -> Answer:
        if not len(probe.windows):
            note = f"shorter than a window of {self._model.window_length} frames"
            return Answer(probe.source, None, None, None, 0.0, rule.threshold, 0, (), note)
        people = min(options.people, max(1, rule.people))
        with self._catalog.read() as connection:
            index = self.index.peek(self._catalog.revision(connection)) if self.uses_index else None
            candidates = find_candidates(
                index or self._store, probe.pooled, people, lambda ids: queries.persons_of(connection, ids)
            )
            if options.rerank:
                candidates = rerank(self._store, probe, candidates)
            names = queries.names_of(connection, {each.person for each in candidates})
            evidence = select_evidence(candidates, people)
            sources = queries.sources_of(connection, evidence.tolist())
        return build_answer(probe, candidates, people, rule, names, sources, self._store.windows(evidence))

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

    def _build_index(self) -> InMemoryIndex | None:
        ids = self._store.ids()
        if len(ids) * self._model.size > MAX_INDEX_ELEMENTS:
            return None
        vectors = self._store.pooled(ids)
        is_stored = np.isfinite(vectors).all(axis=1)
        return InMemoryIndex(ids[is_stored], vectors[is_stored]) if is_stored.any() else None

    def _count(self) -> tuple[int, int, int]:
        with self._catalog.read() as connection:
            return queries.counts(connection)

    def _calibrate(self) -> tuple[Calibration | None, str]:
        with self._catalog.read() as connection:
            if saved := self._catalog.get_property(connection, "calibration"):
                return load_stored_calibration(saved, self._catalog.location), ""
            person_of = queries.sample_recordings(connection, MAX_CALIBRATION_RECORDINGS)
        ids = np.array(list(person_of), dtype=np.int64)
        persons = np.array(list(person_of.values()), dtype=np.int64)
        pooled = self._store.pooled(ids)
        is_stored = np.isfinite(pooled).all(axis=1)
        ids, persons, pooled = ids[is_stored], persons[is_stored], pooled[is_stored]
        has_one_each = len(np.unique(persons)) == len(persons)
        try:
            halves = self._halves(ids) if has_one_each else None
            return calibrate(pooled, persons, halves, scoring=self._model.scoring), ""
        except DataError as error:
            return None, str(error)

    def _halves(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute the means of the first and second half of each recording, NaN if it has a single window."""
        entries = self._store.entries(ids[:MAX_SPLIT_RECORDINGS])
        order = np.lexsort((entries.starts, entries.of))
        halves = np.full((len(ids), 2, self._model.size), np.nan, dtype=np.float32)
        halves[np.isin(ids, entries.ids)] = mean_halves(
            entries.windows[order], entries.of[order], len(entries.ids), self._model.pose_scale
        )
        return halves
