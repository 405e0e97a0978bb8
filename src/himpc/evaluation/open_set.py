"""Open-set identification: rates of errors when some probes show people who are not enrolled (unknown people)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.bootstrap import bootstrap_interval, percentile_interval, resample_persons
from himpc.evaluation.label_codes import Labels, encode_labels

Floats = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class OpenSetResult:
    """The result of `evaluate_open_set`; rates lie in [0, 1].

    Attributes
    ----------
    thresholds : array ``(T,)``
        Minus infinity, at which no probe is identified, then all distances at which a rate changes, ascending.
    fpir : array ``(T,)``
        False positive identification rate: the share of probes of unknown people with a distance up to the threshold.
    fnir : dict of int to array ``(T,)``
        False negative identification rate by rank k: the share of probes of enrolled people whose own person is not
        among the k nearest, or farther away than the threshold.
    dir : dict of (int, float) to float
        Detection and identification rate by (k, FPIR): ``1 - FNIR`` at rank k and the largest threshold whose FPIR is
        no higher.
    dir_intervals : dict of (int, float) to (low, high)
        NaN if all probes show one person.
    n_enrolled, n_unknown : int
        Probes of enrolled and of unknown people.
    """

    thresholds: Floats
    fpir: Floats
    fnir: dict[int, Floats]
    dir: dict[tuple[int, float], float]
    dir_intervals: dict[tuple[int, float], Interval]
    n_enrolled: int
    n_unknown: int


@dataclass(frozen=True, eq=False)
class ThresholdResult:
    """The result of `evaluate_threshold`; rates lie in [0, 1] and are NaN if there is no such probe.

    Attributes
    ----------
    fmr : float
        False match rate: comparisons with other people that match.
    fpir : float
        Probes of unknown people that are identified as an enrolled person.
    fnir : float
        Probes of enrolled people that are not identified as their person.
    misidentified : float
        Probes of enrolled people that are identified as another person.
    intervals : dict of str to (low, high)
        By the names above.
    """

    fmr: float
    fpir: float
    fnir: float
    misidentified: float
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
) -> OpenSetResult:
    """Compute the error rates of open-set identification over all thresholds.

    ISO/IEC 19795-1; Phillips, Grother and Micheals, "Evaluation methods in face recognition", 2011. Equal distances
    count against the probe: another person ranks before its own. Each sample of the bootstrap over people has a
    threshold of its own.

    Parameters
    ----------
    distances : array ``(Q, P)``
        From probes to people.
    probe_ids : sequence ``(Q,)``
        The person of each probe, unknown if not in `enrolled`. None: an unknown person, different from all others.
    enrolled : sequence ``(P,)``
        The people, each once.
    ranks, fpirs : sequence
        Ranks and FPIRs at which to report the DIR.
    confidence, draws, seed
        As in `himpc.evaluation.bootstrap_interval`.

    Raises
    ------
    DataError
        If sizes do not fit, distances are not finite, a person is enrolled twice, or there are no probes of enrolled or
        no probes of unknown people.
    ConfigError
        If a number is out of range.
    """
    if not ranks or min(ranks) < 1 or any(not 0 <= fpir <= 1 for fpir in fpirs):
        raise ConfigError(f"ranks must be 1 or more and fpirs lie in [0, 1], found {tuple(ranks)} and {tuple(fpirs)}")
    probes = _Probes.check(distances, probe_ids, enrolled)
    if not len(probes.of_unknown) or not len(probes.own):
        raise DataError(
            f"{len(probes.of_unknown)} of {len(distances)} probes show unknown people, expected some who are and some "
            "who are not enrolled",
            hint="for one kind alone use evaluate_threshold",
        )
    points = [(rank, fpir) for rank in ranks for fpir in fpirs]
    samples = [
        probes.detection(times, points)
        for times in resample_persons(probes.n_persons, draws, seed)
        if times[probes.own_person].any() and times[probes.unknown_person].any()
    ]
    thresholds = np.unique(np.concatenate([[-np.inf], probes.of_unknown, probes.own]))
    return OpenSetResult(
        thresholds=thresholds,
        fpir=_cumulative_share(probes.of_unknown, thresholds),
        fnir={
            rank: 1 - _cumulative_share(np.where(probes.rank <= rank, probes.own, np.inf), thresholds) for rank in ranks
        },
        dir=dict(zip(points, probes.detection(np.ones(probes.n_persons), points), strict=True)),
        dir_intervals={
            point: percentile_interval([sample[i] for sample in samples], confidence) for i, point in enumerate(points)
        },
        n_enrolled=len(probes.own),
        n_unknown=len(probes.of_unknown),
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
) -> ThresholdResult:
    """Compute the error rates at a threshold that was fixed before these probes were seen.

    A probe is identified as the nearest person if the distance is no larger than the threshold. Parameters are those of
    `evaluate_open_set`.

    Raises
    ------
    DataError
        If sizes do not fit, distances are not finite, or a person is enrolled twice.
    ConfigError
        If a number is out of range.
    """
    probes = _Probes.check(distances, probe_ids, enrolled)
    others = distances <= threshold
    others[probes.place, probes.column] = False
    impostors = distances.shape[1] - np.isin(np.arange(len(distances)), probes.place)
    compared = impostors > 0
    values = {
        "fmr": (others.sum(axis=1)[compared] / impostors[compared], probes.codes[compared]),
        "fpir": (probes.of_unknown <= threshold, probes.unknown_person),
        "fnir": (~((probes.own <= threshold) & (probes.rank == 1)), probes.own_person),
        "misidentified": ((probes.nearest_other <= threshold) & (probes.rank > 1), probes.own_person),
    }
    means, intervals = {}, {}
    for name, (per_probe, persons) in values.items():
        means[name] = float(per_probe.mean()) if len(per_probe) else float("nan")
        intervals[name] = (float("nan"), float("nan"))
        if len(per_probe):
            low, high = bootstrap_interval(
                per_probe.astype(np.float64), persons, confidence=confidence, draws=draws, seed=seed
            )
            intervals[name] = (float(low), float(high))
    return ThresholdResult(**means, intervals=intervals)


@dataclass(frozen=True, eq=False)
class _Probes:
    """Checked probes: E of enrolled people and U of unknown people."""

    codes: NDArray[np.int64]
    """The person of each probe as a number below `n_persons`, ``(Q,)``."""
    n_persons: int
    place: NDArray[np.int64]
    column: NDArray[np.int64]
    """`place`, `column`: row and column of the distance between each probe of an enrolled person and that person,
    ``(E,)``."""
    own: Floats
    nearest_other: Floats
    """`own`, `nearest_other`: distance to the own and to the nearest other person, ``(E,)``."""
    rank: NDArray[np.int64]
    """Rank of the own person, ``(E,)``."""
    own_person: NDArray[np.int64]
    of_unknown: Floats
    """Distance to the nearest person, ``(U,)``."""
    unknown_person: NDArray[np.int64]
    """`own_person`, `unknown_person`: the codes of the probes, ``(E,)``, ``(U,)``."""

    @classmethod
    def check(cls, distances: NDArray[np.floating], probe_ids: Labels, enrolled: Labels) -> _Probes:
        """Validate the arrays of an open-set evaluation, and find the enrolled person of each probe."""
        shape = (len(probe_ids), len(enrolled))
        if distances.shape != shape or 0 in shape or not np.isfinite(distances).all():
            raise DataError(
                f"distances have shape {distances.shape} for {shape[0]} probes and {shape[1]} people, expected one "
                "finite distance for each probe and person"
            )
        (codes, columns), n_persons = encode_labels(probe_ids, enrolled)
        if len(np.unique(columns)) < len(columns) or any(name is None for name in enrolled):
            raise DataError(
                f"{shape[1]} enrolled people of {len(np.unique(columns))} names, expected each once, none None"
            )
        same = codes[:, None] == columns
        place, column = np.nonzero(same)
        unknown = ~same.any(axis=1)
        own = distances[place, column].astype(np.float64)
        others = np.where(same[place], np.inf, distances[place])
        return cls(
            codes=codes,
            n_persons=n_persons,
            place=place,
            column=column,
            own=own,
            nearest_other=others.min(axis=1),
            rank=1 + (others <= own[:, None]).sum(axis=1),
            own_person=codes[place],
            of_unknown=distances[unknown].min(axis=1).astype(np.float64),
            unknown_person=codes[unknown],
        )

    def detection(self, times: Floats, points: Sequence[tuple[int, float]]) -> list[float]:
        """Compute the DIR at each (rank, FPIR) with weights of the people ``(n_persons,)``."""
        order = np.argsort(self.of_unknown, kind="stable")
        nearest, weight, own = self.of_unknown[order], times[self.unknown_person][order], times[self.own_person]
        passed = np.cumsum(weight)
        rates = []
        for rank, fpir in points:
            first = int(np.searchsorted(passed, fpir * passed[-1] + 1e-9, side="right"))
            limit = nearest[first] if first < len(nearest) else np.inf  # at this distance FPIR would be too high
            rates.append(float(own @ ((self.rank <= rank) & (self.own < limit)) / own.sum()))
        return rates


def _cumulative_share(values: Floats, thresholds: Floats) -> Floats:
    """Return the share of values up to and including each threshold."""
    share: Floats = np.searchsorted(np.sort(values), thresholds, side="right") / len(values)
    return share
