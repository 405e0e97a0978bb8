"""Measures of the risk that a person is found again, as pure functions of scores.

A probe is a recording that the attacker holds. ``scores[q, j]`` compares probe q with the published recordings of
person j, and is higher the more likely they show one person. ``own[q]`` is the column of the true person of probe q.

References
----------
[1] Article 29 Data Protection Working Party: Opinion 05/2014 on Anonymisation Techniques (WP216).
[2] Vauquier, Srivastava, Hosseini, Vincent: Legally validated evaluation framework for voice anonymization.
    Interspeech 2025.
[3] Cohen, Nissim: Towards formalizing the GDPR's notion of singling out. PNAS 117 (2020).
[4] Gomez-Barrero, Galbally, Rathgeb, Busch: General framework to evaluate unlinkability in biometric template
    protection systems. IEEE Transactions on Information Forensics and Security 13 (2018).
[5] Maouche et al.: A comparative study of speech anonymization metrics. Interspeech 2020.
[6] Serjantov, Danezis: Towards an information theoretic metric for anonymity. PET 2002. Diaz, Seys, Claessens, Preneel:
    Towards measuring anonymity. PET 2002.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["anonymity_set", "linkability", "own_rank", "singled_out"]

Array = NDArray[np.float64]
Columns = NDArray[np.integer]

_SLOPES = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 61)])
"""Slopes b to choose from. Their unit is the median, over probes, of the best score minus the median score."""

_LAPSES = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9])
"""Lapse rates e to choose from: the share of probes whose scores hold no information."""


def own_rank(scores: Array, own: Columns) -> NDArray[np.int64]:
    """Compute the rank of the true person of each probe, ``(Q,)``, from 1; equal scores count against the attacker."""
    _check(scores, own)
    better = scores >= _own(scores, own)[:, None]
    ranks: NDArray[np.int64] = np.maximum(better.sum(axis=1), 1)
    return ranks


def singled_out(scores: Array, own: Columns) -> NDArray[np.bool_]:
    """Decide for each probe whether the attacker isolates exactly one person, and the right one, ``(Q,)``.

    For N people, the attacker claims every person whose score is among the highest 1 / N of all scores [2, 3]. Unlike
    there, the one person claimed must be the true one, so that guessing gives exp(-1) / N instead of exp(-1). A perfect
    attacker has 1.
    """
    _check(scores, own)
    highest = np.sort(scores, axis=None)[::-1]
    threshold = (highest[len(own) - 1] + highest[len(own)]) / 2
    claimed = scores > threshold
    isolated: NDArray[np.bool_] = (claimed.sum(axis=1) == 1) & claimed[np.arange(len(own)), own]
    return isolated


def linkability(scores: Array, own: Columns) -> Array:
    """Compute the linkability of each probe with its own person, ``(Q,)``, in [0, 1]; its mean is D_sys [4, 5].

    With the likelihood ratio r of the own score (one person against two) and equal priors, it is
    ``max(0, (r - 1) / (r + 1))``. Scores are mapped so that those of two people have the standard normal density, which
    does not change r. The density of own scores is a Gaussian kernel estimate without the score itself, in place of a
    histogram, because there are few.
    """
    from scipy.special import ndtri

    _check(scores, own)
    impostors = np.sort(_impostors(scores, own))
    values = _own(scores, own)
    below = np.searchsorted(impostors, values, side="left") + np.searchsorted(impostors, values, side="right")
    mapped = ndtri((below / 2 + 0.5) / (len(impostors) + 1))
    if len(values) < 2:
        return np.full(len(values), np.nan)
    deviation = min(float(mapped.std(ddof=1)), float(np.subtract(*np.quantile(mapped, [0.75, 0.25]))) / 1.34) or 0.1
    width = max(0.9 * deviation * len(values) ** -0.2, 0.1)
    kernels = np.exp(-0.5 * ((mapped[:, None] - mapped) / width) ** 2) / width
    np.fill_diagonal(kernels, 0.0)
    ratio = kernels.sum(axis=1) / (len(values) - 1) / np.exp(-0.5 * mapped**2)
    linked: Array = np.maximum(0.0, (ratio - 1) / (ratio + 1))
    return linked


def anonymity_set(scores: Array, own: Columns) -> Array:
    """Compute the effective size of the anonymity set of each probe, ``(Q,)``, from 1 to N.

    It is 2 to the power of the entropy, in bits, of the attacker's probabilities of the N people [6]. The probabilities
    are a softmax of b times the scores, mixed with the uniform distribution with weight e. The slope b and the lapse
    rate e have the maximum likelihood for the true people, so scores without information give N.
    """
    probabilities = _probabilities(scores, own)
    entropy = -(probabilities * np.log(np.maximum(probabilities, np.finfo(float).tiny))).sum(axis=1)
    sizes: Array = np.exp(entropy)
    return sizes


def _probabilities(scores: Array, own: Columns) -> Array:
    """Return the attacker's probability of each person for each probe, ``(Q, N)``."""
    from scipy.special import softmax

    _check(scores, own)
    below = scores - scores.max(axis=1, keepdims=True)
    below /= max(float(np.median(-np.median(below, axis=1))), np.finfo(float).tiny)
    n_people = scores.shape[1]
    likelihoods = np.stack([_own(softmax(slope * below, axis=1), own) for slope in _SLOPES])
    mixed = (1 - _LAPSES[:, None]) * likelihoods[:, None] + _LAPSES[:, None] / n_people
    evidence = np.log(np.maximum(mixed, np.finfo(float).tiny)).mean(axis=-1)
    slope, lapse = np.unravel_index(int(evidence.argmax()), evidence.shape)
    calibrated: Array = softmax(_SLOPES[slope] * below, axis=1)
    probabilities: Array = (1 - _LAPSES[lapse]) * calibrated + _LAPSES[lapse] / n_people
    return probabilities


def _own(scores: Array, own: Columns) -> Array:
    values: Array = scores[np.arange(len(own)), own]
    return values


def _impostors(scores: Array, own: Columns) -> Array:
    others = np.ones(scores.shape, dtype=bool)
    others[np.arange(len(own)), own] = False
    return scores[others]


def _check(scores: Array, own: Columns) -> None:
    if scores.ndim != 2 or scores.shape[1] < 2 or own.shape != (len(scores),) or not len(scores):
        raise DataError(f"scores have shape {scores.shape} for {own.shape} probes, expected (probes, 2 people or more)")
    if not np.isfinite(scores).all():
        raise DataError("scores hold values that are not finite")
    if not 0 <= own.min() <= own.max() < scores.shape[1]:
        raise DataError(f"own columns are {own.min()} to {own.max()}, expected 0 to {scores.shape[1] - 1}")
