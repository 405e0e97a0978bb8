"""Constant bone lengths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["constant_share", "limb_bones", "set_constant_lengths"]

_COUNTED_CHANGE = 0.02
_TOLERANCE = 0.1


def limb_bones(layout: Layout) -> list[tuple[int, int]]:
    """Return the bones (joint, parent) of arms and legs, from the trunk outwards.

    The trunk is excluded: between shoulders, hips and head a layout draws lines that are not bones.
    """
    limbs = [set(layout.limbs[i]) for i in (0, 1, 3, 4)]
    roots = ("_shoulder", "_hip")
    bones = [
        (joint, parent)
        for joint, parent in layout.bones
        if not layout.joints[joint].endswith(roots)
        and any(joint in limb and (parent in limb or layout.joints[parent].endswith(roots)) for limb in limbs)
    ]
    return sorted(bones, key=lambda bone: _depth(layout, bone[0]))


def set_constant_lengths(joints: NDArray[np.float64], layout: Layout) -> tuple[NDArray[np.float64], int]:
    """Set each bone of arms and legs to its median length in every frame, keeping its direction.

    Joints further outwards move along.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Metres; complete.
    layout : Layout
        The J joints.

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
        median = float(np.median(lengths))
        if median <= 0:
            continue
        factor = np.where(lengths > 1e-6, median / np.maximum(lengths, 1e-6), 1.0)
        result[:, joint] = result[:, parent] + bone * factor[:, None]
        changed += int((np.abs(factor - 1) > _COUNTED_CHANGE).sum())
    return result, changed


def constant_share(joints: NDArray[np.float64], layout: Layout) -> float:
    """Return the share of bones of arms and legs, over all frames, that are within 10 % of their median length."""
    bones = np.array(limb_bones(layout), dtype=np.intp).reshape(-1, 2)
    if not len(bones):
        return 1.0
    lengths = np.linalg.norm(joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=2)
    median = np.maximum(np.median(lengths, axis=0), 1e-9)
    return float((np.abs(lengths / median - 1) <= _TOLERANCE).mean())


def _depth(layout: Layout, joint: int) -> int:
    depth = 0
    while layout.parents[joint] >= 0:
        joint, depth = layout.parents[joint], depth + 1
    return depth
