"""The loss of `himpc.learning.losses.hi_mpc` from its logits, with the gradient, in compiled loops on a CPU.

tests/learning/fast/test_mining_loops.py compares it with the formula on tensors. The logits of a window are F rows of
K numbers, some kilobytes. The loops read and write them once; operations on tensors would do so about 15 times.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from himpc.learning._fast.loops import compile_loop

Array: TypeAlias = NDArray[Any]

LOG2_E = np.float32(np.log2(np.e))
MIN_EXPONENT = np.float32(-100)
"""Exponentials are at least two to this power: denormal numbers are slow, and do not change the sums."""

# Polynomial of degree 6 through Chebyshev points of 2**x on [-1, 0]; its error, rounded, is at most 1.4e-7.
C0, C1, C2, C3, C4, C5, C6 = (
    np.float32(c)
    for c in (
        *(0.9999999986493104, 0.6931470472976867, 0.24022435546543927, 0.05549103528423842),
        *(0.009580058454077719, 0.0012757162174504733, 0.0001093875239931495),
    )
)


@compile_loop
def write_mined_losses(
    logits: Array, labels: Array, sign_if_right: float, sign_if_wrong: float, mining_gradient: bool, losses: Array
) -> None:
    """Write the loss of each window under each head to `losses`, and overwrite the logits with the gradient.

    Parameters
    ----------
    logits : float32 array ``(M, B, F, K)``
    labels : int64 array ``(B,)``
        Pseudo-labels, 0 to K - 1.
    sign_if_right, sign_if_wrong : float
        Signs of mining for windows whose prediction is right or wrong.
    mining_gradient : bool
        Let gradients flow through the mining weights.
    losses : float32 array ``(M, B)``
    """
    frames = logits.shape[2]
    weights = np.empty(frames, np.float32)  # where a share is 1, the gradient must be exactly 0
    entropies = np.empty(frames)
    for head in range(logits.shape[0]):
        for window in range(logits.shape[1]):
            rows, label = logits[head, window], labels[window]
            predicted = _predict(rows)
            sign = sign_if_right if predicted == label else sign_if_wrong
            _softmax(rows[:, predicted], sign, weights)
            loss = 0.0
            for f in range(frames):
                top = _largest(rows[f])
                below_top = top - rows[f, label]
                total = exponentials(rows[f], top)
                entropies[f] = below_top + np.log(total)
                loss += weights[f] * entropies[f]
                share = weights[f] / total
                for k in range(rows.shape[1]):
                    rows[f, k] *= share
                rows[f, label] -= weights[f]
            losses[head, window] = loss
            if mining_gradient:
                for f in range(frames):
                    rows[f, predicted] += sign * weights[f] * (entropies[f] - loss)


@compile_loop
def exponentials(row: Array, top: np.float32) -> np.float32:
    """Replace each z of the row by ``exp(z - top)``, where that is at least 2**-100, and return their sum.

    Two to the integer part is written into the exponent bits; two to the rest, in [-1, 0], is a polynomial.
    """
    total = np.float32(0)
    for k in range(len(row)):
        power = (row[k] - top) * LOG2_E
        power = MIN_EXPONENT if power < MIN_EXPONENT else power
        whole = np.int32(power)
        rest = power - np.float32(whole)
        fraction = C0 + rest * (C1 + rest * (C2 + rest * (C3 + rest * (C4 + rest * (C5 + rest * C6)))))
        row[k] = fraction * np.int32((whole + np.int32(127)) << np.int32(23)).view(np.float32)
        total += row[k]
    return total


@compile_loop
def _largest(row: Array) -> np.float32:
    """Return the largest number of the row, compared as integers of the same bits, which is faster.

    Integers are in the order of the numbers once all bits but the sign of negative numbers are inverted.
    """
    largest = np.int32(-(2**31))
    bits = row.view(np.int32)
    for k in range(len(bits)):
        ordered = np.int32(bits[k] ^ ((bits[k] >> np.int32(31)) & np.int32(2**31 - 1)))
        largest = ordered if ordered > largest else largest
    top: np.float32 = np.int32(largest ^ ((largest >> np.int32(31)) & np.int32(2**31 - 1))).view(np.float32)
    return top


@compile_loop
def _predict(rows: Array) -> int:
    """Return the prototype with the largest mean over frames."""
    sums = rows[0].copy()
    for f in range(1, len(rows)):
        for k in range(len(sums)):
            sums[k] += rows[f, k]
    return int(sums.argmax())


@compile_loop
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
