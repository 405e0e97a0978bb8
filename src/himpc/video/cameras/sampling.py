"""Tracks of several cameras in frames at equal times, as rays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.video.cameras.camera import CalibratedCamera
from himpc.video.cameras.matching import ViewedTrack

Floats = NDArray[np.float64]

MAX_FRAMES = 2_000_000
"""Frames of the time that the cameras share: 18 hours at 30 a second."""


def sample_tracks(
    views: Sequence[Sequence[Recording]], cameras: Sequence[CalibratedCamera], fps: float | None
) -> tuple[float, list[ViewedTrack]]:
    """Bring all tracks to frames at equal times; return the time of the first frame, and the tracks."""
    spans = [(each.start or 0.0, len(each) / (each.fps or fps or 1.0)) for view in views for each in view]
    start = min(begin for begin, _ in spans)
    frames = round((max(begin + length for begin, length in spans) - start) * (fps or 1.0))
    if frames > MAX_FRAMES:
        raise DataError(f"the cameras share {frames:,} frames, expected {MAX_FRAMES:,} at most")
    tracks = []
    for number, (view, camera) in enumerate(zip(views, cameras, strict=True)):
        tracks += [_to_track(each, number, camera, start, fps or 1.0) for each in view]
    return start, tracks


def _to_track(recording: Recording, number: int, camera: CalibratedCamera, start: float, fps: float) -> ViewedTrack:
    """Interpolate a 2D recording at the times of the common frames within it, and convert its joints to rays."""
    rate = recording.fps or fps
    begin = (recording.start or 0.0) - start
    first, last = np.ceil(begin * fps - 1e-3), np.floor((begin + (len(recording) - 1) / rate) * fps + 1e-3)
    position = (np.arange(first, last + 1) / fps - begin) * rate
    before = np.clip(np.floor(position + 1e-6), 0, len(recording) - 1).astype(np.intp)
    after = np.minimum(before + 1, len(recording) - 1)
    share = np.clip(position - before, 0, 1)[:, None, None]
    share[np.abs(position - before) < 1e-3] = 0
    after = np.where(share[:, 0, 0] == 0, before, after)
    pixels = recording.joints[..., :2].astype(np.float64) * (1, -1)
    points = pixels[before] * (1 - share) + pixels[after] * share
    confidence = np.ones(recording.joints.shape[:2]) if recording.confidence is None else recording.confidence
    rays = camera.to_rays(points)
    seen = np.isfinite(rays[..., 0])
    weights = np.where(seen, confidence[before] * (1 - share[..., 0]) + confidence[after] * share[..., 0], 0)
    known = seen.sum(axis=1) >= 2
    size = np.full(len(points), np.nan)
    if known.any():
        size[known] = np.linalg.norm(np.nanmax(rays[known], axis=1) - np.nanmin(rays[known], axis=1), axis=1)
    size[size == 0] = np.nan
    return ViewedTrack(number, recording.source, int(first), rays, weights, size)


def join_tracks(tracks: list[ViewedTrack], begin: int, end: int) -> ViewedTrack:
    """Join the tracks of one person before one camera, from one frame to another; where two see the person, the more
    confident counts.
    """
    frames, joints = end - begin, tracks[0].rays.shape[1]
    rays, weights, size = np.full((frames, joints, 2), np.nan), np.zeros((frames, joints)), np.full(frames, np.nan)
    for track in tracks:
        place = slice(track.first - begin, track.end - begin)
        better = track.weights.sum(axis=1) > weights[place].sum(axis=1)
        rays[place][better], weights[place][better] = track.rays[better], track.weights[better]
        size[place][better] = track.size[better]
    return ViewedTrack(tracks[0].camera, tracks[0].name, begin, rays, weights, size)
