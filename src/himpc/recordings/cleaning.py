"""Cleaning: drop frames that show no body, fill short gaps, split at long ones, and count all of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.recordings.recording import Origin, Quality, Recording

__all__ = ["CleaningRules", "clean", "impossible_frames"]

_Mask = NDArray[np.bool_]
_Floats = NDArray[np.floating]


@dataclass(frozen=True)
class CleaningRules:
    """What cleaning calls a gap, an impossible frame, and a recording too short to keep.

    The limits are far outside what bodies do and cheap sensors say of them. On 18,784 frames of Kinect v1 walking
    (``kinect-v1-actions``) no frame's body is off by more than 1.3, in seven frames a joint jumps more than a metre,
    and hands that collapse onto the wrist are usual: so a single bone may shrink without limit. These rules reject
    0.7 % of the frames and fill most of them again.

    Attributes
    ----------
    max_gap_seconds : float
        Longest gap that is filled. In 0.2 s, a fifth of a stride at a stride a second, a joint moves nearly straight.
    max_gap_frames : int
        The same where the frame rate is not known: 0.2 s at 30 frames a second.
    max_bone_stretch : float
        A bone is impossible when it is this many times its median over the recording, and also
    bone_margin : float
        this many metres longer than it: hands and feet are short, and where a Kinect puts them is uncertain by as much.
    max_body_change : float
        A body is impossible when half of its bones are this many times longer or shorter than their medians: another
        body, or a skeleton that has collapsed.
    max_joint_speed : float
        Metres per second of any joint. A thrower's hand reaches about 25 m/s.
    max_body_speed : float
        Metres per second of at least half of the joints. The fastest sprint on record reached 12.4 m/s; the rest is
        for the sensor's noise.
    max_joint_step, max_body_step : float
        Metres per frame of the same, where the frame rate is not known: as seen at 30 and 15 frames a second.
    min_frames : int
        Shortest part that is kept.

    Raises
    ------
    ConfigError
        If a number is negative or not finite.
    """

    max_gap_seconds: float = 0.2
    max_gap_frames: int = 6
    max_bone_stretch: float = 2.0
    bone_margin: float = 0.2
    max_body_change: float = 1.5
    max_joint_speed: float = 30.0
    max_body_speed: float = 15.0
    max_joint_step: float = 1.0
    max_body_step: float = 1.0
    min_frames: int = 2

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 1 if field.name in ("max_bone_stretch", "max_body_change", "min_frames") else 0
            if not np.isfinite(value) or value < least:
                raise ConfigError(f"{field.name} must be a number of {least} or more, found {value!r}")

    def gap(self, fps: float | None) -> int:
        """Return the longest gap that is filled, in frames."""
        return self.max_gap_frames if fps is None else round(self.max_gap_seconds * fps)

    def steps(self, fps: float | None) -> tuple[float, float]:
        """Return how far a joint, and half of the joints, may move from one frame to the next, in metres."""
        if fps is None:
            return self.max_joint_step, self.max_body_step
        return self.max_joint_speed / fps, self.max_body_speed / fps


def clean(recording: Recording, rules: CleaningRules | None = None) -> list[Recording]:
    """Return the usable parts of a recording, complete: every joint of every frame is there.

    Frames are rejected that are empty (no joint seen, or all at the origin), frozen (every number is that of the frame
    before), or, in 3D, impossible (see `CleaningRules`). Gaps, of rejected frames or of joints that were not seen, are
    filled by straight lines where they are short, and split the recording where they are long. So does a jump of the
    whole body to another place that lasts. What was found is counted in ``quality``.

    Parameters
    ----------
    recording : Recording
        As a reader gives it.
    rules : CleaningRules, optional
        Other limits than the usual ones.

    Returns
    -------
    list of Recording
        One or more, in order; several are called ``...#part1``, ``...#part2`` and so on. In ``confidence``, a joint
        that was filled has 0.

    Raises
    ------
    DataError
        If a joint is never seen, or no part is long enough to keep.
    """
    rules = rules or CleaningRules()
    where = recording.source or "recording"
    empty = _is_empty(recording.joints)
    frozen = _is_frozen(recording.joints) & ~empty
    alive = np.flatnonzero(~(empty | frozen))
    _check_seen(recording, alive, where)
    impossible, cuts = np.zeros(len(recording), dtype=bool), np.empty(0, dtype=np.intp)
    if recording.dimensions == 3:
        impossible[alive[_has_impossible_bones(recording, alive, rules)]] = True
        alive = alive[~impossible[alive]]
        jumping, cuts = _find_jumps(recording, alive, rules)
        impossible[jumping] = True
    rejected = empty | frozen | impossible
    joints = recording.joints.copy()
    joints[rejected] = np.nan
    missing = np.isnan(joints[:, :, 0])
    edges = [0, *(int(cut) for cut in cuts), len(joints)]
    spans = list(pairwise(edges))
    for start, stop in spans:
        _fill(joints[start:stop], missing[start:stop], rules.gap(recording.fps))
    complete = np.logical_not(np.isnan(joints[:, :, 0]).any(axis=1))
    runs = [(start + a, start + b) for start, stop in spans for a, b in _runs(complete[start:stop])]
    parts = [(a, b) for a, b in runs if b - a >= rules.min_frames]
    if not parts:
        few = complete & ~rejected
        counts = {"empty": empty, "frozen": frozen, "impossible": impossible}
        counts |= {"missing a joint": ~rejected & ~few, f"less than {rules.min_frames} in a row": few}
        found = ", ".join(f"{int(mask.sum())} {name}" for name, mask in counts.items() if mask.any())
        raise DataError(f"{where}: no usable stretch of frames: {len(recording)} read, {found}{_hint(impossible)}")
    kept = np.zeros(len(joints), dtype=bool)
    for a, b in parts:
        kept[a:b] = True
    counts = {"empty": empty, "frozen": frozen, "impossible": impossible, "incomplete": ~rejected & ~kept}
    return _cut(recording, joints, missing, parts, counts)


def impossible_frames(recording: Recording, rules: CleaningRules | None = None) -> _Mask:
    """Tell for each frame of a 3D recording whether no body looks or moves like that (see `CleaningRules`).

    Returns
    -------
    bool array ``(frames,)``
        A stretch between two jumps counts where it is no longer than a gap that can be filled.
    """
    rules = rules or CleaningRules()
    impossible = np.zeros(len(recording), dtype=bool)
    alive = np.flatnonzero(~_is_empty(recording.joints))
    if len(alive):
        impossible[alive[_has_impossible_bones(recording, alive, rules)]] = True
        alive = alive[~impossible[alive]]
    if len(alive):
        impossible[_find_jumps(recording, alive, rules)[0]] = True
    return impossible


def _hint(impossible: _Mask) -> str:
    return "; is the unit right?" if impossible.mean() > 0.5 else ""


def _is_empty(joints: _Floats) -> _Mask:
    empty: _Mask = (np.isnan(joints) | (joints == 0)).all(axis=(1, 2))
    return empty


def _is_frozen(joints: _Floats) -> _Mask:
    same = (joints[1:] == joints[:-1]) | (np.isnan(joints[1:]) & np.isnan(joints[:-1]))
    return np.concatenate([[False], same.all(axis=(1, 2))])


def _check_seen(recording: Recording, alive: NDArray[np.intp], where: str) -> None:
    if len(alive) == 0:
        raise DataError(f"{where}: all {len(recording)} frames are empty: no joint is seen, or all are at the origin")
    never = np.isnan(recording.joints[alive, :, 0]).all(axis=0)
    if never.any():
        names = [recording.layout.joints[j] for j in np.flatnonzero(never)]
        raise DataError(
            f"{where}: {', '.join(names)} never seen in {len(recording)} frames of layout {recording.layout.name!r}; "
            "choose a layout without, by --layout"
        )


def _has_impossible_bones(recording: Recording, alive: NDArray[np.intp], rules: CleaningRules) -> _Mask:
    """Tell for each living frame whether a bone is stretched, or the body is off as a whole."""
    bones = np.array(recording.layout.bones, dtype=np.intp).reshape(-1, 2)
    joints = recording.joints[alive].astype(np.float64)
    lengths = np.linalg.norm(joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=2)
    usual = _median(lengths.T)
    stretched = (lengths > rules.max_bone_stretch * usual) & (lengths > usual + rules.bone_margin)
    measured = usual > 0
    with np.errstate(divide="ignore"):
        change = np.abs(np.log(lengths[:, measured] / usual[measured]))
    off: _Mask = stretched.any(axis=1) | (_median(change) > np.log(rules.max_body_change))
    return off


def _find_jumps(
    recording: Recording, alive: NDArray[np.intp], rules: CleaningRules
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find frames that are somewhere else for a short while, and where the body moves elsewhere for good.

    Returns
    -------
    jumping : int array
        Frames in stretches between two jumps that are no longer than a gap that can be filled.
    cuts : int array
        First frames after jumps of the whole body that last; a single joint that jumps, such as a foot that a camera
        takes for the other, splits nothing.
    """
    jumps = np.logical_or(*_jumps(recording, alive, rules))
    stretch = np.cumsum(jumps)
    lengths = np.bincount(stretch, minlength=1)
    short = lengths <= rules.gap(recording.fps)
    short[lengths.argmax()] = False
    passing = short[stretch]
    staying = alive[~passing]
    _, body = _jumps(recording, staying, rules)
    return alive[passing], staying[body]


def _jumps(recording: Recording, frames: NDArray[np.intp], rules: CleaningRules) -> tuple[_Mask, _Mask]:
    """Tell for each of the frames whether a joint, and half of them, came too far for the time since the one before."""
    joints = recording.joints[frames].astype(np.float64)
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=2) / np.diff(frames)[:, None]
    joint_limit, body_limit = rules.steps(recording.fps)
    first = np.zeros(min(1, len(frames)), dtype=bool)
    joint, body = (steps > joint_limit).any(axis=1), _median(steps) > body_limit
    return np.concatenate([first, joint]), np.concatenate([first, body])


def _median(values: _Floats) -> _Floats:
    """Return the median over the last axis of what is not NaN, NaN where all is."""
    some = ~np.isnan(values).all(axis=-1)
    medians = np.full(values.shape[:-1], np.nan)
    if values.shape[-1]:
        medians[some] = np.nanmedian(values[some], axis=-1)
    return medians


def _fill(joints: _Floats, missing: _Mask, max_gap: int) -> None:
    """Fill gaps of up to `max_gap` frames between seen joints by straight lines, in place."""
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
    """Return (start, stop) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _cut(
    recording: Recording, joints: _Floats, missing: _Mask, parts: list[tuple[int, int]], counts: dict[str, _Mask]
) -> list[Recording]:
    """Return the parts as recordings, each counting the frames from its start to that of the next part."""
    before, whole = recording.quality, recording.origin or Origin(body=uuid4().hex)
    starts = [0, *(a for a, _ in parts[1:]), len(joints)]
    cut = []
    for number, (a, b) in enumerate(parts, start=1):
        stretch = slice(starts[number - 1], starts[number])
        read = stretch.stop - stretch.start
        found: dict[str, Any] = {name: int(mask[stretch].sum()) for name, mask in counts.items()}
        found |= {"frames_read": read, "filled": int(missing[a:b].sum()), "parts": before.parts + len(parts) - 1}
        quality = replace(before, **found)
        if number == 1:
            quality = _add(quality, before, extra=max(before.frames_read - len(joints), 0))
        confidence = recording.confidence
        if confidence is not None:
            confidence = np.where(missing[a:b], np.float32(0), confidence[a:b])
        source, origin = recording.source, recording.origin
        if len(parts) > 1:
            origin = replace(whole, part=(whole.part or number), whole_source=recording.whole_source)
            source = f"{source}#part{number}"
        own = joints[a:b] if missing[a:b].any() else recording.joints[a:b]  # not copied where nothing was filled
        cut.append(recording._derive(joints=own, confidence=confidence, source=source, quality=quality, origin=origin))
    return cut


def _add(quality: Quality, before: Quality, extra: int) -> Quality:
    """Return counts with those of an earlier cleaning added; `extra` frames are those that it dropped."""
    names = ("empty", "frozen", "impossible", "incomplete", "filled")
    sums = {name: getattr(quality, name) + getattr(before, name) for name in names}
    return replace(quality, frames_read=quality.frames_read + extra, **sums)
