"""Points that a program computed from other points: axes of segments, joint centres, midpoints, centres of mass.

Measured points always move a little relative to each other, by 0.1 mm and more in a room. A computed point keeps an
exact relation to others: a distance, the shape of a triangle, or a weighted mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton.discovery.distances import Distances, evenly_spaced

_MIN_LIMIT, _MAX_LIMIT = 1e-5, 4e-5
"""Deviation up to which a relation is exact, in extents of the body: for exact positions, and at most for rounded ones.
Measured points deviate by 7e-5 and more."""

_ROUNDING_STEPS = 2.5
"""Deviation of an exact relation between rounded positions, in steps of the rounding."""

_MIN_ON_GRID = 0.9
"""Share of small differences of positions that are multiples of the smallest, from which positions are rounded."""

_MIN_MEASURED = 0.15
"""Share of points without an exact relation, below which all points are kept, as in files of joints: 0.2 and more in
files of markers to which a model of gait added its outputs."""

_MAX_TRIANGLE_POINTS = 400
"""Number of points above which triangles are not compared: memory grows with the third power."""

_MAX_WEIGHT = 0.9
"""Largest weight of a point in a mean; a marker near the origin of a segment is no mean of this and its axes."""

_MAX_RECORDINGS, _MAX_FRAMES, _MAX_MEAN_FRAMES = 6, 12, 120
"""Maximum numbers of evenly spaced recordings, and of frames of each to compare triangles and weighted means, which
bound time."""

_MIN_FRAMES, _MIN_SEEN = 4, 0.5
"""Minimum number of frames that show a triangle, and minimum share of frames that show the points of a mean."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def find_computed_points(
    distances: Distances, recordings: Sequence[NDArray[np.floating]], preferred: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find the points that are computed from others.

    Four points whose mutual distances keep their ratios are the origin and the axes of a segment: all are computed.
    Among other points at exact distances of each other, those with the fewest such partners are taken as measured: a
    marker at the elbow has one partner, the centre of the joint, which has several. A point that is a weighted mean of
    others is computed. Where hardly any point is measured, as in files of joints, none is taken as computed.

    Parameters
    ----------
    distances : Distances
        Of P points.
    recordings : sequence of arrays ``(frames, P, 3)``
        NaN where not seen.
    preferred : bool array ``(P,)``
        The points that are rather taken as measured, of those at exact distances of each other.

    Returns
    -------
    bool array ``(P,)``
    """
    count = len(distances.mean)
    if not distances.moves:
        return np.zeros(count, bool)
    moving = _most_moving(recordings)
    limits = [_limit(distances.extent, joints) for joints in moving]
    exact = (distances.variation < max(limits)) & ~np.eye(count, dtype=bool)
    copies: Flags = np.asarray(np.triu(exact & (distances.mean < max(limits))).any(axis=0))
    axes: Flags = copies | _axes_of_segments(moving, limits, copies)
    partners = exact.sum(axis=1)
    measured = ~axes & (partners == 0)
    if measured[~copies].mean() < _MIN_MEASURED:
        return np.zeros(count, bool)
    for point in sorted(np.flatnonzero(~axes & (partners > 0)), key=lambda i: (not preferred[i], partners[i], i)):
        measured[point] = not (exact[point] & measured).any()
    computed: Flags = ~measured | _weighted_means(moving, limits, measured)
    return computed


def _most_moving(recordings: Sequence[NDArray[np.floating]]) -> list[Array]:
    """Return the half of some recordings in which points move most relative to each other."""
    chosen = [recordings[i] for i in evenly_spaced(len(recordings), 2 * _MAX_RECORDINGS)]
    moved = []
    for joints in chosen:
        frames = joints[evenly_spaced(len(joints), _MAX_FRAMES)]
        spread = np.nanmax(frames, axis=0, initial=-np.inf) - np.nanmin(frames, axis=0, initial=np.inf)
        moved.append(float(np.median(spread.max(axis=1))))
    order = np.argsort(-np.array(moved), kind="stable")[: (len(chosen) + 1) // 2]
    return [chosen[i].astype(np.float64) for i in order]


def _limit(extent: float, joints: Array) -> float:
    """Return the deviation up to which a relation is exact, in the unit of the positions."""
    return float(np.clip(_ROUNDING_STEPS * _rounding_step(joints), _MIN_LIMIT * extent, _MAX_LIMIT * extent))


def _rounding_step(joints: Array) -> float:
    """Return the step of rounded positions, as in text of few digits or in 16 bits; 0 if they are not rounded."""
    steps = np.abs(np.diff(joints[:1000], axis=0))
    steps = steps[steps > np.nanmax(np.abs(joints), initial=0.0) * 1e-6]
    if not len(steps):
        return 0.0
    step = float(np.quantile(steps, 0.001))
    multiples = steps[steps < 50 * step] / step
    on_grid = np.abs(multiples - np.round(multiples)) < 0.2
    return step if on_grid.mean() > _MIN_ON_GRID else 0.0


def _axes_of_segments(recordings: Sequence[Array], limits: Sequence[float], copies: Flags) -> Flags:
    """Return which points ``(P,)`` belong to four that keep the ratios of their distances, in most recordings."""
    found = np.zeros(len(copies), bool)
    points = np.flatnonzero(~copies)
    if not 4 <= len(points) <= _MAX_TRIANGLE_POINTS:
        return found
    votes = np.zeros((len(points),) * 3, np.int8)
    for joints, limit in zip(recordings, limits, strict=True):
        frames = joints[evenly_spaced(len(joints), _MAX_FRAMES)][:, points]
        for apex in range(len(points)):
            votes[apex] += _constant_ratios(frames, apex, limit)
    constant = 2 * votes > len(recordings)
    for apex in range(len(points)):  # constant seen from two corners: the triangle keeps its shape
        triangles = constant[apex] & constant[:, apex]
        edges = (triangles & triangles.T).astype(np.float32)
        found[points[apex]] = bool(((edges @ edges) * edges).any())
    return found


def _constant_ratios(frames: Array, apex: int, limit: float) -> Flags:
    """Return for which pairs of points ``(P, P)`` the ratio of their distances from another is constant."""
    distances = np.linalg.norm(frames - frames[:, apex, None], axis=2)
    distances[distances < limit] = np.nan
    seen = np.isfinite(distances)
    logs = np.log(distances, where=seen, out=np.full_like(distances, np.nan))
    ratios = logs[:, :, None] - logs[:, None]
    spread = np.fmax.reduce(ratios, axis=0) - np.fmin.reduce(ratios, axis=0)
    typical = np.fmax.reduce(distances, axis=0)
    both = seen.astype(np.float32).T @ seen.astype(np.float32)
    constant: Flags = (spread / 2 * np.fmax(typical[:, None], typical) < limit) & (both >= _MIN_FRAMES)
    np.fill_diagonal(constant, False)
    return constant


def _weighted_means(recordings: Sequence[Array], limits: Sequence[float], candidates: Flags) -> Flags:
    """Return which of the candidates ``(P,)`` are weighted means of other points, in most recordings."""
    votes = np.zeros(len(candidates), int)
    for joints, limit in zip(recordings, limits, strict=True):
        points = np.flatnonzero(np.isfinite(joints).all(axis=2).mean(axis=0) >= _MIN_SEEN)
        frames = joints[evenly_spaced(len(joints), _MAX_MEAN_FRAMES)][:, points]
        frames = frames[np.isfinite(frames).all(axis=(1, 2))]
        if 3 * len(frames) >= 2 * len(points):
            votes[points] += _means_in_recording(frames, limit, candidates[points])
    return 2 * votes > len(recordings)


def _means_in_recording(frames: Array, limit: float, candidates: Flags) -> Flags:
    """Return which candidates are weighted means of other points in all frames ``(T, P, 3)`` of a recording."""
    from scipy.optimize import nnls

    found = np.zeros(len(candidates), bool)
    shifts = np.moveaxis(frames - frames.mean(axis=(0, 1)), 1, 2).reshape(-1, len(candidates))
    ones = np.full((1, len(candidates)), np.abs(shifts).max(initial=0.0) * len(shifts) ** 0.5)
    columns = np.concatenate([shifts, ones])  # the last row: weights have the sum 1
    _, values, directions = np.linalg.svd(columns, full_matrices=False)
    null = directions[values < limit * len(columns) ** 0.5]
    shares = (null**2).sum(axis=0)  # in linear relations: a mean has a larger one than the points it is a mean of
    for point in sorted(np.flatnonzero(candidates & (shares > 1e-3)), key=lambda i: (-shares[i], i)):
        others = ~found & (np.arange(len(candidates)) != point)
        weights, error = nnls(columns[:, others], columns[:, point])
        found[point] = error < limit * len(columns) ** 0.5 and weights.max(initial=0.0) < _MAX_WEIGHT
    return found
