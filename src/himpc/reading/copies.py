"""Bodies that a file holds several times, such as before and after a filter, each under a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Origin, Recording

__all__ = ["leave_out_copies"]

_MAX_GAP = 0.01
"""Mean distance of the joints of two copies, as a share of its extent: 17 mm in an adult."""
_MIN_SHARED, _MIN_ALIKE = 0.8, 0.9
"""Share of the frames of a copy that the other body has, and of these the share in which the joints agree."""
_MIN_JOINTS = 3


def leave_out_copies(bodies: Sequence[Recording]) -> list[Recording]:
    """Leave out bodies of a file whose joints are in the places of those of one that is seen as long, and note it.

    A body that is the only one left has no name, as the name of a copy is not that of a person.
    """
    kept: dict[int, Recording] = {}
    for i in sorted(range(len(bodies)), key=lambda i: -len(bodies[i])):
        body = bodies[i]
        place = next((place for place, other in kept.items() if _is_copy(body, other)), None)
        if place is None:
            kept[i] = body
            continue
        name = f" ({body.person})" if body.person else ""
        note = f"another body of the file{name} is in the same places, so it is the same person and is left out"
        quality = kept[place].quality
        kept[place] = kept[place].with_(quality=replace(quality, notes=(*quality.notes, note)))
    left = [kept[i] for i in sorted(kept)]
    if len(bodies) > len(left) == 1 and left[0].clock is not None:
        origin = Origin(left[0].clock.path, left[0].clock.body)
        left = [left[0].with_(origin=origin, source=str(origin), person=None)]
    return left


def _is_copy(body: Recording, other: Recording) -> bool:
    """Return whether almost all frames of a body are also those of another one, at the same time."""
    names = [name for name in body.layout.joints if other.layout.has(name)]
    if body.clock is None or body.clock != other.clock or body.fps != other.fps or len(names) < _MIN_JOINTS:
        return False
    if body.dimensions != other.dimensions:
        return False
    ahead = round(((body.start or 0.0) - (other.start or 0.0)) * (body.fps or 1))
    first, last = max(ahead, 0), min(ahead + len(body.joints), len(other.joints))
    if last - first < _MIN_SHARED * len(body.joints):
        return False
    points = body.joints[first - ahead : last - ahead, [body.layout.index(name) for name in names]]
    others = other.joints[first:last, [other.layout.index(name) for name in names]]
    seen = np.isfinite(points).all(axis=2)
    both = np.isfinite(points - others).all(axis=2)
    if both.sum() < max(_MIN_SHARED * seen.sum(), 1):
        return False
    gaps = np.where(both, np.linalg.norm(points - others, axis=2), 0).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
    extent = _extent(others)
    return bool(extent > 0 and (gaps[both.sum(axis=1) > 0] <= _MAX_GAP * extent).mean() >= _MIN_ALIKE)


def _extent(joints: NDArray[np.floating]) -> float:
    """Return the median extent of a body along its longest axis."""
    seen = joints[np.isfinite(joints).all(axis=2).sum(axis=1) >= _MIN_JOINTS]
    return float(np.median((np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)).max(axis=1))) if len(seen) else 0.0
