"""Whether groups of recordings are people, or the sides from which people were seen; and what a side does to a body.

A pose estimator draws one person differently from the front, from behind and from the side (docs/video.md). All of this
is label-free: the headings are measured, and the groups were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout, body_frame, centre
from himpc.skeleton import headings as body_headings

__all__ = [
    "MIN_SPANNING",
    "ViewCheck",
    "add_in_body_frame",
    "check_views",
    "heading_vectors",
    "is_seen_from_one_side",
    "remove_view_effect",
]

SAME_VIEW_DEGREES, OTHER_VIEW_DEGREES = 55.0, 70.0
"""Difference of the headings of two groups up to which they are seen from one side, and from which from two."""

MIN_CONCENTRATION = 0.8
"""Length of the mean heading of a group, as unit vectors, from which it is seen from one side: within about 35 degrees.
"""

MIN_RATIO = 1.6
"""Mean squared distance of groups that are seen from two sides, relative to that of groups seen from one, from which
the side changes a body about as much as the person does. Of simulated people seen by an exact estimator it is 0.4 to
1.4, of bodies as MediaPipe draws them from several sides 3 to 6, and 1.9 where some of the people turn."""

MIN_SPANNING = 0.5
"""Share of the recordings in groups that are seen from several sides from which groups do not follow views."""

MAX_P_VALUE = 0.05
"""Share of permutations of the headings with such a ratio above which it may be chance."""

MAX_TESTED, PERMUTATIONS = 200, 999
"""Maximum number of groups, evenly spaced, and the number of permutations by which they are tested."""

RIDGE = 0.02
"""Regularisation of the effect of the heading, relative to the variance of unit vectors."""

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Verdict = Literal["people", "views", "unclear"]


@dataclass(frozen=True)
class ViewCheck:
    """The result of `check_views`.

    Attributes
    ----------
    verdict : {"people", "views", "unclear"}
        "views" if groups seen from two sides are farther apart than people are; "unclear" if groups differ as the sides
        do, and people who each face one way would look the same; otherwise "people".
    groups : int
        The number of groups that were seen from one side each.
    spanning : float
        The share of the recordings in groups that were seen from several sides.
    ratio : float or None
        The mean squared distance of groups that are seen from two sides, relative to that of groups seen from one side;
        None if there are no two of the latter.
    p_value : float or None
        The share of permutations of the headings with a ratio as large.
    """

    verdict: Verdict
    groups: int
    spanning: float = 0.0
    ratio: float | None = None
    p_value: float | None = None

    @property
    def certainty(self) -> float:
        """The factor of the confidence of groups that are seen from one side: people or views are equally likely."""
        return 1.0 if self.verdict == "people" else 0.5

    @property
    def warning(self) -> str:
        """The warning about groups that follow views; empty if there is none."""
        if self.verdict == "people":
            return ""
        found = f"each of {self.groups} groups is seen from another side"
        if self.ratio is not None:
            times = f"{np.sqrt(min(self.ratio, 1e6)):.1f} times"
            found = f"groups seen from different sides are {times} as far apart as groups seen from one side"
        if self.verdict == "views":
            return f"{found}: they follow the side more than the person, and one person may be in several groups"
        return (
            f"{found}: people, and views of the same people, cannot be distinguished; add recordings of each person "
            "from several sides"
        )


def heading_vectors(degrees: Sequence[Array], whole: NDArray[np.int64]) -> Complex:
    """Compute the mean heading of each whole recording relative to the camera.

    Parameters
    ----------
    degrees : sequence of float64 array ``(frames,)``
        The headings of each recording (`himpc.recordings.camera_headings`).
    whole : int64 array
        The whole recording of each (`himpc.recordings.number_whole_recordings`).

    Returns
    -------
    complex128 array ``(R,)``
        The mean of unit vectors, whose angle is 0 towards the camera; NaN where it is not known. It is short where a
        body turns.
    """
    sums = np.zeros(int(whole.max(initial=-1)) + 1, dtype=np.complex128)
    counts = np.zeros(len(sums))
    for number, each in zip(whole.tolist(), degrees, strict=True):
        known = np.radians(each[np.isfinite(each)])
        sums[number] += np.exp(1j * known).sum()
        counts[number] += len(known)
    with np.errstate(invalid="ignore"):
        vectors: Complex = np.where(counts > 0, sums / counts, np.nan)
    return vectors


def check_views(vectors: Array, groups: NDArray[np.int64], headings: Complex, *, seed: int = 0) -> ViewCheck:
    """Check whether groups are people, or the sides from which people were seen.

    Only groups that are seen from one side count. If the side does nothing to a body, groups that are seen from two
    sides are as far apart as groups that are seen from one, however people were filmed: their headings can be permuted.

    Parameters
    ----------
    vectors : array ``(R, D)``
        The vectors by which the recordings were compared; rows of NaN are left out.
    groups : int array ``(R,)``
        The group of each recording.
    headings : complex array ``(R,)``
        See `heading_vectors`.
    seed : int
        Seed of the permutations.

    Returns
    -------
    ViewCheck
    """
    used = np.isfinite(vectors).all(axis=1) & np.isfinite(headings)
    names, facing = _mean_headings(groups[used], headings[used])
    one_side = np.flatnonzero(np.abs(facing) >= MIN_CONCENTRATION)
    count = len(one_side)
    spanning = float((~np.isin(groups[used], names[one_side])).mean()) if used.any() else 0.0
    if count > MAX_TESTED:
        one_side = one_side[np.linspace(0, count - 1, MAX_TESTED).astype(np.int64)]
    if count < 2:
        return ViewCheck("people", count, spanning)
    means = np.stack([vectors[used & (groups == name)].mean(axis=0) for name in names[one_side]])
    squares = ((means[:, None] - means) ** 2).sum(axis=2)
    angles = np.angle(facing[one_side], deg=True)
    turned = np.abs((angles[:, None] - angles + 180) % 360 - 180)
    same = (turned <= SAME_VIEW_DEGREES) & ~np.eye(len(turned), dtype=bool)
    other = turned >= OTHER_VIEW_DEGREES
    unclear: Verdict = "unclear" if spanning < MIN_SPANNING else "people"
    if not other.any() or not same.any():
        return ViewCheck(unclear if other.any() else "people", count, spanning)
    ratios = _permuted_ratios(squares, same, other, seed)
    ratio, highest = float(ratios[0]), float(ratios.max())
    p_value = float((ratios >= ratio * (1 - 1e-9)).mean())
    verdict: Verdict = "people"
    if ratio >= MIN_RATIO and p_value <= MAX_P_VALUE:
        verdict = "views"
    elif ratio >= MIN_RATIO and ratio >= highest * (1 - 1e-9):  # too few groups for a smaller share
        verdict = unclear
    return ViewCheck(verdict, count, spanning, ratio, p_value)


def is_seen_from_one_side(groups: NDArray[np.int64], headings: Complex) -> NDArray[np.bool_]:
    """Return for each recording ``(R,)`` whether its group is seen from one side."""
    known = np.isfinite(headings)
    names, facing = _mean_headings(groups[known], headings[known])
    return np.isin(groups, names[np.abs(facing) >= MIN_CONCENTRATION])


def _mean_headings(groups: NDArray[np.int64], headings: Complex) -> tuple[NDArray[np.int64], Complex]:
    """Return the groups ``(G,)`` that occur, and the mean heading of each."""
    names, member, counts = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros(len(names), dtype=np.complex128)
    np.add.at(sums, member, headings)
    return names, sums / counts


def _permuted_ratios(squares: Array, same: NDArray[np.bool_], other: NDArray[np.bool_], seed: int) -> Array:
    """Return the ratio of mean squared distances for the headings as they are, and for permutations of them."""
    count = len(squares)
    if factorial(min(count, 10)) <= PERMUTATIONS:
        orders = np.array(list(permutations(range(count))))
    else:
        rng = np.random.default_rng(seed)
        orders = np.stack([np.arange(count), *(rng.permutation(count) for _ in range(PERMUTATIONS))])
    smallest = max(1e-9 * float(squares.mean()), np.finfo(float).tiny)
    ratios = []
    for order in orders:
        permuted = squares[np.ix_(order, order)]
        ratios.append(permuted[other].mean() / max(permuted[same].mean(), smallest))
    return np.array(ratios)


def remove_view_effect(
    joints: Sequence[NDArray[np.float32]], layout: Layout, degrees: Sequence[Array]
) -> list[NDArray[np.float32]]:
    """Remove the mean effect of the heading from bodies, so that people are compared as if seen from one side.

    The mean pose of each recording, turned to one heading, is regressed on the first two harmonics of the heading
    relative to the camera, by ridge regression over recordings. What the regression gives for a heading, relative to
    the mean over all headings, is subtracted from each frame. This is right if people were seen from several sides, or
    are too many for chance to give each side its own kind of body; `check_views` tests that the effect is there.

    Parameters
    ----------
    joints : sequence of arrays ``(frames, J, 3)``
        Of each recording, without missing ones.
    layout : Layout
    degrees : sequence of float64 array ``(frames,)``
        The headings of each (`himpc.recordings.camera_headings`).

    Returns
    -------
    list of float32 arrays ``(frames, J, 3)``
        Those of recordings whose heading is not known are returned as they are.
    """
    turned = [np.radians(each) for each in degrees]
    known = [i for i, angles in enumerate(turned) if np.isfinite(angles).any()]
    if not known:
        return list(joints)
    terms, poses = {}, {}
    for i in known:
        angles = turned[i]
        mean = np.angle(np.exp(1j * angles[np.isfinite(angles)]).mean())
        terms[i] = _harmonics(np.where(np.isfinite(angles), angles, mean))
        poses[i] = body_frame(centre(joints[i].astype(np.float64), layout), layout).astype(np.float64)
    design = np.stack([terms[i].mean(axis=0) for i in known])
    target = np.stack([poses[i].mean(axis=0).ravel() for i in known])
    average = design.mean(axis=0)
    design = design - average
    gram = design.T @ design + RIDGE * len(known) * np.eye(design.shape[1])
    effect = np.linalg.solve(gram, design.T @ (target - target.mean(axis=0)))
    corrected = list(joints)
    for i in known:
        offset = ((terms[i] - average) @ effect).reshape(poses[i].shape)
        corrected[i] = add_in_body_frame(joints[i], -offset, layout)
    return corrected


def add_in_body_frame(joints: NDArray[np.float32], change: Array, layout: Layout) -> NDArray[np.float32]:
    """Displace joints by a change ``(frames, J, 3)``, or ``(J, 3)`` of all frames, given for a body that faces +z."""
    change = np.broadcast_to(change, joints.shape)
    return (joints + _turn(change, body_headings(joints, layout))).astype(np.float32)


def _harmonics(angles: Array) -> Array:
    return np.stack([np.cos(angles), np.sin(angles), np.cos(2 * angles), np.sin(2 * angles)], axis=-1)


def _turn(joints: Array, angles: Array) -> Array:
    """Rotate joints ``(frames, J, 3)`` of bodies that face +z to headings ``(frames,)``; NaN angles turn nothing."""
    angles = np.nan_to_num(angles)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turned = joints.copy()
    turned[..., 0] = cosine * joints[..., 0] + sine * joints[..., 2]
    turned[..., 2] = cosine * joints[..., 2] - sine * joints[..., 0]
    return turned
