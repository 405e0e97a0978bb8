"""The loss of `himpc.learning.objective.mined_cross_entropy` and its gradient, a window at a time, on a CPU.

A window's logits are F rows of K numbers, some kilobytes: they are read from memory once and written once, where the
formula by whole tensors goes through them some fifteen times.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from himpc.learning.compiled import compiled

__all__ = ["mine_rows", "powers_of_two"]

Array: TypeAlias = NDArray[Any]

LOG2_E = np.float32(np.log2(np.e))
SMALLEST = np.float32(-100)  # 2 to this power is still a normal number, and changes no sum

# Of degree 6, nearest to 2**x on [-1, 0] (through Chebyshev points): 1.4e-7 at most beside 2**x, once rounded
C0, C1, C2, C3, C4, C5, C6 = (
    np.float32(c)
    for c in (
        *(0.9999999986493104, 0.6931470472976867, 0.24022435546543927, 0.05549103528423842),
        *(0.009580058454077719, 0.0012757162174504733, 0.0001093875239931495),
    )
)


@compiled
def mine_rows(logits: Array, labels: Array, if_right: float, if_wrong: float, through: bool, losses: Array) -> None:
    """Write the loss of each window under each head to `losses`, and the gradients over the logits.

    Parameters
    ----------
    logits : float32 array ``(M, B, F, K)``
    labels : int64 array ``(B,)``
        Pseudo-labels, 0 to K - 1.
    if_right, if_wrong : float
        What a frame's logit of the guess is multiplied by, where the guess is the label and where it is not.
    through : bool
        Whether gradients flow through the mining weights.
    losses : float32 array ``(M, B)``
    """
    frames = logits.shape[2]
    weights = np.empty(frames, np.float32)  # where a share is 1, the gradient is to be 0, not a rounding of it
    entropies = np.empty(frames)
    for head in range(logits.shape[0]):
        for window in range(logits.shape[1]):
            rows, label = logits[head, window], labels[window]
            guess = _guess(rows)
            sign = if_right if guess == label else if_wrong
            _softmax(rows[:, guess], sign, weights)
            loss = 0.0
            for f in range(frames):
                top = _largest(rows[f])
                above = top - rows[f, label]
                total = powers_of_two(rows[f], top)
                entropies[f] = above + np.log(total)
                loss += weights[f] * entropies[f]
                share = weights[f] / total
                for k in range(rows.shape[1]):
                    rows[f, k] *= share
                rows[f, label] -= weights[f]
            losses[head, window] = loss
            if through:
                for f in range(frames):
                    rows[f, guess] += sign * weights[f] * (entropies[f] - loss)


@compiled
def powers_of_two(row: Array, top: np.float32) -> np.float32:
    """Replace each z of the row by ``exp(z - top)``, where that is at least 2**-100, and return their sum.

    Two to an integer is the exponent of a number; two to the rest, from -1 to 0, is a polynomial.
    """
    total = np.float32(0)
    for k in range(len(row)):
        power = (row[k] - top) * LOG2_E
        power = SMALLEST if power < SMALLEST else power
        whole = np.int32(power)
        rest = power - np.float32(whole)
        fraction = C0 + rest * (C1 + rest * (C2 + rest * (C3 + rest * (C4 + rest * (C5 + rest * C6)))))
        row[k] = fraction * np.int32((whole + np.int32(127)) << np.int32(23)).view(np.float32)
        total += row[k]
    return total


@compiled
def _largest(row: Array) -> np.float32:
    """Return the largest number of the row, by the integers of the same bits: many of them are compared at once.

    They are in the order of the numbers once those of negative numbers, but for the sign, are turned round.
    """
    largest = np.int32(-(2**31))
    bits = row.view(np.int32)
    for k in range(len(bits)):
        ordered = np.int32(bits[k] ^ ((bits[k] >> np.int32(31)) & np.int32(2**31 - 1)))
        largest = ordered if ordered > largest else largest
    top: np.float32 = np.int32(largest ^ ((largest >> np.int32(31)) & np.int32(2**31 - 1))).view(np.float32)
    return top


@compiled
def _guess(rows: Array) -> int:
    """Return the group of the largest mean over frames."""
    sums = rows[0].copy()
    for f in range(1, len(rows)):
        for k in range(len(sums)):
            sums[k] += rows[f, k]
    return int(sums.argmax())


@compiled
def _softmax(logits: Array, sign: float, out: Array) -> None:
    """Write the softmax of the logits times the sign to `out`."""
    highest = -np.inf
    for f in range(len(logits)):
        highest = max(highest, sign * logits[f])
    total = 0.0
    for f in range(len(logits)):
        out[f] = np.exp(sign * logits[f] - highest)
        total += out[f]
    for f in range(len(logits)):
        out[f] /= total
