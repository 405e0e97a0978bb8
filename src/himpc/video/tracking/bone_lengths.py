"""Bone lengths as a sign of whose body it is."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout
from himpc.video.detection import Detection

__all__ = ["Shape", "apart", "bone_ends", "log_bones", "median_of_known", "shape_of"]

_LONG = (
    *(("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"), ("left_elbow", "left_wrist")),
    *(("right_elbow", "right_wrist"), ("left_hip", "left_knee"), ("right_hip", "right_knee")),
    *(("left_knee", "left_ankle"), ("right_knee", "right_ankle"), ("left_shoulder", "left_hip")),
    *(("right_shoulder", "right_hip"), ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")),
)
"""The long bones, and the breadth of shoulders and hips: what an estimator measures best."""

_SURE = 0.3
"""Confidence of a joint below which its bones are not looked at."""

_USUAL_SECONDS, _RECENT_SECONDS = 4.0, 0.4


def apart(one: float, other: float) -> float:
    """Return how far two lengths are apart: the logarithm of their ratio, without its sign."""
    return abs(float(np.log(max(one, 1e-9) / max(other, 1e-9))))


def bone_ends(layout: Layout) -> NDArray[np.intp]:
    """Return the two joints of each long bone ``(B, 2)``."""
    pairs = [pair for pair in _LONG if layout.has(*pair)]
    return np.array([[layout.index(a), layout.index(b)] for a, b in pairs], dtype=np.intp).reshape(-1, 2)


def log_bones(
    joints: NDArray[np.floating], confidence: NDArray[np.floating], ends: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the logarithms of bone lengths ``(n, B)``; NaN where an end was not seen.

    Parameters
    ----------
    joints : array ``(n, J, 3)`` or ``(n, J, 2)``
    confidence : array ``(n, J)``
    ends : int array ``(B, 2)``
        As `bone_ends` returns them.
    """
    a, b = ends.T
    lengths = np.linalg.norm(joints[:, a].astype(np.float64) - joints[:, b], axis=2)
    unsure = np.minimum(confidence[:, a], confidence[:, b]) < _SURE
    bones: NDArray[np.float64] = np.log(np.where(unsure | ~(lengths > 0), np.nan, lengths))
    return bones


class Shape:
    """The bone lengths of a track: what they usually are, and what they were of late.

    In the plane of a picture lengths change as a body turns, so there the body's size as a whole is looked at, over
    the moment only.
    """

    def __init__(self, layout: Layout, flat: bool, fps: float) -> None:
        self._ends = bone_ends(layout)
        self._flat = flat
        self._usual: deque[NDArray[np.float64]] = deque(maxlen=max(10, round(_USUAL_SECONDS * fps)))
        self._recent: deque[NDArray[np.float64]] = deque(maxlen=max(5, round(_RECENT_SECONDS * fps)))

    def fits(self, found: Detection, away: float, most: float) -> bool:
        """Tell whether a body may be the one that was seen so far; `away` is since when, in seconds."""
        if self._flat or len(self._usual) < self._recent.maxlen:  # type: ignore[operator]
            return True
        lately = [self._bones(found)] if away > _RECENT_SECONDS else [*self._recent, self._bones(found)]
        change = np.abs(median_of_known(np.stack(lately)) - median_of_known(np.stack(list(self._usual))))
        known = np.isfinite(change)
        strict = most if len(lately) > 1 else 1.5 * most  # one picture alone says less
        return known.sum() < 4 or float(change[known].mean()) <= strict

    def add(self, found: Detection) -> None:
        """Take a body that belongs to the track."""
        bones = self._bones(found)
        if len(self._recent) == self._recent.maxlen:
            self._usual.append(self._recent[0])
        self._recent.append(bones)

    def _bones(self, found: Detection) -> NDArray[np.float64]:
        joints = found.points if found.joints is None else found.joints
        bones: NDArray[np.float64] = log_bones(joints[None], found.confidence[None], self._ends)[0]
        return bones


def median_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of what is known down each column; NaN where nothing is."""
    known = np.isfinite(values).any(axis=0)
    medians = np.full(values.shape[1], np.nan)
    medians[known] = np.nanmedian(values[:, known], axis=0)
    return medians


def shape_of(layout: Layout, found: Detection, fps: float) -> Shape:
    """Return an empty shape for bodies of a kind: in three dimensions, or in the plane of the picture."""
    return Shape(layout, found.joints is None, fps)
