"""What the page draws: skeletons with the weight of each frame, and the map of recordings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import NotEnrolledError
from himpc.gallery import GalleryService
from himpc.recordings import Recording
from himpc.server import schemas
from himpc.skeleton import Layout

MAX_FRAMES = 600
"""Frames of one skeleton."""

MAX_MAP_POINTS = 5_000
"""Recordings on the map."""

MIN_NEIGHBOUR_POINTS, MAX_NEIGHBOUR_POINTS = 8, 1_000
MAX_PERPLEXITY = 15.0
"""Numbers of recordings whose neighbours are kept on the map, and about how many neighbours of each."""

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
    """Place recordings on a plane, in [-1, 1], so that neighbours stay neighbours; see `place_neighbours`."""
    recordings = gallery.recordings()
    rows = np.linspace(0, len(recordings) - 1, min(MAX_MAP_POINTS, len(recordings))).astype(int)
    person = {recordings[row].id: recordings[row].person for row in rows.tolist()}
    entries = gallery.embeddings(list(person))
    if not len(entries.ids):
        return []
    points = place_neighbours(entries.pooled.astype(np.float64))
    return [
        schemas.MapPoint(id=str(number), person=person[number], x=x, y=y)
        for number, (x, y) in zip(entries.ids.tolist(), points.tolist(), strict=True)
    ]


def place_neighbours(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place vectors ``(N, D)`` on a plane, ``(N, 2)`` in [-1, 1].

    t-SNE (van der Maaten and Hinton, JMLR 2008) keeps near neighbours near; it starts from the first two principal
    components (Pearson 1901), which alone place fewer than 8 vectors or more than 1,000. The sign of a component makes
    its largest coefficient positive, so that the same vectors give the same map.
    """
    points = _principal_plane(vectors)
    if MIN_NEIGHBOUR_POINTS <= len(vectors) <= MAX_NEIGHBOUR_POINTS and points.std(axis=0).min() > 0:
        from sklearn.manifold import TSNE

        perplexity = min(MAX_PERPLEXITY, (len(vectors) - 1) / 3)
        start = (1e-4 * points / points[:, 0].std()).astype(np.float32)
        placed = TSNE(perplexity=perplexity, init=start, random_state=0, n_jobs=1).fit_transform(vectors)
        points = _principal_plane(placed.astype(np.float64))  # the longest axis is horizontal
    points = np.nan_to_num(points - (points.max(axis=0) + points.min(axis=0)) / 2)
    scaled: NDArray[np.float64] = np.round(points / max(np.abs(points).max(), np.finfo(float).tiny), 4)
    return scaled


def _principal_plane(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = vectors - vectors.mean(axis=0)
    _, components = np.linalg.eigh(centred.T @ centred)
    plane = components[:, ::-1][:, :2]
    points: NDArray[np.float64] = centred @ (plane * np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]]))
    return points


def draw_poster(joints: NDArray[np.floating], layout: Layout, fps: float | None) -> dict[str, object]:
    """Draw the most typical frame of joints ``(frames, J, 3)`` from the front, as lines; see `schemas.Poster`."""
    from himpc.reporting import project_poses

    _, front = project_poses(Recording(joints=np.asarray(joints, dtype=np.float32), layout=layout, fps=fps))
    lines = {side: np.round(bones.reshape(-1, 4), 3).tolist() for side, bones in front.bones.items()}
    tops = [bones[..., 1].max() for bones in front.bones.values() if len(bones)]
    head = None if front.head is None else np.round(front.head, 3).tolist()
    return {"lines": lines, "head": head, "height": round(float(max(tops, default=0.0)), 3)}


class FrameWeighter:
    """Weigh frames by hard skeleton mining, with people of the gallery as prototypes."""

    def __init__(self, gallery: GalleryService) -> None:
        from himpc.gallery import FrameWeights

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
