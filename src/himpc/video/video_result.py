"""The result of pose estimation on one video."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun
from himpc.recordings import Recording
from himpc.video.cleaning import CleanedTrack
from himpc.video.tracking import Track

DropReason = Literal["too short", "impossible"]


@dataclass(frozen=True)
class DroppedTrack:
    """A track that gives no recording."""

    track: int
    """Its number."""
    start: float
    """Seconds of the video."""
    end: float
    frames: int
    reason: DropReason
    """Too short, or most of its frames show no possible body."""


@dataclass(frozen=True, eq=False)
class VideoResult:
    """The people in a video."""

    path: Path
    name: str
    """Name of the video; recordings are named ``NAME#1``, ``NAME#2`` by track."""
    width: int
    """Size of the frames after scaling, pixels."""
    height: int
    fps: float
    """Mean frame rate."""
    seconds: float
    """Duration."""
    frames: int
    """Number of frames."""
    tracks: tuple[Track, ...] = field(repr=False)
    """All tracks before cleaning."""
    endings: dict[str, int]
    """Number of tracks by the reason of their end (see `Ending`)."""
    refused: dict[str, int]
    """Number of candidates that the estimator did not take for a person, by reason."""
    ambiguous: int
    """Number of detections that belong to no track, since they may be of another person or of two."""
    notes: tuple[str, ...]
    """Peculiarities of the file and of the estimator."""
    sighted_frames: NDArray[np.int64] = field(repr=False)
    """Frame number ``(n,)`` of everything that may be a person, also of what belongs to no track or was refused."""
    sighted_boxes: NDArray[np.float32] = field(repr=False)
    """Box ``(n, 4)`` of each, pixels: left, top, right, bottom."""
    stated_fps: float | None = None
    """The frame rate that the user stated."""
    step: int = 1
    """One of this many frames of the file was used; `fps` and `frames` are of those."""
    joined: int = 0
    """Number of tracks that were joined to an earlier one."""
    cleaned: tuple[CleanedTrack, ...] = ()
    """The recordings, in the order of their tracks."""
    dropped: tuple[DroppedTrack, ...] = ()
    """Tracks that give no recording."""

    @property
    def recordings(self) -> list[Recording]:
        """The recordings."""
        return [each.recording for each in self.cleaned]

    @property
    def reason_empty(self) -> str | None:
        """Why there is no recording, in one line; None if there is one."""
        if self.cleaned:
            return None
        if self.dropped:
            reasons = Counter(each.reason for each in self.dropped)
            listed = ", ".join(f"{count_noun(count, 'track')} {reason}" for reason, count in reasons.items())
            return f"no person is visible well and for long enough: {listed}"
        if self.ambiguous:
            return f"no person is visible apart from others: {count_noun(self.ambiguous, 'detection')} ambiguous"
        refused = f"; {count_noun(sum(self.refused.values()), 'candidate')} refused ({', '.join(self.refused)})"
        return f"no person was detected in {count_noun(self.frames, 'frame')}{refused if self.refused else ''}"

    def report(self) -> dict[str, Any]:
        """Return all properties as plain values, without joints."""
        return {
            "video": self.name,
            "width": self.width,
            "height": self.height,
            "fps": round(self.fps, 3),
            "seconds": round(self.seconds, 3),
            "pictures": self.frames,
            "step": self.step,
            "tracks": len(self.tracks),
            "recordings": [each.report() for each in self.cleaned],
            "dropped": [vars(each) for each in self.dropped],
            "endings": self.endings,
            "joined": self.joined,
            "refused": self.refused,
            "doubtful": self.ambiguous,
            "notes": list(self.notes),
        }
