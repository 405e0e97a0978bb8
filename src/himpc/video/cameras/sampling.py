"""Tracks of several cameras in frames at equal times, as rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    times = start + np.arange(max(frames, 1)) / (fps or 1.0)
    tracks = []
    for number, (view, camera) in enumerate(zip(views, cameras, strict=True)):
        tracks += [_to_track(each, number, camera, times, each.fps or fps or 1.0) for each in view]
    return start, tracks


def _to_track(recording: Recording, number: int, camera: CalibratedCamera, times: Floats, fps: float) -> ViewedTrack:
    """Interpolate a 2D recording at some times, and convert its joints to rays."""
    position = (times - (recording.start or 0.0)) * fps
    before = np.clip(np.floor(position + 1e-6), 0, len(recording) - 1).astype(np.intp)
    after = np.minimum(before + 1, len(recording) - 1)
    share = np.clip(position - before, 0, 1)[:, None, None]
    share[np.abs(position - before) < 1e-3] = 0
    after = np.where(share[:, 0, 0] == 0, before, after)
    pixels = recording.joints[..., :2].astype(np.float64) * (1, -1)
    points = pixels[before] * (1 - share) + pixels[after] * share
    points[(position < -1e-3) | (position > len(recording) - 1 + 1e-3)] = np.nan
    confidence = np.ones(recording.joints.shape[:2]) if recording.confidence is None else recording.confidence
    rays = camera.to_rays(points)
    seen = np.isfinite(rays[..., 0])
    weights = np.where(seen, confidence[before] * (1 - share[..., 0]) + confidence[after] * share[..., 0], 0)
    known = seen.sum(axis=1) >= 2
    size = np.full(len(times), np.nan)
    if known.any():
        size[known] = np.linalg.norm(np.nanmax(rays[known], axis=1) - np.nanmin(rays[known], axis=1), axis=1)
    size[size == 0] = np.nan
    return ViewedTrack(number, recording.source, rays, weights, size)


def join_tracks(tracks: list[ViewedTrack]) -> ViewedTrack:
    """Join the tracks of one person before one camera; where two see the person, the more confident counts."""
    joined = tracks[0]
    for track in tracks[1:]:
        better = track.weights.sum(axis=1) > joined.weights.sum(axis=1)
        joined = replace(
            joined,
            rays=np.where(better[:, None, None], track.rays, joined.rays),
            weights=np.where(better[:, None], track.weights, joined.weights),
            size=np.where(better, track.size, joined.size),
        )
    return joined
