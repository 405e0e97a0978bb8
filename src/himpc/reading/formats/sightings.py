"""People seen in the frames of a video, put together into one recording a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.text import check_room, place

__all__ = ["Sighting", "Track", "flat_pose", "tracks"]


@dataclass(frozen=True)
class Sighting:
    """One person in one frame: joints and confidence ``(J, axes + 1)``, and the tracker's id if it gave one.

    `where` is the file, or the place in it, for errors.
    """

    frame: int
    person: str | None
    values: NDArray[np.float64]
    where: str


@dataclass(frozen=True)
class Track:
    """One person over time: ``(frames, J, axes + 1)`` from the first frame it is seen in to the last, NaN between."""

    person: str | None
    values: NDArray[np.float32]


def tracks(path: Path, sightings: Sequence[Sighting], n_frames: int) -> list[Track]:
    """Return a track for each person.

    Where no frame shows more than one person and ids are missing, all sightings are one track over all frames.

    Raises
    ------
    FormatError
        If nobody was seen, a frame shows several people without ids, or an id twice.
    """
    if not sightings:
        raise FormatError(f"{path}: shows nobody in {n_frames} frames")
    n_joints = len(sightings[0].values)
    if any(sighting.person is None for sighting in sightings):
        _check_alone(sightings)
        check_room(path, 1, n_frames, n_joints)
        return [Track(None, _track(sightings, 0, n_frames))]
    of_person: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        of_person.setdefault(sighting.person or "", []).append(sighting)
    spans = {person: _span(person, seen) for person, seen in of_person.items()}
    check_room(path, 1, sum(last - first + 1 for first, last in spans.values()), n_joints)
    return [
        Track(person, _track(seen, spans[person][0], spans[person][1] - spans[person][0] + 1))
        for person, seen in of_person.items()
    ]


def flat_pose(values: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return 2D joints with confidence ``(..., 3)``, x right and y down, as joints x, y up, 0 and the confidence.

    A joint of no confidence is NaN.
    """
    confidence = np.clip(np.nan_to_num(values[..., 2]), 0, 1).astype(np.float32)
    joints = np.stack([values[..., 0], -values[..., 1], np.zeros_like(confidence)], axis=-1).astype(np.float32)
    unseen = (confidence == 0) | np.isnan(joints).any(axis=-1)
    joints[unseen] = np.nan
    confidence[unseen] = 0
    return joints, confidence


def _check_alone(sightings: Sequence[Sighting]) -> None:
    frames: set[int] = set()
    for sighting in sightings:
        if sighting.frame in frames:
            raise FormatError(
                f"{sighting.where}: several people a frame and no ids; run a tracker first, or keep one person a file"
            )
        frames.add(sighting.frame)


def _span(person: str, seen: Sequence[Sighting]) -> tuple[int, int]:
    frames: set[int] = set()
    for sighting in seen:
        if sighting.frame in frames:
            raise FormatError(f"{sighting.where}: person {person[:40]!r} is in one frame twice")
        frames.add(sighting.frame)
    return min(frames), max(frames)


def _track(seen: Sequence[Sighting], first: int, length: int) -> NDArray[np.float32]:
    frames = np.array([sighting.frame for sighting in seen]) - first
    return place(np.stack([sighting.values for sighting in seen]), frames, length)
