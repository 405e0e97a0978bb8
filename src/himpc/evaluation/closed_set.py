"""The evaluation protocol: a gallery and a probe set, ranked window by window and recording by recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.bootstrap import bootstrap_interval
from himpc.evaluation.embeddings import pool_recordings
from himpc.evaluation.formatting import markdown_table, percent, percent_interval
from himpc.evaluation.ranking import RankingResult, WithoutMatch, evaluate_ranking
from himpc.recordings.recording import Recording

__all__ = ["Embedded", "Evaluation", "LevelEvaluation", "SameExclusion", "evaluate_embeddings"]

CMC_RANKS = 50
"""How many ranks of the cumulative matching characteristic are written out."""

SameExclusion = Literal["camera", "session"]


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings of windows, and what is known of the R recordings they were cut from.

    Attributes
    ----------
    vectors : array ``(N, D)``
        One embedding a window.
    recording : int array ``(N,)``
        Which recording each window was cut from.
    persons, cameras, sessions : sequence ``(R,)``
        What is known of each recording; None where nobody said.
    sources : sequence of str ``(R,)``, optional
        What to call each recording in a message; its number if not given.
    """

    vectors: NDArray[np.floating]
    recording: NDArray[np.integer]
    persons: Sequence[str | None]
    cameras: Sequence[str | None]
    sessions: Sequence[str | None]
    sources: Sequence[str] = ()

    @classmethod
    def of(
        cls, vectors: NDArray[np.floating], recording: NDArray[np.integer], recordings: Sequence[Recording]
    ) -> Embedded:
        """Join the embeddings of windows with the recordings they were cut from."""
        return cls(
            vectors=vectors,
            recording=recording,
            persons=tuple(r.person for r in recordings),
            cameras=tuple(r.camera for r in recordings),
            sessions=tuple(r.session for r in recordings),
            sources=tuple(r.source for r in recordings),
        )

    def source(self, recording: int) -> str:
        """What to call a recording."""
        return (self.sources[recording] if self.sources else "") or f"recording {recording}"


@dataclass(frozen=True, eq=False)
class LevelEvaluation:
    """One level of an evaluation: its ranking, and the interval of each measure.

    Attributes
    ----------
    ranking : RankingResult
    n_gallery : int
        Entries in the gallery: windows or recordings.
    intervals : dict of str to (low, high)
        By measure: ``"rank_1"``, ..., ``"mAP"``, ``"mINP"``. NaN where all queries show one person.
    """

    ranking: RankingResult
    n_gallery: int
    intervals: dict[str, tuple[float, float]]

    @classmethod
    def of(
        cls, ranking: RankingResult, persons: NDArray[Any], n_gallery: int, *, draws: int = 2000, seed: int = 0
    ) -> LevelEvaluation:
        """Add the intervals to a ranking by a bootstrap over the persons of its probes, ``(P,)``."""
        return cls(ranking, n_gallery, _intervals(ranking, persons[ranking.query], draws, seed))

    @property
    def measures(self) -> dict[str, float]:
        """Each measure by its name, in [0, 1]."""
        ranks = {f"rank_{k}": value for k, value in self.ranking.rank.items()}
        return {**ranks, "mAP": self.ranking.mAP, "mINP": self.ranking.mINP}

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data that JSON can hold."""
        intervals = {
            name: None if math.isnan(low) or math.isnan(high) else [low, high]
            for name, (low, high) in self.intervals.items()
        }
        return {
            **self.measures,
            "interval": intervals,
            "cmc": self.ranking.cmc[:CMC_RANKS].tolist(),
            "queries": self.ranking.n_queries,
            "skipped": self.ranking.n_skipped,
            "gallery": self.n_gallery,
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well people are found again, at two levels.

    Attributes
    ----------
    window : LevelEvaluation
        Each window on its own, as in the paper.
    recording : LevelEvaluation
        All windows of a recording pooled to their mean.
    n_persons : int
        People in the gallery.
    too_short : tuple of str
        Recordings without a window: they take no part.
    """

    window: LevelEvaluation
    recording: LevelEvaluation
    n_persons: int
    too_short: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data that JSON can hold."""
        return {
            "window": self.window.to_dict(),
            "recording": self.recording.to_dict(),
            "persons": self.n_persons,
            "too_short": list(self.too_short),
        }

    def table(self) -> str:
        """Return a Markdown table, a row a measure, in percent, with 95 % intervals for Rank-1 and mAP."""
        rows: dict[str, dict[str, str]] = {}
        for name, level in (("window", self.window), ("recording", self.recording)):
            cells = {"queries": str(level.ranking.n_queries), "gallery": str(level.n_gallery)}
            for measure, value in level.measures.items():
                with_interval = measure in ("rank_1", "mAP")
                label = measure.replace("rank_", "Rank-") + (" (95 %)" if with_interval else "")
                cells[label] = percent_interval(value, *level.intervals[measure]) if with_interval else percent(value)
            for label, cell in cells.items():
                rows.setdefault(label, {"": label})[name] = cell
        return markdown_table(list(rows.values()))


def evaluate_embeddings(
    gallery: Embedded,
    probe: Embedded | None = None,
    *,
    ks: Sequence[int] = (1, 5, 10),
    exclude: SameExclusion | None = None,
    keep_own_windows: bool = False,
    without_match: WithoutMatch = "error",
    draws: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Rank the gallery for each probe, window by window (docs/method.md, section 5) and recording by recording.

    Parameters
    ----------
    gallery : Embedded
        Every recording must say whom it shows.
    probe : Embedded, optional
        Likewise. If not given, each recording of the gallery is asked for among the others.
    ks : sequence of int
        The ranks to report.
    exclude : {"camera", "session"}, optional
        Leave out gallery entries of the query's person from the same camera or session.
    keep_own_windows : bool
        Without a probe, the other windows of a query's own recording nearly repeat it and are left out. True leaves
        out the query itself only, as the published protocol of CASIA-B's same-condition tests does.
    without_match : {"error", "skip", "count"}
        What becomes of a query whose person is not in what is left of the gallery; see `evaluate_ranking`.
    draws, seed : int
        Of the bootstrap over persons.

    Raises
    ------
    DataError
        If a set has no recording with a window, a recording says not whom it shows (or not its camera or session,
        where that is excluded), the gallery holds one person only, embeddings are not finite, or a query has no match
        and that is an error.
    ConfigError
        If `exclude` is none of the above.
    """
    if exclude not in (None, "camera", "session"):
        raise ConfigError(f"exclude must be 'camera' or 'session', found {exclude!r}")
    same = probe is None
    by = "recording" if same and exclude is None and not keep_own_windows else exclude
    sides = [_Side.of(gallery, "gallery"), _Side.of(gallery if probe is None else probe, "probe")]
    people = set(sides[0].persons[sides[0].recording].tolist())
    if len(people) == 1:
        raise DataError(
            f"the gallery shows one person only ({next(iter(people))!r}), so every answer would be right; "
            "evaluate with two people or more"
        )

    def level(entries: _Side, queries: _Side) -> LevelEvaluation:
        ids = queries.persons[queries.recording]
        ranking = evaluate_ranking(
            queries.vectors,
            entries.vectors,
            ids,
            entries.persons[entries.recording],
            ks=ks,
            exclude=None if by is None else (queries.marks(by), entries.marks(by)),
            same=same,
            without_match=without_match,
        )
        return LevelEvaluation.of(ranking, ids, len(entries.vectors), draws=draws, seed=seed)

    return Evaluation(
        window=level(*sides),
        recording=level(*(side.pooled() for side in sides)),
        n_persons=len(people),
        too_short=sides[0].too_short + (() if same else sides[1].too_short),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """One side of a ranking, checked: vectors, the recording of each, and the R recordings' labels."""

    name: str
    data: Embedded
    vectors: NDArray[np.floating]
    recording: NDArray[np.integer]
    persons: NDArray[np.object_]

    @classmethod
    def of(cls, data: Embedded, name: str) -> _Side:
        if not len(data.vectors):
            raise DataError(f"the {name} is empty: it holds no recording that is as long as a window")
        if not np.isfinite(data.vectors).all():
            raise DataError(f"embeddings of the {name} hold values that are not finite; was the model trained?")
        side = cls(name, data, data.vectors, data.recording, np.array(data.persons, dtype=object))
        side._require(data.persons, "whom they show", "--name '{person}/*' or --labels people.csv")
        return side

    def pooled(self) -> _Side:
        pooled = pool_recordings(self.vectors, self.recording, len(self.persons))
        present = np.unique(self.recording)
        return _Side(self.name, self.data, pooled[present], present, self.persons)

    def marks(self, by: str) -> NDArray[Any]:
        if by == "recording":
            return self.recording
        known = self.data.cameras if by == "camera" else self.data.sessions
        self._require(known, f"their {by}", f"--name with {{{by}}} in it, or a column of --labels")
        marks: NDArray[Any] = np.array(known, dtype=object)[self.recording]
        return marks

    def _require(self, known: Sequence[str | None], what: str, how: str) -> None:
        missing = [i for i, value in enumerate(known) if value is None]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(known)} recordings in the {self.name} do not say {what} "
                f"(the first is {self.data.source(missing[0])}); give it with {how}"
            )

    @property
    def too_short(self) -> tuple[str, ...]:
        return tuple(self.data.source(i) for i in np.setdiff1d(np.arange(len(self.persons)), self.recording))


def _intervals(ranking: RankingResult, persons: NDArray[Any], draws: int, seed: int) -> dict[str, tuple[float, float]]:
    names = [*(f"rank_{k}" for k in ranking.rank), "mAP", "mINP"]
    hits = [ranking.first_match <= k for k in ranking.rank]
    values = np.stack([*hits, ranking.average_precision, ranking.inverse_negative_penalty], axis=1).astype(np.float64)
    low, high = bootstrap_interval(values, persons, draws=draws, seed=seed)
    return {name: (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)}
