"""Whether left and right are exchanged: then a body seems to bend its joints backwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.evidence import robust_spread
from himpc.recordings import Recording
from himpc.skeleton import Layout, body_frame, centre, has_side_lines

__all__ = ["probabilities_of_exchanged_sides"]

MAX_FRAMES = 300

PRIOR = 0.01

MIN_SPREAD = 0.02
"""Smallest spread of a sign between recordings, as a share of a limb's length."""

MAX_EVIDENCE = 6.0
"""Evidence of one sign, in nats, is limited to this: signs are not independent."""

Array = NDArray[np.float64]


def probabilities_of_exchanged_sides(recordings: Sequence[Recording]) -> Array | None:
    """Compute the probability that left and right are exchanged in each recording ``(R,)``; NaN where nothing shows it.

    In the body frame, whose left side is that of the joints named left, knees bend forwards, elbows backwards, feet and
    noses point forwards. All of these turn around if the names of left and right are exchanged, or if one axis is
    mirrored without the names. The spread of each sign is that of the recordings. A sign that often contradicts the
    clearest one says little: a depth camera may see straight knees bend backwards.

    Returns
    -------
    float64 array ``(R,)``, or None if the layout has no such joints.
    """
    layout = recordings[0].layout
    if recordings[0].dimensions != 3 or not has_side_lines(layout):
        return None
    signs = np.array([_signs(recording, layout) for recording in recordings])
    if np.isnan(signs).all():
        return None
    columns = signs[:, ~np.isnan(signs).all(axis=0)].T
    typical = np.nanmedian(np.abs(columns), axis=1)
    spread = np.array(
        [robust_spread(np.abs(each) - middle, MIN_SPREAD) for each, middle in zip(columns, typical, strict=True)]
    )
    clearest = columns[np.argmax(typical / spread)]
    evidence = np.zeros(len(recordings))
    for column, middle, width in zip(columns, typical, spread, strict=True):
        limit = _limit(column, clearest)
        evidence += np.nan_to_num(np.clip(-2 * middle * column / width**2, -limit, limit))
    probability = 1 / (1 + (1 - PRIOR) / PRIOR * np.exp(-evidence))
    return np.where(np.isnan(signs).all(axis=1), np.nan, probability)


def _limit(column: Array, clearest: Array) -> float:
    """Return the most evidence of a sign, by how often it agrees with the clearest one."""
    known = ~np.isnan(column) & ~np.isnan(clearest)
    if not known.any():
        return MAX_EVIDENCE
    wrong = float((column[known] * clearest[known] < 0).mean())
    return float(np.clip(np.log(max(1 - wrong, 1e-9) / max(wrong, 1e-9)), 0, MAX_EVIDENCE))


def _signs(recording: Recording, layout: Layout) -> list[float]:
    """Measure how far knees, feet, elbows and face are in front, relative to their limbs; NaN where not known."""
    step = max(1, len(recording) // MAX_FRAMES)
    joints = body_frame(centre(recording.joints[::step].astype(np.float64), layout), layout).astype(np.float64)

    def place(name: str) -> Array | None:
        return joints[:, layout.index(name)] if layout.has(name) else None

    def bend(*names: str) -> list[Array]:
        """Return how far the middle of three joints is in front of the line between the others."""
        found = []
        for side in ("left", "right"):
            start, middle, end = (place(f"{side}_{name}") for name in names)
            if start is not None and middle is not None and end is not None:
                line = end - start
                length = np.linalg.norm(line, axis=1)
                share = ((middle - start) * line).sum(axis=1) / np.maximum(length**2, 1e-12)
                away = middle - start - share[:, None] * line
                found.append(away[:, 2] / np.maximum(length, 1e-9))
        return found

    def ahead(first: str, second: str) -> list[Array]:
        """Return how far the second joint of each side is in front of the first, seen from above."""
        found = []
        for side in ("left_", "right_") if not layout.has(first) else ("",):
            start, end = place(side + first), place(side + second)
            if start is not None and end is not None:
                step = end - start
                found.append(step[:, 2] / np.maximum(np.linalg.norm(step, axis=1), 1e-9))
        return found

    measured = (
        bend("hip", "knee", "ankle"),
        [-each for each in bend("shoulder", "elbow", "wrist")],
        ahead("ankle", "foot") or ahead("ankle", "big_toe"),
        ahead("heel", "big_toe"),
        ahead("head", "nose") or ahead("ear", "eye"),
    )
    return [float(np.nanmean(np.concatenate(each))) if each else np.nan for each in measured]
