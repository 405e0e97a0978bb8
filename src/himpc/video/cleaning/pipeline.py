"""From a track to clean recordings, with a count of all that was changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal, get_args
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.recordings import Origin, Quality, Recording
from himpc.recordings.cleaning import impossible_frames
from himpc.skeleton import Layout
from himpc.video.cleaning.bones import limb_bones, steady_bones
from himpc.video.cleaning.gait import Gait, find_gait
from himpc.video.cleaning.gravity import rotate_upright
from himpc.video.cleaning.heading import facing_direction, mean_direction
from himpc.video.cleaning.low_confidence import fill_low_confidence
from himpc.video.cleaning.posture import POSTURES, Posture, find_posture
from himpc.video.cleaning.smoothing import smooth
from himpc.video.cleaning.swaps import correct_swaps
from himpc.video.tracking.track import Track

__all__ = ["DEFAULT_STEPS", "STEPS", "Changes", "CleanedTrack", "PoseCleaningRules", "clean_track"]

Floats = NDArray[np.float64]

_NOTE = "skeletons from video, made clean"

Step = Literal["fill", "swaps", "smooth", "bones", "up"]
STEPS: tuple[Step, ...] = get_args(Step)
"""What can be mended, in this order: guessed joints, left and right, noise, bone lengths, the camera's tilt."""

DEFAULT_STEPS: tuple[Step, ...] = ("fill", "swaps", "smooth", "up")
"""What is mended if nothing else is asked for: all but the bone lengths. How much a bone's length wobbles tells a model
how far to trust it; steady bones look as if they were measured exactly, and people are known again far less well
(`perf/video_proof.py noise`)."""


@dataclass(frozen=True)
class PoseCleaningRules:
    """How skeletons from video are made clean.

    Attributes
    ----------
    steps : tuple of Step
        Which of `STEPS` are done; `DEFAULT_STEPS` if not given.
    min_confidence : float
        A joint of less is a guess, and replaced where sure sightings are near.
    max_gap_seconds : float
        A longer time without the person, or without a joint, is not filled; the recording is split there.
    cutoff : float
        Hertz, of the smoothing.
    leave_out : tuple of Posture
        Stretches that are left out: "standing", "seated"; they are marked in any case.

    Raises
    ------
    ConfigError
        If a step or posture is unknown, or a number out of its range.
    """

    steps: tuple[Step, ...] = DEFAULT_STEPS
    min_confidence: float = 0.3
    max_gap_seconds: float = 0.4
    cutoff: float = 6.0
    leave_out: tuple[Posture, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [step for step in self.steps if step not in STEPS]:
            raise ConfigError(f"unknown step {unknown[0]!r}: choose among {', '.join(STEPS)}")
        if strange := [posture for posture in self.leave_out if posture not in POSTURES]:
            raise ConfigError(f"unknown posture {strange[0]!r} to leave out: choose among {', '.join(POSTURES)}")
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(f"min_confidence is {self.min_confidence!r}, expected 0 to 1")
        for name in ("max_gap_seconds", "cutoff"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ConfigError(f"{name} is {getattr(self, name)!r}, expected a number above 0")


@dataclass(frozen=True)
class Changes:
    """All that was changed in a recording; counts of joints, frames and bones are over its frames.

    Attributes
    ----------
    added : int
        Frames between pictures in which the person was not found.
    impossible : int
        Frames with bones or speeds that no body has (see `himpc.recordings.CleaningRules`), taken for not seen.
    filled, guessed : int
        Joints replaced by what lies between sure sightings, and guesses of the estimator that were left.
    swapped : int
        Frames in which left and right arms or legs were exchanged back.
    bones : int
        Bones whose length was changed by more than 2 %.
    smoothed : int
        Frames that went through the low pass.
    turned : float
        Degrees from the camera's axes to upright.
    left_out : int
        Frames left out for their posture.
    """

    added: int = 0
    impossible: int = 0
    filled: int = 0
    guessed: int = 0
    swapped: int = 0
    bones: int = 0
    smoothed: int = 0
    turned: float = 0.0
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class CleanedTrack:
    """A clean recording and what is known of it.

    Attributes
    ----------
    recording : Recording
    start, end : float
        When, in seconds of the video.
    changes : Changes
    gait : Gait
        Strides in it.
    heading, heading_spread : float
        The direction that the body faces in the mean, in degrees (see `facing_direction`), and how much that
        varies, 0 to 1.
    posture : int8 array ``(frames,)``
        Of each frame, an index into `POSTURES`.
    score : float
        From 0 to 1, how good it is: the mean confidence of the joints, times the shares of pictures in which the person
        was found, of frames whose left and right were right, and of bones that kept their length within 10 %.
    """

    recording: Recording
    start: float
    end: float
    changes: Changes
    gait: Gait
    heading: float
    heading_spread: float
    posture: NDArray[np.int8] = field(repr=False)
    score: float

    def with_(self, recording: Recording) -> CleanedTrack:
        """Return the same of another recording, such as one with a name."""
        return replace(self, recording=recording)

    def share(self, posture: Posture) -> float:
        """Return the share of the frames in a posture."""
        return float((self.posture == POSTURES.index(posture)).mean())

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as plain data."""
        number = {name: None if np.isnan(value) else round(value, 2) for name, value in (
            ("stride_seconds", self.gait.stride_seconds), ("heading", self.heading),
            ("heading_spread", self.heading_spread),
        )}  # fmt: skip
        return {
            "source": self.recording.source,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "frames": len(self.recording),
            "score": round(self.score, 3),
            "cycles": self.gait.cycles,
            **number,
            **{posture: round(self.share(posture), 3) for posture in POSTURES},
            **asdict(self.changes),
        }


def clean_track(
    track: Track,
    layout: Layout,
    fps: float,
    *,
    source: str,
    origin: Origin | None = None,
    up: Floats | None = None,
    rules: PoseCleaningRules | None = None,
) -> list[CleanedTrack]:
    """Return the clean recordings of a track.

    Parameters
    ----------
    track : Track
    layout : Layout
        The J joints.
    fps : float
        Frames a second of the recordings: the pictures' own times are put onto an even beat.
    source : str
        What the recordings are called; parts get ``#part1`` and so on.
    origin : Origin, optional
        The video and the number of the track; a new one, if not given.
    up : float64 array ``(3,)``, optional
        The direction up in the camera's axes (see `estimate_up`); if not given, the axes are left as they are.
    rules : MendingRules, optional

    Returns
    -------
    list of Cleaned
        None where no stretch has two frames with all joints. A track in 2D gives recordings in 2D, whose bones are not
        steadied nor turned.
    """
    rules = rules or PoseCleaningRules()
    origin = origin or Origin(body=uuid4().hex)
    parts = []
    for stretch in _stretches(track.seconds, rules.max_gap_seconds):
        for values in _even(track, stretch, layout, fps, rules):
            parts += _mend_part(values, layout, fps, track.joints is None, up, rules)
    named = []
    for number, part in enumerate(parts, start=1):
        own, name = origin, source
        if len(parts) > 1:
            own, name = replace(origin, part=number, whole_source=source), f"{source}#part{number}"
        quality = Quality(
            frames_read=len(part.recording),
            filled=part.changes.filled,
            parts=len(parts),
            notes=(_NOTE,) if rules.steps else (),
            cleaned=bool(rules.steps),
        )
        named.append(part.with_(part.recording.with_(source=name, quality=quality, origin=own)))
    return named


@dataclass(frozen=True, eq=False)
class _Even:
    """Joints on an even beat, complete."""

    joints: Floats
    confidence: Floats
    start: float
    added: int
    impossible: int
    filled: int
    guessed: int


def _stretches(seconds: Floats, longest: float) -> list[slice]:
    """Return stretches of pictures without a longer gap."""
    edges = [0, *(np.flatnonzero(np.diff(seconds) > longest) + 1).tolist(), len(seconds)]
    return [slice(a, b) for a, b in pairwise(edges) if b - a > 1]


def _even(track: Track, stretch: slice, layout: Layout, fps: float, rules: PoseCleaningRules) -> list[_Even]:
    """Return the stretch on an even beat, split where joints are missing for long."""
    seconds = track.seconds[stretch]
    if track.joints is None:
        flat = track.points[stretch].astype(np.float64)
        joints = np.stack([flat[..., 0], -flat[..., 1], np.zeros(flat.shape[:2])], axis=-1)
        joints[np.isnan(joints[..., 0])] = np.nan
    else:
        joints = track.joints[stretch].astype(np.float64)
    confidence = track.confidence[stretch].astype(np.float64)
    impossible = filled = guessed = 0
    if "fill" in rules.steps and track.joints is not None:
        wrong = impossible_frames(Recording(joints.astype(np.float32), layout, fps=fps))
        joints[wrong] = np.nan
        impossible = int(wrong.sum())
    if "fill" in rules.steps or np.isnan(joints).any():
        gap = max(1, round(rules.max_gap_seconds * fps))
        least = rules.min_confidence if "fill" in rules.steps else 0.0
        joints, filled, guessed = fill_low_confidence(joints, confidence, least=least, gap=gap)
    frames = round((seconds[-1] - seconds[0]) * fps) + 1
    beat = seconds[0] + np.arange(frames) / fps
    place = np.interp(beat, seconds, np.arange(len(seconds)))
    before = np.minimum(place.astype(np.intp), len(seconds) - 2)
    part = (place - before)[:, None]
    sure = confidence[before] * (1 - part) + confidence[before + 1] * part
    even = joints[before] * (1 - part[..., None]) + joints[before + 1] * part[..., None]
    complete = ~np.isnan(even).any(axis=(1, 2))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], complete, [False]]).astype(np.int8))).reshape(-1, 2)
    added = max(0, frames - len(seconds))
    return [
        _Even(even[a:b], sure[a:b], float(beat[a]), added, impossible, filled, guessed)
        for a, b in edges.tolist()
        if b - a > 1
    ]


def _mend_part(
    even: _Even, layout: Layout, fps: float, flat: bool, up: Floats | None, rules: PoseCleaningRules
) -> list[CleanedTrack]:
    joints, swapped, bones, smoothed, turned = even.joints, 0, 0, 0, 0.0
    size = float(np.ptp(joints[..., 1], axis=1).mean()) / 1.7 or 1.0 if flat else 1.0
    if "swaps" in rules.steps:
        joints, swapped = correct_swaps(joints, layout, size)
    kept = 1.0 if flat else _kept(joints, layout)
    if "smooth" in rules.steps:
        joints, done = smooth(joints, fps, rules.cutoff)
        smoothed = len(joints) if done else 0
    if "bones" in rules.steps and not flat:
        joints, bones = steady_bones(joints, layout)
    if "up" in rules.steps and not flat and up is not None:
        joints, turned = rotate_upright(joints, up)
    ahead = np.full(len(joints), np.nan) if flat else facing_direction(joints, layout)
    posture = find_posture(joints, layout, fps)
    out = np.isin(posture, [POSTURES.index(each) for each in rules.leave_out])
    swaps_right = 1 - min(1.0, swapped / (2 * len(joints)))
    score = float(even.confidence.mean()) * (1 - even.added / max(1, len(joints))) * swaps_right * kept
    heading, spread = mean_direction(ahead)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], out, [True]]).astype(np.int8))).reshape(-1, 2)
    found: list[CleanedTrack] = []
    for a, b in edges.tolist():
        if b - a < 2:
            continue
        recording = Recording(
            joints[a:b].astype(np.float32),
            layout,
            fps=fps,
            confidence=even.confidence[a:b].astype(np.float32),
            dimensions=2 if flat else 3,
        )
        first = len(found) == 0
        counts = (even.added, even.impossible, even.filled, even.guessed, swapped, bones) if first else (0,) * 6
        changes = Changes(*counts, min(smoothed, b - a), round(turned, 2), int(out.sum()) if first else 0)
        gait = find_gait(joints[a:b], layout, fps)
        start = even.start + a / fps
        found.append(
            CleanedTrack(
                recording,
                start,
                start + (b - a) / fps,
                changes,
                gait,
                heading,
                spread,
                posture[a:b],
                float(np.clip(score, 0, 1)),
            )
        )
    return found


def _kept(joints: Floats, layout: Layout) -> float:
    """Return the share of bones of arms and legs that are within 10 % of their usual length."""
    bones = np.array(limb_bones(layout), dtype=np.intp).reshape(-1, 2)
    if not len(bones):
        return 1.0
    lengths = np.linalg.norm(joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=2)
    usual = np.maximum(np.median(lengths, axis=0), 1e-9)
    return float((np.abs(lengths / usual - 1) <= 0.1).mean())
