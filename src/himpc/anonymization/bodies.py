"""Bodies: segment lengths set to a standard body, and motion given to another body."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, LayoutError
from himpc.recordings import Recording
from himpc.simulation import Difficulty, Sensor, simulate
from himpc.skeleton import Layout

__all__ = [
    "bone_lengths",
    "require_complete",
    "require_metres",
    "retarget",
    "set_bone_lengths",
    "standard_body",
    "standard_walk",
]

Array = NDArray[np.float64]

_MIN_LENGTH = 1e-6
"""Metres; a shorter bone has no direction."""

_FLOOR = 0.01
"""Quantile of the lowest heights of a recording that is taken for the floor."""


def standard_body(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Set the length of every bone in every frame to that of the standard body, and keep its direction.

    The standard body is the mean of the average woman and the average man of `himpc.simulation`. The path of the root
    is scaled with the legs, so that strides stay in proportion.
    """
    return _give_body(recording, standard_lengths(_require_named_joints(recording)), strength, "the standard body")


def retarget(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Give the motion to another body, which is drawn for each recording from the adults of `himpc.simulation`."""
    adult = Difficulty(bodies=1.0, gaits=0.0)
    lengths = _simulated_lengths(_require_named_joints(recording), int(rng.integers(2**32)), adult)
    return _give_body(recording, lengths, strength, "another body")


@cache
def standard_walk(layout: Layout) -> tuple[Recording, Recording]:
    """Return exact recordings of the average woman and the average man, who walk straight ahead.

    Raises
    ------
    LayoutError
        If the layout has a joint whose place on a standard body is not known.
    """
    average = Difficulty(bodies=0.0, gaits=0.0)
    walks = simulate(8, 1, layout=layout, seconds=4.0, fps=100.0, difficulty=average, sensor=Sensor())
    by_height = sorted(walks, key=lambda walk: float(np.ptp(walk.joints[0, :, 1])))
    return by_height[0], by_height[-1]  # of eight, both sexes are drawn


@cache
def standard_lengths(layout: Layout) -> Array:
    """Return the length in metres of each bone of the standard body, ``(len(layout.bones),)``, rounded to 0.1 mm."""
    of_both = np.stack([bone_lengths(walk.joints, layout).mean(axis=0) for walk in standard_walk(layout)])
    lengths: Array = np.round(of_both.mean(axis=0), 4)
    return lengths


def bone_lengths(joints: NDArray[np.floating], layout: Layout) -> Array:
    """Return the length of each bone in each frame, ``(frames, len(layout.bones))``."""
    ends = np.array(layout.bones, dtype=np.intp).reshape(-1, 2)
    lengths: Array = np.linalg.norm(joints[:, ends[:, 0]].astype(np.float64) - joints[:, ends[:, 1]], axis=-1)
    return lengths


def set_bone_lengths(joints: Array, layout: Layout, lengths: Array) -> Array:
    """Return joints ``(frames, J, 3)`` with other bone lengths ``(..., bones)``; bones keep their directions.

    The top of the tree stays where it is. A bone without length in a frame takes its direction from the nearest frame
    in which it has one, else it points up.
    """
    target = np.broadcast_to(lengths, (len(joints), len(layout.bones)))
    moved = joints.copy()
    for number in _bones_from_root(layout):
        joint, parent = layout.bones[number]
        direction = _directions(joints[:, joint] - joints[:, parent])
        moved[:, joint] = moved[:, parent] + target[:, number, None] * direction
    return moved


def require_metres(recording: Recording, what: str) -> None:
    """Raise DataError if a recording is 2D."""
    if recording.dimensions != 3:
        raise DataError(
            f"{recording.source or 'recording'}: {what} needs skeletons in 3D and metres, found 2D in pixels",
            hint="use smooth, resample or drop",
        )


def require_complete(recording: Recording, what: str) -> None:
    """Raise DataError if a recording lacks a joint in some frame."""
    if not recording.complete:
        raise DataError(
            f"{recording.source or 'recording'}: {what} needs every joint in every frame, but some were not seen",
            hint="clean the recording first: {clean=True}",
        )


def root_path(joints: Array, layout: Layout) -> Array:
    """Return the position of the root in each frame, ``(frames, 3)``."""
    path: Array = joints[:, list(layout.root)].mean(axis=1)
    return path


def _give_body(recording: Recording, lengths: Array, strength: float, what: str) -> Recording:
    require_metres(recording, what)
    require_complete(recording, what)
    layout, joints = recording.layout, recording.joints.astype(np.float64)
    own = bone_lengths(joints, layout)
    moved = set_bone_lengths(joints, layout, (1 - strength) * own + strength * lengths)
    scale = 1 - strength + strength * _leg_ratio(layout, np.median(own, axis=0), lengths)
    path = root_path(joints, layout)
    base = np.array([path[0, 0], np.quantile(joints[:, :, 1].min(axis=1), _FLOOR), path[0, 2]])
    moved += (base + scale * (path - base) - root_path(moved, layout))[:, None]
    return recording.with_(joints=moved.astype(np.float32))


def _leg_ratio(layout: Layout, own: Array, lengths: Array) -> float:
    """Return how much longer the legs of the new body are; of a layout without legs, all its bones."""
    legs = [joint for joint, name in enumerate(layout.joints) if name.endswith(("_knee", "_ankle"))]
    bones = [number for number, (joint, _) in enumerate(layout.bones) if joint in legs] or list(range(len(own)))
    return float(lengths[bones].sum() / max(own[bones].sum(), _MIN_LENGTH))


def _require_named_joints(recording: Recording) -> Layout:
    """Return the layout of a recording, if the standard body has all its joints."""
    layout = recording.layout
    if not layout.bones:
        raise LayoutError(f"{recording.source or 'recording'}: layout {layout.name!r} has no bones to set")
    try:
        standard_walk(layout)
    except LayoutError as error:
        raise LayoutError(
            f"{recording.source or 'recording'}: the standard body does not have all joints of layout "
            f"{layout.name!r}: {error.message}",
            hint="convert to a layout of named joints first, or use noise, offset or smooth",
        ) from error
    return layout


def _simulated_lengths(layout: Layout, seed: int, difficulty: Difficulty) -> Array:
    walk = simulate(1, 1, layout=layout, seconds=1.0, difficulty=difficulty, sensor=Sensor(), seed=seed)[0]
    lengths: Array = bone_lengths(walk.joints, layout).mean(axis=0)
    return lengths


def _bones_from_root(layout: Layout) -> list[int]:
    """Return the numbers of the bones, each after the bone that it hangs from."""
    depth = {joint: 0 for joint, parent in enumerate(layout.parents) if parent < 0}
    while len(depth) < len(layout):
        depth |= {joint: depth[parent] + 1 for joint, parent in layout.bones if parent in depth}
    return sorted(range(len(layout.bones)), key=lambda number: depth[layout.bones[number][0]])


def _directions(vectors: Array) -> Array:
    """Return unit vectors ``(frames, 3)``."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    known = np.flatnonzero(length[:, 0] > _MIN_LENGTH)
    if not len(known):
        return np.tile([0.0, 1.0, 0.0], (len(vectors), 1))
    after = np.minimum(np.searchsorted(known, np.arange(len(vectors))), len(known) - 1)
    before = np.maximum(after - 1, 0)
    frames = np.arange(len(vectors))
    nearest = np.where(np.abs(known[after] - frames) <= np.abs(known[before] - frames), known[after], known[before])
    directions: Array = vectors[nearest] / length[nearest]
    return directions
