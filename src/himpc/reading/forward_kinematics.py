"""Forward kinematics: joint positions from a skeleton's offsets and the rotations of its joints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["euler_matrices", "forward_kinematics", "quaternion_matrices"]


def euler_matrices(angles: NDArray[np.floating], order: Sequence[str]) -> NDArray[np.float64]:
    """Compute the rotation matrices of successive rotations about the axes of a body.

    Parameters
    ----------
    angles : array ``(..., n)``
        Angles in radians, right-handed.
    order : sequence of n of {"x", "y", "z"}
        The axis of each. The result is the product in this order: with ``"zxy"`` it is ``Rz @ Rx @ Ry``.

    Returns
    -------
    array ``(..., 3, 3)``
        The identity if n is 0.
    """
    rotation = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for i, axis in enumerate(order):
        rotation = rotation @ _about("xyz".index(axis), angles[..., i])
    return rotation


def quaternion_matrices(quaternions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Compute the rotation matrices ``(..., 3, 3)`` of quaternions ``(..., 4)``, w x y z, of any length.

    A quaternion of length 0 is no rotation, and its matrix is NaN.
    """
    length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    w, x, y, z = np.moveaxis(
        np.divide(quaternions, length, where=length > 0, out=np.full_like(quaternions, np.nan)), -1, 0
    )
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def forward_kinematics(
    rotations: Sequence[NDArray[np.floating]], offsets: Sequence[NDArray[np.floating]], parents: Sequence[int]
) -> NDArray[np.float64]:
    """Compute the positions of the nodes of a tree.

    Parameters
    ----------
    rotations : sequence of array ``(frames, 3, 3)``
        Rotation of each node within its parent.
    offsets : sequence of array ``(frames, 3)`` or ``(3,)``
        Position of each node in its parent's axes.
    parents : sequence of int
        Index of each node's parent, which comes before it; -1 for a root.

    Returns
    -------
    array ``(frames, nodes, 3)``
        Positions in the axes of the root's parent.
    """
    frames = len(rotations[0])
    positions = np.empty((frames, len(parents), 3))
    orientations: list[NDArray[np.floating]] = []
    for node, parent in enumerate(parents):
        if parent < 0:
            positions[:, node] = offsets[node]
            orientations.append(rotations[node])
        else:
            offset = np.broadcast_to(offsets[node], (frames, 3))
            positions[:, node] = positions[:, parent] + np.einsum("fij,fj->fi", orientations[parent], offset)
            orientations.append(orientations[parent] @ rotations[node])
    return positions


def _about(axis: int, angle: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the rotations ``(..., 3, 3)`` about one axis."""
    rotation = np.zeros((*angle.shape, 3, 3))
    rotation[..., axis, axis] = 1
    second, third = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation[..., second, second] = rotation[..., third, third] = cosine
    rotation[..., second, third], rotation[..., third, second] = -sine, sine
    return rotation
