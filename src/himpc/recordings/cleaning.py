"""Cleaning: drop frames that show no body, fill short gaps, split at long ones, and count all of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from himpc._schema import validated
from himpc.errors import DataError
from himpc.recordings.point_gaps import fill_rigid_gaps, points_to_keep
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import POINTS, points_layout

__all__ = ["CleaningRules", "clean", "impossible_frames"]

_Mask = NDArray[np.bool_]
_Floats = NDArray[np.floating]
_Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Factor = Annotated[float, Field(ge=1, allow_inf_nan=False)]


@validated
class CleaningRules:
    """Limits above which cleaning rejects frames, fills gaps or splits a recording.

    The limits are far outside what bodies do and inexpensive sensors measure. In 18,784 frames of walking from Kinect
    v1 (``kinect-v1-actions``), no body as a whole is off by more than a factor of 1.3, and in seven frames a joint
    jumps more than a metre. Hands that collapse onto the wrist are common, so a single bone may shrink without limit.
    These rules reject 0.7 % of the frames and fill most of them again.

    Raises
    ------
    ConfigError
        If a limit is negative or not finite.
    """

    max_gap_seconds: _Limit = 0.2
    """Longest gap to fill. In 0.2 s, a fifth of a stride, a joint moves almost along a straight line."""
    max_gap_frames: Annotated[int, Field(ge=0)] = 6
    """Longest gap to fill if the frame rate is unknown: 0.2 s at 30 frames per second."""
    max_bone_stretch: _Factor = 2.0
    """A bone is impossible if it is longer than its median over the recording by this factor, and also by the next."""
    bone_margin: _Limit = 0.2
    """Metres by which an impossible bone exceeds its median: hands and feet are short, and Kinect is that uncertain."""
    max_body_change: _Factor = 1.5
    """A body is impossible if half of its bones differ from their medians by this factor: another body."""
    max_joint_speed: _Limit = 30.0
    """Metres per second of any joint. The hand of a thrower reaches about 25 m/s."""
    max_body_speed: _Limit = 15.0
    """Metres per second of at least half of the joints. The fastest recorded sprint is 12.4 m/s; the rest is noise."""
    max_joint_step: _Limit = 1.0
    """Metres per frame of any joint if the frame rate is unknown: 30 m/s at 30 frames per second."""
    max_body_step: _Limit = 1.0
    """Metres per frame of at least half of the joints if the frame rate is unknown: 15 m/s at 15 frames per second."""
    min_frames: Annotated[int, Field(ge=1)] = 2
    """Shortest part to keep."""

    def max_gap(self, fps: float | None) -> int:
        """Return the longest gap to fill, in frames."""
        return self.max_gap_frames if fps is None else round(self.max_gap_seconds * fps)

    def max_steps(self, fps: float | None) -> tuple[float, float]:
        """Return how far a joint, and half of the joints, may move from one frame to the next, in metres."""
        if fps is None:
            return self.max_joint_step, self.max_body_step
        return self.max_joint_speed / fps, self.max_body_speed / fps


def clean(recording: Recording, rules: CleaningRules | None = None) -> list[Recording]:
    """Return the usable parts of a recording, with every joint in every frame.

    Rejected are frames that are empty (no joint seen, or all at the origin), frozen (identical to the frame before),
    or, in 3D, impossible (see `CleaningRules`). Gaps, of rejected frames or of joints that were not seen, are
    interpolated linearly if they are short; long ones split the recording. So does a lasting jump of the whole body to
    another place. `Recording.quality` counts all of it.

    Parameters
    ----------
    recording : Recording
        As read from a file.
    rules : CleaningRules, optional
        Other limits than the default ones.

    Returns
    -------
    list of Recording
        One or more, in order. Several have the same origin but for the number of the part, and ``#part1`` and so on in
        their source. An interpolated joint has confidence 0.

    Raises
    ------
    DataError
        If a joint is never seen, or no part is long enough.

    Examples
    --------
    >>> from himpc.simulation import simulate
    >>> [part.complete for part in clean(simulate(people=1, recordings=1, seconds=2.0)[0])]
    [True]
    """
    rules = rules or CleaningRules()
    if recording.layout.name == POINTS:
        recording = _complete_points(recording, rules)
    masks, cuts = _find_rejected(recording, rules)
    rejected = np.any(list(masks.values()), axis=0)
    joints = recording.joints.copy()
    joints[rejected] = np.nan
    missing = np.isnan(joints[:, :, 0])
    spans = list(pairwise([0, *cuts, len(joints)]))
    for start, stop in spans:
        _interpolate(joints[start:stop], missing[start:stop], rules.max_gap(recording.fps))
    complete = np.logical_not(np.isnan(joints[:, :, 0]).any(axis=1))
    runs = [(start + a, start + b) for start, stop in spans for a, b in _runs(complete[start:stop])]
    parts = [(a, b) for a, b in runs if b - a >= rules.min_frames]
    if not parts:
        masks["missing a joint"] = ~(rejected | complete)
        masks[f"in runs of less than {rules.min_frames}"] = complete & ~rejected
        counts = ", ".join(f"{int(mask.sum())} {name}" for name, mask in masks.items() if mask.any())
        wrong_unit = masks["impossible"].mean() > 0.5
        raise DataError(
            f"{_name(recording)}: no frames can be used: of {len(recording)}, {counts}",
            hint="check the {unit}" if wrong_unit else None,
        )
    used = np.zeros(len(joints), dtype=bool)
    for a, b in parts:
        used[a:b] = True
    return _split(recording, joints, missing, parts, {**masks, "incomplete": ~(rejected | used)})


def _complete_points(recording: Recording, rules: CleaningRules) -> Recording:
    """Fill long gaps of single points by the points that are rigid with them, and leave out points with most gaps."""
    joints = recording.joints
    seen = np.isfinite(joints[:, :, 0])
    bridged = joints.copy()
    _interpolate(bridged, ~seen, rules.max_gap(recording.fps))
    gaps = np.isnan(bridged[:, :, 0]) & seen.any(axis=1, keepdims=True)
    if not gaps.any():
        return recording
    filled = fill_rigid_gaps(joints, gaps)
    still = np.isfinite(filled[:, :, 0]) | np.isfinite(bridged[:, :, 0])
    kept = points_to_keep(still[seen.any(axis=1)])
    notes = []
    if (np.isfinite(filled[:, :, 0]) & ~seen).any():
        notes.append("long gaps of points are filled by the points that are rigid with them")
    if len(kept) < joints.shape[1]:
        notes.append("points with many gaps are left out")
    quality = replace(recording.quality, notes=(*recording.quality.notes, *notes))
    layout = points_layout([recording.layout.joints[i] for i in kept], filled[:, kept])
    confidence = None if recording.confidence is None else recording.confidence[:, kept]
    return recording._derive(joints=filled[:, kept], layout=layout, confidence=confidence, quality=quality)


def impossible_frames(recording: Recording, rules: CleaningRules | None = None) -> _Mask:
    """Find the frames of a 3D recording in which bones or movements are impossible (see `CleaningRules`).

    Returns
    -------
    bool array ``(frames,)``
        A stretch between two jumps is included if it is no longer than a gap that can be filled.
    """
    present = np.flatnonzero(~_is_empty(recording.joints))
    return _find_impossible(recording, present, rules or CleaningRules())[0]


def _find_rejected(recording: Recording, rules: CleaningRules) -> tuple[dict[str, _Mask], list[int]]:
    """Return the masks of rejected frames, and the first frames after lasting jumps of the whole body."""
    empty = _is_empty(recording.joints)
    frozen = _is_frozen(recording.joints) & ~empty
    present = np.flatnonzero(~(empty | frozen))
    _check_seen(recording, present)
    masks = {"empty": empty, "frozen": frozen, "impossible": np.zeros_like(empty)}
    if recording.dimensions == 2:
        return masks, []
    masks["impossible"], cuts = _find_impossible(recording, present, rules)
    return masks, cuts


def _find_impossible(recording: Recording, present: NDArray[np.intp], rules: CleaningRules) -> tuple[_Mask, list[int]]:
    """Return the mask of impossible frames among those that are present, and the first frames after lasting jumps."""
    impossible = np.zeros(len(recording), dtype=bool)
    cuts: NDArray[np.intp] = present[:0]
    if len(present):
        impossible[present[_has_impossible_bones(recording, present, rules)]] = True
        present = present[~impossible[present]]
    if len(present):
        jumping, cuts = _find_jumps(recording, present, rules)
        impossible[jumping] = True
    return impossible, cuts.tolist()


def _name(recording: Recording) -> str:
    return recording.source or "recording"


def _is_empty(joints: _Floats) -> _Mask:
    empty: _Mask = (np.isnan(joints) | (joints == 0)).all(axis=(1, 2))
    return empty


def _is_frozen(joints: _Floats) -> _Mask:
    same = (joints[1:] == joints[:-1]) | (np.isnan(joints[1:]) & np.isnan(joints[:-1]))
    return np.concatenate([[False], same.all(axis=(1, 2))])


def _check_seen(recording: Recording, present: NDArray[np.intp]) -> None:
    count = len(recording)
    if len(present) == 0:
        raise DataError(f"{_name(recording)}: all {count} frames are empty: no joint is seen, or all are at the origin")
    never = np.isnan(recording.joints[present, :, 0]).all(axis=0)
    if never.any():
        names = ", ".join(recording.layout.joints[j] for j in np.flatnonzero(never))
        message = f"{_name(recording)}: {names} never seen in {count} frames of layout {recording.layout.name!r}"
        raise DataError(message, hint="choose a layout without these joints: {layout}")


def _has_impossible_bones(recording: Recording, present: NDArray[np.intp], rules: CleaningRules) -> _Mask:
    """Return a mask over the frames that are present: a bone is stretched, or the body as a whole is off."""
    bones = np.array(recording.layout.bones, dtype=np.intp).reshape(-1, 2)
    joints = recording.joints[present].astype(np.float64)
    lengths = np.linalg.norm(joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=2)
    medians = _median(lengths.T)
    stretched = (lengths > rules.max_bone_stretch * medians) & (lengths > medians + rules.bone_margin)
    measured = medians > 0
    with np.errstate(divide="ignore"):
        change = np.abs(np.log(lengths[:, measured] / medians[measured]))
    off: _Mask = stretched.any(axis=1) | (_median(change) > np.log(rules.max_body_change))
    return off


def _find_jumps(
    recording: Recording, present: NDArray[np.intp], rules: CleaningRules
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find short excursions of a joint or the body, and lasting jumps of the body.

    Returns
    -------
    jumping : int array
        Frames in stretches between two jumps that are no longer than a gap that can be filled.
    cuts : int array
        First frames after lasting jumps of the whole body. A single joint that jumps, such as a foot that a camera
        confuses with the other, does not split a recording.
    """
    jumps = np.logical_or(*_jumps(recording, present, rules))
    stretch = np.cumsum(jumps)
    lengths = np.bincount(stretch, minlength=1)
    short = lengths <= rules.max_gap(recording.fps)
    short[lengths.argmax()] = False
    passing = short[stretch]
    staying = present[~passing]
    _, body = _jumps(recording, staying, rules)
    return present[passing], staying[body]


def _jumps(recording: Recording, frames: NDArray[np.intp], rules: CleaningRules) -> tuple[_Mask, _Mask]:
    """Return masks over some frames: a joint, and half of the joints, moved too far since the frame before."""
    joints = recording.joints[frames].astype(np.float64)
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=2) / np.diff(frames)[:, None]
    joint_limit, body_limit = rules.max_steps(recording.fps)
    first = np.zeros(min(1, len(frames)), dtype=bool)
    joint, body = (steps > joint_limit).any(axis=1), _median(steps) > body_limit
    return np.concatenate([first, joint]), np.concatenate([first, body])


def _median(values: _Floats) -> _Floats:
    """Return the median over the last axis, without NaN; NaN where all is NaN."""
    some = ~np.isnan(values).all(axis=-1)
    medians = np.full(values.shape[:-1], np.nan)
    if values.shape[-1]:
        medians[some] = np.nanmedian(values[some], axis=-1)
    return medians


def _interpolate(joints: _Floats, missing: _Mask, max_gap: int) -> None:
    """Interpolate gaps of up to `max_gap` frames between seen joints linearly, in place."""
    for joint in np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0)):
        seen = np.flatnonzero(~missing[:, joint])
        gap = np.diff(seen) - 1
        short = np.flatnonzero((gap > 0) & (gap <= max_gap))
        if len(short) == 0:
            continue
        frames = np.concatenate([np.arange(seen[i] + 1, seen[i + 1]) for i in short])
        for axis in range(joints.shape[2]):
            known = joints[seen, joint, axis].astype(np.float64)
            joints[frames, joint, axis] = np.interp(frames, seen, known)


def _runs(mask: _Mask) -> list[tuple[int, int]]:
    """Return start and stop of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _split(
    recording: Recording, joints: _Floats, missing: _Mask, parts: list[tuple[int, int]], masks: dict[str, _Mask]
) -> list[Recording]:
    """Return the parts as recordings, each of which counts the frames from its start to that of the next part."""
    before, whole = recording.quality, recording.origin or Origin(body=uuid4().hex)
    starts = [0, *(a for a, _ in parts[1:]), len(joints)]
    split = []
    for number, (a, b) in enumerate(parts, start=1):
        stretch = slice(starts[number - 1], starts[number])
        counts = {name: int(mask[stretch].sum()) for name, mask in masks.items()}
        counts |= {"frames_read": stretch.stop - stretch.start, "filled": int(missing[a:b].sum())}
        if number == 1:  # together with the counts, and the dropped frames, of an earlier cleaning
            counts = {name: count + getattr(before, name) for name, count in counts.items()}
            counts["frames_read"] = max(before.frames_read, len(joints)) - len(joints) + stretch.stop
        changes: dict[str, Any] = {
            "start": None if recording.start is None else recording.start + a / (recording.fps or 1),
            "joints": joints[a:b] if missing[a:b].any() else recording.joints[a:b],  # a view if nothing was filled
            "quality": Quality(
                **counts, parts=before.parts + len(parts) - 1, notes=before.notes, cleaned=before.cleaned
            ),
        }
        if recording.confidence is not None:
            changes["confidence"] = np.where(missing[a:b], np.float32(0), recording.confidence[a:b])
        if len(parts) > 1:
            changes["origin"] = replace(whole, part=whole.part or number, whole_source=recording.whole_source)
            changes["source"] = f"{recording.source}#part{number}"
        split.append(recording._derive(**changes))
    return split
