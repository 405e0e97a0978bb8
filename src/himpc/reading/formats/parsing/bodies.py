"""From people detected in frames, in 2D or 3D, to recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.keypoints import flat_pose, restore_pixels
from himpc.reading.formats.parsing.positions import mask_origin
from himpc.reading.formats.parsing.timeline import Timeline, choose_rate
from himpc.reading.formats.parsing.tracks import Detection, build_tracks, leave_out_bystanders
from himpc.reading.formats.parsing.world import numbered_origins, to_metres_y_up
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import Layout

__all__ = ["body_recordings"]

_MAX_ROOT_DISTANCE = 0.25
"""Distance of the nearest joint from the root, relative to that of the farthest one; larger from a depth camera."""


def body_recordings(
    path: Path,
    detections: Sequence[Detection],
    frames: Timeline | int,
    layout: Layout,
    options: FileOptions,
    *,
    unit: str | None = None,
    up: str | None = None,
    fps: float | None = None,
    notes: tuple[str, ...] = (),
    group: str | None = None,
    labels: Mapping[str, str] | None = None,
    are_pictures: bool = False,
) -> list[Recording]:
    """Make a recording of each person from their detections.

    Parameters
    ----------
    detections : sequence of Detection
        Values ``(J, 3)`` are x and y in pixels, y down, and a confidence; ``(J, 4)`` are x, y, z and a confidence.
    frames : Timeline or int
        The frames of the file, or their number.
    layout : Layout
        The J joints.
    unit, up, fps : optional
        What the file states, or what its format defines.
    notes : tuple of str
        What a person should know about all recordings.
    group : str, optional
        The name of the sequence, in a file of several.
    labels : mapping, optional
        Person, session and camera, where the file names them.
    are_pictures : bool
        Whether the frames may be pictures that have nothing to do with each other (see `build_tracks`).
    """
    if isinstance(frames, Timeline):
        fps, notes = frames.fps or fps, (*notes, *frames.notes)
    start = frames.start if isinstance(frames, Timeline) else 0.0
    length = frames.length if isinstance(frames, Timeline) else frames
    detections, bystanders = leave_out_bystanders(detections)
    if bystanders:
        notes = (*notes, f"{count_noun(bystanders, 'detection')} beside the only body that goes on left out")
    values = build_tracks(path, detections, length, are_pictures=are_pictures)
    origins = numbered_origins(path, len(values), group)
    dimensions = values[0].shape[2] - 1
    rate, rate_notes = choose_rate(options, fps)
    notes = (*notes, *rate_notes)
    if dimensions == 2:
        notes = (*notes, *restore_pixels(values, options, str(Origin(path, group))))
        poses = [flat_pose(body) for body in values]
    else:
        poses, axis_notes = _world_poses(values, layout, str(Origin(path, group)), options, unit, up)
        notes = (*notes, *axis_notes)
    return [
        Recording(
            joints,
            layout,
            fps=rate,
            origin=origin,
            confidence=confidence,
            dimensions=dimensions,
            quality=Quality(frames_read=len(joints), notes=notes),
            start=None if are_pictures else start,
            clock=None if are_pictures else Origin(path, group),
        ).with_(**(labels or {}))
        for (joints, confidence), origin in zip(poses, origins, strict=True)
    ]


def _world_poses(
    bodies: list[NDArray[np.float32]],
    layout: Layout,
    where: str,
    options: FileOptions,
    unit: str | None,
    up: str | None,
) -> tuple[list[tuple[NDArray[np.float32], NDArray[np.float32]]], tuple[str, ...]]:
    """Convert ``(frames, J, 4)`` to joints in metres, y up, and their confidence; a joint that was not seen is NaN."""
    confidences = [np.clip(np.nan_to_num(values[..., 3]), 0, 1) for values in bodies]
    joints: list[NDArray[np.floating]] = []
    for values, confidence in zip(bodies, confidences, strict=True):
        seen = mask_origin(values[..., :3].astype(np.float64))
        if _is_centred(values, seen, layout):
            seen[np.isfinite(seen).any(axis=(1, 2)), layout.root[0]] = 0
        confidence[np.isnan(seen[..., 0])] = 0
        seen[confidence == 0] = np.nan
        joints.append(seen)
    turned, notes = to_metres_y_up(joints, layout, where, options, unit, up)
    return [(t.astype(np.float32), c) for t, c in zip(turned, confidences, strict=True)], notes


def _is_centred(values: NDArray[np.floating], seen: NDArray[np.floating], layout: Layout) -> bool:
    """Return whether the root of a body is the origin in all frames, and is so amid its joints, not missing."""
    root = np.nan_to_num(values[:, layout.root[0]])
    if len(layout.root) != 1 or root[:, :3].any() or not root[:, 3].any():
        return False
    own = seen[np.isfinite(seen[..., 0]).sum(axis=1) >= len(layout) / 2]
    away = np.linalg.norm(own, axis=2)
    return bool(len(own)) and bool(np.median(np.nanmin(away, axis=1) / np.nanmax(away, axis=1)) < _MAX_ROOT_DISTANCE)
