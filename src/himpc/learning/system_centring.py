"""Effects of a capture system on embeddings: centring of mean bodies, and the variance of offsets (docs/method.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.system_effects import SystemEffects
from himpc.learning.views import add_in_body_frame
from himpc.model import Model, WhitenedEncoder
from himpc.recordings import Windows
from himpc.skeleton import Layout, body_frame, centre

__all__ = ["centre_embeddings", "centre_on_model", "centre_systems", "mean_poses", "system_effects"]

JOINT_DISPLACEMENT = 0.03
"""Standard deviation, in metres on each axis, of a joint's displacement by a system: hips, shoulders, head and ankles
of depth cameras, suits and motion capture differ by 1 to 5 cm. Both sides are displaced alike."""

SIZE_DEVIATION = 0.03
"""Standard deviation of the size of bodies between systems, as a share."""

STEP = 0.01
"""Displacement, in metres, from which derivatives are computed."""

Array = NDArray[np.float64]


def centre_systems(
    joints: Sequence[NDArray[np.float32]], layout: Layout, system: NDArray[np.int64]
) -> tuple[list[NDArray[np.float32]], Array]:
    """Give the recordings of each system the same mean body.

    Parameters
    ----------
    joints : sequence of arrays ``(frames, J, 3)``
        Of each recording, without missing ones.
    layout : Layout
        With lines from side to side.
    system : int64 array ``(R,)``
        The system of each recording, 0 to S - 1.

    Returns
    -------
    joints : list of float32 arrays ``(frames, J, 3)``
    bodies : float64 array ``(S + 1, J, 3)``
        The mean body of each system before that, in the body frame, and that of all recordings.
    """
    poses = mean_poses(joints, layout)
    means = [poses[system == number].mean(axis=0) for number in range(int(system.max()) + 1)]
    bodies = np.stack([*means, poses.mean(axis=0)])
    moved = [
        add_in_body_frame(each, bodies[-1] - bodies[number], layout)
        for each, number in zip(joints, system.tolist(), strict=True)
    ]
    return moved, bodies


def centre_on_model(model: Model, joints: Sequence[NDArray[np.float32]]) -> tuple[list[NDArray[np.float32]], Array]:
    """Give recordings of one system the mean body of those that a model was adapted to.

    Parameters
    ----------
    model : Model
        With a scoring.
    joints : sequence of arrays ``(frames, J, 3)``
        In the layout of the model.

    Returns
    -------
    joints : list of float32 arrays ``(frames, J, 3)``
    bodies : float64 array ``(3, J, 3)``
        For `system_effects`, where the model's recordings are the first system, and these are the second.
    """
    known, own = _mean_body(model), mean_poses(joints, model.layout).mean(axis=0)
    moved = [add_in_body_frame(each, known - own, model.layout) for each in joints]
    return moved, np.stack([known, own, known])


def centre_embeddings(
    model: Model, vectors: Array, system: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[Array, SystemEffects]:
    """Give the embeddings of the recordings of each system the same mean; see `centre_systems`.

    Parameters
    ----------
    model : Model
        With a scoring.
    vectors : float64 array ``(R, D)``
        One embedding per recording.
    system, names
        As in `system_effects`.

    Returns
    -------
    vectors : float64 array ``(R, D)``
    effects : SystemEffects
    """
    body = _mean_body(model)
    variance = system_effects(model, model.layout, np.stack([body, body]), system, names).variance
    means = np.stack([vectors[system == number].mean(axis=0) for number in range(len(names))])
    shift = means - vectors.mean(axis=0)
    return vectors - shift[system], SystemEffects(system, shift, variance, names)


def system_effects(
    model: Model, layout: Layout, bodies: Array, system: NDArray[np.int64], names: tuple[str, ...]
) -> SystemEffects:
    """Compute what the mean bodies of systems, and displacements of joints, do to embeddings.

    Parameters
    ----------
    model : Model
        Adapted to centred recordings of `layout`.
    layout : Layout
    bodies : float64 array ``(S + 1, J, 3)``
        As `centre_systems` returns.
    system : int64 array ``(R,)``
        The system of each recording.
    names : tuple of str
        The names of the S systems.
    """
    mean = bodies[-1]
    size = mean - mean[list(layout.root)].mean(axis=0)
    changes = [JOINT_DISPLACEMENT * each for each in _symmetric_displacements(layout)] + [SIZE_DEVIATION * size]
    steps = [STEP / np.abs(each).max() * each for each in changes]
    poses = np.concatenate([bodies, mean + np.array(steps)])
    length, numbers = model.window_length, np.arange(len(poses))
    frames = centre(np.repeat(poses, length, axis=0), layout).astype(np.float32)
    windows = Windows(frames, length * numbers, numbers, length, layout, len(poses))
    embedded = model.embed(windows).astype(np.float64)
    n_systems = len(bodies) - 1
    slopes = embedded[n_systems + 1 :] - embedded[n_systems]
    slopes *= np.array([np.abs(each).max() / STEP for each in changes])[:, None]
    return SystemEffects(system, embedded[:n_systems] - embedded[n_systems], (slopes**2).sum(axis=0), names)


def mean_poses(joints: Sequence[NDArray[np.float32]], layout: Layout) -> Array:
    """Compute the mean body of each recording in the body frame, ``(R, J, 3)``."""
    return np.stack(
        [body_frame(centre(each.astype(np.float64), layout), layout).mean(axis=0, dtype=np.float64) for each in joints]
    )


def _mean_body(model: Model) -> Array:
    """Return the mean body of the recordings that a model was adapted to, ``(J, 3)``: its first features."""
    encoder = model.network.encoder("joint")
    assert isinstance(encoder, WhitenedEncoder)
    n_joints = len(model.layout)
    body: Array = encoder.offset[: 3 * n_joints].cpu().numpy().astype(np.float64).reshape(n_joints, 3)
    return body


def _symmetric_displacements(layout: Layout) -> list[Array]:
    """Return unit displacements ``(J, 3)`` of a joint, or of a left and right joint alike, along each axis.

    Joints in the middle are not displaced sideways.
    """
    partner = dict(layout.pairs)
    second = set(partner.values())
    found = []
    for joint in range(len(layout)):
        for axis in range(3):
            if joint in second or (joint not in partner and axis == 0):
                continue
            change = np.zeros((len(layout), 3))
            change[joint, axis] = 1
            if joint in partner:
                change[partner[joint], axis] = -1 if axis == 0 else 1
            found.append(change)
    return found
