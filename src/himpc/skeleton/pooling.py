"""Pooling of joints into components and limbs (docs/method.md, section 1)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout import Layout, Level

__all__ = ["centre", "mirror", "pool", "pooling_matrix"]


@cache
def pooling_matrix(layout: Layout, level: Level) -> NDArray[np.float32]:
    """Return the matrix ``(V, J)`` that pools J joints into the V nodes of a level, each an unweighted mean."""
    nodes = layout.level(level)
    matrix = np.zeros((len(nodes), len(layout)), dtype=np.float32)
    for row, joints in enumerate(nodes):
        matrix[row, list(joints)] = 1 / len(joints)
    matrix.flags.writeable = False
    return matrix


def pool(joints: NDArray[np.floating], layout: Layout, level: Level) -> NDArray[np.floating]:
    """Pool joints into the nodes of a level, each the unweighted mean of its joints.

    Parameters
    ----------
    joints : array ``(..., J, D)``
        Joint positions.

    Returns
    -------
    array ``(..., V, D)``
        V = the number of joints, components or limbs of the layout, in the same type and unit.

    Raises
    ------
    LayoutError
        If the array does not hold the layout's J joints.
    """
    _check(joints, layout)
    nodes: NDArray[np.floating] = np.einsum(
        "vj,...jd->...vd", pooling_matrix(layout, level).astype(joints.dtype), joints
    )
    return nodes


def centre(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.floating]:
    """Subtract the root of each frame from joints ``(..., J, D)``; body size, which identifies people, is kept."""
    _check(joints, layout)
    root: NDArray[np.floating] = joints[..., list(layout.root), :].mean(axis=-2, keepdims=True)
    return joints - root


def mirror(joints: NDArray[np.floating], layout: Layout, axis: int = 0) -> NDArray[np.floating]:
    """Mirror joints ``(..., J, D)``: negate one axis, exchange left and right joints."""
    _check(joints, layout)
    image = joints[..., layout.mirror_order, :].copy()
    image[..., axis] *= -1
    return image


def _check(joints: NDArray[np.floating], layout: Layout) -> None:
    if joints.ndim < 2 or joints.shape[-2] != len(layout):
        raise LayoutError(
            f"layout {layout.name!r} has {len(layout)} joints, but the array has shape {joints.shape}: "
            "expected (..., joints, axes)"
        )
