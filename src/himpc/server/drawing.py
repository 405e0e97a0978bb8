"""What the page draws: skeletons with the weight of each frame, and the map of recordings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import NotEnrolledError
from himpc.gallery import FrameWeights, GalleryService
from himpc.server import schemas

MAX_FRAMES = 600
"""Frames of one skeleton."""

MAX_MAP_POINTS = 5_000
"""Recordings on the map."""

MAX_WEIGHED_PEOPLE = 256
"""People whose embeddings serve as prototypes; of more, the first by name."""

RECORDINGS_PER_PROTOTYPE = 8
"""Recordings of a person whose mean is the prototype."""


def thin_skeleton(joints: NDArray[np.floating], weights: NDArray[np.floating]) -> dict[str, object]:
    """Reduce joints ``(frames, J, 3)`` and weights ``(frames,)`` to at most 600 evenly spaced frames, as plain data.

    Joints are rounded to the millimetre; a coordinate that is not finite becomes None.
    """
    step = max(1, -(-len(joints) // MAX_FRAMES))
    shown = np.round(joints[::step].astype(np.float64), 3)
    finite = np.isfinite(shown)
    return {
        "joints": (shown if finite.all() else np.where(finite, shown, np.array(None))).tolist(),
        "weights": np.round(weights[::step].astype(np.float64), 4).tolist(),
        "step": step,
        "frames": len(joints),
    }


def draw_map(gallery: GalleryService) -> list[schemas.MapPoint]:
    """Project recordings on a plane, in [-1, 1]: the first two principal components (Pearson 1901) of their vectors.

    The sign of a component makes its largest coefficient positive, so that the same gallery gives the same map.
    """
    recordings = gallery.recordings()
    rows = np.linspace(0, len(recordings) - 1, min(MAX_MAP_POINTS, len(recordings))).astype(int)
    person = {recordings[row].id: recordings[row].person for row in rows.tolist()}
    entries = gallery.embeddings(list(person))
    if not len(entries.ids):
        return []
    centred = entries.pooled.astype(np.float64) - entries.pooled.mean(axis=0, dtype=np.float64)
    _, components = np.linalg.eigh(centred.T @ centred)
    plane = components[:, ::-1][:, :2]
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
    points = centred @ plane
    points = np.round(points / max(np.abs(points).max(), np.finfo(float).tiny), 4)
    return [
        schemas.MapPoint(id=str(number), person=person[number], x=x, y=y)
        for number, (x, y) in zip(entries.ids.tolist(), points.tolist(), strict=True)
    ]


class FrameWeighter:
    """Weigh frames by hard skeleton mining, with people of the gallery as prototypes."""

    def __init__(self, gallery: GalleryService) -> None:
        prototypes: list[NDArray[np.floating]] = []
        self._rows: dict[str, int] = {}
        for person in gallery.people()[:MAX_WEIGHED_PEOPLE]:
            try:
                recordings = gallery.recordings(person.name)[:RECORDINGS_PER_PROTOTYPE]
            except NotEnrolledError:  # removed in the meantime
                continue
            pooled = gallery.embeddings([each.id for each in recordings]).pooled
            if len(pooled):
                self._rows[person.name] = len(prototypes)
                prototypes.append(pooled.mean(axis=0))
        self._weigh = FrameWeights(gallery.model, np.stack(prototypes)) if prototypes else None

    def __call__(self, joints: NDArray[np.float32], person: str | None = None) -> NDArray[np.float32]:
        """Return the weight of each frame; zeros where there are no prototypes or joints are missing."""
        if self._weigh is None or not np.isfinite(joints).all():
            return np.zeros(len(joints), dtype=np.float32)
        return self._weigh(joints, None if person is None else self._rows.get(person))
