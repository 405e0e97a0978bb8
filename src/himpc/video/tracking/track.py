"""A track: one person over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.video.detection import Detection

__all__ = ["ENDINGS", "Ending", "Track"]

Ending = Literal["video ended", "left", "cut", "crossing", "bones", "length"]
"""Why a track ended: the video ended; the person was lost; the shot was cut; another person came so close that the
assignment was ambiguous; the bone lengths became those of another body; the track had its maximum length."""

ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclass(frozen=True, eq=False)
class Track:
    """The detections of one person, as long as the assignment is unambiguous.

    Attributes
    ----------
    number : int
        From 1, in the order of first frames in a video.
    shot : int
        Number of the shot in the video, from 1.
    frames : int64 array ``(n,)``
        Frame numbers from 0, ascending; frames without a detection are missing.
    seconds : float64 array ``(n,)``
        Time of each frame from the start of the video.
    points : float32 array ``(n, J, 2)``
        Pixels in the upright frame; NaN for a joint that was not seen.
    confidence : float32 array ``(n, J)``
        Confidence of each joint in [0, 1].
    joints : float32 array ``(n, J, 3)`` or None
        Metres (see `Detection`).
    ended : Ending
        Why there are no more frames.
    """

    number: int
    shot: int
    frames: NDArray[np.int64] = field(repr=False)
    seconds: NDArray[np.float64] = field(repr=False)
    points: NDArray[np.float32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    joints: NDArray[np.float32] | None = field(repr=False)
    ended: Ending

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
        late = self.seconds >= self.seconds[-1] - seconds
        joints = None if self.joints is None else self.joints[late]
        return Track(
            self.number,
            self.shot,
            self.frames[late],
            self.seconds[late],
            self.points[late],
            self.confidence[late],
            joints,
            self.ended,
        )
