"""Conversion between layouts.

Joints of the same name correspond. A joint of the target that the source lacks may be derived by one of the rules of
`DERIVED`: a mean of other joints. The rules are tried in order.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout import Layout

__all__ = ["DERIVED", "conversion_matrix", "convert", "find_rule", "missing_joints"]

# Each rule is a mean of joints; the anatomically closest comes first.
DERIVED: dict[str, tuple[tuple[str, ...], ...]] = {
    "pelvis": (("left_hip", "right_hip"),),
    "neck": (("left_shoulder", "right_shoulder"),),
    "spine_shoulder": (("neck",), ("left_shoulder", "right_shoulder")),
    "spine": (("pelvis", "neck"), ("left_hip", "right_hip", "left_shoulder", "right_shoulder")),
    "head": (("left_ear", "right_ear"), ("head_base", "head_top"), ("nose",)),
    "nose": (("head",),),
    "left_foot": (("left_big_toe", "left_small_toe"), ("left_big_toe",)),
    "right_foot": (("right_big_toe", "right_small_toe"), ("right_big_toe",)),
    "left_hand": (("left_index", "left_pinky"), ("left_palm",)),
    "right_hand": (("right_index", "right_pinky"), ("right_palm",)),
    # NITE, which has neither wrists nor ankles, puts its hands and feet about there.
    "left_wrist": (("left_hand",),),
    "right_wrist": (("right_hand",),),
    "left_ankle": (("left_foot",),),
    "right_ankle": (("right_foot",),),
}


def missing_joints(source: Layout, target: Layout) -> list[str]:
    """Return the joints of the target that no joint of the source gives; if there are none, the source converts."""
    return [joint for joint in target.joints if not find_rule(source.joints, joint)]


def conversion_matrix(source: Layout, target: Layout) -> NDArray[np.float32]:
    """Return the matrix ``(J target, J source)`` that gives each target joint as a mean of source joints.

    Raises
    ------
    LayoutError
        If a joint of the target has no counterpart; the message names all of them.
    """
    if missing := missing_joints(source, target):
        raise LayoutError(
            f"layout {source.name!r} cannot become {target.name!r}: no joint in it gives {', '.join(missing)}"
        )
    matrix = np.zeros((len(target), len(source)), dtype=np.float32)
    for row, joint in enumerate(target.joints):
        rule = find_rule(source.joints, joint)
        matrix[row, [source.index(name) for name in rule]] = 1 / len(rule)
    return matrix


def convert(joints: NDArray[np.floating], source: Layout, target: Layout) -> NDArray[np.floating]:
    """Convert joints ``(..., J source, D)`` to another layout, ``(..., J target, D)``.

    A joint is NaN where a joint that it is derived from is NaN.

    Raises
    ------
    LayoutError
        If a joint of the target has no counterpart, or the array does not hold the source's joints.
    """
    if joints.ndim < 2 or joints.shape[-2] != len(source):
        raise LayoutError(f"layout {source.name!r} has {len(source)} joints, but the array has shape {joints.shape}")
    # Joint by joint, because in one matrix product 0 * NaN would make every joint of a frame NaN.
    means = [joints[..., np.flatnonzero(row), :].mean(axis=-2) for row in conversion_matrix(source, target)]
    return np.stack(means, axis=-2)


def find_rule(joints: Collection[str], joint: str) -> tuple[str, ...]:
    """Return the joints whose mean is a joint: itself, or those of the first rule that applies; else none."""
    return next((rule for rule in ((joint,), *DERIVED.get(joint, ())) if set(rule) <= set(joints)), ())
