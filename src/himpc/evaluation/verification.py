"""Verification: rates of false matches and false non-matches between recordings, over all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.bootstrap import percentile_interval, resample_persons
from himpc.evaluation.label_codes import Labels, encode_labels

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ErrorRates:
    """Error rates over all thresholds t; a comparison matches if its distance is t or less (ISO/IEC 19795-1).

    Attributes
    ----------
    thresholds : array ``(T,)``
        Minus infinity, at which nothing matches, then all different distances, ascending.
    fmr : array ``(T,)``
        False match rate, in [0, 1], ascending: the share of impostor comparisons that match.
    fnmr : array ``(T,)``
        False non-match rate, in [0, 1], descending: the share of genuine comparisons that do not match.
    """

    thresholds: Floats
    fmr: Floats
    fnmr: Floats

    @property
    def tmr(self) -> Floats:
        """True match rate, ``1 - fnmr``; plotted over `fmr` it is the ROC curve."""
        return 1 - self.fnmr

    @property
    def eer(self) -> float:
        """Equal error rate, in [0, 1], interpolated linearly between the two thresholds at which FMR and FNMR cross.

        0 if all genuine pairs are nearer than all impostors, 0.5 by chance.
        """
        after = int(np.argmax(self.fmr >= self.fnmr))  # at minus infinity FMR is 0 and FNMR 1, at the end 1 and 0
        gap = self.fnmr - self.fmr
        share = gap[after - 1] / (gap[after - 1] - gap[after])
        return float(self.fmr[after - 1] + share * (self.fmr[after] - self.fmr[after - 1]))

    def fnmr_at(self, fmr: float) -> float:
        """Return the FNMR at the largest threshold whose FMR is no higher than `fmr`.

        Raises
        ------
        ConfigError
            If `fmr` does not lie in [0, 1].
        """
        if not 0 <= fmr <= 1:
            raise ConfigError(f"fmr must lie in [0, 1], found {fmr}")
        return float(self.fnmr[np.searchsorted(self.fmr, fmr + 1e-12, side="right") - 1])

    def det(self) -> tuple[Floats, Floats]:
        """Compute the DET curve: normal deviates of FMR and FNMR at the thresholds where neither is 0 or 1.

        Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
        """
        from scipy.special import ndtri

        inside = (self.fmr > 0) & (self.fmr < 1) & (self.fnmr > 0) & (self.fnmr < 1)
        return ndtri(self.fmr[inside]), ndtri(self.fnmr[inside])


@dataclass(frozen=True, eq=False)
class VerificationResult:
    """The result of `evaluate_verification`.

    Attributes
    ----------
    rates : ErrorRates
    eer : float
    fnmr : dict of float to float
        FNMR at each requested FMR.
    eer_interval : (low, high)
    fnmr_intervals : dict of float to (low, high)
        NaN if all comparisons show one person.
    n_genuine, n_impostor, n_persons : int
    """

    rates: ErrorRates
    eer: float
    fnmr: dict[float, float]
    eer_interval: tuple[float, float]
    fnmr_intervals: dict[float, tuple[float, float]]
    n_genuine: int
    n_impostor: int
    n_persons: int


def error_rates(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> ErrorRates:
    """Compute the error rates of two lists of distances.

    Parameters
    ----------
    genuine, impostor : array ``(M,)``, ``(K,)``
        Distances between two recordings of one person, and of two people.

    Raises
    ------
    DataError
        If a list is empty, or has values that are not finite.

    Examples
    --------
    >>> rates = error_rates(np.array([1.0, 2.0]), np.array([2.0, 3.0, 4.0, 5.0]))
    >>> rates.thresholds, rates.fmr, rates.fnmr
    (array([-inf,   1.,   2.,   3.,   4.,   5.]), array([0.  , 0.  , 0.25, 0.5 , 0.75, 1.  ]), \
array([1. , 0.5, 0. , 0. , 0. , 0. ]))
    >>> rates.fnmr_at(0.01)
    0.5
    """
    return _Pooled(genuine, impostor).rates(np.ones(len(genuine)), np.ones(len(impostor)))


def evaluate_verification(
    distances: NDArray[np.floating],
    probe_ids: Labels,
    gallery_ids: Labels,
    *,
    fmrs: Sequence[float] = (0.001, 0.01, 0.1),
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> VerificationResult:
    """Compare every probe with every entry of the gallery and compute the error rates.

    Comparisons that share a person are not independent. So intervals come from a bootstrap over persons: the weight of
    a genuine comparison is the number of times its person was drawn, that of an impostor comparison the product for its
    two people (Snijders and Borgatti, "Non-parametric standard errors and tests for network statistics", Connections,
    1999).

    Parameters
    ----------
    distances : array ``(Q, G)``
        From probes to the entries of the gallery, recordings or people.
    probe_ids, gallery_ids : sequence ``(Q,)``, ``(G,)``
        The person of each. None: an unknown person, different from all others.
    fmrs : sequence of float
        FMRs at which to report the FNMR.
    confidence, draws, seed
        As in `himpc.evaluation.bootstrap_interval`.

    Raises
    ------
    DataError
        If sizes do not fit, distances are not finite, or there is no genuine or no impostor comparison.
    ConfigError
        If a number is out of range.
    """
    if distances.shape != (len(probe_ids), len(gallery_ids)):
        raise DataError(
            f"distances have shape {distances.shape} for {len(probe_ids)} probes, {len(gallery_ids)} entries, expected "
            "one for each of both"
        )
    (probe, gallery), n_persons = encode_labels(probe_ids, gallery_ids)
    same = probe[:, None] == gallery
    left, right = np.broadcast_to(probe[:, None], same.shape), np.broadcast_to(gallery, same.shape)
    own, first, second = left[same], left[~same], right[~same]
    pooled = _Pooled(distances[same], distances[~same])
    rates = pooled.rates(np.ones(len(own)), np.ones(len(first)))
    samples = []
    for times in resample_persons(n_persons, draws, seed):
        genuine, impostor = times[own], times[first] * times[second]
        if genuine.any() and impostor.any():
            samples.append(_eer_and_fnmrs(pooled.rates(genuine, impostor), fmrs))
    intervals = [percentile_interval([sample[i] for sample in samples], confidence) for i in range(1 + len(fmrs))]
    eer, *fnmrs = _eer_and_fnmrs(rates, fmrs)
    return VerificationResult(
        rates=rates,
        eer=eer,
        fnmr=dict(zip(fmrs, fnmrs, strict=True)),
        eer_interval=intervals[0],
        fnmr_intervals=dict(zip(fmrs, intervals[1:], strict=True)),
        n_genuine=len(own),
        n_impostor=len(first),
        n_persons=n_persons,
    )


def _eer_and_fnmrs(rates: ErrorRates, fmrs: Sequence[float]) -> list[float]:
    """Return the EER, then the FNMR at each FMR."""
    return [rates.eer, *(rates.fnmr_at(fmr) for fmr in fmrs)]


class _Pooled:
    """Genuine and impostor distances sorted once, for error rates with different weights."""

    def __init__(self, genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> None:
        for name, distances in (("genuine", genuine), ("impostor", impostor)):
            if distances.ndim != 1 or not len(distances) or not np.isfinite(distances).all():
                raise DataError(
                    f"{name} comparisons have shape {distances.shape}, expected a list of one or more finite distances"
                )
        distances = np.concatenate([genuine, impostor]).astype(np.float64)
        self.order = np.argsort(distances, kind="stable")
        self.is_genuine = self.order < len(genuine)
        values = distances[self.order]
        self.last = np.flatnonzero(np.diff(values, append=np.inf) > 0)  # equal distances match together
        self.thresholds = np.concatenate([[-np.inf], values[self.last]])

    def rates(self, genuine: Floats, impostor: Floats) -> ErrorRates:
        """Compute the error rates with a weight per comparison, of which some are above 0."""
        weights = np.concatenate([genuine, impostor])[self.order]
        matched = [
            np.cumsum(weights * side)[self.last] / weights[side].sum() for side in (self.is_genuine, ~self.is_genuine)
        ]
        tmr, fmr = (np.concatenate([[0.0], np.minimum(side, 1.0)]) for side in matched)
        return ErrorRates(self.thresholds, fmr, 1 - tmr)
