"""Bone lengths as evidence of identity within a video."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout
from himpc.video.detection import Detection

_BONES = (
    *(("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"), ("left_elbow", "left_wrist")),
    *(("right_elbow", "right_wrist"), ("left_hip", "left_knee"), ("right_hip", "right_knee")),
    *(("left_knee", "left_ankle"), ("right_knee", "right_ankle"), ("left_shoulder", "left_hip")),
    *(("right_shoulder", "right_hip"), ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")),
)
"""The long bones, and the breadths of shoulders and hips, which estimators measure best."""

_MIN_CONFIDENCE = 0.3
_MIN_BONES = 4
_HISTORY_SECONDS, _RECENT_SECONDS = 4.0, 0.4


def bone_ends(layout: Layout) -> NDArray[np.intp]:
    """Return the two joints of each long bone ``(B, 2)``."""
    pairs = [pair for pair in _BONES if layout.has(*pair)]
    return np.array([[layout.index(a), layout.index(b)] for a, b in pairs], dtype=np.intp).reshape(-1, 2)


def log_bone_lengths(
    joints: NDArray[np.floating], confidence: NDArray[np.floating], ends: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Compute the logarithms of the lengths ``(n, B)`` of bones with these `ends`; NaN if an end is not confident."""
    a, b = ends.T
    lengths = np.linalg.norm(joints[:, a].astype(np.float64) - joints[:, b], axis=2)
    low = np.minimum(confidence[:, a], confidence[:, b]) < _MIN_CONFIDENCE
    logs: NDArray[np.float64] = np.log(np.where(low | ~(lengths > 0), np.nan, lengths))
    return logs


class BoneLengthHistory:
    """The bone lengths of a track: those of the last seconds, and those of the latest frames.

    Lengths in the image change as a body turns, so 2D detections always fit.
    """

    def __init__(self, layout: Layout, fps: float) -> None:
        self._ends = bone_ends(layout)
        self._recent_count = max(5, round(_RECENT_SECONDS * fps))
        self._history: deque[NDArray[np.float64]] = deque(maxlen=max(10, round(_HISTORY_SECONDS * fps)))
        self._recent: deque[NDArray[np.float64]] = deque(maxlen=self._recent_count)

    def fits(self, detection: Detection, lost_seconds: float, max_change: float) -> bool:
        """Return whether a detection may be of the same body, `lost_seconds` after the last one."""
        if detection.joints is None or len(self._history) < self._recent_count:
            return True
        lengths = self._lengths(detection.joints, detection)
        latest = [lengths] if lost_seconds > _RECENT_SECONDS else [*self._recent, lengths]
        change = np.abs(median_known(np.stack(latest)) - median_known(np.stack(list(self._history))))
        finite = np.isfinite(change)
        limit = max_change if len(latest) > 1 else 1.5 * max_change  # one frame is less reliable
        return finite.sum() < _MIN_BONES or float(change[finite].mean()) <= limit

    def add(self, detection: Detection) -> None:
        """Add a detection of the track."""
        if detection.joints is None:
            return
        if len(self._recent) == self._recent_count:
            self._history.append(self._recent[0])
        self._recent.append(self._lengths(detection.joints, detection))

    def _lengths(self, joints: NDArray[np.float32], detection: Detection) -> NDArray[np.float64]:
        lengths: NDArray[np.float64] = log_bone_lengths(joints[None], detection.confidence[None], self._ends)[0]
        return lengths


def median_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the median of each column without NaN; NaN for a column of NaN."""
    finite = np.isfinite(values).any(axis=0)
    medians = np.full(values.shape[1], np.nan)
    medians[finite] = np.nanmedian(values[:, finite], axis=0)
    return medians
