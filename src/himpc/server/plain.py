"""What the gallery knows, as data that JSON can hold.

Numbers of recordings are text: no number of JavaScript has their 62 bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.gallery import Answer, KnownRecording
from himpc.gallery.store.base import Entries
from himpc.learning import Grouping

__all__ = ["drawn_map", "grouped", "known", "plain_answer", "plain_skeleton"]

_FRAMES = 600
"""Frames of a skeleton that are sent."""


def known(recording: KnownRecording) -> dict[str, Any]:
    """Return a recording of the gallery."""
    return recording.to_dict() | {"id": str(recording.id)}


def plain_answer(answer: Answer) -> dict[str, Any]:
    """Return the answer of a search."""
    found = answer.to_dict()
    for match in found["matches"]:
        for near in match["recordings"]:
            near["id"] = str(near["id"])
        for moment in match["moments"]:
            moment["recording"] = str(moment["recording"])
    return found


def plain_skeleton(joints: NDArray[np.floating], weights: NDArray[np.floating]) -> dict[str, Any]:
    """Return joints ``(frames, J, 3)`` to the millimetre, and the weight of each frame; at most 600 frames, evenly."""
    step = max(1, -(-len(joints) // _FRAMES))
    return {
        "joints": np.round(joints[::step].astype(np.float64), 3).tolist(),
        "weights": np.round(weights[::step].astype(np.float64), 4).tolist(),
        "step": step,
        "frames": len(joints),
    }


def grouped(grouping: Grouping, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return who is who: groups by falling size, and the recordings that are too short for one."""
    groups: dict[int, list[dict[str, Any]]] = {}
    for number, confidence, row in zip(grouping.groups.tolist(), grouping.confidence.tolist(), rows, strict=True):
        groups.setdefault(number, []).append(row | {"confidence": None if math.isnan(confidence) else confidence})
    return {
        "people": grouping.people,
        "chosen": grouping.chosen,
        "groups": [{"group": number, "recordings": groups[number]} for number in sorted(groups) if number],
        "short": groups.get(0, []),
    }


def drawn_map(recordings: Mapping[int, KnownRecording], entries: Entries) -> list[dict[str, Any]]:
    """Return recordings on a plane: the first two principal components (Pearson 1901) of their vectors, in [-1, 1].

    The sign of a component is that which makes its largest coefficient positive, so a map is drawn the same each time.
    """
    if not len(entries.ids):
        return []
    centred = entries.pooled.astype(np.float64) - entries.pooled.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    first = axes[:, ::-1][:, :2]
    first = first * np.sign(first[np.abs(first).argmax(axis=0), [0, 1]])
    places = centred @ first
    places = np.round(places / max(np.abs(places).max(), np.finfo(float).tiny), 4)
    return [
        {"id": str(number), "person": recordings[number].person, "x": x, "y": y}
        for number, (x, y) in zip(entries.ids.tolist(), places.tolist(), strict=True)
    ]
