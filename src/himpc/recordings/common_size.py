"""Recordings whose size is assumed beside others: bodies are scaled to one size, and compared by their proportions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from himpc.errors import DataError
from himpc.recordings.mapped_arrays import iter_blocks, stack
from himpc.recordings.recording import Recording, number_whole_recordings
from himpc.skeleton import stature

__all__ = ["EQUAL_STATURE", "BodySize", "body_size", "describe_sizes", "has_unequal_sizes", "scale_bodies"]

BodySize: TypeAlias = Literal["true", "assumed", "equal"]
"""What lengths of recordings mean: true lengths, those of one assumption, or proportions of bodies of one size."""

EQUAL_STATURE = 1.70
"""Metres; the stature to which bodies are scaled."""

MAX_FRAMES = 2000
"""Frames of a recording from which its size is measured."""


def body_size(recordings: Sequence[Recording]) -> BodySize:
    """Return what the lengths of recordings mean that are used together."""
    if all(recording.equal_size for recording in recordings) and recordings:
        return "equal"
    return "true" if all(recording.true_size or recording.dimensions == 2 for recording in recordings) else "assumed"


def has_unequal_sizes(recordings: Sequence[Recording]) -> bool:
    """Return whether sizes are of several kinds: true, equal, or assumed, by one pose estimator or another.

    Sizes that one pose estimator assumes can be compared, because it assumes them alike: the lengths it gives differ
    between people, if less than those people do (docs/video.md).
    """
    kinds = {
        "equal" if recording.equal_size else "true" if recording.true_size else recording.layout
        for recording in recordings
        if recording.dimensions == 3
    }
    return len(kinds) > 1


def describe_sizes(recordings: Sequence[Recording], size: BodySize | None = None) -> tuple[str, ...]:
    """Describe what differs in size between recordings, or between them and a model of `size`; empty if nothing."""
    in_space = [recording for recording in recordings if recording.dimensions == 3]
    n_true = sum(recording.true_size for recording in in_space)
    n_other = len(in_space) - n_true
    if size == "equal" and any(not recording.equal_size for recording in in_space):
        return ("scaled to one size, like the recordings of the model, and compared by proportions",)
    if size is None and has_unequal_sizes(recordings):
        unknown = f"the true size of {n_other} of {len(in_space)} recordings is unknown"
        return (f"scaled to one size and compared by proportions: {unknown}",)
    if (size == "true" and n_other) or (size == "assumed" and n_true):
        kinds = "unknown size are compared with those of true size"
        return (f"recordings of {kinds}: train on recordings of both kinds, which are compared by proportions",)
    return ()


def scale_bodies(recordings: Sequence[Recording]) -> list[Recording]:
    """Scale each body to a stature of `EQUAL_STATURE`, by the median lengths of its long bones.

    The parts of a whole recording are scaled by one factor. Recordings that were scaled before, and 2D ones, are
    returned as they are.

    Raises
    ------
    DataError
        If a recording has no long bone: upper arm, forearm, thigh, shank or side of the trunk.

    Examples
    --------
    >>> import himpc
    >>> tall, small = himpc.simulate(people=2, recordings=1, seconds=1.0, difficulty="easy", layout="mediapipe-33")
    >>> {round(stature(each.joints, each.layout), 3) for each in scale_bodies([tall, small])}
    {1.7}
    """
    parts: dict[int, list[Recording]] = {}
    numbers = number_whole_recordings(recordings).tolist()
    for number, recording in zip(numbers, recordings, strict=True):
        parts.setdefault(number, []).append(recording)
    factors: dict[int, float] = {}
    scaled = []
    for number, recording in zip(numbers, recordings, strict=True):
        if recording.equal_size or recording.dimensions == 2:
            scaled.append(recording)
            continue
        if number not in factors:
            factors[number] = EQUAL_STATURE / _measure(parts[number])
        factor = factors[number]
        blocks = (block * np.float32(factor) for block in iter_blocks(recording.joints))
        joints = stack(blocks, recording.joints.shape)
        scaled.append(recording.with_(joints=joints, true_size=False, equal_size=True))
    return scaled


def _measure(parts: Sequence[Recording]) -> float:
    """Measure the stature of a whole recording, from frames evenly spaced over its parts."""
    step = max(1, sum(map(len, parts)) // MAX_FRAMES)
    height = stature(np.concatenate([part.joints[::step] for part in parts]), parts[0].layout)
    if not height > 0:
        raise DataError(
            f"{parts[0].whole_source or 'a recording'}: bodies are compared by proportions, because the true size of "
            f"some is unknown, and layout {parts[0].layout.name!r} shows no length of an arm, leg or trunk",
            hint="compare recordings of known size and of unknown size apart",
        )
    return height
