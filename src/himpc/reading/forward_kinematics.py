"""Forward kinematics: joint positions from a skeleton's offsets and the rotations of its joints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["euler_matrices", "forward"]

_AXES = "xyz"


def euler_matrices(angles: NDArray[np.floating], order: Sequence[str]) -> NDArray[np.float64]:
    """Return the rotation matrices of successive turns about the axes of a body.

    Parameters
    ----------
    angles : array ``(..., n)``
        Angles in radians, right-handed.
    order : sequence of n of {"x", "y", "z"}
        The axis of each. The result is the product in this order: with ``"zxy"`` it is ``Rz @ Rx @ Ry``.

    Returns
    -------
    array ``(..., 3, 3)``
        The identity where n is 0.
    """
    turn = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for place, axis in enumerate(order):
        turn = turn @ _about(_AXES.index(axis), angles[..., place])
    return turn


def forward(
    rotations: Sequence[NDArray[np.floating]], offsets: Sequence[NDArray[np.floating]], parents: Sequence[int]
) -> NDArray[np.float64]:
    """Return where the nodes of a tree are.

    Parameters
    ----------
    rotations : sequence of array ``(frames, 3, 3)``
        The turn of each node within its parent.
    offsets : sequence of array ``(frames, 3)`` or ``(3,)``
        Where each node lies within its parent's axes.
    parents : sequence of int
        Index of each node's parent, which stands before it; -1 for a root.

    Returns
    -------
    array ``(frames, nodes, 3)``
        Positions in the axes of the root's parent.
    """
    frames = len(rotations[0])
    positions = np.empty((frames, len(parents), 3))
    turns: list[NDArray[np.floating]] = []
    for node, parent in enumerate(parents):
        if parent < 0:
            positions[:, node] = offsets[node]
            turns.append(rotations[node])
        else:
            positions[:, node] = positions[:, parent] + np.einsum(
                "fij,fj->fi", turns[parent], np.broadcast_to(offsets[node], (frames, 3))
            )
            turns.append(turns[parent] @ rotations[node])
    return positions


def _about(axis: int, angle: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the turns ``(..., 3, 3)`` about one axis."""
    turn = np.zeros((*angle.shape, 3, 3))
    turn[..., axis, axis] = 1
    second, third = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = np.cos(angle), np.sin(angle)
    turn[..., second, second] = turn[..., third, third] = cosine
    turn[..., second, third], turn[..., third, second] = -sine, sine
    return turn
