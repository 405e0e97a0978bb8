"""Left and right limbs that an estimator swapped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["correct_swaps"]

_SWAP_COST = 0.01
"""Metres per frame and joint that a swapped frame costs. A stretch is therefore swapped back only if that costs less
than the two jumps at its ends, and in the long run the estimator is trusted."""


def correct_swaps(joints: NDArray[np.float64], layout: Layout, scale: float = 1.0) -> tuple[NDArray[np.float64], int]:
    """Swap left and right arms, or legs, back where an estimator exchanged them.

    Arms and legs are corrected independently, by the assignment of left and right to each frame along which the joints
    move least (Viterbi algorithm with two states).

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Metres, or pixels with `scale`; complete.
    layout : Layout
        The J joints.
    scale : float
        Units per metre.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    swapped : int
        Number of corrected frames, of arms and of legs added up.
    """
    result, swapped = joints.copy(), 0
    left_leg, right_leg, _, left_arm, right_arm = (set(limb) for limb in layout.limbs)
    for left_limb, right_limb in ((left_arm, right_arm), (left_leg, right_leg)):
        pairs = [(a, b) for a, b in layout.pairs if a in left_limb and b in right_limb]
        if not pairs or len(joints) < 3:
            continue
        left, right = np.array(pairs).T
        wrong = _find_swapped(joints[:, left], joints[:, right], _SWAP_COST * scale * len(pairs))
        result[np.ix_(wrong, left)] = joints[np.ix_(wrong, right)]
        result[np.ix_(wrong, right)] = joints[np.ix_(wrong, left)]
        swapped += int(wrong.sum())
    return result, swapped


def _find_swapped(left: NDArray[np.float64], right: NDArray[np.float64], swap_cost: float) -> NDArray[np.bool_]:
    """Find the frames in which left and right ``(frames, pairs, 3)`` are swapped."""

    def movement(after: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
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
