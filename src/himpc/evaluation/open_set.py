"""Who is this, if anybody we know? Identification where some probes show strangers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.bootstrap import bootstrap_interval
from himpc.evaluation.redraws import interval, number, redraw

__all__ = ["AtThreshold", "OpenSet", "evaluate_open_set", "evaluate_threshold"]

Floats = NDArray[np.float64]
Labels = Sequence[Hashable] | NDArray[Any]
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class OpenSet:
    """What `evaluate_open_set` returns; rates lie in [0, 1].

    Attributes
    ----------
    thresholds : array ``(T,)``
        All distances that matter, rising, after minus infinity, at which nobody is named.
    fpir : array ``(T,)``
        False positive identification rate: the share of strangers with a person no farther than the threshold.
    fnir : dict of int to array ``(T,)``
        False negative identification rate by rank k: the share of enrolled probes whose own person is not among the k
        nearest, or farther than the threshold.
    dir : dict of (int, float) to float
        Detection and identification rate, ``1 - FNIR`` at rank k and the largest threshold of an FPIR no higher than
        stated, by (k, FPIR).
    dir_intervals : dict of (int, float) to (low, high)
        NaN where all probes show one person.
    n_enrolled, n_strangers : int
        Probes.
    """

    thresholds: Floats
    fpir: Floats
    fnir: dict[int, Floats]
    dir: dict[tuple[int, float], float]
    dir_intervals: dict[tuple[int, float], Interval]
    n_enrolled: int
    n_strangers: int


@dataclass(frozen=True, eq=False)
class AtThreshold:
    """What happens at a threshold that was fixed before; rates lie in [0, 1] and are NaN where there is no such probe.

    Attributes
    ----------
    fmr, fpir, fnir, misnamed : float
        Comparisons with another person that match; strangers who are given a name; enrolled probes that are not given
        their own; enrolled probes that are given another's.
    intervals : dict of str to (low, high)
        By the names above.
    """

    fmr: float
    fpir: float
    fnir: float
    misnamed: float
    intervals: dict[str, Interval]


def evaluate_open_set(
    distances: NDArray[np.floating],
    probe_ids: Labels,
    enrolled: Labels,
    *,
    ranks: Sequence[int] = (1,),
    fpirs: Sequence[float] = (0.01, 0.1),
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> OpenSet:
    """Measure open-set identification over all thresholds (ISO/IEC 19795-1; Phillips, Grother and Micheals, 2011).

    Equal distances count against the probe: another person's rank before its own. Intervals come from a bootstrap over
    persons; each sample has a threshold of its own.

    Parameters
    ----------
    distances : array ``(Q, P)``
        From probes to persons.
    probe_ids : sequence ``(Q,)``
        Whom each probe shows; who is not `enrolled` is a stranger. None: a stranger, of whom nothing is known.
    enrolled : sequence ``(P,)``
        The persons, each once.
    ranks, fpirs : sequence
        Where to report the DIR.
    confidence, draws, seed
        As in `himpc.evaluation.bootstrap_interval`.

    Raises
    ------
    DataError
        If sizes do not fit, distances are not finite, a person stands twice, or all probes or none are strangers.
    ConfigError
        If a number is out of range.
    """
    if not ranks or min(ranks) < 1 or any(not 0 <= fpir <= 1 for fpir in fpirs):
        raise ConfigError(f"ranks must be 1 or more and fpirs lie in [0, 1], found {tuple(ranks)} and {tuple(fpirs)}")
    probes = _Probes.of(distances, probe_ids, enrolled)
    if not len(probes.strangers) or not len(probes.own):
        raise DataError(
            f"{len(probes.strangers)} of {len(distances)} probes show strangers: open-set rates need some who are and "
            "some who are not; use evaluate_threshold for one kind alone"
        )
    asked = [(rank, fpir) for rank in ranks for fpir in fpirs]
    everybody = np.ones(probes.persons)
    found = probes.detection(everybody, asked)
    samples = [
        probes.detection(times, asked)
        for times in (redraw(probes.persons, draws, seed) if probes.persons > 1 else ())
        if times[probes.whose_own].any() and times[probes.whose_strange].any()
    ]
    thresholds = np.unique(np.concatenate([[-np.inf], probes.strangers, probes.own]))
    return OpenSet(
        thresholds=thresholds,
        fpir=_share(probes.strangers, thresholds),
        fnir={rank: 1 - _share(np.where(probes.rank <= rank, probes.own, np.inf), thresholds) for rank in ranks},
        dir=dict(zip(asked, found, strict=True)),
        dir_intervals={each: interval([sample[i] for sample in samples], confidence) for i, each in enumerate(asked)},
        n_enrolled=len(probes.own),
        n_strangers=len(probes.strangers),
    )


def evaluate_threshold(
    distances: NDArray[np.floating],
    probe_ids: Labels,
    enrolled: Labels,
    threshold: float,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> AtThreshold:
    """Measure what happens at a threshold that was fixed before these probes were seen; for the rest see above.

    The nearest person is named where no farther than the threshold.

    Raises
    ------
    DataError
        If sizes do not fit, distances are not finite, or a person stands twice.
    ConfigError
        If a number is out of range.
    """
    probes = _Probes.of(distances, probe_ids, enrolled)
    named = probes.own <= threshold
    others = distances <= threshold
    others[probes.place, probes.column] = False
    impostors = distances.shape[1] - np.isin(np.arange(len(distances)), probes.place)
    each = {
        "fmr": (others.sum(axis=1)[impostors > 0] / impostors[impostors > 0], probes.codes[impostors > 0]),
        "fpir": (probes.strangers <= threshold, probes.whose_strange),
        "fnir": (~(named & (probes.rank == 1)), probes.whose_own),
        "misnamed": ((probes.nearest_other <= threshold) & (probes.rank > 1), probes.whose_own),
    }
    means, intervals = {}, {}
    for name, (values, persons) in each.items():
        means[name] = float(values.mean()) if len(values) else float("nan")
        intervals[name] = (float("nan"), float("nan"))
        if len(values):
            low, high = bootstrap_interval(
                values.astype(np.float64), persons, confidence=confidence, draws=draws, seed=seed
            )
            intervals[name] = (float(low), float(high))
    return AtThreshold(**means, intervals=intervals)


@dataclass(frozen=True, eq=False)
class _Probes:
    """The probes, checked: what the search of each came to, strangers apart."""

    codes: NDArray[np.int64]
    persons: int
    place: NDArray[np.int64]
    column: NDArray[np.int64]
    own: Floats
    nearest_other: Floats
    rank: NDArray[np.int64]
    whose_own: NDArray[np.int64]
    strangers: Floats
    whose_strange: NDArray[np.int64]

    @classmethod
    def of(cls, distances: NDArray[np.floating], probe_ids: Labels, enrolled: Labels) -> _Probes:
        shape = (len(probe_ids), len(enrolled))
        if distances.shape != shape or 0 in shape or not np.isfinite(distances).all():
            raise DataError(
                f"distances have shape {distances.shape} for {shape[0]} probes and {shape[1]} persons, expected one "
                "finite distance for each probe and person"
            )
        (codes, columns), persons = number(probe_ids, enrolled)
        if len(np.unique(columns)) < len(columns) or any(name is None for name in enrolled):
            raise DataError(
                f"{shape[1]} enrolled persons of {len(np.unique(columns))} names: expected each once, none None"
            )
        same = codes[:, None] == columns
        known = same.any(axis=1)
        place, column = np.nonzero(same)
        own = distances[place, column].astype(np.float64)
        others = np.where(same[place], np.inf, distances[place])
        return cls(
            codes=codes,
            persons=persons,
            place=place,
            column=column,
            own=own,
            nearest_other=others.min(axis=1),
            rank=1 + (others <= own[:, None]).sum(axis=1),
            whose_own=codes[place],
            strangers=distances[~known].min(axis=1).astype(np.float64),
            whose_strange=codes[~known],
        )

    def detection(self, times: Floats, asked: Sequence[tuple[int, float]]) -> list[float]:
        """Return the DIR at each (rank, FPIR) where each person counts so many times."""
        order = np.argsort(self.strangers, kind="stable")
        nearest, weight, own = self.strangers[order], times[self.whose_strange][order], times[self.whose_own]
        passed = np.cumsum(weight)
        found = []
        for rank, fpir in asked:
            first = int(np.searchsorted(passed, fpir * passed[-1] + 1e-9, side="right"))
            limit = nearest[first] if first < len(nearest) else np.inf  # at this distance FPIR would be too high
            found.append(float(own @ ((self.rank <= rank) & (self.own < limit)) / own.sum()))
        return found


def _share(values: Floats, thresholds: Floats) -> Floats:
    """Return the share of values up to and with each threshold."""
    share: Floats = np.searchsorted(np.sort(values), thresholds, side="right") / len(values)
    return share
