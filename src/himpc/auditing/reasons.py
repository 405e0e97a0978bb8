"""Reasons for findings, in words: lengths of bones, poses, and how a copy differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.copies import Copy
from himpc.auditing.evidence import robust_spread
from himpc.recordings import Recording, number_whole_recordings
from himpc.skeleton import body_frame, centre, has_side_lines

__all__ = ["Lengths", "describe_copy", "list_names", "measure_lengths"]

MAX_FRAMES = 100
MAX_NAMES = 8
BONES_NAMED = 3
UNUSUAL = 8.0
"""Distance to the most similar poses, in spreads above the median of the recordings, from which poses are unusual."""

MIN_SPREAD = 1e-3
"""Smallest spread of the distance to the most similar poses, as a share of the size of the body."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lengths:
    """Lengths of bones, and poses, of whole recordings.

    Attributes
    ----------
    names : tuple of str
        Of the B bones.
    lengths : float64 array ``(W, B)``
        Medians, in metres.
    poses : float64 array ``(W, D)``
        Mean and spread of the joints in the body frame, relative to the size of the body.
    is_metric : bool
    """

    names: tuple[str, ...]
    lengths: Array
    poses: Array
    is_metric: bool

    def compare(
        self, whole: int, own: Sequence[int], other: Sequence[int], own_name: str, other_name: str | None
    ) -> str:
        """Describe the bones by which a recording differs most from the others of its label; empty without any."""
        if not len(own) or not self.names or not self.is_metric:
            return ""
        mean = np.median(self.lengths[list(own)], axis=0)
        difference = self.lengths[whole] - mean
        worst = np.argsort(-np.abs(difference), kind="stable")[:BONES_NAMED]
        parts = []
        for bone in sorted(worst.tolist()):
            text = f"{self.names[bone]} {100 * self.lengths[whole, bone]:.1f} cm; {own_name} {100 * mean[bone]:.1f}"
            if len(other) and other_name:
                text += f", {other_name} {100 * np.median(self.lengths[list(other), bone]):.1f}"
            parts.append(text)
        return f" Lengths that differ most: {' | '.join(parts)}."

    def unusual_poses(self) -> list[int]:
        """Return the whole recordings whose poses are unlike those of all others."""
        if len(self.poses) < 4:
            return []
        nearest = np.empty(len(self.poses))
        for row, pose in enumerate(self.poses):
            distance = ((self.poses - pose) ** 2).sum(axis=1)
            distance[row] = np.inf
            nearest[row] = np.sqrt(distance.min())
        typical = float(np.median(nearest))
        return np.flatnonzero(nearest > typical + UNUSUAL * robust_spread(nearest - typical, MIN_SPREAD)).tolist()


def measure_lengths(recordings: Sequence[Recording]) -> Lengths:
    """Measure the bones and poses of recordings of one layout."""
    layout, dimensions = recordings[0].layout, recordings[0].dimensions
    bones = np.array(layout.bones, dtype=np.int64).reshape(-1, 2)
    whole = number_whole_recordings(recordings)
    frames: list[list[Array]] = [[] for _ in range(int(whole.max()) + 1)]
    for number, recording in zip(whole, recordings, strict=True):
        frames[number].append(recording.joints[:: max(1, len(recording) // MAX_FRAMES)].astype(np.float64))
    lengths: list[Array] = []
    poses: list[Array] = []
    for each in frames:
        joints = np.concatenate(each)
        lengths.append(np.median(np.linalg.norm(joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=-1), axis=0))
        joints = centre(joints, layout).astype(np.float64)
        if dimensions == 3 and has_side_lines(layout):
            joints = body_frame(joints, layout).astype(np.float64)
        size = max(float(np.median(np.linalg.norm(joints, axis=-1).mean(axis=1))), 1e-9)
        poses.append(np.concatenate([joints.mean(axis=0).ravel(), joints.std(axis=0).ravel()]) / size)
    names = tuple(f"{layout.joints[a]} to {layout.joints[b]}".replace("_", " ") for a, b in layout.bones)
    return Lengths(names, np.array(lengths).reshape(len(frames), -1), np.array(poses), dimensions == 3)


def describe_copy(copy: Copy, first: Recording, second: Recording) -> str:
    """Describe how the second recording of a copy differs from the first."""
    changes = []
    if copy.names_exchanged and copy.reflected:
        changes.append("mirrored")
    elif copy.names_exchanged:
        changes.append("left and right names exchanged")
    elif copy.reflected:
        changes.append("one axis mirrored")
    if abs(copy.scale - 1) > 0.005:
        changes.append(f"{copy.scale:.4g} times as large")
    if abs(copy.rate - 1) > 0.005:
        changes.append(f"resampled, {copy.rate:.3g} frames for one")
    begin, end = copy.frames
    count = end - begin + 1
    is_whole = count >= len(first) - 1 and count * copy.rate >= len(second) - 2
    if not is_whole:
        changes.append(f"frames {begin} to {end} of {len(first)} are those from {copy.start:.0f} of {len(second)}")
    if not changes:
        return (
            "It is the same motion, frame by frame."
            if copy.ratio < 0.01
            else "It is the same motion, with small changes."
        )
    return f"It is the same motion: {', '.join(changes)}."


def list_names(names: Sequence[str]) -> str:
    """List names, or the first of many."""
    rest = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")
