"""Copies among recordings: the same motion again, shifted, resampled, mirrored, cut, or in other units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Recording, number_whole_recordings
from himpc.skeleton import Layout

__all__ = ["Copy", "find_copies"]

MAX_JOINTS = 16
DESCRIPTOR_SIZE = 8
QUERIES = 12
"""Frames of a recording that are searched in all others."""

NEIGHBOURS = 16
MIN_VOTES = 4
MIN_FRAMES = 6
"""Frames of the shortest recording that is compared."""

MIN_OVERLAP = 0.4
"""Smallest share of the shorter recording that the other holds as well. Recordings of people who stand still before and
after an action are alike at their ends."""

COPY_RATIO, STEEPNESS = 0.5, 10.0
"""A copy is as likely as not at this ratio of the difference of two recordings to their own change from frame to frame;
resampled copies of noisy recordings have up to 0.43, exact ones 0. The odds fall with this power of the ratio."""

SEARCHED_FRAMES = 48
"""Evenly spaced frames by which two recordings are aligned; all frames are compared after that."""

REJECTED_FROM = 1.0
"""Ratio from which a rough alignment is given up. It is within a quarter of a frame, so copies are below 0.75."""

SAMPLE = 4000
"""Frames from which the axes of the descriptors are estimated."""

EXACT = 2e-4
"""Difference of distances between joints, relative to their mean, of the same numbers after rounding."""

Array = NDArray[np.floating]
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Copy:
    """Two recordings that hold the same motion.

    Attributes
    ----------
    first, second : int
        Indices of the recordings.
    probability : float
    ratio : float
        Difference of the two, relative to their change from frame to frame.
    frames : tuple of (int, int)
        First and last frame of the first recording that the second holds as well.
    start : float
        Frame of the second recording at the first of these.
    rate : float
        Frames of the second recording for one of the first.
    scale : float
        Size of the second body relative to the first.
    names_exchanged : bool
        The names of left and right are exchanged.
    reflected : bool
        The positions are a mirror image. With the names exchanged as well, it is a body that looks intact.
    """

    first: int
    second: int
    probability: float
    ratio: float
    frames: tuple[int, int]
    start: float
    rate: float
    scale: float
    names_exchanged: bool
    reflected: bool


@dataclass(frozen=True, eq=False)
class _Shape:
    """A recording as distances between its joints ``(T, N)``, relative to their mean in the frame."""

    distances: Array
    sizes: Array
    joints: Array
    step: float
    """Root mean square of the change of a distance from frame to frame."""


def find_copies(recordings: Sequence[Recording]) -> list[Copy]:
    """Find pairs of recordings that hold the same motion, at least in part; all of one layout.

    Poses are compared by the distances between joints, which do not depend on place, heading or handedness. The nearest
    frames of other recordings to some frames of each give candidates; a candidate is aligned in time and compared frame
    by frame.
    """
    from scipy.spatial import cKDTree

    layout = recordings[0].layout
    chosen, image, pairs, mirrored = _choose_pairs(layout)
    shapes = [_measure(recording, chosen, pairs) for recording in recordings]
    usable = [number for number, shape in enumerate(shapes) if len(shape.distances) >= MIN_FRAMES]
    if len(usable) < 2:
        return []
    described = _describe([shapes[number].distances for number in usable], mirrored)
    owner = np.repeat(usable, [len(each) for each in described])
    frame = np.concatenate([np.arange(len(each)) for each in described])
    tree = cKDTree(np.concatenate(described))
    whole = number_whole_recordings(recordings)
    copies: list[Copy] = []
    for first, second, matches in _candidates(tree, described, usable, owner, frame):
        if whole[first] != whole[second]:
            copy = _verify(shapes, first, second, matches, mirrored, image)
            copies += [copy] if copy is not None else []
    return copies


def _choose_pairs(
    layout: Layout,
) -> tuple[Numbers, Numbers, tuple[Numbers, Numbers], Numbers]:
    """Choose joints; return them, the mirror image of each, all pairs, and the mirror image of each pair."""
    joints = np.unique(np.linspace(0, len(layout) - 1, min(MAX_JOINTS, len(layout))).round().astype(int))
    joints = np.unique(np.concatenate([joints, np.asarray(layout.mirror_order)[joints]]))
    place = {int(joint): number for number, joint in enumerate(joints)}
    image = np.array([place[int(layout.mirror_order[joint])] for joint in joints])
    first, second = np.triu_indices(len(joints), 1)
    number = np.zeros((len(joints), len(joints)), dtype=np.intp)
    number[first, second] = number[second, first] = np.arange(len(first))
    return joints, image, (first, second), number[image[first], image[second]]


def _measure(recording: Recording, joints: Numbers, pairs: tuple[Numbers, Numbers]) -> _Shape:
    points = recording.joints[:, joints].astype(np.float64)
    points = points[np.isfinite(points).all(axis=(1, 2))]
    distances = np.linalg.norm(points[:, pairs[0]] - points[:, pairs[1]], axis=-1)
    sizes = distances.mean(axis=1)
    points, distances, sizes = points[sizes > 0], distances[sizes > 0], sizes[sizes > 0]
    relative = distances / sizes[:, None]
    step = float(np.sqrt((np.diff(relative, axis=0) ** 2).mean())) if len(points) > 1 else 0.0
    return _Shape(relative.astype(np.float32), sizes, points.astype(np.float32), step)


def _describe(distances: Sequence[Array], mirrored: Numbers) -> list[Array]:
    """Describe the frames of each recording ``(T, 8)`` by the axes along which the frames of all vary most."""
    step = max(1, sum(map(len, distances)) // SAMPLE)
    sample = _symmetric(np.concatenate([each[::step] for each in distances]), mirrored)
    centred = sample - sample.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, : -DESCRIPTOR_SIZE - 1 : -1]
    return [_symmetric(each, mirrored) @ axes for each in distances]


def _symmetric(distances: Array, mirrored: Numbers) -> Array:
    image = distances[:, mirrored]
    return np.hstack([distances + image, np.abs(distances - image)])


def _candidates(
    tree: object,
    described: list[Array],
    usable: list[int],
    owner: Numbers,
    frame: Numbers,
) -> Iterator[tuple[int, int, Array]]:
    """Yield pairs of recordings with frames that are close, and these frames ``(n, 2)``; each pair once."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, rows in zip(usable, described, strict=True):
        asked = np.unique(np.linspace(0, len(rows) - 1, QUERIES).round().astype(int))
        change = np.linalg.norm(np.diff(rows, axis=0), axis=1)
        limit = float(np.median(change)) + EXACT * DESCRIPTOR_SIZE
        distance, nearest = tree.query(rows[asked], min(NEIGHBOURS, len(owner)))  # type: ignore[attr-defined]
        best: dict[tuple[int, int], tuple[float, int]] = {}
        for row, query in enumerate(asked):
            for gap, place in zip(distance[row], nearest[row], strict=True):
                other = int(owner[place])
                if other != number and gap <= limit and gap < best.get((other, int(query)), (np.inf, 0))[0]:
                    best[other, int(query)] = float(gap), int(frame[place])
        for (other, query), (_, place) in best.items():
            key = (min(number, other), max(number, other))
            found.setdefault(key, []).append((query, place) if number < other else (place, query))
    for (first, second), matches in sorted(found.items()):
        if len(matches) >= MIN_VOTES:
            yield first, second, np.array(sorted(matches), dtype=np.float64)


def _verify(
    shapes: list[_Shape],
    first: int,
    second: int,
    matches: Array,
    mirrored: Numbers,
    image: Numbers,
) -> Copy | None:
    """Align two recordings in time by matching frames, and compare them frame by frame."""
    one, two = shapes[first], shapes[second]
    line = _fit_line(matches)
    if line is None:
        return None
    best: tuple[float, float, float, bool, Numbers] | None = None
    for is_image in (False, True):
        other = two.distances[:, mirrored] if is_image else two.distances
        aligned = _align(one.distances, other, line, REJECTED_FROM * _step(one, two, line[0]))
        if aligned is not None and (best is None or aligned[0] < 0.999 * best[0]):
            best = (*aligned[:3], is_image, aligned[3])
    if best is None:
        return None
    difference, rate, start, is_image, frames = best
    ratio = difference / _step(one, two, rate)
    probability = 1 / (1 + (ratio / COPY_RATIO) ** STEEPNESS)
    if probability < 0.5:
        return None
    places = np.clip(np.round(rate * frames + start).astype(int), 0, len(two.sizes) - 1)
    renamed = two.joints[:, image] if is_image else two.joints
    return Copy(
        first, second, float(probability), float(ratio), (int(frames[0]), int(frames[-1])),
        float(rate * frames[0] + start), float(rate), float(np.median(two.sizes[places] / one.sizes[frames])),
        names_exchanged=is_image, reflected=_is_reflected(one.joints[frames], renamed[places]),
    )  # fmt: skip


def _fit_line(matches: Array) -> tuple[float, float] | None:
    """Fit ``second = rate * first + start`` by the median of slopes (Theil and Sen)."""
    i, j = np.triu_indices(len(matches), 1)
    gaps = matches[j, 0] - matches[i, 0]
    far = np.abs(gaps) >= 2
    slopes = (matches[j, 1] - matches[i, 1])[far] / gaps[far]
    slopes = slopes[(slopes > 0.05) & (slopes < 20)]
    if not len(slopes):
        return None
    rate = float(np.median(slopes))
    return rate, float(np.median(matches[:, 1] - rate * matches[:, 0]))


def _step(one: _Shape, two: _Shape, rate: float) -> float:
    """Return the smaller change from frame to frame of two recordings, at the lower of their frame rates."""
    step = min(one.step, two.step / max(rate, 1e-9)) if rate >= 1 else min(one.step / rate, two.step)
    return max(step, EXACT)


def _align(
    one: Array, two: Array, line: tuple[float, float], limit: float
) -> tuple[float, float, float, Numbers] | None:
    """Refine a line, and return the root mean square of the difference, the line and the frames that overlap.

    None if the recordings differ by more than the limit after a rough alignment.
    """
    rate, start = line
    best: tuple[float, float, float] | None = None
    rates = {rate, round(rate), 1 / max(round(1 / rate), 1)} - {0}
    ends = (len(two) - 1) / max(len(one) - 1, 1)
    if abs(ends / rate - 1) < 0.1:
        rates.add(ends)
    for tried in sorted(rates):
        centre = start + (rate - tried) * (len(one) - 1) / 2 if abs(tried / rate - 1) < 0.2 else start
        for width in (1.0, 0.25, 0.0625, 0.015625):
            found = [
                (each[0], tried, float(at))
                for at in np.linspace(centre - 2 * width, centre + 2 * width, 9)
                if (each := _difference(one, two, tried, at, SEARCHED_FRAMES)) is not None
            ]
            closest = min(found, default=(np.inf, tried, centre))
            if closest[0] > limit:
                break
            centre = closest[2]
            best = closest if best is None else min(best, closest)
        whole = _difference(one, two, tried, round(centre), SEARCHED_FRAMES)
        if whole is not None and best is not None and whole[0] <= best[0] + EXACT / 10:
            best = whole[0], tried, float(round(centre))
    compared = None if best is None else _difference(one, two, best[1], best[2])
    return None if best is None or compared is None else (compared[0], best[1], best[2], compared[1])


def _difference(
    one: Array, two: Array, rate: float, start: float, most: int | None = None
) -> tuple[float, Numbers] | None:
    """Compare the frames that overlap, or at most some of them; None if too few do."""
    frames = np.arange(len(one))
    places = rate * frames + start
    inside = (places >= -1e-6) & (places <= len(two) - 1 + 1e-6)
    frames, places = frames[inside], np.clip(places[inside], 0, len(two) - 1)
    if len(frames) < max(MIN_OVERLAP * min(len(one), len(two) / rate), MIN_FRAMES * max(1, 1 / rate)) - 1:
        return None
    if most is not None and len(frames) > most:
        chosen = np.arange(most) * len(frames) // most
        frames, places = frames[chosen], places[chosen]
    before = np.minimum(places.astype(int), max(len(two) - 2, 0))
    share = (places - before)[:, None].astype(two.dtype)
    after = np.minimum(before + 1, len(two) - 1)
    gap = two[before] * (1 - share) + two[after] * share - one[frames]
    return float(np.sqrt(np.vdot(gap, gap) / gap.size)), frames


def _is_reflected(one: Array, two: Array) -> bool:
    """Return whether no rotation, but a reflection, brings joints ``(n, J, 3)`` onto those of another body."""
    first, second = (each - each.mean(axis=1, keepdims=True) for each in (one, two))
    return bool(np.linalg.det(np.einsum("fja,fjb->ab", first, second)) < 0)
