"""Moments of a recording as flat drawings, seen from the person's own front or side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.skeleton import Layout, body_frame, centre

__all__ = ["SIDES", "Pose", "poses"]

SIDES = ("right", "middle", "left")

_MOMENTS = 4
_SECONDS = 1.0  # about one stride
_FRAMES = 30  # the same where the frame rate is not known
_HEIGHT_2D = 1.7  # skeletons in pixels are drawn to this height


@dataclass(frozen=True, eq=False)
class Pose:
    """A skeleton on paper: metres, x to the right, y up, feet on y = 0, the root at x = 0.

    Attributes
    ----------
    bones : dict of str to array ``(B, 2, 2)``
        Both ends of each bone, for the left, the right and the middle of the body.
    head : array ``(2,)`` or None
        Where the head is.
    """

    bones: dict[str, NDArray[np.floating]]
    head: NDArray[np.floating] | None


def poses(recording: Recording) -> tuple[list[Pose], Pose]:
    """Return a second of movement seen from the side, and the most typical frame seen from the front.

    Frames with a joint missing are passed over. Of a 2D recording both are seen as the camera saw them.

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
        body = body_frame(joints, layout) if _shows_a_side(layout) else joints
    typical = int(((body - np.median(body, axis=0)) ** 2).sum(axis=(1, 2)).argmin())
    span = min(round((recording.fps or _FRAMES) * _SECONDS), len(body) - 1)
    start = min(max(typical - span // 2, 0), len(body) - 1 - span)
    moments = np.unique(np.linspace(start, start + span, _MOMENTS).round().astype(int))
    across = 0 if recording.dimensions == 2 else 2
    side = [_flat(body[i][:, [across, 1]], layout) for i in moments]
    return side, _flat(body[typical][:, :2], layout)


def _shows_a_side(layout: Layout) -> bool:
    return any(layout.has(f"left_{part}", f"right_{part}") for part in ("hip", "shoulder"))


def _flat(points: NDArray[np.floating], layout: Layout) -> Pose:
    points = points - [0.0, points[:, 1].min()]
    side = dict.fromkeys(range(len(layout)), "middle")
    for left, right in layout.pairs:
        side[left], side[right] = "left", "right"
    ends = {name: [bone for bone in layout.bones if side[bone[0]] == name] for name in SIDES}
    bones = {name: points[np.array(ends[name], dtype=int).reshape(-1, 2)] for name in SIDES}
    head = next((points[layout.index(name)] for name in ("head", "nose") if layout.has(name)), None)
    return Pose(bones, head)
