"""True size of the people in a video, by the height of its camera above the floor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.reading import FileOptions, body_size, find_scale
from himpc.skeleton import Layout
from himpc.video.cameras import CalibratedCamera, picture_scale
from himpc.video.cleaning import CleanedTrack
from himpc.video.floor import MAX_ERROR, TILT_ERROR, Floor, assumed_camera, find_floor
from himpc.video.orientation import estimate_up
from himpc.video.video_result import VideoResult

Floats = NDArray[np.float64]

MAX_AXIS_ERROR = 25.0
"""Degrees between an axis of the world and the bodies, up to which it is the one that points up."""

POSE_ERROR = 0.01
"""Standard error of the upward direction by a calibrated pose, radians."""


def check_heights(person: float | None, camera: float | None, dimensions: int) -> None:
    """Check that one height is stated at most, and that poses have sizes."""
    if person is not None and camera is not None:
        raise ConfigError(
            f"the height of the person, {person:g} m, and of the camera, {camera:g} m, both state the size of people",
            hint="state one of them: {person_height} or {camera_height}",
        )
    if camera is not None and dimensions == 2:
        raise ConfigError(
            "the height of the camera is stated, but the poses are 2D and have no size",
            hint="choose a pose estimator in 3D, or leave out {camera_height}",
        )


def scale_by_floor(
    result: VideoResult, layout: Layout, height: float | None, camera: CalibratedCamera | None
) -> VideoResult:
    """Scale the recordings of a video to their true size, each track by the floor of its shot.

    Recordings whose feet are not seen well enough keep their assumed size, and a note says so.

    Parameters
    ----------
    result : VideoResult
        With recordings of assumed size.
    layout : Layout
        The joints of its tracks.
    height : float, optional
        Height of the camera above the floor, metres; by default that of its pose above the origin of the world.
    camera : CalibratedCamera, optional
        By default an assumed one.

    Raises
    ------
    DataError
        If a height is stated, and no recording can be scaled by it.
    """
    floor, metres, notes = _find_floors(result, layout, height, camera)
    scaled, unknown = [], []
    for each in result.cleaned:
        number = None if each.recording.origin is None else each.recording.origin.body
        if metres is not None and number in (certain := floor.certain()):
            scaled.append(_scale(each, metres / certain[number], f"{floor.errors[number]:.0%}"))
        else:
            scaled.append(each.with_recording(each.recording.with_(true_size=False)))
            unknown.append(each.recording.source)
    if unknown:
        reason = _reason(floor, notes)
        if height is not None and len(unknown) == len(scaled):
            raise DataError(
                f"{result.name}: the size of people cannot be measured by the height of the camera: {reason}",
                hint="film people whose feet are seen as they walk towards the camera and away; or state "
                "{person_height}, or a {calibration} with the pose of the camera",
            )
        notes = (f"the size of {', '.join(unknown[:5])} stays assumed: {reason}",)
    return replace(result, cleaned=tuple(scaled), notes=(*result.notes, *notes))


@dataclass(frozen=True, eq=False)
class _Standing:
    """How a camera stands: up in the axes of `Detection`, its error, and its height in the unit of the calibration."""

    up: Floats | None
    error: float
    height: float | None


def _find_floors(
    result: VideoResult, layout: Layout, height: float | None, camera: CalibratedCamera | None
) -> tuple[Floor, float | None, tuple[str, ...]]:
    """Fit the floor of each shot; return them, the height of the camera in metres if it is known, and notes."""
    kept = {each.recording.origin.body for each in result.cleaned if each.recording.origin is not None}
    tracks = [track for track in result.tracks if track.number in kept and track.joints is not None]
    bodies = [track.joints for track in tracks if track.joints is not None]
    standing = _stand(camera, estimate_up(bodies, layout))
    lens = assumed_camera(result.width, result.height)
    if camera is not None:
        picture_scale(camera, result.width, result.height, result.name)
        lens = camera.scaled_to(result.width)
    floor = Floor()
    for shot in sorted({track.shot for track in tracks}):
        of_shot = [track for track in tracks if track.shot == shot]
        found = find_floor(
            of_shot, layout, result.fps, lens, standing.up, is_lens_known=camera is not None, tilt_error=standing.error
        )
        floor = Floor(floor.distances | found.distances, floor.errors | found.errors)
    if height is not None:
        return floor, height, ()
    if standing.height is None:
        return floor, None, ("the calibration tells no height above the floor",)
    sizes = [
        size * standing.height / floor.certain()[track.number]
        for track in tracks
        if track.number in floor.certain() and track.joints is not None and (size := body_size(track.joints, layout))
    ]
    if not sizes:
        return floor, None, ()
    scale = find_scale(float(np.median(sizes)), layout, result.name, FileOptions(), stated=None)
    metres = standing.height * scale.metres
    return floor, metres, (f"the camera is {metres:.2f} m above the floor, which is at the origin of the calibration",)


def _stand(camera: CalibratedCamera | None, bodies_up: Floats | None) -> _Standing:
    """Return how a camera stands, by its pose if one axis of its world points up like the bodies."""
    if camera is None or camera.rotation is None or bodies_up is None:
        return _Standing(bodies_up, TILT_ERROR, None)
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    seen = (axes @ camera.rotation.T) * (1, -1, -1)
    best = int((seen @ bodies_up).argmax())
    if seen[best] @ bodies_up < np.cos(np.radians(MAX_AXIS_ERROR)):
        return _Standing(bodies_up, TILT_ERROR, None)
    height = float(axes[best] @ camera.position)
    return _Standing(seen[best], POSE_ERROR, height if height > 0 else None)


def _scale(each: CleanedTrack, factor: float, error: str) -> CleanedTrack:
    recording = each.recording
    note = f"scaled by the height of the camera above the floor, with a standard error of {error}"
    quality = replace(recording.quality, notes=(*recording.quality.notes, note))
    joints = recording.joints * np.float32(factor)
    return each.with_recording(recording.with_(joints=joints, true_size=True, quality=quality))


def _reason(floor: Floor, notes: tuple[str, ...]) -> str:
    """Return why sizes cannot be measured."""
    if notes:
        return notes[0]
    uncertain = [error for error in floor.errors.values() if error > MAX_ERROR]
    if not uncertain:
        return "feet are not seen for long enough"
    return f"it is uncertain by {min(uncertain):.0%}, expected {MAX_ERROR:.0%} at most"
