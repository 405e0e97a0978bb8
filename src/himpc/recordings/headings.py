"""The heading of a body relative to the camera that saw it."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.recordings.recording import Recording
from himpc.skeleton import has_side_lines, headings

__all__ = [
    "FACINGS",
    "Facing",
    "camera_headings",
    "describe_headings",
    "facing_shares",
    "heading_sectors",
    "mean_direction",
    "nearby_sectors",
]

Facing = Literal["towards", "right", "away", "left"]
FACINGS: tuple[Facing, ...] = get_args(Facing)
"""Quarters of the headings: towards the camera, to the right of the image, away from the camera, to the left."""

MAX_SPREAD = 0.5
"""Circular variance of directions above which they have no mean: of left and right it would be towards the camera."""

MIN_SHARE = 0.1
"""Share of the frames from which a quarter is named."""

SECTORS, MIN_SECTOR_SHARE, NEAR_SECTORS = 24, 0.05, 3
"""Number of sectors of the circle, share of the frames from which a recording shows one, and how many sectors away a
body is seen from the same side: 45 degrees."""

MAX_ROOT_DISTANCE = 0.02
"""Metres of the root from the origin up to which joints are relative to the body."""

MIN_CAMERA_DISTANCE = 0.4
"""Metres between a camera and a body whose joints it sees."""

MIN_CAMERA_HEIGHT = 0.2
"""Metres of a camera above the lowest joint; the origin of motion capture is on the floor."""

MAX_FIELD_DEGREES = 50.0
"""Largest angle between the axis of a camera and a body that it sees."""

SHARE_IN_FIELD = 0.95
"""Share of the frames in which the body must be before the camera."""

Floats = NDArray[np.float64]


def camera_headings(recording: Recording) -> Floats:
    """Compute the heading of the body in each frame, relative to the camera.

    The camera is at the origin where all joints lie before the origin and lower, as those of a depth camera do. Joints
    that a pose estimator gave relative to the body are in the axes of the image.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    float64 array ``(frames,)``
        Degrees in [-180, 180]: 0 towards the camera, 90 to the right of the image, -90 to the left, 180 away. NaN where
        the frame does not show it. All are NaN where no camera is known, as in motion capture, in 2D, or in a layout
        without left and right.

    Examples
    --------
    >>> from himpc.simulation import Camera, simulate
    >>> (side,) = simulate(1, 1, seconds=1.0, difficulty="easy", cameras=[Camera("side", angle=90.0)])
    >>> describe_headings(camera_headings(side))
    'left'
    """
    unknown = np.full(len(recording), np.nan)
    if recording.dimensions != 3 or not has_side_lines(recording.layout):
        return unknown
    to_camera = _directions_to_camera(recording)
    if to_camera is None:
        return unknown
    turned = headings(recording.joints, recording.layout) - to_camera
    degrees: Floats = np.degrees(np.arctan2(np.sin(turned), np.cos(turned)))
    return degrees


def mean_direction(degrees: Floats) -> tuple[float, float]:
    """Compute the circular mean of directions in degrees, and their circular variance (0 to 1); NaN are ignored.

    The mean is NaN if the variance is above `MAX_SPREAD`.
    """
    angles = np.radians(degrees[np.isfinite(degrees)])
    if len(angles) == 0:
        return float("nan"), float("nan")
    mean = np.exp(1j * angles).mean()
    spread = float(1 - abs(mean))
    return float(np.degrees(np.angle(mean))) if spread <= MAX_SPREAD else float("nan"), spread


def facing_shares(degrees: Floats) -> dict[Facing, float]:
    """Compute the shares of directions, in degrees, in each quarter of the circle; NaN are ignored."""
    quarters = np.round(degrees[np.isfinite(degrees)] / 90).astype(int) % 4
    return {name: float((quarters == number).mean()) if len(quarters) else 0.0 for number, name in enumerate(FACINGS)}


def describe_headings(degrees: Floats) -> str:
    """Name the quarters that a body faces for at least `MIN_SHARE` of the time, the most frequent first.

    Returns
    -------
    str
        Such as ``"towards"`` or ``"left, away"``; empty if no direction is known.
    """
    shares = facing_shares(degrees)
    named = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(name for name, share in named if share >= MIN_SHARE)


def heading_sectors(degrees: Floats) -> int:
    """Compute which sectors of the circle a body faces for at least `MIN_SECTOR_SHARE` of the time, as bits.

    Returns
    -------
    int
        Bit k of `SECTORS` is set for headings around ``360 k / SECTORS`` degrees; 0 if no heading is known.
    """
    numbers = np.round(degrees[np.isfinite(degrees)] * SECTORS / 360).astype(int) % SECTORS
    counts = np.bincount(numbers, minlength=SECTORS)
    return sum(1 << int(k) for k in np.flatnonzero(counts >= max(MIN_SECTOR_SHARE * len(numbers), 1)))


def nearby_sectors(sectors: int) -> int:
    """Add the sectors that are seen from the same side: those up to `NEAR_SECTORS` away."""
    everything = (1 << SECTORS) - 1
    near = 0
    for step in range(-NEAR_SECTORS, NEAR_SECTORS + 1):
        near |= sectors << (step % SECTORS) | sectors >> (-step % SECTORS)
    return near & everything


def _directions_to_camera(recording: Recording) -> Floats | float | None:
    """Return the angle of the line from the body to the camera ``(frames,)``, as `headings` has it; None if unknown."""
    root = recording.joints[:, list(recording.layout.root)].astype(np.float64).mean(axis=1)
    distance = np.hypot(root[:, 0], root[:, 2])
    seen = np.isfinite(distance)
    if not seen.any():
        return None
    is_estimate = not (recording.true_size or recording.equal_size) or recording.quality.cleaned
    if np.median(np.abs(root[seen]).max(axis=1)) <= MAX_ROOT_DISTANCE:
        return 0.0 if is_estimate else None
    if recording.quality.cleaned:  # triangulated by several cameras
        return None
    lowest = np.nanmin(np.where(np.isnan(recording.joints[..., 1]), np.inf, recording.joints[..., 1]), axis=1)
    before = (distance >= MIN_CAMERA_DISTANCE) & (np.abs(root[:, 1]) <= distance) & (lowest <= -MIN_CAMERA_HEIGHT)
    # Depth cameras look along z, either way.
    side = np.sign(np.median(root[seen, 2]))
    before &= side * root[:, 2] >= distance * np.cos(np.radians(MAX_FIELD_DEGREES))
    if before[seen].mean() < SHARE_IN_FIELD:
        return None
    directions: Floats = np.arctan2(-root[:, 0], -root[:, 2])
    return directions
