"""True size before one camera: its height above the floor, and where feet stand on the floor.

A person stands or walks on a level floor, and the camera does not move. The distance of the camera from the floor, in
the assumed size of a body, follows from the feet in the picture; the true one, over it, is the scale of that body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout, stature
from himpc.video.cameras import CalibratedCamera, intersect_rays
from himpc.video.tracking import Track

Floats = NDArray[np.float64]

ASSUMED_FOCAL_LENGTH = 0.8
"""Focal length of an unknown lens in longer sides of the picture: 64 degrees, as of phones and webcams. The size of a
person hardly depends on it, because both distance and height above the floor do."""

MIN_CONFIDENCE = 0.5
"""Of the joints of a foot on the floor."""

MIN_SECONDS = 1.0
"""Shortest time for which the feet of a person must be seen."""

MAX_ERROR = 0.06
"""Largest standard error of the size of a person, as a share of it."""

TILT_ERROR = 0.07
"""Standard error, in radians, of the upward direction that bodies show; they lean when they walk."""

FOCAL_ERROR = 0.4
"""Relative error of an assumed focal length."""

DEPTH_ERROR = 0.04
"""Smallest relative error of the depth of a foot, which lasts for `STEP_SECONDS`."""

STEP_SECONDS = 0.5

HORIZON = 0.03
"""Smallest distance of a foot below the horizon, in focal lengths."""

ANKLE_HEIGHT = 0.039
"""Height of the ankle above the sole, as a share of the stature (Winter, figure 4.1)."""

_SOLE = ("heel", "foot", "big_toe", "small_toe")


@dataclass(frozen=True, eq=False)
class Floor:
    """The floor before a camera, and the size of each track on it.

    Attributes
    ----------
    distances : dict of int to float
        By the number of a track, the distance of the camera from the floor in the assumed size of its body.
    errors : dict of int to float
        The standard error of each, as a share.
    """

    distances: dict[int, float] = field(default_factory=dict)
    errors: dict[int, float] = field(default_factory=dict)

    def certain(self) -> dict[int, float]:
        """Return the distances that are known well enough."""
        return {number: self.distances[number] for number, error in self.errors.items() if error <= MAX_ERROR}


def assumed_camera(width: int, height: int) -> CalibratedCamera:
    """Return a camera of the usual field of view."""
    focal = ASSUMED_FOCAL_LENGTH * max(width, height)
    matrix = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return CalibratedCamera("assumed", matrix, np.zeros(0), (width, height))


def find_floor(
    tracks: Sequence[Track],
    layout: Layout,
    fps: float,
    camera: CalibratedCamera,
    up: Floats | None,
    *,
    is_lens_known: bool = False,
    tilt_error: float = TILT_ERROR,
) -> Floor:
    """Fit a floor to the feet of all tracks.

    A foot at the depth z, seen at x and y in the plane one unit ahead, is on the floor if ``z (y + a x + b) = d``. The
    slopes a and b of the floor are those that the upward direction states, roughly, and by which feet near and far are
    on one floor. Depths follow from the size of bodies and have relative errors, so their logarithms are fitted.

    Parameters
    ----------
    tracks : sequence of Track
        With joints in 3D.
    layout : Layout
        Their joints, with ankles.
    fps : float
        Frames a second.
    camera : CalibratedCamera
        The lens, for pictures of the size of the video.
    up : float64 array ``(3,)``, optional
        The direction of up in the axes of `Detection`; by default that of the picture.
    is_lens_known : bool
        Whether the focal length is known, and not assumed.
    tilt_error : float
        Standard error of the upward direction, radians.

    Returns
    -------
    Floor
        Without the tracks whose feet are not seen for `MIN_SECONDS`.
    """
    feet = {track.number: _feet(track, layout, camera) for track in tracks if track.joints is not None}
    feet = {number: points for number, points in feet.items() if len(points) >= max(3, MIN_SECONDS * fps)}
    if not feet:
        return Floor()
    down = np.array([0.0, 1.0, 0.0]) if up is None else np.array([-up[0], up[1], up[2]])
    slopes = np.array([down[0], down[2]]) / max(down[1], 0.1)
    spread = np.full(2, tilt_error) if is_lens_known else np.hypot(tilt_error, FOCAL_ERROR * slopes)
    points = np.concatenate(list(feet.values()))
    owners = np.repeat(np.arange(len(feet)), [len(each) for each in feet.values()])
    solution, errors = _fit(points, owners, slopes, spread, max(1.0, STEP_SECONDS * fps))
    # The true tilt of an assumed lens is that of the bodies.
    steepness = np.sqrt(1 + np.square(solution[:2] if is_lens_known else slopes).sum())
    distances = np.exp(solution[2:]) / steepness
    return Floor(dict(zip(feet, distances.tolist(), strict=True)), dict(zip(feet, errors.tolist(), strict=True)))


def _fit(
    points: Floats, owners: NDArray[np.intp], slopes: Floats, spread: Floats, step: float
) -> tuple[Floats, Floats]:
    """Fit the slopes of the floor and the logarithm of each distance by Gauss and Newton.

    Returns
    -------
    solution : array ``(2 + n,)``
        Both slopes, and the logarithms of n distances.
    errors : array ``(n,)``
        The standard errors of these.
    """
    across, below, depth = points[:, 0] / points[:, 2], points[:, 1] / points[:, 2], points[:, 2]
    own = (owners[:, None] == np.arange(owners.max() + 1)).astype(np.float64)
    heights = np.log(np.maximum(below + slopes[0] * across + slopes[1], HORIZON))
    solution = np.concatenate([slopes, own.T @ (np.log(depth) + heights) / own.sum(axis=0)])
    error, weights = DEPTH_ERROR, np.ones(len(points))
    information = np.eye(len(solution))
    for _ in range(10):
        under = below + solution[0] * across + solution[1]
        weights = weights * (under > HORIZON)
        under = np.maximum(under, HORIZON)
        residual = np.log(depth) + np.log(under) - own @ solution[2:]
        if weights.any():
            error = max(DEPTH_ERROR, 1.48 * float(np.median(np.abs(residual[weights > 0]))))
        weights = ((np.abs(residual) < 3 * error) & (under > HORIZON)) / (error**2 * step)
        gradient = np.column_stack([across / under, 1 / under, -own])
        information = (gradient * weights[:, None]).T @ gradient + 1e-6 * np.eye(len(solution))
        moment = -gradient.T @ (weights * residual)
        information[[0, 1], [0, 1]] += spread**-2
        moment[:2] += (slopes - solution[:2]) * spread**-2
        solution = solution + np.linalg.solve(information, moment)
    return solution, np.sqrt(np.diag(np.linalg.inv(information))[2:])


def _feet(track: Track, layout: Layout, camera: CalibratedCamera) -> Floats:
    """Return the point of the lower foot ``(n, 3)`` in frames that show it, in the axes of OpenCV and assumed size."""
    names = [f"{side}_{part}" for side in ("left", "right") for part in _SOLE]
    soles, lift = [layout.index(name) for name in names if layout.has(name)], 0.0
    if track.joints is None or not (soles or layout.has("left_ankle", "right_ankle")):
        return np.empty((0, 3))
    bodies = track.joints.astype(np.float64) * (1, -1, -1)
    if not soles:
        soles = [layout.index(name) for name in ("left_ankle", "right_ankle")]
        lift = ANKLE_HEIGHT * stature(track.joints, layout)
    rays = camera.to_rays(track.points)
    poses = np.zeros((rays.shape[1], len(rays), 3, 4))
    poses[..., :3], poses[..., 3] = np.eye(3), bodies.transpose(1, 0, 2)
    place = intersect_rays(poses, rays.transpose(1, 0, 2), track.confidence.T.astype(np.float64))
    depth = place[:, 2:] + bodies[:, soles, 2]
    points = np.concatenate([rays[:, soles], np.ones((len(rays), len(soles), 1))], axis=2) * depth[..., None]
    lowest = np.where(np.isnan(points[..., 1]), -np.inf, points[..., 1]).argmax(axis=1)
    frames = np.arange(len(points))
    feet, shown = points[frames, lowest], track.points[:, soles][frames, lowest]
    width, height = camera.size or (np.inf, np.inf)
    inside = ((shown >= 0) & (shown < [width, height])).all(axis=1)
    sure = track.confidence[:, soles][frames, lowest] >= MIN_CONFIDENCE
    chosen: Floats = feet[inside & sure & np.isfinite(feet).all(axis=1) & (feet[:, 2] > 0)] + [0, lift, 0]
    return chosen
