"""The steps of cleaning: each is a function that reports how much it changed.

Joints are float64 arrays ``(frames, J, 3)`` in metres, y up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

Floats = NDArray[np.float64]

_SWAP_COST = 0.01
"""Metres per frame and joint that a swapped frame costs. A stretch is therefore swapped back only if that costs less
than the two jumps at its ends, and in the long run the estimator is trusted."""

_MAX_CUTOFF = 0.4
"""As a share of the frame rate; above it hardly anything would be filtered."""

_COUNTED_CHANGE = 0.02

_BETWEEN_PEOPLE = 0.015
"""Standard deviation of estimated bone lengths between adults, relative: 0.8 to 2.2 % by MediaPipe."""

_INDEPENDENT_SECONDS = 0.5
"""About one step, after which errors of an estimator are no longer alike."""

_DEVIATION, _MEDIAN_ERROR = 1.4826, 1.2533
"""For a normal variable: standard deviation over median deviation, and standard error of a median over a mean's."""


def fill_low_confidence(
    joints: Floats, confidence: NDArray[np.floating], *, min_confidence: float, max_gap: int
) -> tuple[Floats, int, int]:
    """Interpolate joints below `min_confidence` between confident ones, by a shape-preserving cubic.

    Joints may be NaN. A stretch of more than `max_gap` frames keeps its joints and its NaN.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    filled, guessed : int
        Number of joints that were replaced, and that were left although their confidence is low.
    """
    result = joints.copy()
    low = (confidence < min_confidence) | np.isnan(joints[:, :, 0])
    filled = _interpolate(result, low, max_gap)
    # A missing joint between joints of low confidence.
    filled += _interpolate(result, np.isnan(result[:, :, 0]), max_gap)
    return result, filled, int(low.sum()) - filled


def _interpolate(joints: Floats, gaps: NDArray[np.bool_], max_gap: int) -> int:
    """Interpolate joints over `gaps` ``(frames, J)`` of at most `max_gap` frames in place; return their number."""
    from scipy.interpolate import PchipInterpolator  # slow to import

    filled = 0
    for joint in np.flatnonzero(gaps.any(axis=0)):
        known = np.flatnonzero(~gaps[:, joint])
        lengths = np.diff(known) - 1
        short = np.flatnonzero((lengths > 0) & (lengths <= max_gap))
        if len(known) > 1 and len(short):
            frames = np.concatenate([np.arange(known[i] + 1, known[i + 1]) for i in short])
            joints[frames, joint] = PchipInterpolator(known, joints[known, joint])(frames)
            filled += len(frames)
    return filled


def correct_swaps(joints: Floats, layout: Layout, scale: float = 1.0) -> tuple[Floats, int]:
    """Swap left and right arms, or legs, back where an estimator exchanged them.

    Arms and legs are corrected independently, by the assignment of left and right to each frame along which the joints
    move least (Viterbi algorithm with two states). `scale` is the number of units per metre.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    swapped : int
        Number of corrected frames, of arms and of legs added up.
    """
    result, swapped = joints.copy(), 0
    for limb in ("arm", "leg"):
        left_limb, right_limb = layout.part(f"left_{limb}"), layout.part(f"right_{limb}")
        pairs = [(a, b) for a, b in layout.pairs if a in left_limb and b in right_limb]
        if not pairs or len(joints) < 3:
            continue
        left, right = np.array(pairs).T
        wrong = _find_swapped(joints[:, left], joints[:, right], _SWAP_COST * scale * len(pairs))
        result[np.ix_(wrong, left)] = joints[np.ix_(wrong, right)]
        result[np.ix_(wrong, right)] = joints[np.ix_(wrong, left)]
        swapped += int(wrong.sum())
    return result, swapped


def _find_swapped(left: Floats, right: Floats, swap_cost: float) -> NDArray[np.bool_]:
    """Find the frames in which left and right ``(frames, pairs, 3)`` are swapped."""

    def movement(after: Floats, before: Floats) -> Floats:
        return np.asarray(np.linalg.norm(after[1:] - before[:-1], axis=2).sum(axis=1))

    same = movement(left, left) + movement(right, right)
    crossed = movement(left, right) + movement(right, left)
    frames = len(left)
    cost = state_cost = np.array([0.0, swap_cost])
    switched = np.zeros((frames, 2), dtype=np.int8)
    for t in range(1, frames):
        stay, switch = cost + same[t - 1], cost[::-1] + crossed[t - 1]
        switched[t] = (switch < stay).astype(np.int8)
        cost = np.minimum(stay, switch) + state_cost
    state = int(np.argmin(cost))
    wrong = np.zeros(frames, dtype=bool)
    for t in range(frames - 1, -1, -1):
        wrong[t] = state == 1
        state ^= int(switched[t, state])
    return wrong


def smooth(joints: Floats, fps: float, cutoff: float = 6.0) -> tuple[Floats, bool]:
    """Remove noise that is faster than human movement, without delay; return the joints and whether they changed.

    Nothing changes if the frame rate is too low for the cut-off frequency, in hertz, or there are too few frames. 6 Hz
    is usual for gait (Winter, Biomechanics and Motor Control of Human Movement, chapter 3).
    """
    if cutoff >= _MAX_CUTOFF * fps or len(joints) < 4:
        return joints.copy(), False
    return low_pass(joints, fps, cutoff, pad=max(3, round(fps / 2))), True


def low_pass(values: Floats, fps: float, cutoff: float, pad: int) -> Floats:
    """Filter values ``(frames, ...)`` forwards and backwards by a second-order Butterworth low pass: zero phase.

    Both ends are extended by up to `pad` frames.
    """
    from scipy.signal import butter, sosfiltfilt  # slow to import

    sections = butter(2, cutoff, fs=fps, output="sos")
    return np.asarray(sosfiltfilt(sections, values, axis=0, padlen=min(len(values) - 1, pad)))


def set_constant_lengths(joints: Floats, layout: Layout) -> tuple[Floats, int]:
    """Set each bone of arms and legs to its median length in every frame, keeping its direction.

    Joints further outwards move along.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    changed : int
        Bones, over all frames, whose length changed by more than 2 %.
    """
    result, changed = joints.copy(), 0
    for joint, parent in limb_bones(layout):
        bone = joints[:, joint] - joints[:, parent]
        lengths = np.linalg.norm(bone, axis=1)
        median = float(np.median(lengths))
        if median <= 0:
            continue
        factor = np.where(lengths > 1e-6, median / np.maximum(lengths, 1e-6), 1.0)
        result[:, joint] = result[:, parent] + bone * factor[:, None]
        changed += int((np.abs(factor - 1) > _COUNTED_CHANGE).sum())
    return result, changed


def length_reliability(joints: Floats, layout: Layout, fps: float) -> float:
    """Compute how far differences of bone lengths between recordings are differences of people, from 0 to 1.

    It is the share of the variance between people in that of measured lengths (the intraclass correlation of Shrout and
    Fleiss, "Intraclass correlations", 1979): the error of the median length of each bone follows from how much the
    length varies, and from how long the person is visible.
    """
    bones = np.array(limb_bones(layout), dtype=np.intp).reshape(-1, 2)
    if not len(bones):
        return 1.0
    lengths = np.linalg.norm(joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=2)
    median = np.maximum(np.median(lengths, axis=0), 1e-9)
    spread = _DEVIATION * float(np.median(np.abs(lengths / median - 1)))
    error = _MEDIAN_ERROR * spread / np.sqrt(max(1.0, len(joints) / fps / _INDEPENDENT_SECONDS))
    return float(_BETWEEN_PEOPLE**2 / (_BETWEEN_PEOPLE**2 + error**2))


def limb_bones(layout: Layout) -> list[tuple[int, int]]:
    """Return the bones (joint, parent) of arms and legs, from the trunk outwards.

    The trunk is excluded: between shoulders, hips and head a layout draws lines that are not bones.
    """
    limbs = [set(layout.part(f"{side}_{limb}")) for limb in ("leg", "arm") for side in ("left", "right")]
    roots = ("_shoulder", "_hip")
    bones = [
        (joint, parent)
        for joint, parent in layout.bones
        if not layout.joints[joint].endswith(roots)
        and any(joint in limb and (parent in limb or layout.joints[parent].endswith(roots)) for limb in limbs)
    ]
    return sorted(bones, key=lambda bone: _depth(layout, bone[0]))


def _depth(layout: Layout, joint: int) -> int:
    depth = 0
    while layout.parents[joint] >= 0:
        joint, depth = layout.parents[joint], depth + 1
    return depth
