"""Closed-set identification: a gallery ranked for each probe, window by window and recording by recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.bootstrap import bootstrap_interval
from himpc.evaluation.embeddings import LabelledEmbeddings, pool_recordings
from himpc.evaluation.formatting import markdown_table, percent, percent_interval
from himpc.evaluation.ranking import RankingResult, WithoutMatch, evaluate_ranking

CMC_RANKS = 50
"""Number of ranks of the cumulative matching characteristic that are written to JSON, which bounds its size."""

ExclusionKey = Literal["camera", "session"]


@dataclass(frozen=True, eq=False)
class LevelEvaluation:
    """The evaluation of windows, or of recordings.

    Attributes
    ----------
    ranking : RankingResult
    n_gallery : int
        Entries in the gallery: windows or recordings.
    intervals : dict of str to (low, high)
        95 % interval of each metric of the ranking: ``"rank_1"``, ..., ``"mAP"``, ``"mINP"``. NaN if all probes show
        one person.
    """

    ranking: RankingResult
    n_gallery: int
    intervals: dict[str, tuple[float, float]]

    @classmethod
    def from_ranking(
        cls, ranking: RankingResult, persons: NDArray[Any], n_gallery: int, *, draws: int = 2000, seed: int = 0
    ) -> LevelEvaluation:
        """Add intervals to a ranking by a bootstrap over the people of its probes, ``(P,)``."""
        hits = [ranking.first_match <= k for k in ranking.rank]
        values = np.stack([*hits, *ranking.per_query.values()], axis=1).astype(np.float64)
        low, high = bootstrap_interval(values, persons[ranking.query], draws=draws, seed=seed)
        intervals = {name: (float(a), float(b)) for name, a, b in zip(ranking.metrics, low, high, strict=True)}
        return cls(ranking, n_gallery, intervals)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data for JSON."""
        intervals = {
            name: None if math.isnan(low) or math.isnan(high) else [low, high]
            for name, (low, high) in self.intervals.items()
        }
        return {
            **self.ranking.metrics,
            "interval": intervals,
            "cmc": self.ranking.cmc[:CMC_RANKS].tolist(),
            "queries": self.ranking.n_queries,
            "skipped": self.ranking.n_skipped,
            "gallery": self.n_gallery,
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of `himpc.evaluate`.

    Attributes
    ----------
    window : LevelEvaluation
        Each window by itself, as in the paper.
    recording : LevelEvaluation
        The mean of all windows of a recording.
    n_persons : int
        People in the gallery.
    too_short : tuple of str
        Recordings that are shorter than a window and do not take part.
    """

    window: LevelEvaluation
    recording: LevelEvaluation
    n_persons: int
    too_short: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data for JSON."""
        return {
            "window": self.window.to_dict(),
            "recording": self.recording.to_dict(),
            "persons": self.n_persons,
            "too_short": list(self.too_short),
        }

    def table(self) -> str:
        """Return a Markdown table with a row per metric, in percent, with 95 % intervals for Rank-1 and mAP."""
        rows: dict[str, dict[str, str]] = {}
        for name, level in (("window", self.window), ("recording", self.recording)):
            cells = {"probes": str(level.ranking.n_queries), "gallery": str(level.n_gallery)}
            for metric, value in level.ranking.metrics.items():
                with_interval = metric in ("rank_1", "mAP")
                label = metric.replace("rank_", "Rank-") + (" (95 %)" if with_interval else "")
                cells[label] = percent_interval(value, *level.intervals[metric]) if with_interval else percent(value)
            for label, cell in cells.items():
                rows.setdefault(label, {"": label})[name] = cell
        return markdown_table(list(rows.values()))


def evaluate_embeddings(
    gallery: LabelledEmbeddings,
    probe: LabelledEmbeddings | None = None,
    *,
    ks: Sequence[int] = (1, 5, 10),
    exclude: ExclusionKey | None = None,
    keep_own_windows: bool = False,
    without_match: WithoutMatch = "error",
    draws: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Rank the gallery for each probe, window by window (docs/method.md, section 5) and recording by recording.

    Parameters
    ----------
    gallery : LabelledEmbeddings
        The person of every recording must be known.
    probe : LabelledEmbeddings, optional
        Likewise. By default each recording of the gallery is a probe to the others (leave-one-out).
    ks : sequence of int
        The ranks to report.
    exclude : {"camera", "session"}, optional
        Exclude gallery entries of the probe's person from the same camera or session.
    keep_own_windows : bool
        Without a probe, the other windows of the probe's recording are nearly equal to it and are excluded. True
        excludes the probe itself only, as the published protocol of CASIA-B does in tests within one condition.
    without_match : {"error", "skip", "count"}
        Treatment of a probe without a match in its gallery; see `evaluate_ranking`.
    draws, seed : int
        Of the bootstrap over people.

    Raises
    ------
    DataError
        If a set has no recording with a window, a recording has no person (or no camera or session, where that is
        excluded), the gallery shows one person only, embeddings are not finite, or a probe has no match and
        `without_match` is "error".
    ConfigError
        If `exclude` is invalid.
    """
    if exclude not in (None, "camera", "session"):
        raise ConfigError(f"exclude must be 'camera' or 'session', found {exclude!r}")
    same = probe is None
    key = "recording" if same and exclude is None and not keep_own_windows else exclude
    sides = [_Side.check(gallery, "gallery"), _Side.check(gallery if probe is None else probe, "probe")]
    persons = set(sides[0].persons[sides[0].recording].tolist())
    if len(persons) == 1:
        raise DataError(
            f"the gallery shows one person only ({next(iter(persons))!r}), so that every match is right, expected two "
            "persons or more"
        )

    def evaluate_level(entries: _Side, probes: _Side) -> LevelEvaluation:
        ids = probes.persons[probes.recording]
        ranking = evaluate_ranking(
            probes.vectors,
            entries.vectors,
            ids,
            entries.persons[entries.recording],
            ks=ks,
            exclude=None if key is None else (probes.labels(key), entries.labels(key)),
            same=same,
            without_match=without_match,
            scoring=gallery.scoring,
        )
        return LevelEvaluation.from_ranking(ranking, ids, len(entries.vectors), draws=draws, seed=seed)

    return Evaluation(
        window=evaluate_level(*sides),
        recording=evaluate_level(*(side.pooled() for side in sides)),
        n_persons=len(persons),
        too_short=sides[0].too_short() + (() if same else sides[1].too_short()),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """The gallery or the probe set: entries, the recording of each, and the labels of the recordings."""

    name: str
    data: LabelledEmbeddings
    vectors: NDArray[np.floating]
    recording: NDArray[np.integer]
    persons: NDArray[np.object_]

    @classmethod
    def check(cls, data: LabelledEmbeddings, name: str) -> _Side:
        """Return the windows of a set, or raise `DataError` if it cannot be evaluated."""
        if not len(data.vectors):
            raise DataError(f"the {name} is empty: it has no recording that is as long as a window")
        if not np.isfinite(data.vectors).all():
            raise DataError(
                f"embeddings of the {name} hold values that are not finite", hint="check that the model was trained"
            )
        side = cls(name, data, data.vectors, data.recording, np.array(data.persons, dtype=object))
        side._require(data.persons, "person")
        return side

    def pooled(self) -> _Side:
        """Return the recordings of the set, each the mean of its windows."""
        scale = None if self.data.scoring is None else self.data.scoring.pose_scale
        pooled = pool_recordings(self.vectors, self.recording, len(self.persons), scale)
        present = np.unique(self.recording)
        return _Side(self.name, self.data, pooled[present], present, self.persons)

    def labels(self, key: str) -> NDArray[Any]:
        """Return the recording, camera or session of each entry."""
        if key == "recording":
            return self.recording
        known = self.data.cameras if key == "camera" else self.data.sessions
        self._require(known, key)
        labels: NDArray[Any] = np.array(known, dtype=object)[self.recording]
        return labels

    def too_short(self) -> tuple[str, ...]:
        return tuple(self.data.source(i) for i in np.setdiff1d(np.arange(len(self.persons)), self.recording))

    def _require(self, known: Sequence[str | None], what: str) -> None:
        missing = [i for i, value in enumerate(known) if value is None]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(known)} recordings in the {self.name} have no {what} "
                f"(the first is {self.data.source(missing[0])})",
                hint=f"read the {what} from file names with {{name}} or from a table with {{labels}}",
            )
