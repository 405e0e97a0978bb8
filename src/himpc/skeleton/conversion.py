"""Conversion between layouts where joints correspond.

Joints of one name correspond. Where the target has a joint that the source lacks, one of the rules of `DERIVED` may
stand in: a mean of other joints, tried in the order given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout import Layout

__all__ = ["DERIVED", "convert", "correspondence"]

# Each rule is a mean of joints; the closest in anatomy comes first.
DERIVED: dict[str, tuple[tuple[str, ...], ...]] = {
    "pelvis": (("left_hip", "right_hip"),),
    "neck": (("left_shoulder", "right_shoulder"),),
    "spine_shoulder": (("neck",), ("left_shoulder", "right_shoulder")),
    "spine": (("pelvis", "neck"), ("left_hip", "right_hip", "left_shoulder", "right_shoulder")),
    "head": (("left_ear", "right_ear"), ("nose",)),
    "nose": (("head",),),
    "left_foot": (("left_big_toe", "left_small_toe"), ("left_big_toe",)),
    "right_foot": (("right_big_toe", "right_small_toe"), ("right_big_toe",)),
    "left_hand": (("left_index", "left_pinky"), ("left_palm",)),
    "right_hand": (("right_index", "right_pinky"), ("right_palm",)),
}


def correspondence(source: Layout, target: Layout) -> NDArray[np.float32]:
    """Return the ``(J target, J source)`` matrix whose rows are means of source joints.

    Raises
    ------
    LayoutError
        If a joint of the target has no counterpart; the message names all of them.
    """
    matrix = np.zeros((len(target), len(source)), dtype=np.float32)
    missing = []
    for row, joint in enumerate(target.joints):
        rules = ((joint,), *DERIVED.get(joint, ()))
        rule = next((rule for rule in rules if source.has(*rule)), None)
        if rule is None:
            missing.append(joint)
        else:
            matrix[row, [source.index(name) for name in rule]] = 1 / len(rule)
    if missing:
        raise LayoutError(
            f"layout {source.name!r} cannot become {target.name!r}: nothing in it corresponds to {', '.join(missing)}"
        )
    return matrix


def convert(joints: NDArray[np.floating], source: Layout, target: Layout) -> NDArray[np.floating]:
    """Return ``(..., J source, D)`` joints in another layout, ``(..., J target, D)``.

    A joint is NaN where one that it follows from is NaN.

    Raises
    ------
    LayoutError
        If a joint of the target has no counterpart, or the array does not hold the source's joints.
    """
    if joints.ndim < 2 or joints.shape[-2] != len(source):
        raise LayoutError(f"layout {source.name!r} has {len(source)} joints, but the array has shape {joints.shape}")
    # Joint by joint rather than by one matrix product, in which 0 · NaN would hide every joint of a frame.
    means = [joints[..., np.flatnonzero(row), :].mean(axis=-2) for row in correspondence(source, target)]
    return np.stack(means, axis=-2)
