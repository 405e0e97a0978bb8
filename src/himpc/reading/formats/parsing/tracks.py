"""Detections of people in frames, and the tracks that they make: one for each person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.formats.parsing.positions import check_memory, scatter

__all__ = ["Detection", "build_tracks", "check_same_shape", "leave_out_bystanders"]

_MIN_CHANGES = 2
"""Changes between frames from which continuity is checked."""

_MIN_COMMON_JOINTS = 3
"""Joints that two detections must share to be compared."""

_VIDEO_LIMITS = 0.5, 1.5
_PICTURE_LIMITS = 0.12, 1.1
"""Shift and growth from frame to frame (see `_check_continuity`). At 10 Hz, a runner moves by 0.12 of the diagonal."""

_SHIFT_OF_MISSING, _MAX_MISSING = 0.05, 20
"""Shift that each missing frame allows, and the number of missing frames that count."""

_MAX_GLITCH = 3
"""Frames of the longest chain that is left out beside longer ones."""

_MAX_BYSTANDERS, _MIN_RATIO = 0.1, 3.0
_OPEN_CHAINS = 4
"""Chains that a detection may continue."""


@dataclass(frozen=True)
class Detection:
    """One person in one frame.

    Attributes
    ----------
    frame : int
        Index of the frame.
    person : str or None
        The tracker's id, if it gave one.
    values : array ``(J, axes + 1)``
        Joints and their confidence.
    where : str
        The file, or the place in it, for errors.
    """

    frame: int
    person: str | None
    values: NDArray[np.float64]
    where: str


def check_same_shape(detections: Sequence[Detection]) -> None:
    """Check that all people of a recording have as many joints and axes."""
    shapes = {detection.values.shape: detection.where for detection in detections}
    if len(shapes) > 1:
        found = " and ".join(f"{count_noun(n_joints, 'joint')} in {axes - 1}D" for n_joints, axes in shapes)
        raise FormatError(f"{list(shapes.values())[1]}: {found} in one recording", hint="keep them in separate files")


def build_tracks(
    path: Path, detections: Sequence[Detection], n_frames: int, *, are_pictures: bool = False
) -> list[NDArray[np.float32]]:
    """Join detections into tracks, one for each person.

    Where no frame shows more than one person and ids are missing, all detections are one track over all frames. In 2D,
    where cleaning knows no sizes, they are several if the body jumps to another place or size.

    Parameters
    ----------
    are_pictures : bool
        Whether the frames may be pictures that have nothing to do with each other, so that less movement is enough to
        show it.

    Returns
    -------
    list of arrays ``(frames, J, axes + 1)``
        Each person from the first detection to the last, NaN between; over all frames, if it is the only track of
        detections without ids.

    Raises
    ------
    FormatError
        If there is no detection, or if the detections of one frame or of all frames cannot be of one person.
    """
    if not detections:
        raise FormatError(f"{path}: shows no person in {count_noun(n_frames, 'frame')}")
    n_joints = len(detections[0].values)
    if any(detection.person is None for detection in detections):
        if doubled := _first_doubled(detections):
            raise FormatError(
                f"{doubled.where}: several people a frame and no ids",
                hint="run a tracker first, or keep one person a file",
            )
        check_memory(path, 1, n_frames, n_joints)
        _check_continuity(path, detections, *(_PICTURE_LIMITS if are_pictures else _VIDEO_LIMITS))
        chains = _split_at_jumps(detections) if detections[0].values.shape[1] == 3 else [list(detections)]
        if len(chains) == 1:
            return [_join(chains[0], 0, n_frames)]
        spans = [(chain[0].frame, chain[-1].frame - chain[0].frame + 1) for chain in chains]
        check_memory(path, 1, sum(length for _, length in spans), n_joints)
        return [_join(chain, *span) for chain, span in zip(chains, spans, strict=True)]
    of_person: dict[str, list[Detection]] = {}
    for detection in detections:
        of_person.setdefault(detection.person or "", []).append(detection)
    for person, found in of_person.items():
        if doubled := _first_doubled(found):
            raise FormatError(f"{doubled.where}: person {person[:40]!r} is in one frame twice")
    frames_of = {person: [detection.frame for detection in found] for person, found in of_person.items()}
    lengths = {person: max(frames) - min(frames) + 1 for person, frames in frames_of.items()}
    check_memory(path, 1, sum(lengths.values()), n_joints)
    return [_join(found, min(frames_of[person]), lengths[person]) for person, found in of_person.items()]


def leave_out_bystanders(detections: Sequence[Detection]) -> tuple[Sequence[Detection], int]:
    """Leave out what a detector saw beside the one body of a recording in a few frames; return their number as well.

    It applies where ids are missing and at most 10 % of the frames show several bodies. In these, the body continues
    that of the nearest frame with one, and the others must be at least three times as far from it.
    """
    of_frame: dict[int, list[Detection]] = {}
    for detection in detections:
        of_frame.setdefault(detection.frame, []).append(detection)
    alone = sorted(frame for frame, found in of_frame.items() if len(found) == 1)
    several = [frame for frame, found in of_frame.items() if len(found) > 1]
    has_ids = any(detection.person is not None for detection in detections)
    if has_ids or not several or len(several) > _MAX_BYSTANDERS * len(of_frame):
        return detections, 0
    kept = [of_frame[frame][0] for frame in alone]
    for frame in several:
        (before,) = of_frame[min(alone, key=lambda other: abs(other - frame))]
        changes = [(change[0], i) for i, each in enumerate(of_frame[frame]) if (change := _change(before, each))]
        if not changes or len(changes) < len(of_frame[frame]):
            return detections, 0
        (nearest, index), (second, _) = sorted(changes)[:2]
        if nearest > _VIDEO_LIMITS[0] or second < _MIN_RATIO * nearest:
            return detections, 0
        kept.append(of_frame[frame][index])
    return kept, len(detections) - len(kept)


def _check_continuity(path: Path, detections: Sequence[Detection], max_shift: float, max_growth: float) -> None:
    """Check that a body without an id moves like one body from frame to frame.

    Parameters
    ----------
    max_shift : float
        Median movement of a joint between two frames, in diagonals of the box around the body.
    max_growth : float
        Median factor by which the box grows or shrinks.
    """
    ordered = sorted(detections, key=lambda detection: detection.frame)
    changes = [change for before, after in pairwise(ordered) if (change := _change(before, after))]
    if len(changes) < _MIN_CHANGES:
        return
    shift, growth = np.median(changes, axis=0)
    if shift > max_shift or growth > max_growth:
        raise FormatError(
            f"{path}: from one picture to the next, the body moves by {shift:.0%} of its size and grows or shrinks by "
            f"{growth - 1:.0%}, so these are not frames of one recording",
            hint="keep the frames of one video together; if they are of one video, give each body the same 'track_id'",
        )


def _split_at_jumps(detections: Sequence[Detection]) -> list[list[Detection]]:
    """Split detections, one a frame, into the chains in which a body moves and changes its size little.

    Short chains, in which an estimator saw something else for a moment, are left out.
    """
    chains: list[list[Detection]] = []
    latest: list[list[Detection]] = []
    for detection in sorted(detections, key=lambda detection: detection.frame):
        chain = next((chain for chain in latest if _continues(chain[-1], detection)), None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(detection)
        latest = [chain, *(other for other in latest if other is not chain)][:_OPEN_CHAINS]
    longest = max(map(len, chains))
    return [chain for chain in chains if len(chain) > min(_MAX_GLITCH, longest - 1)]


def _continues(before: Detection, after: Detection) -> bool:
    """Return whether a body may be the one of an earlier frame; it may move on in frames that are missing."""
    change = _change(before, after)
    max_shift, max_growth = _VIDEO_LIMITS
    missing = min(after.frame - before.frame - 1, _MAX_MISSING)
    return change is None or (change[0] <= max_shift + _SHIFT_OF_MISSING * missing and change[1] <= max_growth)


def _change(before: Detection, after: Detection) -> tuple[float, float] | None:
    """Return how far the joints that both show move, in diagonals of their box, and by which factor the box changes."""
    values = np.stack([before.values, after.values])
    seen = ((values[..., -1] > 0) & np.isfinite(values).all(axis=2)).all(axis=0)
    if seen.sum() < _MIN_COMMON_JOINTS:
        return None
    first, second = values[:, seen, :-1]
    boxes = sorted(float(np.linalg.norm(np.ptp(points, axis=0))) for points in (first, second))
    if not boxes[0] > 0:
        return None
    return float(np.median(np.linalg.norm(second - first, axis=1))) / boxes[1], boxes[1] / boxes[0]


def _first_doubled(detections: Sequence[Detection]) -> Detection | None:
    """Return the first detection in a frame that has another one."""
    frames: set[int] = set()
    for detection in detections:
        if detection.frame in frames:
            return detection
        frames.add(detection.frame)
    return None


def _join(detections: Sequence[Detection], first: int, length: int) -> NDArray[np.float32]:
    """Return the values of `length` frames from the first one, NaN in those without a detection."""
    frames = np.array([detection.frame for detection in detections]) - first
    return scatter(np.stack([detection.values for detection in detections]), frames, length)
