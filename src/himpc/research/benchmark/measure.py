"""Measure one split: the model, each of its levels and the baselines, by window and by recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.evaluation import ExclusionKey, LevelEvaluation, RankingResult, evaluate_ranking, pool_recordings
from himpc.model import BASELINES, IdentityScoring, Model
from himpc.recordings import Windows
from himpc.research.benchmark.results import BenchmarkResult
from himpc.research.benchmark.tables import ViewResult
from himpc.research.data import LabelledWindows, SplitData

COMPARED_BASELINES = ("d13", "d16", "bones", "raw", "body")

Embed = Callable[[Windows], NDArray[np.float32]]


def measure_split(model: Model, data: SplitData, result: BenchmarkResult, seed: int = 0) -> None:
    """Measure the model, each of its levels and the baselines on one split, and add them to a result.

    A baseline that measures joints which the layout lacks is left out, with a note in the result. Recordings are
    measured if both test sets tell them apart: all windows of one are pooled to their mean.
    """
    methods: dict[str, Embed] = {result.representation: model.embed}
    if result.representation != result.method:
        methods |= {
            f"{result.method}, {level} level": partial(model.embed_level, level=level) for level in model.levels
        }
    methods |= {BASELINES[name].title: BASELINES[name].embed for name in COMPARED_BASELINES}
    windows: dict[str, LevelEvaluation] = {}
    recordings: dict[str, LevelEvaluation] = {}
    for title, embed in methods.items():
        scoring = model.scoring if title == result.representation else None
        try:
            gallery = _Side.of(embed, data.gallery, data.split.exclude, scoring)
            probe = None if data.probe is None else _Side.of(embed, data.probe, data.split.exclude, scoring)
        except LayoutError as error:
            result.add_note(str(error))
            continue
        windows[title] = _rank(gallery, probe, seed, result.conventions.self_match_in_map)
        if gallery.recordings is not None and (probe is None or probe.recordings is not None):
            recordings[title] = _rank(gallery.pooled(), None if probe is None else probe.pooled(), seed)
    name = data.split.name
    result.labels_used[name] = str(model.training.get("labels_used", "not stated"))
    result.results[name] = windows
    if recordings:
        result.recordings[name] = recordings
    if views := _by_view(windows[result.representation].ranking, data.probe or data.gallery):
        result.views[name] = views


@dataclass(frozen=True, eq=False)
class _Side:
    """The gallery or the probe of a ranking: vectors, and person, exclusion mark and whole recording of each."""

    vectors: NDArray[np.float32]
    persons: NDArray[np.str_]
    marks: NDArray[np.str_] | None
    recordings: NDArray[np.int64] | None
    scoring: IdentityScoring | None = None

    @classmethod
    def of(
        cls, embed: Embed, part: LabelledWindows, exclude: ExclusionKey | None, scoring: IdentityScoring | None
    ) -> _Side:
        marks = {"camera": part.cameras, "session": part.sessions, None: None}[exclude]
        return cls(embed(part.windows), part.persons, marks, part.whole_recordings, scoring)

    def pooled(self) -> _Side:
        """Return the recordings instead of the windows."""
        assert self.recordings is not None
        present, first = np.unique(self.recordings, return_index=True)
        scale = None if self.scoring is None else self.scoring.pose_scale
        vectors = pool_recordings(self.vectors, self.recordings, int(present[-1]) + 1, scale)[present]
        marks = None if self.marks is None else self.marks[first]
        return _Side(vectors, self.persons[first], marks, present, self.scoring)


def _rank(gallery: _Side, probe: _Side | None, seed: int, self_match_in_map: bool = False) -> LevelEvaluation:
    """Rank the gallery for each probe; an entry is never its own match, except in mAP if that is wanted."""
    queries = probe or gallery
    excluded = None if queries.marks is None or gallery.marks is None else (queries.marks, gallery.marks)
    ranking = evaluate_ranking(
        queries.vectors,
        gallery.vectors,
        queries.persons,
        gallery.persons,
        exclude=excluded,
        same=probe is None,
        without_match="skip",
        scoring=gallery.scoring,
    )
    if self_match_in_map and probe is None and excluded is None:
        vectors, persons = gallery.vectors, gallery.persons
        with_self = evaluate_ranking(vectors, vectors, persons, persons, scoring=gallery.scoring)
        precision = with_self.per_query["mAP"][ranking.query]
        ranking = replace(ranking, per_query=ranking.per_query | {"mAP": precision})
    return LevelEvaluation.from_ranking(ranking, queries.persons, len(gallery.vectors), seed=seed)


def _by_view(ranking: RankingResult, queries: LabelledWindows) -> dict[str, ViewResult]:
    """Return the results by the view of the probe; empty if views are unknown."""
    if queries.cameras is None:
        return {}
    view = queries.cameras[ranking.query]
    return {
        name: ViewResult(
            rank_1=float((ranking.first_match[view == name] == 1).mean()),
            mAP=float(ranking.per_query["mAP"][view == name].mean()),
            queries=int((view == name).sum()),
        )
        for name in sorted(set(view.tolist()))
    }
