"""Frames of a recording projected to 2D, seen from the front or the side of the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.skeleton import Layout, body_frame, centre, has_side_lines

SIDES = ("right", "middle", "left")

_N_SIDE_POSES = 4
_SECONDS = 1.0  # about one stride
_DEFAULT_FPS = 30
_HEIGHT_2D = 1.7  # the drawn height of skeletons in pixels


@dataclass(frozen=True, eq=False)
class FlatPose:
    """A projected skeleton in metres: x to the right, y up, feet at y = 0, the root at x = 0."""

    bones: dict[str, NDArray[np.floating]]
    """Both ends of each bone, ``(B, 2, 2)``, for the left, the right and the middle of the body."""
    head: NDArray[np.floating] | None
    """The position of the head, ``(2,)``."""


def project_poses(recording: Recording) -> tuple[list[FlatPose], FlatPose]:
    """Return poses of one second from the side, and the most typical frame from the front.

    Frames with a missing joint are skipped. A 2D recording is shown from its camera in both.

    Raises
    ------
    DataError
        If no frame has every joint.
    """
    layout = recording.layout
    joints: NDArray[np.floating] = recording.joints[~np.isnan(recording.joints).any(axis=(1, 2))].astype(np.float64)
    if not len(joints):
        raise DataError(f"{recording.source or 'recording'}: no frame has every joint; clean the recording first")
    joints = centre(joints, layout)
    if recording.dimensions == 2:
        heights = np.ptp(joints[..., 1], axis=1)
        body = joints * (_HEIGHT_2D / max(float(np.median(heights)), 1e-9))
    else:
        body = body_frame(joints, layout) if has_side_lines(layout) else joints
    typical = int(((body - np.median(body, axis=0)) ** 2).sum(axis=(1, 2)).argmin())
    span = min(round((recording.fps or _DEFAULT_FPS) * _SECONDS), len(body) - 1)
    start = min(max(typical - span // 2, 0), len(body) - 1 - span)
    frames = np.unique(np.linspace(start, start + span, _N_SIDE_POSES).round().astype(int))
    across = 0 if recording.dimensions == 2 else 2
    side = [_to_pose(body[i][:, [across, 1]], layout) for i in frames]
    return side, _to_pose(body[typical][:, :2], layout)


def _to_pose(points: NDArray[np.floating], layout: Layout) -> FlatPose:
    points = points - [0.0, points[:, 1].min()]
    side = dict.fromkeys(range(len(layout)), "middle")
    for left, right in layout.pairs:
        side[left], side[right] = "left", "right"
    ends = {name: [bone for bone in layout.bones if side[bone[0]] == name] for name in SIDES}
    bones = {name: points[np.array(ends[name], dtype=int).reshape(-1, 2)] for name in SIDES}
    head = next((points[layout.index(name)] for name in ("head", "nose") if layout.has(name)), None)
    return FlatPose(bones, head)
