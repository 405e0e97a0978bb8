"""Bones that keep their length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["limb_bones", "steady_bones"]

_TOUCHED = 0.02
"""Share of its length by which a bone must change to be counted."""


def limb_bones(layout: Layout) -> list[tuple[int, int]]:
    """Return the bones (joint, parent) of arms and legs, from the trunk outwards.

    The trunk is left alone: between shoulders, hips and head there are joints that no layout names, so what a tree
    draws there are no bones.
    """
    limbs = [set(layout.limbs[i]) for i in (0, 1, 3, 4)]
    bones = []
    for joint, parent in layout.bones:
        for limb in limbs:
            hangs = parent in limb or layout.joints[parent].endswith(("_shoulder", "_hip"))
            if joint in limb and hangs and not layout.joints[joint].endswith(("_shoulder", "_hip")):
                bones.append((joint, parent))
                break
    return sorted(bones, key=lambda bone: _depth(layout, bone[0]))


def steady_bones(joints: NDArray[np.float64], layout: Layout) -> tuple[NDArray[np.float64], int]:
    """Give each bone of arms and legs its usual length in every frame, keeping its direction.

    The usual length is the median over the recording: the body's own, which is what tells people apart. What hangs on
    the bone moves along.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Metres; complete.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    changed : int
        Bones, over all frames, whose length changed by more than 2 %.
    """
    result, changed = joints.copy(), 0
    for joint, parent in limb_bones(layout):
        bone = joints[:, joint] - joints[:, parent]
        lengths = np.linalg.norm(bone, axis=1)
        usual = float(np.median(lengths))
        if usual <= 0:
            continue
        share = np.where(lengths > 1e-6, usual / np.maximum(lengths, 1e-6), 1.0)
        result[:, joint] = result[:, parent] + bone * share[:, None]
        changed += int((np.abs(share - 1) > _TOUCHED).sum())
    return result, changed


def _depth(layout: Layout, joint: int) -> int:
    depth = 0
    while layout.parents[joint] >= 0:
        joint, depth = layout.parents[joint], depth + 1
    return depth
