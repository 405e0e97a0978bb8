"""Which person each recording shows, judged by all other recordings together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from himpc.auditing.evidence import PersonMeans, Space, fit_space, log_ratio

__all__ = ["Judgement", "judge_labels"]

FOLDS = 20
"""People are divided into at most this many folds; a fold is judged by axes that were estimated without its people."""

MAX_ROUNDS = 25

FEW_RECORDINGS = 8
"""Of a person with at most this many, each may be the wrong one, and is left out in turn."""

SHARE_OF_WRONG_REFERENCES = 0.03
"""Prior probability that a given recording among the references of a person has a wrong label."""

SHARE_OF_UNKNOWN = 0.2
"""Prior share of wrong labels whose true person has no other recording."""

WEIGHT_OF_UNKNOWN = 0.05
"""Weight of the unknown person in the likelihood of the labels, relative to one of the people."""

TYPICAL_SLOPE, SLOPE_SPREAD = 0.35, 0.3
"""Median and logarithmic standard deviation of the prior of the slope: few labels say little about it."""

SLOPES = np.geomspace(0.02, 1.0, 18)
RATES = np.array([0.005, 0.01, 0.02, 0.04, 0.08])
OFFSETS = np.array([0.0, -5.0, -10.0, -20.0, -40.0, -80.0])
"""Values that the calibration chooses from: factor of log-likelihood ratios, share of wrong labels, and the evidence,
in nats, that an unknown person has against those of the data."""

MAX_EXPONENT = 600.0

OWN_ROWS = 64
"""Recordings that are compared at once with their own people, each without itself."""

BLOCK_BYTES = 2**26
"""Memory of a block of rows of the comparisons without one recording."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

Move = tuple[float, tuple[tuple[int, int], ...]]
"""The gain in log-probability, and recordings with the people that they are moved to."""


@dataclass(frozen=True)
class Calibration:
    """How evidence becomes probabilities, estimated from the labels that are judged."""

    slope: float
    rate: float
    offset: float


@dataclass(frozen=True, eq=False)
class Judgement:
    """The result of `judge_labels`.

    Attributes
    ----------
    wrong : float64 array ``(R,)``
        Probability that the label of each recording is wrong.
    differs : float64 array ``(R,)``
        Probability that it does not show the person of the other recordings with its label. It equals `wrong`, but for
        exchangeable recordings, whose label is as likely right as wrong.
    evidence : float64 array ``(R, P)``
        Log-likelihood ratio, times the slope, of each person against an unknown one; the recording itself, and its
        copies, are in no reference.
    people : int64 array ``(R,)``
        The most likely person of each recording; -1 for an unknown one.
    exchangeable : bool array ``(R,)``
        Recordings of two groups of one size, of which one has wrong labels; nothing says which.
    calibration : Calibration
    """

    wrong: Array
    differs: Array
    evidence: Array
    people: Numbers
    exchangeable: NDArray[np.bool_]
    calibration: Calibration


def judge_labels(vectors: Array, between: Array, noise: float, labels: Numbers, copy_of: Numbers) -> Judgement:
    """Judge the label of each recording by all other recordings.

    Recordings are moved to the person that they fit best, the clearest first, and all are compared again, until none
    moves: so a wrong label does not spoil the person that it names. Factor, offset and share of wrong labels are those
    under which the labels are most likely.

    Parameters
    ----------
    vectors : array ``(R, D)``
    between : array ``(D,)``
    noise : float
        See `himpc.auditing.evidence.fit_space`.
    labels : int array ``(R,)``
        Person of each recording, from 0.
    copy_of : int array ``(R,)``
        The recording that each is a copy of; itself if it is none. A copy is judged as that recording is.
    """
    rows = np.arange(len(vectors))
    n_people = int(labels.max()) + 1
    people = np.where(copy_of == rows, labels, -1)
    for number in range(MAX_ROUNDS + 1):
        ratios, left_out = _compare(vectors, between, noise, labels, people, n_people)
        evidence, calibration = _calibrate(ratios[copy_of], left_out, copy_of, labels)
        shares = _shares(evidence, labels, calibration)
        moves = _find_moves(people, shares) + _find_swaps(people, evidence, left_out, calibration)
        if number == MAX_ROUNDS or not _apply(moves, people, labels, copy_of == rows):
            break
    best = shares.argmax(axis=1)
    found = np.where(best == n_people, -1, best)
    differs = 1 - shares[rows, labels]
    exchangeable = _find_exchangeable(labels, found)
    return Judgement(np.where(exchangeable, 0.5, differs), differs, evidence, found, exchangeable, calibration)


@dataclass(frozen=True, eq=False)
class _LeftOut:
    """Comparisons with people without one of their recordings, of whom there are few (`FEW_RECORDINGS`).

    Attributes
    ----------
    recordings : int64 array ``(C,)``
        Those that are left out in turn, ordered by person.
    starts : int64 array ``(K,)``
        Where each person begins among them.
    people : int64 array ``(K,)``
    ratios : float32 array ``(R, C)``
        Log-likelihood ratio of each recording with the person of the one that is left out; NaN if there is none.
    """

    recordings: Numbers
    starts: Numbers
    people: Numbers
    ratios: NDArray[np.float32]

    @classmethod
    def of_people(cls, people: Numbers) -> _LeftOut:
        """Return the comparisons to be made, given the person of each recording, or -1."""
        counts = np.bincount(people[people >= 0], minlength=1)
        of_few = (people >= 0) & np.isin(people, np.flatnonzero((counts >= 2) & (counts <= FEW_RECORDINGS)))
        chosen = np.flatnonzero(of_few)
        chosen = chosen[np.argsort(people[chosen], kind="stable")]
        present, starts = np.unique(people[chosen], return_index=True)
        return cls(chosen, starts, present, np.full((len(people), len(chosen)), np.nan, dtype=np.float32))

    def blocks(self, count: int) -> Iterator[slice]:
        """Yield consecutive blocks of `count` rows, of bounded memory."""
        step = max(1, BLOCK_BYTES // (8 * max(1, len(self.recordings))))
        yield from (slice(start, start + step) for start in range(0, count, step))


def _compare(
    vectors: Array, between: Array, noise: float, labels: Numbers, people: Numbers, n_people: int
) -> tuple[Array, _LeftOut]:
    """Compare each recording with each person ``(R, P)``, and with people without one recording."""
    ratios = np.zeros((len(vectors), n_people))
    left_out = _LeftOut.of_people(people)
    fold = np.arange(n_people) % min(FOLDS, n_people)
    for number in range(int(fold.max()) + 1):
        judged = np.flatnonzero(fold[labels] == number)
        others = np.where((people >= 0) & (fold[labels] != number) & (fold[people] != number), people, -1)
        space = fit_space(vectors, between, noise, others)
        _compare_in_space(vectors @ space.axes, space, people, judged, ratios, left_out)
    return ratios, left_out


def _compare_in_space(
    vectors: Array, space: Space, people: Numbers, judged: Numbers, ratios: Array, left_out: _LeftOut
) -> None:
    """Fill in the rows of some recordings."""
    members, n_people = people >= 0, ratios.shape[1]
    counts = np.bincount(people[members], minlength=n_people).astype(np.float64)
    sums = np.zeros((n_people, vectors.shape[1]))
    np.add.at(sums, people[members], vectors[members])

    def without(rows: Numbers) -> PersonMeans:
        return _means(sums[people[rows]] - vectors[rows], counts[people[rows]] - 1)

    ratios[judged] = log_ratio(space, _means(sums, counts), vectors[judged])
    left_out.ratios[judged] = log_ratio(space, without(left_out.recordings), vectors[judged])
    own = judged[members[judged]]
    for rows in np.array_split(own, -(-len(own) // OWN_ROWS) or 1):
        ratios[rows, people[rows]] = log_ratio(space, without(rows), vectors[rows]).diagonal()
    place = np.searchsorted(left_out.people, people)
    for index in own[np.isin(people[own], left_out.people)]:
        person = people[index]
        begin = left_out.starts[place[index]]
        mates = left_out.recordings[begin : begin + int(counts[person])]
        left = _means(sums[person] - vectors[index] - vectors[mates], np.full(len(mates), counts[person] - 2))
        of_mates = log_ratio(space, left, vectors[index : index + 1])[0]
        left_out.ratios[index, begin : begin + len(mates)] = np.where(mates == index, np.nan, of_mates)


def _means(sums: Array, counts: Array) -> PersonMeans:
    return PersonMeans(sums / np.maximum(counts, 1)[:, None], np.maximum(counts, 0))


def _calibrate(ratios: Array, left_out: _LeftOut, copy_of: Numbers, labels: Numbers) -> tuple[Array, Calibration]:
    """Choose factor, share of wrong labels and offset by the likelihood of the labels, with priors of all three."""
    best = (-np.inf, np.zeros((0, 0)), Calibration(1.0, 0.01, 0.0))
    for slope in SLOPES:
        evidence = _allow_wrong_references(ratios, left_out, copy_of, float(slope))
        prior = -0.5 * (np.log(slope / TYPICAL_SLOPE) / SLOPE_SPREAD) ** 2
        of_own, of_all = evidence[np.arange(len(labels)), labels], logsumexp(evidence, axis=1)
        for offset in OFFSETS:
            # The share of the labelled person among all people and an unknown one, without regard to the label.
            unknown = slope * offset + np.log(WEIGHT_OF_UNKNOWN * evidence.shape[1])
            own = np.exp(of_own - np.logaddexp(of_all, unknown))
            for rate in RATES:
                likelihood = np.log((1 - rate) * own + rate * (1 - own) / max(evidence.shape[1] - 1, 1)).sum()
                value = likelihood + prior + offset / 5 + np.log(rate) + 59 * np.log1p(-rate)
                if value > best[0]:
                    best = value, evidence, Calibration(float(slope), float(rate), float(offset))
    return best[1], best[2]


def _allow_wrong_references(ratios: Array, left_out: _LeftOut, copy_of: Numbers, slope: float) -> Array:
    """Scale the evidence by the slope, and average it over which one recording of the person has a wrong label."""
    whole = np.exp(np.minimum(slope * ratios, MAX_EXPONENT))
    for rows in left_out.blocks(len(whole)) if len(left_out.starts) else ():
        without = left_out.ratios[copy_of[rows]].astype(np.float64)
        is_known = ~np.isnan(without)
        likelihood = np.where(is_known, np.exp(np.minimum(slope * np.where(is_known, without, 0), MAX_EXPONENT)), 0)
        total = np.add.reduceat(likelihood, left_out.starts, axis=1)
        count = np.add.reduceat(is_known.astype(np.float64), left_out.starts, axis=1)
        share = np.minimum(SHARE_OF_WRONG_REFERENCES * count, 0.5)
        mean = total / np.maximum(count, 1)
        whole[rows, left_out.people] = (1 - share) * whole[rows, left_out.people] + share * mean
    evidence: Array = np.log(whole + np.finfo(np.float64).tiny)
    return evidence


def _shares(evidence: Array, labels: Numbers, calibration: Calibration) -> Array:
    """Compute the posterior probability of each person and of an unknown one, ``(R, P + 1)``, given the labels."""
    rows, n_people = np.arange(len(labels)), evidence.shape[1]
    rate = calibration.rate
    logits = np.empty((len(labels), n_people + 1))
    logits[:, :n_people] = evidence + np.log(rate * (1 - SHARE_OF_UNKNOWN) / max(n_people - 1, 1))
    logits[:, n_people] = calibration.slope * calibration.offset + np.log(rate * SHARE_OF_UNKNOWN)
    logits[rows, labels] = evidence[rows, labels] + np.log1p(-rate)
    return _softmax(logits)


def _softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: Array = shares / shares.sum(axis=1, keepdims=True)
    return normalised


def _find_moves(people: Numbers, shares: Array) -> list[Move]:
    """Find the recordings that more likely show another person than the one that they are assigned to."""
    unknown, tiny = shares.shape[1] - 1, np.finfo(np.float64).tiny
    best = shares.argmax(axis=1)
    current = shares[np.arange(len(people)), np.where(people < 0, unknown, people)]
    gains = np.log(shares.max(axis=1) + tiny) - np.log(current + tiny)
    target = np.where(best == unknown, -1, best)
    changed = np.flatnonzero((target != people) & (gains > 0))
    return [(float(gains[i]), ((int(i), int(target[i])),)) for i in changed]


def _find_swaps(people: Numbers, evidence: Array, left_out: _LeftOut, calibration: Calibration) -> list[Move]:
    """Find pairs of recordings that fit better after they exchange their people.

    Of people with few recordings, one that has the wrong label hides the other. Each is therefore compared with the
    person of the other without that one.
    """
    chosen = left_out.recordings
    own = evidence[chosen, people[chosen]]
    prior = np.log(calibration.rate / (2 * len(people)))
    moves: list[Move] = []
    for rows in left_out.blocks(len(chosen)):
        both = left_out.ratios[chosen[rows]].astype(np.float64) + left_out.ratios[:, rows][chosen].T
        gains = calibration.slope * both - own[rows, None] - own[None, :] + prior
        usable = (chosen[rows, None] < chosen[None, :]) & (people[chosen[rows], None] != people[None, chosen])
        for first, second in np.argwhere(usable & (gains > 0)).tolist():  # a NaN is not above 0
            i, j = int(chosen[rows.start + first]), int(chosen[second])
            moves.append((float(gains[first, second]), ((i, int(people[j])), (j, int(people[i])))))
    return moves


def _apply(moves: list[Move], people: Numbers, labels: Numbers, is_original: NDArray[np.bool_]) -> bool:
    """Make the moves with the largest gains, none of which involves a person of another; return whether any is made."""
    involved: set[int] = set()
    is_moved = False
    for _, steps in sorted(moves, key=lambda move: (-move[0], move[1])):
        own = {int(each) for index, target in steps for each in (people[index], target, labels[index]) if each >= 0}
        if not own & involved and all(is_original[index] for index, _ in steps):
            involved |= own
            is_moved = True
            for index, target in steps:
                people[index] = target
    return is_moved


def _find_exchangeable(labels: Numbers, found: Numbers) -> NDArray[np.bool_]:
    """Find pairs of people of whom as many recordings were moved from one to the other as stayed.

    To move the others instead would explain all labels as well. The same holds for one person of whom half of the
    recordings fit no person.
    """
    exchangeable = np.zeros(len(labels), dtype=bool)
    moved = np.flatnonzero(labels != found)
    for first, second in sorted({(min(a, b), max(a, b)) for a, b in zip(labels[moved], found[moved], strict=True)}):
        of_pair = np.isin(labels, (first, second)) & np.isin(found, (first, second))
        if first < 0:
            of_pair = (labels == second) & np.isin(found, (-1, second))
        changed = of_pair & (labels != found)
        if 2 * changed.sum() >= of_pair.sum() and (first < 0 or len(set(labels[changed])) == 2):
            exchangeable |= of_pair
    return exchangeable
