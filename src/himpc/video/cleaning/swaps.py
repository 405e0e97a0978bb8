"""Left and right that an estimator took for each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["correct_swaps"]

_KEEP = 0.01
"""Metres a frame and joint: what a frame costs that is taken for swapped. So a stretch is turned back only while that
costs less than the two jumps at its ends, and the estimator is right in the long run."""


def correct_swaps(joints: NDArray[np.float64], layout: Layout, scale: float = 1.0) -> tuple[NDArray[np.float64], int]:
    """Turn back stretches in which left and right arms, or legs, are exchanged.

    Arms and legs are judged on their own: of all ways to say for each frame whether left is right, the one is taken
    along which the joints move least (Viterbi's algorithm over two states).

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Metres, or pixels with `scale`; complete.
    scale : float
        Units a metre.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    swapped : int
        Frames turned back, those of arms and of legs added.
    """
    result, swapped = joints.copy(), 0
    left_leg, right_leg, _, left_arm, right_arm = (set(limb) for limb in layout.limbs)
    for lefts, rights in ((left_arm, right_arm), (left_leg, right_leg)):
        pairs = [(a, b) for a, b in layout.pairs if a in lefts and b in rights]
        if not pairs or len(joints) < 3:
            continue
        left, right = np.array(pairs).T
        wrong = _exchanged(joints[:, left], joints[:, right], _KEEP * scale * len(pairs))
        result[np.ix_(wrong, left)] = joints[np.ix_(wrong, right)]
        result[np.ix_(wrong, right)] = joints[np.ix_(wrong, left)]
        swapped += int(wrong.sum())
    return result, swapped


def _exchanged(left: NDArray[np.float64], right: NDArray[np.float64], keep: float) -> NDArray[np.bool_]:
    """Tell in which frames left and right ``(frames, pairs, 3)`` are exchanged."""

    def way(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(a[1:] - b[:-1], axis=2).sum(axis=1))

    same = way(left, left) + way(right, right)
    other = way(left, right) + way(right, left)
    frames = len(left)
    cost = extra = np.array([0.0, keep])
    came = np.zeros((frames, 2), dtype=np.int8)
    for t in range(1, frames):
        stay, turn = cost + same[t - 1], cost[::-1] + other[t - 1]
        came[t] = (turn < stay).astype(np.int8)
        cost = np.minimum(stay, turn) + extra
    state = int(np.argmin(cost))
    wrong = np.zeros(frames, dtype=bool)
    for t in range(frames - 1, -1, -1):
        wrong[t] = state == 1
        state ^= int(came[t, state])
    return wrong
