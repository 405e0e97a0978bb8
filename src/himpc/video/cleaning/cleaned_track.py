"""The result of cleaning a track: a recording, and what was changed in it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Facing, Recording
from himpc.video.cleaning.gait import Gait
from himpc.video.cleaning.posture import POSTURES, Posture


@dataclass(frozen=True)
class Changes:
    """Numbers of everything that cleaning changed; joints and bones are counted in every frame."""

    added: int = 0
    """Frames that were interpolated because the person was not detected."""
    impossible: int = 0
    """Frames of impossible bone lengths or speeds (see `himpc.recordings.CleaningRules`), which were discarded."""
    filled: int = 0
    """Joints of low confidence that were interpolated."""
    guessed: int = 0
    """Joints of low confidence that were left as they were."""
    swapped: int = 0
    """Frames whose left and right arms or legs were swapped back."""
    bones: int = 0
    """Bones whose length changed by more than 2 %."""
    smoothed: int = 0
    """Frames that were low-pass filtered."""
    turned: float = 0.0
    """Degrees of the rotation from the camera's axes to upright."""
    left_out: int = 0
    """Frames removed because of their posture."""


@dataclass(frozen=True, eq=False)
class CleanedTrack:
    """A cleaned recording and its properties."""

    recording: Recording
    start: float
    """Seconds of the video."""
    end: float
    changes: Changes
    gait: Gait
    heading: float
    """Mean direction that the body faces, in degrees (see `facing_direction`); NaN if it faces all directions."""
    heading_spread: float
    """Circular variance of that direction, 0 to 1."""
    facing: dict[Facing, float]
    """Shares of the frames in which it faces each quarter (see `FACINGS`)."""
    posture: NDArray[np.int8] = field(repr=False)
    """Index into `POSTURES` for each frame ``(frames,)``."""
    score: float
    """How well the person can be known again, 0 to 1: the mean confidence of the joints, times the shares of frames in
    which the person was detected, without swapped limbs, and possible, and times the reliability of the bone lengths
    (see `length_reliability`)."""

    def with_recording(self, recording: Recording) -> CleanedTrack:
        """Return a copy with another recording, such as one with a name."""
        return replace(self, recording=recording)

    def share(self, posture: Posture) -> float:
        """Return the share of frames in a posture."""
        return float((self.posture == POSTURES.index(posture)).mean())

    def report(self) -> dict[str, Any]:
        """Return all properties as plain values, without joints; unknown ones are None."""
        maybe_nan = {
            "stride_seconds": self.gait.stride_seconds,
            "heading": self.heading,
            "heading_spread": self.heading_spread,
        }
        return {
            "source": self.recording.source,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "frames": len(self.recording),
            "score": round(self.score, 3),
            "cycles": self.gait.cycles,
            **{name: None if math.isnan(value) else round(value, 2) for name, value in maybe_nan.items()},
            **{quarter: round(share, 3) for quarter, share in self.facing.items()},
            **{posture: round(self.share(posture), 3) for posture in POSTURES},
            **asdict(self.changes),
        }
