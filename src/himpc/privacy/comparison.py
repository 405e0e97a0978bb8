"""How an attacker compares recordings: by the identity prior, or by training on labelled recordings of other people."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.anonymization import measure_gait
from himpc.api import embed
from himpc.errors import HimpcError, LayoutWarning
from himpc.evaluation import pool_recordings
from himpc.learning import Config, train, whitening_matrix
from himpc.model import IdentityScoring, Model
from himpc.privacy.knowledge import Knowledge
from himpc.recordings import Recording, Windows, number_whole_recordings, to_common_layout
from himpc.skeleton import body_frame, centre, has_side_lines

__all__ = ["Comparer", "adapt_prior", "describe", "learn_from_others", "prior_comparer"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5
MIN_TRAINING_PEOPLE = 8
"""With fewer people in the data, no attacker trains on some to find the others."""

MAX_AXES = 40
MAX_JOINTS = 30
"""Of layouts with more joints, bones are described in place of all distances."""

_MIN_VARIANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Comparer:
    """Vectors of recordings, and how they are scored against people.

    Attributes
    ----------
    held, published : float64 array ``(M, R, D)``
        Vectors of the attacker's and of the published version of each of R recordings, under each of M models.
    scorings : tuple of IdentityScoring
        M.
    model : int array ``(F, F)``
        The model that compares a probe of a person of one fold with a person of another.
    fold : int array ``(P,)``
        The fold of each person.
    """

    held: Array
    published: Array
    scorings: tuple[IdentityScoring, ...]
    model: Ints
    fold: Ints

    @classmethod
    def by_distance(cls, held: Array, published: Array, persons: Ints) -> Comparer:
        """Compare descriptions as they are: all axes of the standardised rows differ as much between people."""
        rows = np.concatenate([held, published])
        scale = 1 / np.maximum(rows.std(axis=0), _MIN_VARIANCE)
        sides = [(each - rows.mean(axis=0)) * scale for each in (held, published)]
        scoring = IdentityScoring(np.ones(rows.shape[1]), np.ones(rows.shape[1]), noise=1.0)
        one = np.zeros((1, 1), dtype=np.int64)
        return cls(sides[0][None], sides[1][None], (scoring,), one, np.zeros(int(persons.max()) + 1, dtype=np.int64))

    def score(self, knowledge: Knowledge, persons: Ints) -> tuple[Array, Ints]:
        """Score the attacker's recordings against all people, each the mean of the published recordings.

        The own person is represented by the recordings that the attacker does not hold and that `knowledge` allows; a
        recording without any is no probe. Another person is represented likewise, or, without any, by all recordings,
        but by no more than the own person, chosen at random. Otherwise the own person, of whom the attacker holds one,
        would be found by the number of recordings.

        Parameters
        ----------
        knowledge : Knowledge
        persons : int array ``(R,)``
            The person of each recording, from 0 to P - 1.

        Returns
        -------
        scores : float64 array ``(Q, P)``
            Log-likelihood ratios of one person against two.
        probes : int array ``(Q,)``
            The recordings that are probes.
        """
        order = np.lexsort((np.random.default_rng(0).random(len(persons)), persons))
        sorted_persons = persons[order]
        starts = np.searchsorted(sorted_persons, np.arange(int(persons.max()) + 1))
        place = np.argsort(order)
        published = self.published[:, order]
        rows, probes = [], []
        for probe, own in enumerate(persons):
            usable = knowledge.eligible(probe)[order]
            usable[place[probe]] = False
            counts = np.add.reduceat(usable.astype(np.int64), starts)
            if not counts[own]:
                continue
            usable |= (counts == 0)[sorted_persons]
            rank = np.cumsum(usable)
            before = np.where(starts > 0, rank[starts - 1], 0)
            usable &= rank - before[sorted_persons] <= counts[own]
            rows.append(self._compare(probe, own, published * usable[:, None], usable, starts))
            probes.append(probe)
        return np.array(rows).reshape(-1, len(starts)), np.array(probes, dtype=np.int64)

    def _compare(self, probe: int, own: int, published: Array, usable: NDArray[np.bool_], starts: Ints) -> Array:
        """Score one recording against the sums of the published recordings of each person."""
        counts = np.add.reduceat(usable.astype(np.int64), starts)
        row = np.empty(len(starts))
        model_of = self.model[self.fold[own], self.fold]
        for model in np.unique(model_of):
            people = model_of == model
            means = np.add.reduceat(published[model], starts, axis=0)[people] / counts[people, None]
            row[people] = self.scorings[model].log_likelihood_ratio(
                self.held[model, probe], means, n_second=counts[people]
            )
        return row


def adapt_prior(recordings: Sequence[Recording]) -> tuple[Model | None, str]:
    """Adapt the identity prior to recordings, without labels; None, and the reason, where it does not apply."""
    config = Config.preset("tracklet").with_(prior="identity")
    try:
        common = to_common_layout(recordings)[0]
        windows = Windows.cut(common, config.window_length, config.training_stride)
        return train(windows, config, device="cpu").model, ""
    except HimpcError as error:
        return None, error.message


def prior_comparer(model: Model | None, held: Sequence[Recording], published: Sequence[Recording]) -> Comparer | None:
    """Compare by an adapted model; None if recordings do not have its joints."""
    if model is None or model.scoring is None:
        return None
    try:
        vectors = [_pool(model, each) for each in (held, published)]
    except HimpcError:
        return None
    one = np.zeros((1, 1), dtype=np.int64)
    count = len({recording.person for recording in held})
    return Comparer(vectors[0][None], vectors[1][None], (model.scoring,), one, np.zeros(count, dtype=np.int64))


def learn_from_others(
    held: Array, published: Array, training: Array, persons: Ints, *, seed: int = 0
) -> Comparer | None:
    """Learn to compare from labelled recordings of other people, and never of the two who are compared.

    People are divided into folds. A person of one fold is compared with one of another by a model of all other folds,
    and within a fold without the next one, so that all models have learned from as many people. So an attack on vectors
    that tell nothing stays at chance.

    Parameters
    ----------
    held, published, training : arrays ``(R, D)``
        Descriptions of the same recordings (`describe`): those of the attacker, those published, and those to learn
        from.
    persons : int array ``(R,)``
    seed : int
        Seed of the division into folds.

    Returns
    -------
    Comparer or None
        None with fewer than `MIN_TRAINING_PEOPLE` people, or where none of them has two recordings.
    """
    count = int(persons.max()) + 1
    if count < MIN_TRAINING_PEOPLE:
        return None
    fold = np.random.default_rng(seed).permutation(count) % FOLDS
    number = np.zeros((FOLDS, FOLDS), dtype=np.int64)
    models: list[tuple[Array, Array, IdentityScoring]] = []
    learned: dict[frozenset[int], int] = {}
    for first in range(FOLDS):
        for second in range(FOLDS):
            left_out = frozenset((first, second if second != first else (first + 1) % FOLDS))
            if left_out not in learned:
                rows = ~np.isin(fold[persons], list(left_out))
                model = _discriminate(training[rows], persons[rows])
                if model is None:
                    return None
                learned[left_out] = len(models)
                models.append(model)
            number[first, second] = learned[left_out]
    sides = [np.stack([(each - offset) @ axes for offset, axes, _ in models]) for each in (held, published)]
    return Comparer(sides[0], sides[1], tuple(scoring for *_, scoring in models), number, fold)


def describe(recordings: Sequence[Recording]) -> Array:
    """Describe recordings of one layout by pose, motion, distances and gait, ``(wholes, D)``; parts are averaged.

    The mean and standard deviation of the joints in the body frame, the mean distances between joints, and cadence,
    stride and speed, NaN where not known.
    """
    whole = number_whole_recordings(recordings)
    rows = np.stack([_describe(recording) for recording in recordings])
    gait = np.array([[g.cadence / 100, g.stride, g.speed] for g in map(measure_gait, recordings)])
    rows = np.hstack([rows, gait])
    weights = np.array([len(recording) for recording in recordings], dtype=np.float64)
    total = np.zeros((int(whole.max()) + 1, rows.shape[1]))
    np.add.at(total, whole, rows * weights[:, None])
    described: Array = total / np.bincount(whole, weights)[:, None]
    return described


def _describe(recording: Recording) -> Array:
    layout = recording.layout
    joints = centre(recording.joints.astype(np.float64), layout)
    if recording.dimensions == 3 and has_side_lines(layout):
        joints = body_frame(joints, layout).astype(np.float64)
    if len(layout) <= MAX_JOINTS:
        first, second = np.triu_indices(len(layout), 1)
    else:
        first, second = np.array(layout.bones).T
    distances = np.linalg.norm(joints[:, first] - joints[:, second], axis=-1).mean(axis=0)
    return np.concatenate([joints.mean(axis=0).ravel(), joints.std(axis=0).ravel(), distances])


def _discriminate(rows: Array, persons: Ints) -> tuple[Array, Array, IdentityScoring] | None:
    """Learn an offset, axes ``(D, K)`` and variances, on which the variance within people is 1."""
    from sklearn.covariance import ledoit_wolf

    people, index, counts = np.unique(persons, return_inverse=True, return_counts=True)
    freedom = len(rows) - len(people)
    if len(people) < 3 or freedom < 1:
        return None
    offset = rows.mean(axis=0)
    scale = 1 / np.maximum(rows.std(axis=0), _MIN_VARIANCE)
    _, sizes, directions = np.linalg.svd((rows - offset) * scale, full_matrices=False)
    kept = directions[sizes > 1e-6 * max(sizes[0], _MIN_VARIANCE)][:MAX_AXES].T * scale[:, None]
    reduced = (rows - offset) @ kept
    means = np.stack([reduced[index == number].mean(axis=0) for number in range(len(people))])
    within = ledoit_wolf(reduced - means[index], assume_centered=True)[0] * len(rows) / freedom
    whitening = whitening_matrix(within, min_share=0.0, min_variance=_MIN_VARIANCE)
    spread = np.atleast_2d(np.cov((means @ whitening).T)) - np.eye(len(within)) * float((1 / counts).mean())
    between, axes = np.linalg.eigh(spread)
    useful = between > 1e-3
    if not useful.any():
        return None
    size = int(useful.sum())
    padding = (0, MAX_AXES - size)  # models differ in their numbers of axes
    scoring = IdentityScoring(np.pad(np.ones(size), padding), np.pad(between[useful], padding), noise=1.0)
    return offset, np.pad(kept @ whitening @ axes[:, useful], ((0, 0), padding)), scoring


def _pool(model: Model, recordings: Sequence[Recording]) -> Array:
    """Return one vector per whole recording."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LayoutWarning)
        embedded = embed(model, recordings)
    whole = number_whole_recordings(recordings)
    pooled = pool_recordings(
        embedded.vectors, whole[embedded.windows.recording], int(whole.max()) + 1, model.pose_scale
    )
    return pooled.astype(np.float64)
