"""The people in a video: what was found, and why what was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from himpc.recordings import Recording
from himpc.video.cleaning import CleanedTrack
from himpc.video.tracking.track import Track

__all__ = ["ShortTrack", "VideoResult", "describe_empty"]


@dataclass(frozen=True)
class ShortTrack:
    """A track that is too short to say whom it shows.

    Attributes
    ----------
    track : int
    start, end : float
        Seconds of the video.
    frames : int
    """

    track: int
    start: float
    end: float
    frames: int


@dataclass(frozen=True, eq=False)
class VideoResult:
    """The people in a video.

    Attributes
    ----------
    path : Path
    name : str
        What recordings are called, with ``#1``, ``#2`` for the tracks.
    width, height : int
        Of the pictures that were looked at, pixels.
    fps, seconds : float
        Pictures a second, and how long it is.
    pictures : int
        How many were looked at.
    cleaned : tuple of Cleaned
        The recordings, in the order of their tracks.
    short : tuple of Short
        Tracks of too few pictures.
    tracks : tuple of Track
        All tracks, as they were seen.
    endings : dict of str to int
        How many tracks ended for which reason (see `Ending`).
    joined : int
        How many of them were found to go on in a later one, and joined to it.
    refused : dict of str to int
        What the estimator found and did not take for a person.
    doubtful : int
        Bodies of which it was in doubt whose they are.
    notes : tuple of str
        What was odd about the file, and what must be known of what the estimator finds.
    """

    path: Path
    name: str
    width: int
    height: int
    fps: float
    seconds: float
    pictures: int
    cleaned: tuple[CleanedTrack, ...]
    short: tuple[ShortTrack, ...]
    tracks: tuple[Track, ...] = field(repr=False)
    endings: dict[str, int]
    joined: int
    refused: dict[str, int]
    doubtful: int
    notes: tuple[str, ...]

    @property
    def recordings(self) -> list[Recording]:
        """The recordings."""
        return [each.recording for each in self.cleaned]

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as plain data, without joints."""
        return {
            "video": self.name,
            "width": self.width,
            "height": self.height,
            "fps": round(self.fps, 3),
            "seconds": round(self.seconds, 3),
            "pictures": self.pictures,
            "tracks": len(self.tracks),
            "recordings": [each.to_dict() for each in self.cleaned],
            "short": [vars(each) for each in self.short],
            "endings": self.endings,
            "joined": self.joined,
            "refused": self.refused,
            "doubtful": self.doubtful,
            "notes": list(self.notes),
        }


def describe_empty(people: VideoResult) -> str:
    """Return why a video gives no recording, in one line."""
    refused = sum(people.refused.values())
    if people.short:
        return f"shows people only for moments: {len(people.short)} tracks, each too short to tell whom it shows"
    what = f"; {refused} bodies were refused ({', '.join(people.refused)})" if refused else ""
    return f"shows nobody in {people.pictures} pictures{what}"
