"""The result of pose estimation on one video."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from himpc.errors import count_noun
from himpc.recordings import Recording
from himpc.video.cleaning import CleanedTrack
from himpc.video.tracking import Track


@dataclass(frozen=True)
class ShortTrack:
    """A track that is too short for a recording."""

    track: int
    """Its number."""
    start: float
    """Seconds of the video."""
    end: float
    frames: int


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
    """Number of detections that belong to no track."""
    notes: tuple[str, ...]
    """Peculiarities of the file and of the estimator."""
    joined: int = 0
    """Number of tracks that were joined to an earlier one."""
    cleaned: tuple[CleanedTrack, ...] = ()
    """The recordings, in the order of their tracks."""
    short_tracks: tuple[ShortTrack, ...] = ()
    """Tracks that are too short for a recording."""

    @property
    def recordings(self) -> list[Recording]:
        """The recordings."""
        return [each.recording for each in self.cleaned]

    @property
    def reason_empty(self) -> str | None:
        """Why there is no recording, in one line; None if there is one."""
        if self.cleaned:
            return None
        if self.short_tracks:
            return f"no person is visible for long enough: {count_noun(len(self.short_tracks), 'track')}, too short"
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
            "tracks": len(self.tracks),
            "recordings": [each.report() for each in self.cleaned],
            "short": [vars(each) for each in self.short_tracks],
            "endings": self.endings,
            "joined": self.joined,
            "refused": self.refused,
            "doubtful": self.ambiguous,
            "notes": list(self.notes),
        }
