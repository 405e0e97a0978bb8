"""Videos in which people are made unrecognisable: every detection in every frame, and what is between detections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.recordings import Progress
from himpc.video.decoding import Video
from himpc.video.encoding import VideoWriter
from himpc.video.video_result import VideoResult

MARGIN = 0.2
"""Added on each side of the box of the joints, as a share of its longer side: the top of a head is a tenth of the
stature above the eyes, and clothes and hands are outside the joints."""

HOLD_SECONDS = 0.5
"""A box is also covered this long before and after a detection: people are searched for every 0.3 s, and are missed for
moments. It grows meanwhile by the way that a walker goes."""

GROWTH = 1.0
"""Longer sides of the box by which it grows on each side in a second."""

CELLS = 10
"""Number of cells that the longer side of a person is reduced to: a head is one or two of them."""


def write_blurred(path: Path, result: VideoResult, *, progress: Progress | None = None) -> None:
    """Write a copy of a video, without sound, in which people are coarse squares.

    Every detection is covered, also of people who gave no recording, and the frames between two detections of a track.
    A person whom the estimator never detects is not covered: look at the copy before it is shown.

    Parameters
    ----------
    path : Path
        The mp4 file; it appears when it is complete.
    result : VideoResult
        Of the video, which is read again.
    progress : callable, optional
        Wraps the frames to show progress.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """
    boxes = _Boxes(result)
    side, fps = max(result.width, result.height), result.fps * result.step
    with Video(result.path, max_side=side, fps=result.stated_fps, cuts=False) as source:
        frames = source if progress is None else progress(source, result.frames * result.step, "blurring people")
        with VideoWriter(path, result.width, result.height, fps) as copy:
            for frame in frames:
                coarsen(frame.image, boxes.at(frame.number / result.step))
                copy.add(frame.image, frame.seconds)


class _Boxes:
    """What is to be covered in each frame."""

    def __init__(self, result: VideoResult) -> None:
        order = np.argsort(result.sighted_frames, kind="stable")
        self._frames = result.sighted_frames[order]
        self._boxes = result.sighted_boxes[order].astype(np.float64)
        self._fps, self._hold = result.fps, round(HOLD_SECONDS * result.fps)
        self._between: dict[int, list[NDArray[np.float64]]] = {}
        for track in result.tracks:
            corners = np.concatenate([np.nanmin(track.points, axis=1), np.nanmax(track.points, axis=1)], axis=1)
            missing = set(range(int(track.frames[0]), int(track.frames[-1]))) - set(track.frames.tolist())
            for frame in missing:
                box = np.array([np.interp(frame, track.frames, corner) for corner in corners.T])
                self._between.setdefault(frame, []).append(_enlarge(box, 2 * MARGIN))

    def at(self, frame: float) -> list[NDArray[np.float64]]:
        """Return the boxes (left, top, right, bottom) in a frame, pixels; its number may lie between two others."""
        first, last = np.searchsorted(self._frames, [int(frame) - self._hold, frame + self._hold + 1])
        held = [
            _enlarge(self._boxes[i], MARGIN + GROWTH * abs(float(self._frames[i]) - frame) / self._fps)
            for i in range(int(first), int(last))
        ]
        return [*held, *self._between.get(round(frame), [])]


def _enlarge(box: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Enlarge a box on each side by a share of its longer side."""
    return box + share * float((box[2:] - box[:2]).max()) * np.array([-1, -1, 1, 1])


def coarsen(image: NDArray[np.uint8], boxes: list[NDArray[np.float64]]) -> None:
    """Replace the parts of an image in boxes (left, top, right, bottom) by coarse squares, in place."""
    cv2: Any = require("cv2", "video")
    height, width = image.shape[:2]
    for box in boxes:
        left, top = np.maximum(np.floor(box[:2]), 0).astype(int)
        right, bottom = np.minimum(np.ceil(box[2:]), (width, height)).astype(int)
        if right <= left or bottom <= top:
            continue
        cell = max(1.0, max(box[2:] - box[:2]) / CELLS)
        size = max(1, round((right - left) / cell)), max(1, round((bottom - top) / cell))
        small = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        image[top:bottom, left:right] = cv2.resize(
            small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
        ).reshape(bottom - top, right - left, 3)
