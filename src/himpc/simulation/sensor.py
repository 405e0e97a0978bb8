"""What a depth camera and its skeleton tracker make of the true joints.

Sources
-------
Depth noise: Khoshelham and Elberink, Sensors 12 (2012) 1437-1454: the random error of a Kinect's depth is 1.425 mm
times the squared distance in metres, 36 mm at 5 m. A joint is fitted to many depth pixels, so only a part of it is
left. That hands and feet are worse than the trunk: Wang, Kurillo, Ofli and Bajcsy, "Evaluation of Pose Tracking
Accuracy in the First and Second Generations of Microsoft Kinect", ICHI 2015. The factors for each kind of joint and the
rates of swaps and losses are our own choice, graded from a good day to a bad one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.simulation.knobs import check_knobs
from himpc.skeleton import Layout

__all__ = ["Sensor", "joint_noise"]

Array = NDArray[np.float64]

_KHOSHELHAM = 1.425e-3  # metres of depth error at 1 m of distance
_DRIFT_SECONDS = 0.3  # a tracker's slow error keeps its direction about so long
_WIDTH = 0.14  # metres: a joint this close to its partner's line of sight, and behind it, is hidden
_BEHIND = 0.08
_ENDS = {"hand": 2.2, "foot": 2.0, "wrist": 1.6, "ankle": 1.5, "elbow": 1.2, "knee": 1.1, "hip": 1.1, "head": 0.8}
_AS = {
    **dict.fromkeys(("palm", "fingers", "hand_tip", "thumb", "index", "pinky"), "hand"),
    **dict.fromkeys(("heel", "toe", "big_toe", "small_toe"), "foot"),
    **dict.fromkeys(("nose", "eye", "eye_inner", "eye_outer", "ear", "mouth", "head_base"), "head"),
}


@dataclass(frozen=True)
class Sensor:
    """A depth camera with its skeleton tracker; all zeros is a perfect one.

    Attributes
    ----------
    depth_noise : float
        Share of a pixel's depth noise that is left in a joint.
    jitter : float
        Frame-to-frame error of a trunk joint in each axis, metres; hands and feet are about twice as bad.
    drift : float
        The same for the error that lasts some tenths of a second.
    bias : float
        The same for the error that lasts a whole recording: clothes, and a tracker that knows no bones.
    occlusion : float
        Extra drift of a joint hidden behind its partner of the other side, metres.
    swaps : float
        How often a second left and right arms, or legs, are taken for each other.
    losses : float
        How often a second a joint is lost.
    hidden_losses : float
        The same while it is hidden.

    Raises
    ------
    ConfigError
        If a number is below 0 or absurdly large.
    """

    depth_noise: float = 0.0
    jitter: float = 0.0
    drift: float = 0.0
    bias: float = 0.0
    occlusion: float = 0.0
    swaps: float = 0.0
    losses: float = 0.0
    hidden_losses: float = 0.0

    def __post_init__(self) -> None:
        metres = dict.fromkeys(("jitter", "drift", "bias", "occlusion"), 1.0)
        check_knobs(self, {**metres, "depth_noise": 10.0, "swaps": 10.0, "losses": 10.0, "hidden_losses": 10.0})

    def measure(self, joints: Array, layout: Layout, *, fps: float, turned: Array, rng: np.random.Generator) -> Array:
        """Return what the tracker reports.

        Parameters
        ----------
        joints : float64 array ``(frames, J, 3)``
            True positions in camera axes, metres.
        layout : Layout
            The J joints.
        fps : float
            Frames a second.
        turned : float64 array ``(frames, 3, 3)``
            The walker's axes in camera axes (its columns are left, up, ahead); the bias turns with the body.
        rng : numpy Generator
            The recording's own stream.

        Returns
        -------
        float64 array ``(frames, J, 3)``
            Positions in camera axes; a lost joint is NaN.
        """
        frames, count, _ = joints.shape
        noise = joint_noise(layout)[:, None]
        hidden = _hidden(joints, layout)
        error = noise * self.jitter * rng.standard_normal(joints.shape)
        error += noise * self.drift * _slow(rng, joints.shape, fps)
        error += np.einsum("fab,jb->fja", turned, noise * self.bias * rng.standard_normal((count, 3)))
        error += hidden[:, :, None] * self.occlusion * _slow(rng, joints.shape, fps)
        depth = np.maximum(joints[:, :, 2], 0.5)
        error[:, :, 2] += self.depth_noise * _KHOSHELHAM * depth**2 * rng.standard_normal((frames, count))
        measured = _swap(joints + error, layout, _runs(rng, (frames, 2), self.swaps, fps, longest=0.3))
        lost = _runs(rng, (frames, count), self.losses, fps, longest=0.25)
        lost |= hidden & _runs(rng, (frames, count), self.hidden_losses, fps, longest=0.25)
        measured[lost] = np.nan
        return measured


def joint_noise(layout: Layout) -> Array:
    """Return how noisy each joint is against one of the trunk, ``(J,)``."""

    def factor(name: str) -> float:
        part = name.removeprefix("left_").removeprefix("right_")
        return _ENDS.get(_AS.get(part, part), 1.0)

    return np.array([factor(name) for name in layout.joints])


def _hidden(joints: Array, layout: Layout) -> NDArray[np.bool_]:
    """Tell which joints ``(frames, J)`` lie behind their partner of the other side, seen from the camera."""
    hidden = np.zeros(joints.shape[:2], dtype=bool)
    if not layout.pairs:
        return hidden
    left, right = np.array(layout.pairs).T
    across = joints[:, :, 0] / np.maximum(joints[:, :, 2], 0.1)
    gap = np.abs(across[:, left] - across[:, right]) * joints[:, left, 2]
    behind = joints[:, left, 2] - joints[:, right, 2]
    hidden[:, left] = (gap < _WIDTH) & (behind > _BEHIND)
    hidden[:, right] = (gap < _WIDTH) & (behind < -_BEHIND)
    return hidden


def _swap(joints: Array, layout: Layout, wrong: NDArray[np.bool_]) -> Array:
    """Exchange left and right legs and arms in the frames ``(frames, 2)`` where the tracker is wrong about them."""
    swapped = joints.copy()
    left_leg, right_leg, _, left_arm, right_arm = (set(limb) for limb in layout.limbs)
    for column, (lefts, rights) in enumerate(((left_leg, right_leg), (left_arm, right_arm))):
        at = np.flatnonzero(wrong[:, column])
        for left, right in layout.pairs:
            if left in lefts and right in rights:
                swapped[at, left], swapped[at, right] = joints[at, right], joints[at, left]
    return swapped


def _slow(rng: np.random.Generator, shape: tuple[int, ...], fps: float) -> Array:
    """Return noise of unit variance ``(frames, ...)`` that changes over some tenths of a second."""
    frames = shape[0]
    place = np.arange(frames) / max(_DRIFT_SECONDS * fps, 1.0)
    knots = rng.standard_normal((int(place[-1]) + 2, *shape[1:]))
    before = place.astype(np.intp)
    part = (place - before).reshape(-1, *[1] * (len(shape) - 1))
    mixed: Array = (knots[before] * (1 - part) + knots[before + 1] * part) / np.sqrt(part**2 + (1 - part) ** 2)
    return mixed


def _runs(
    rng: np.random.Generator, shape: tuple[int, int], rate: float, fps: float, longest: float
) -> NDArray[np.bool_]:
    """Tell in which frames ``(frames, columns)`` something lasts that starts `rate` times a second.

    All runs of a recording last equally long, at most `longest` seconds.
    """
    length = 1 + int(rng.random() * longest * fps)
    starts = np.cumsum(rng.random(shape) < rate / fps, axis=0)
    before = np.concatenate([np.zeros((min(length, shape[0]), shape[1]), dtype=starts.dtype), starts[:-length]])
    runs: NDArray[np.bool_] = starts > before
    return runs
