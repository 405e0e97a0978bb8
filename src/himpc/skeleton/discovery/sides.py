"""Left and right: pairs of points from their names, or from the symmetry of the body, and lines from side to side."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton.discovery.distances import Distances, evenly_spaced

_MIN_NAMED = 0.3
"""Share of the points whose names state sides, below which names are not used."""

_MAX_ASYMMETRY = 0.06
"""Largest distance between a point and the mirror image of its partner, in extents of the body."""

_MIN_WIDTH = 0.04
"""Smallest distance between the points of a pair, in extents: nearer ones lie in the middle."""

_MIN_SYMMETRIC = 0.5
"""Share of the points with a partner or in the middle, below which a plane is no mirror."""

_N_ANGLES, _N_REFINEMENTS = 60, 6
"""Numbers of mirror planes that are tried, and of refinements of each, and of the shape, which bound time."""

_MAX_FRAMES = 60
"""Maximum number of evenly spaced frames from which the shape is averaged, which bounds time."""

_MIN_CONSISTENCY = 0.8
"""Length of the mean of unit vectors, below which they do not agree on a direction."""

_MIN_STEP = 0.002
"""Movement per frame, in extents, above which a body travels."""

Array = NDArray[np.float64]
Pairs = list[tuple[int, int]]


def pairs_by_name(names: Sequence[str]) -> Pairs:
    """Return the left and right point of each pair that names state; empty if few do.

    >>> pairs_by_name(["LKNE", "RKNE", "C7"]), pairs_by_name(["wrist_left", "wrist_right"])
    ([(0, 1)], [(0, 1)])
    """
    index = {name: i for i, name in enumerate(names)}
    found: dict[int, int] = {}
    for i, name in enumerate(names):
        for other in other_side(name):
            if other in index and i not in found and index[other] not in found.values():
                found[i] = index[other]
                break
    return sorted(found.items()) if 2 * len(found) >= _MIN_NAMED * len(names) else []


def other_side(name: str, left: str = "left", right: str = "right") -> list[str]:
    """Return the names that the counterpart on the right of a left point may have, or the other way round.

    >>> other_side("L_Ankle"), other_side("RightKnee", "right", "left"), other_side("C7")
    (['R_Ankle'], ['LeftKnee'], [])
    """
    words = [(case(left), case(right)) for case in (str.lower, str.title, str.upper)]
    others = [name.replace(here, there) for here, there in words if here in name]
    letters = r"^{0}(?=[A-Z_\-. :0-9])|(?<=[a-z_\-. :0-9]){0}$|(?<=[_\-. :]){0}(?=[_\-. :])"
    for here, there in ((left[0].upper(), right[0].upper()), (left[0], right[0])):
        swapped = re.sub(letters.format(here), there, name)
        others += [swapped] if swapped != name else []
    return others


class Template:
    """The typical shape of a body, from its distances, and its directions.

    Attributes
    ----------
    points : float64 array ``(P, 3)``
        The shape, with its centre at the origin.
    up, forward : float64 array ``(3,)`` or None
        The upward direction, and that of walking; None where recordings do not agree on it.
    """

    def __init__(self, distances: Distances, recordings: Sequence[NDArray[np.floating]]) -> None:
        points = _embed(np.where(np.isfinite(distances.mean), distances.mean, distances.extent))
        frames, steps = _sample(recordings)
        turns, mirrored = ([_fit(shape, frame) for frame in frames] for shape in (points, points * [1, 1, -1]))
        # Distances do not tell a shape from its mirror image, but a frame does.
        if sum(error for *_, error in mirrored) < sum(error for *_, error in turns):
            points, turns = points * [1, 1, -1], mirrored
        for _ in range(_N_REFINEMENTS):
            placed = [(frame - middle) @ turn for frame, (turn, middle, _) in zip(frames, turns, strict=True)]
            seen = np.isfinite(placed)
            total, count = np.where(seen, placed, 0).sum(axis=0), seen.sum(axis=0)
            points = np.where(count > 0, total / np.maximum(count, 1), points)
            turns = [_fit(points, frame) for frame in frames]
        self.points: Array = points - points.mean(axis=0)
        rotations = np.array([turn for turn, *_ in turns]).reshape(-1, 3, 3)
        self.up = _direction(rotations[:, 1, :])
        moving = np.hypot(steps[:, 0], steps[:, 2]) > _MIN_STEP * distances.extent
        level = steps[moving] * [1, 0, 1]
        level /= np.linalg.norm(level, axis=1, keepdims=True)
        self.forward = _direction(np.einsum("nij,ni->nj", rotations[moving], level))


def pairs_by_symmetry(template: Template, extent: float) -> Pairs:
    """Return the left and right point of each pair of the best mirror plane; empty if the body has none.

    The plane is vertical where the upward direction is known, and contains the direction of walking where that is. Left
    is to the left of that direction; if it is unknown, the first point of the first pair is called left.
    """
    if extent <= 0:
        return []
    candidates = [_mirror(template.points, normal, extent) for normal in _normals(template)]
    error, pairs = min(candidates, key=lambda found: found[0])
    if not np.isfinite(error):
        return []
    if template.up is not None and template.forward is not None:
        leftward = np.cross(template.up, template.forward)
        is_left = (template.points[[a for a, _ in pairs]] - template.points[[b for _, b in pairs]]) @ leftward > 0
        return sorted((a, b) if left else (b, a) for (a, b), left in zip(pairs, is_left, strict=True))
    return pairs


def choose_side_lines(pairs: Pairs, segments: Sequence[NDArray[np.intp]], distances: Distances) -> Pairs:
    """Return the pairs whose line from right to left shows the heading best: long ones within a rigid segment."""
    segment_of = {int(point): number for number, segment in enumerate(segments) for point in segment}
    rigid = [(a, b) for a, b in pairs if segment_of[a] == segment_of[b]]
    longest = max((distances.mean[pair] for pair in rigid), default=0.0)
    return [pair for pair in rigid if distances.mean[pair] > max(longest / 2, _MIN_WIDTH * distances.extent)]


def _embed(distances: Array) -> Array:
    """Return points ``(P, 3)`` with such distances (classical multidimensional scaling)."""
    squares = distances**2
    inner = -(squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()) / 2
    values, vectors = np.linalg.eigh(inner)
    points = vectors[:, -3:] * np.sqrt(np.maximum(values[-3:], 0))
    return np.pad(points, ((0, 0), (0, max(0, 3 - points.shape[1]))))


def _sample(recordings: Sequence[NDArray[np.floating]]) -> tuple[list[Array], Array]:
    """Return frames ``(P, 3)``, and the mean step of the points from each to the next frame ``(n, 3)``."""
    frames, steps = [], []
    each = max(1, _MAX_FRAMES // len(recordings))
    for number in evenly_spaced(len(recordings), _MAX_FRAMES):
        joints = recordings[number]
        for i in evenly_spaced(max(1, len(joints) - 1), each):
            frame = joints[i].astype(np.float64)
            following = joints[min(i + 1, len(joints) - 1)].astype(np.float64)
            step = (following - frame)[np.isfinite(following - frame).all(axis=1)]
            if np.isfinite(frame).all(axis=1).sum() >= 3:
                frames.append(frame)
                steps.append(step.mean(axis=0) if len(step) else np.zeros(3))
    return frames, np.array(steps).reshape(-1, 3)


def _fit(shape: Array, frame: Array) -> tuple[Array, Array, float]:
    """Return rotation, shift and squared error of ``frame = shape @ rotation.T + shift`` (Kabsch)."""
    seen = np.isfinite(frame).all(axis=1)
    a, b = shape[seen], frame[seen]
    u, _, v = np.linalg.svd((b - b.mean(axis=0)).T @ (a - a.mean(axis=0)))
    u[:, -1] *= np.sign(np.linalg.det(u @ v)) or 1.0
    turn = u @ v
    shift = b.mean(axis=0) - a.mean(axis=0) @ turn.T
    return turn, shift, float(((a @ turn.T + shift - b) ** 2).mean())


def _direction(vectors: Array) -> Array | None:
    """Return the mean direction of unit vectors ``(n, 3)``, or None if they do not agree."""
    mean = vectors.mean(axis=0) if len(vectors) else np.zeros(3)
    length = float(np.linalg.norm(mean))
    return mean / length if length > _MIN_CONSISTENCY else None


def _normals(template: Template) -> Array:
    """Return directions from right to left to try, ``(n, 3)``."""
    if template.up is None:
        steps = np.arange(2 * _N_ANGLES) + 0.5  # evenly over half a sphere (Fibonacci)
        height, turn = steps / len(steps), steps * np.pi * (3 - np.sqrt(5))
        radius = np.sqrt(1 - height**2)
        return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)
    across = np.linalg.svd(template.up[None])[2][1:]
    angles = np.arange(_N_ANGLES) * np.pi / _N_ANGLES
    normals: Array = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ across
    if template.forward is not None:
        normals = normals[np.abs(normals @ template.forward) < np.sin(np.pi / 6)]
    return normals


def _mirror(points: Array, normal: Array, extent: float) -> tuple[float, Pairs]:
    """Refine a mirror plane through the middle; return its error, infinite if it is none, and its pairs."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    offset = 0.0
    for _ in range(_N_REFINEMENTS):
        image = points - 2 * np.outer(points @ normal - offset, normal)
        cost = np.minimum(cdist(points, image) / extent, 2 * _MAX_ASYMMETRY)
        partner = linear_sum_assignment(cost)[1]
        spans, middles = points - points[partner], (points + points[partner]) / 2
        close = cost[np.arange(len(points)), partner] < _MAX_ASYMMETRY
        if not close.any():
            return np.inf, []
        refined = np.linalg.svd(spans[close])[2][0] if len(spans[close]) else normal
        if np.abs(refined @ normal) < np.cos(np.pi / 6):
            break
        normal, offset = refined, float((middles[close] @ refined).mean())
    error = cost[np.arange(len(points)), partner]
    mutual = partner[partner] == np.arange(len(points))
    width = np.linalg.norm(points - points[partner], axis=1) / extent
    good = mutual & (error < _MAX_ASYMMETRY)
    pairs = [(i, int(j)) for i, j in enumerate(partner) if i < j and good[i] and width[i] > _MIN_WIDTH]
    is_mirror = good.mean() >= _MIN_SYMMETRIC and 4 * len(pairs) >= len(points)
    return (float(error.mean()) if is_mirror else np.inf), pairs
