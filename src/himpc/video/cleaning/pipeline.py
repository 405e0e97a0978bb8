"""From a track to cleaned recordings: resampling, the cleaning steps, and splitting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Origin, Quality, Recording, facing_shares, impossible_frames, mean_direction
from himpc.skeleton import Layout, long_bones
from himpc.video.cleaning.cleaned_track import Changes, CleanedTrack
from himpc.video.cleaning.gait import find_gait
from himpc.video.cleaning.posture import POSTURES, find_posture
from himpc.video.cleaning.rules import PoseCleaningRules
from himpc.video.cleaning.steps import (
    correct_swaps,
    fill_low_confidence,
    length_reliability,
    set_constant_lengths,
    smooth,
)
from himpc.video.orientation import facing_direction, rotate_upright
from himpc.video.tracking.track import Track

Floats = NDArray[np.float64]

MAX_PROPORTION = 1.6
"""Factor between a long bone and what the others let expect. In films of real walkers it is 1.25 at most."""

MIN_BONES = 6
"""Long bones of a layout by which proportions are judged."""

_NOTE = "skeletons from video, cleaned"


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
    """Clean a track.

    Parameters
    ----------
    track : Track
    layout : Layout
        The J joints.
    fps : float
        Frame rate of the recordings. The times of a track may be irregular; joints are interpolated.
    source : str
        Source of the recordings; parts get ``#part1`` and so on.
    origin : Origin, optional
        The video and the number of the track; by default one that is unique.
    up : float64 array ``(3,)``, optional
        The direction of up in the camera's axes (see `estimate_up`); by default nothing is rotated.
    rules : PoseCleaningRules, optional

    Returns
    -------
    list of CleanedTrack
        One for each stretch without long gaps that has at least two complete frames. The bones of a 2D track are
        neither set to constant lengths nor rotated.
    """
    rules = rules or PoseCleaningRules()
    origin = origin or Origin(body=uuid4().hex)
    parts: list[CleanedTrack] = []
    for stretch in _split_at_gaps(track.seconds, rules.max_gap_seconds):
        for resampled in _resample(track, stretch, layout, fps, rules):
            parts += _clean(resampled, layout, fps, track.joints is None, up, rules)
    recordings = []
    for number, part in enumerate(parts, start=1):
        part_origin, part_source = origin, source
        if len(parts) > 1:
            part_origin = replace(origin, part=number, whole_source=source)
            part_source = f"{source}#part{number}"
        quality = Quality(
            frames_read=len(part.recording),
            filled=part.changes.filled,
            parts=len(parts),
            notes=(_NOTE,) if rules.steps else (),
            cleaned=bool(rules.steps),
        )
        recording = part.recording.with_(source=part_source, quality=quality, origin=part_origin)
        recordings.append(part.with_recording(recording))
    return recordings


@dataclass(frozen=True, eq=False)
class _Resampled:
    """Complete joints at a constant frame rate, and what was changed to get them."""

    joints: Floats
    confidence: Floats
    points: Floats
    start: float
    changes: Changes
    usable: float
    """Product of the shares of frames in which the person was detected, and is possible."""


def _split_at_gaps(seconds: Floats, max_gap: float) -> list[slice]:
    """Return the stretches of at least two frames without a longer gap."""
    edges = [0, *(np.flatnonzero(np.diff(seconds) > max_gap) + 1).tolist(), len(seconds)]
    return [slice(a, b) for a, b in pairwise(edges) if b - a > 1]


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and end of each run of at least two True."""
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded)).reshape(-1, 2)
    return [(a, b) for a, b in edges.tolist() if b - a > 1]


def _resample(track: Track, stretch: slice, layout: Layout, fps: float, rules: PoseCleaningRules) -> list[_Resampled]:
    """Fill and resample a stretch to a constant frame rate, and split it where joints are missing for long."""
    seconds = track.seconds[stretch]
    confidence = track.confidence[stretch].astype(np.float64)
    joints, impossible, filled, guessed = _fill(_joints_3d(track, stretch), confidence, track, layout, fps, rules)
    frames = round((seconds[-1] - seconds[0]) * fps) + 1
    times = seconds[0] + np.arange(frames) / fps
    position = np.interp(times, seconds, np.arange(len(seconds)))
    before = np.minimum(position.astype(np.intp), len(seconds) - 2)
    weight = (position - before)[:, None]
    even_confidence = confidence[before] * (1 - weight) + confidence[before + 1] * weight
    points = track.points[stretch]
    even_points = points[before] * (1 - weight[..., None]) + points[before + 1] * weight[..., None]
    even = joints[before] * (1 - weight[..., None]) + joints[before + 1] * weight[..., None]
    added = max(0, frames - len(seconds))
    changes = Changes(added=added, impossible=impossible, filled=filled, guessed=guessed)
    complete = ~np.isnan(even).any(axis=(1, 2))
    usable = (1 - added / frames) * (1 - impossible / len(seconds))
    # What concerns the whole stretch is counted in its first part only, so that sums are right.
    return [
        _Resampled(
            even[a:b], even_confidence[a:b], even_points[a:b], float(times[a]), Changes() if number else changes, usable
        )
        for number, (a, b) in enumerate(_runs(complete))
    ]


def impossible_share(track: Track, layout: Layout, fps: float) -> float:
    """Return the share of frames whose bone lengths, proportions or speeds no body has.

    Lengths and speeds are those of `himpc.recordings.CleaningRules`, which compare a body with itself. Proportions
    show a body that consists of two people throughout.
    """
    if track.joints is None:
        return 0.0
    impossible = impossible_frames(Recording(track.joints, layout, fps=fps))
    return float((impossible | _has_impossible_proportions(track.joints, layout)).mean())


def _has_impossible_proportions(joints: NDArray[np.float32], layout: Layout) -> NDArray[np.bool_]:
    """Return in which frames a long bone is longer, by `MAX_PROPORTION`, than the others of the body let expect."""
    bones = long_bones(layout)
    if len(bones) < MIN_BONES:
        return np.zeros(len(joints), dtype=bool)
    first, second, shares = (np.array(column) for column in zip(*bones, strict=True))
    statures = np.linalg.norm(joints[:, first] - joints[:, second], axis=2) / shares
    median = np.median(statures, axis=1, keepdims=True)  # NaN, and so possible, where a joint was not seen
    found: NDArray[np.bool_] = (statures > MAX_PROPORTION * median).any(axis=1)
    return found


def _joints_3d(track: Track, stretch: slice) -> Floats:
    """Return the joints of a stretch ``(frames, J, 3)``; those of a 2D track are pixels, y up, with depth 0."""
    if track.joints is not None:
        return track.joints[stretch].astype(np.float64)
    points = track.points[stretch].astype(np.float64)
    joints = np.stack([points[..., 0], -points[..., 1], np.zeros(points.shape[:2])], axis=-1)
    joints[np.isnan(joints[..., 0])] = np.nan
    return joints


def _fill(
    joints: Floats, confidence: Floats, track: Track, layout: Layout, fps: float, rules: PoseCleaningRules
) -> tuple[Floats, int, int, int]:
    """Interpolate impossible frames and joints of low confidence; return the joints and the numbers of `Changes`."""
    impossible = filled = guessed = 0
    fill = "fill" in rules.steps
    if fill and track.joints is not None:
        wrong = impossible_frames(Recording(joints.astype(np.float32), layout, fps=fps))
        joints[wrong] = np.nan
        impossible = int(wrong.sum())
    if fill or np.isnan(joints).any():
        joints, filled, guessed = fill_low_confidence(
            joints,
            confidence,
            min_confidence=rules.min_confidence if fill else 0.0,
            max_gap=max(1, round(rules.max_gap_seconds * fps)),
        )
    return joints, impossible, filled, guessed


def _clean(
    resampled: _Resampled, layout: Layout, fps: float, is_2d: bool, up: Floats | None, rules: PoseCleaningRules
) -> list[CleanedTrack]:
    """Apply the remaining steps, and remove the postures to leave out."""
    joints, changes = resampled.joints, resampled.changes
    swapped, bones, smoothed, turned = 0, 0, False, 0.0
    scale = float(np.ptp(joints[..., 1], axis=1).mean()) / 1.7 or 1.0 if is_2d else 1.0
    if "swaps" in rules.steps:
        joints, swapped = correct_swaps(joints, layout, scale)
    reliability = 1.0 if is_2d else length_reliability(joints, layout, fps)
    if "smooth" in rules.steps:
        joints, smoothed = smooth(joints, fps, rules.cutoff)
    if "bones" in rules.steps and not is_2d:
        joints, bones = set_constant_lengths(joints, layout)
    if "up" in rules.steps and not is_2d and up is not None:
        joints, turned = rotate_upright(joints, up)
    directions = np.full(len(joints), np.nan) if is_2d else facing_direction(joints, layout)
    heading, spread = mean_direction(directions)
    posture = find_posture(joints, layout, fps, resampled.confidence, resampled.points)
    removed = np.isin(posture, [POSTURES.index(each) for each in rules.leave_out])
    not_swapped = 1 - min(1.0, swapped / (2 * len(joints)))
    score = float(np.clip(resampled.confidence.mean() * resampled.usable * not_swapped * reliability, 0, 1))
    changes = replace(changes, swapped=swapped, bones=bones, left_out=int(removed.sum()))
    cleaned: list[CleanedTrack] = []
    for a, b in _runs(~removed):
        recording = Recording(
            joints[a:b].astype(np.float32),
            layout,
            fps=fps,
            confidence=resampled.confidence[a:b].astype(np.float32),
            dimensions=2 if is_2d else 3,
        )
        counted = Changes() if cleaned else changes
        start = resampled.start + a / fps
        cleaned.append(
            CleanedTrack(
                recording,
                start,
                start + (b - a) / fps,
                replace(counted, smoothed=b - a if smoothed else 0, turned=round(turned, 2)),
                find_gait(joints[a:b], layout, fps),
                heading,
                spread,
                facing_shares(directions[a:b]),
                posture[a:b],
                score,
            )
        )
    return cleaned
