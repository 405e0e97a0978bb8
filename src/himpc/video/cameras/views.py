"""What one camera sees: the tracks of its video as 2D recordings in pixels of the calibrated picture."""

from __future__ import annotations

import numpy as np

from himpc.errors import FormatError
from himpc.recordings import Origin, Recording
from himpc.skeleton import Layout
from himpc.video.cameras.camera import CalibratedCamera
from himpc.video.video_result import VideoResult

MAX_ASPECT_ERROR = 0.01
"""Relative difference between the shapes of two pictures, above which one is not the other, scaled."""


def picture_scale(camera: CalibratedCamera, width: int, height: int, where: str) -> float:
    """Return the calibrated pixels in one pixel of pictures of another size.

    Raises
    ------
    FormatError
        If the pictures have another shape than those that were calibrated.
    """
    if camera.size is None:
        return 1.0
    across, down = camera.size[0] / width, camera.size[1] / height
    if abs(across / down - 1) > MAX_ASPECT_ERROR:
        raise FormatError(
            f"{where}: has pictures of {width} x {height} pixels, expected the shape of those by which camera "
            f"{camera.name!r} was calibrated, {camera.size[0]} x {camera.size[1]}",
            hint="calibrate the camera in the mode in which it films, without cropping or rotation",
        )
    return across


def view_of_video(result: VideoResult, layout: Layout, camera: CalibratedCamera) -> list[Recording]:
    """Return the tracks of a video as 2D recordings, for `triangulate`.

    Parameters
    ----------
    result : VideoResult
        Its tracks, also those that gave no recording.
    layout : Layout
        The joints of the pose estimator.
    camera : CalibratedCamera
        The camera; pixels are scaled to the size of its calibrated pictures.

    Raises
    ------
    FormatError
        If the video has pictures of another shape.
    """
    scale = picture_scale(camera, result.width, result.height, result.name)
    recordings = []
    for track in result.tracks:
        places = np.rint((track.seconds - track.seconds[0]) * result.fps).astype(np.int64)
        joints = np.full((places[-1] + 1, len(layout), 3), np.nan, dtype=np.float32)
        confidence = np.zeros(joints.shape[:2], dtype=np.float32)
        joints[places, :, 0], joints[places, :, 1] = scale * track.points[..., 0], -scale * track.points[..., 1]
        joints[..., 2] = np.where(np.isnan(joints[..., 0]), np.nan, 0)
        confidence[places] = np.where(np.isnan(track.points[..., 0]), 0, track.confidence)
        origin = Origin(result.path.absolute(), track.number)
        recordings.append(
            Recording(
                joints,
                layout,
                fps=result.fps,
                source=origin.text(result.name),
                confidence=confidence,
                dimensions=2,
                origin=origin,
                start=float(track.seconds[0]),
                clock=Origin(origin.path),
            )
        )
    return recordings
