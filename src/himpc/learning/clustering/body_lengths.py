"""Lengths of a body as a second description of recordings, weighted by their errors (docs/method.md, section 10)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Windows
from himpc.skeleton import convert, get_layout, missing_joints

__all__ = ["body_lengths", "join_descriptions"]

LAYOUT = "common-15"
"""The joints whose distances are taken; those of recordings that lack some are not used."""

MIN_LENGTH = 1e-3
"""Metres; shorter distances, as of joints that collapse onto each other, count as this long."""

MIN_ERROR = 0.003
"""Smallest error of the logarithm of a length: 0.3 %. Films of one person differ by more."""

LENGTH_WEIGHT = 2.0
"""Weight of lengths, in distances, relative to embeddings. Of 1, 2 and 3 on films of walkers, near and far, and on
simulated suites."""

Array = NDArray[np.float64]


def body_lengths(windows: Windows) -> Array | None:
    """Compute the lengths of each whole recording that has a window, ``(R, 105)``, in units of their errors.

    The lengths are medians over all frames of a recording of the logarithms of distances between joints. The error of a
    length is the root mean square of half the difference between the halves of a recording, and `MIN_ERROR`: lengths
    that depend on the phase of a step, or that a sensor measures badly, weigh little.

    Returns
    -------
    float64 array, or None
        In ascending order of the numbers of whole recordings; None if the windows are 2D or lack joints.
    """
    layout = get_layout(LAYOUT)
    if windows.dimensions != 3 or missing_joints(windows.layout, layout):
        return None
    pairs = np.array(list(combinations(range(len(layout)), 2)))
    lengths, differences = [], []
    for number in np.unique(windows.whole_recording):
        frames = np.unique(windows.frames_of(np.flatnonzero(windows.whole_recording == number)))
        joints = convert(windows.frames[frames], windows.layout, layout).astype(np.float64)
        distances = np.linalg.norm(joints[:, pairs[:, 0]] - joints[:, pairs[:, 1]], axis=2)
        logs = np.log(np.maximum(distances, MIN_LENGTH))
        lengths.append(np.median(logs, axis=0))
        first, second = logs[: (len(logs) + 1) // 2], logs[len(logs) // 2 :]
        differences.append(np.median(first, axis=0) - np.median(second, axis=0))
    errors = np.sqrt((np.array(differences) ** 2).mean(axis=0) / 4 + MIN_ERROR**2)
    result: Array = np.array(lengths) / errors
    return result


def join_descriptions(vectors: Array, lengths: Array) -> Array:
    """Join embeddings ``(R, D)`` and lengths ``(R, L)`` of recordings, each scaled to one mean squared distance."""
    return np.concatenate([_scaled(vectors), LENGTH_WEIGHT * _scaled(lengths)], axis=1)


def _scaled(vectors: Array) -> Array:
    centred = vectors - vectors.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=1).mean())
    scaled: Array = centred / max(spread, np.finfo(np.float64).tiny)
    return scaled
