"""Errors of a depth camera and its skeleton tracker.

Sources
-------
Depth noise: Khoshelham and Elberink, Sensors 12 (2012) 1437-1454: the random error of a Kinect's depth is 1.425 mm
times the squared distance in metres, 36 mm at 5 m. A joint is fitted to many depth pixels, so only a part of it
remains. Hands and feet are noisier than the trunk: Wang, Kurillo, Ofli and Bajcsy, "Evaluation of Pose Tracking
Accuracy in the First and Second Generations of Microsoft Kinect", ICHI 2015. The factors for each kind of joint and the
rates of swaps and losses are estimates.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from himpc._schema import validated
from himpc.skeleton import Layout

Array = NDArray[np.float64]
Metres = Annotated[float, Field(ge=0, le=1)]
UpTo10 = Annotated[float, Field(ge=0, le=10)]

_DEPTH_ERROR = 1.425e-3  # metres at a distance of 1 m (Khoshelham)
_DRIFT_SECONDS = 0.3  # correlation time of the slow error of a tracker
# A joint is hidden if it is this close to the line of sight of its partner, and behind it by this, in metres.
_HIDDEN_WIDTH, _HIDDEN_DEPTH = 0.14, 0.08
_NOISE = {"hand": 2.2, "foot": 2.0, "wrist": 1.6, "ankle": 1.5, "elbow": 1.2, "knee": 1.1, "hip": 1.1, "head": 0.8}
_SAME_NOISE = {
    **dict.fromkeys(("palm", "fingers", "hand_tip", "thumb", "index", "pinky"), "hand"),
    **dict.fromkeys(("heel", "toe", "big_toe", "small_toe"), "foot"),
    **dict.fromkeys(("nose", "eye", "eye_inner", "eye_outer", "ear", "mouth", "head_base", "head_top"), "head"),
}


@validated
class Sensor:
    """A depth camera with its skeleton tracker; without arguments, an exact one.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    depth_noise: UpTo10 = 0.0
    """Share of the depth noise of a pixel that remains in a joint."""
    jitter: Metres = 0.0
    """Frame-to-frame error of a trunk joint in each axis, metres; that of hands and feet is about twice as large."""
    drift: Metres = 0.0
    """The same for the error that lasts some tenths of a second."""
    bias: Metres = 0.0
    """The same for the error that lasts a whole recording, due to clothes and inconstant bone lengths."""
    occlusion: Metres = 0.0
    """Additional drift of a joint that is hidden behind its partner of the other side, metres."""
    swaps: UpTo10 = 0.0
    """Exchanges of left and right arms, or legs, a second."""
    losses: UpTo10 = 0.0
    hidden_losses: UpTo10 = 0.0
    """`losses`, `hidden_losses`: losses of a joint a second, always and only while it is hidden."""

    def measure(self, joints: Array, layout: Layout, *, fps: float, turned: Array, rng: np.random.Generator) -> Array:
        """Add the errors of camera and tracker to true positions.

        Parameters
        ----------
        joints : float64 array ``(frames, J, 3)``
            True positions in camera axes, metres.
        layout : Layout
            The J joints.
        fps : float
            Frames a second.
        turned : float64 array ``(frames, 3, 3)``
            The walker's axes in camera axes (the columns are left, up and ahead); the bias turns with the body.
        rng : numpy Generator
            The recording's random stream.

        Returns
        -------
        float64 array ``(frames, J, 3)``
            Positions in camera axes; a lost joint is NaN.
        """
        frames, count, _ = joints.shape
        noise = _joint_noise(layout)[:, None]
        hidden = _hidden(joints, layout)
        error = noise * self.jitter * rng.standard_normal(joints.shape)
        error += noise * self.drift * _drift(rng, joints.shape, fps)
        error += np.einsum("fab,jb->fja", turned, noise * self.bias * rng.standard_normal((count, 3)))
        error += hidden[:, :, None] * self.occlusion * _drift(rng, joints.shape, fps)
        depth = np.maximum(joints[:, :, 2], 0.5)
        error[:, :, 2] += self.depth_noise * _DEPTH_ERROR * depth**2 * rng.standard_normal((frames, count))
        measured = _swap_sides(joints + error, layout, _events(rng, (frames, 2), self.swaps, fps, max_seconds=0.3))
        lost = _events(rng, (frames, count), self.losses, fps, max_seconds=0.25)
        lost |= hidden & _events(rng, (frames, count), self.hidden_losses, fps, max_seconds=0.25)
        measured[lost] = np.nan
        return measured


def _joint_noise(layout: Layout) -> Array:
    """Return the noise of each joint over that of the trunk, ``(J,)``."""

    def factor(name: str) -> float:
        part = name.removeprefix("left_").removeprefix("right_")
        return _NOISE.get(_SAME_NOISE.get(part, part), 1.0)

    return np.array([factor(name) for name in layout.joints])


def _hidden(joints: Array, layout: Layout) -> NDArray[np.bool_]:
    """Return which joints ``(frames, J)`` lie behind their partner of the other side, seen from the camera."""
    hidden = np.zeros(joints.shape[:2], dtype=bool)
    if not layout.pairs:
        return hidden
    left, right = np.array(layout.pairs).T
    across = joints[:, :, 0] / np.maximum(joints[:, :, 2], 0.1)
    gap = np.abs(across[:, left] - across[:, right]) * joints[:, left, 2]
    behind = joints[:, left, 2] - joints[:, right, 2]
    hidden[:, left] = (gap < _HIDDEN_WIDTH) & (behind > _HIDDEN_DEPTH)
    hidden[:, right] = (gap < _HIDDEN_WIDTH) & (behind < -_HIDDEN_DEPTH)
    return hidden


def _swap_sides(joints: Array, layout: Layout, wrong: NDArray[np.bool_]) -> Array:
    """Exchange left and right legs, and arms, in the frames ``(frames, 2)`` in which the tracker confuses them."""
    swapped = joints.copy()
    for column, limb in enumerate(("leg", "arm")):
        lefts, rights = layout.part(f"left_{limb}"), layout.part(f"right_{limb}")
        at = np.flatnonzero(wrong[:, column])
        for left, right in layout.pairs:
            if left in lefts and right in rights:
                swapped[at, left], swapped[at, right] = joints[at, right], joints[at, left]
    return swapped


def _drift(rng: np.random.Generator, shape: tuple[int, ...], fps: float) -> Array:
    """Draw noise of unit variance ``(frames, ...)`` that changes over some tenths of a second."""
    frames = shape[0]
    place = np.arange(frames) / max(_DRIFT_SECONDS * fps, 1.0)
    knots = rng.standard_normal((int(place[-1]) + 2, *shape[1:]))
    before = place.astype(np.intp)
    part = (place - before).reshape(-1, *[1] * (len(shape) - 1))
    mixed: Array = (knots[before] * (1 - part) + knots[before + 1] * part) / np.sqrt(part**2 + (1 - part) ** 2)
    return mixed


def _events(
    rng: np.random.Generator, shape: tuple[int, int], rate: float, fps: float, max_seconds: float
) -> NDArray[np.bool_]:
    """Draw the frames ``(frames, columns)`` of events that start `rate` times a second.

    All events of a recording have the same duration, of at most `max_seconds`.
    """
    length = 1 + int(rng.random() * max_seconds * fps)
    starts = np.cumsum(rng.random(shape) < rate / fps, axis=0)
    before = np.concatenate([np.zeros((min(length, shape[0]), shape[1]), dtype=starts.dtype), starts[:-length]])
    active: NDArray[np.bool_] = starts > before
    return active
