"""A track: one person over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.video.detection import Detection

Ending = Literal["video ended", "left", "cut", "crossing", "bones", "jitter", "length"]
"""Why a track ended: the video ended; the person was lost; the shot was cut; another person came so close that the
assignment was ambiguous; the bone lengths became those of another body; the skeleton jumped to and fro, as between two
people; the track had its maximum length."""

ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclass(frozen=True, eq=False)
class Track:
    """The detections of one person, as long as the assignment is unambiguous."""

    number: int
    """From 1, in the order of first frames in a video; later parts of a track that was split follow."""
    shot: int
    """Number of the shot in the video, from 1."""
    frames: NDArray[np.int64] = field(repr=False)
    """Frame numbers ``(n,)`` from 0, ascending; frames without a detection are missing."""
    seconds: NDArray[np.float64] = field(repr=False)
    """Times ``(n,)`` from the start of the video."""
    points: NDArray[np.float32] = field(repr=False)
    """Pixels ``(n, J, 2)``; NaN for a joint that was not seen."""
    confidence: NDArray[np.float32] = field(repr=False)
    """Confidence ``(n, J)`` in [0, 1]."""
    joints: NDArray[np.float32] | None = field(repr=False)
    """Metres ``(n, J, 3)`` (see `Detection`); None in 2D."""
    ended: Ending
    """Why there are no more frames."""

    @classmethod
    def from_detections(
        cls,
        number: int,
        shot: int,
        frames: Sequence[int],
        seconds: Sequence[float],
        detections: Sequence[Detection],
        ended: Ending,
    ) -> Track:
        """Stack the detections of a person, at least one."""
        joints = [detection.joints for detection in detections if detection.joints is not None]
        return cls(
            number,
            shot,
            np.array(frames, dtype=np.int64),
            np.array(seconds),
            np.stack([detection.points for detection in detections]),
            np.stack([detection.confidence for detection in detections]),
            np.stack(joints) if joints else None,
            ended,
        )

    def __len__(self) -> int:
        """Return the number of frames with a detection."""
        return len(self.frames)

    def last(self, seconds: float) -> Track:
        """Return a copy with the last seconds only."""
        return self.between(int((self.seconds < self.seconds[-1] - seconds).sum()), len(self))

    def between(self, start: int, stop: int) -> Track:
        """Return a copy with the detections from `start` to before `stop` only."""
        arrays = {name: getattr(self, name) for name in ("frames", "seconds", "points", "confidence", "joints")}
        return replace(self, **{name: array[start:stop] for name, array in arrays.items() if array is not None})
