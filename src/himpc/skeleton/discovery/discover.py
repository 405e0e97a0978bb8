"""Discovery of a layout from recordings of the same points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError, count_noun
from himpc.skeleton.discovery.computed_points import find_computed_points
from himpc.skeleton.discovery.distances import Distances, measure_distances
from himpc.skeleton.discovery.segments import (
    MAX_POINTS,
    choose_points,
    find_limbs,
    find_segments,
    movement_tree,
    point_tree,
    segment_links,
)
from himpc.skeleton.discovery.sides import Template, choose_side_lines, pairs_by_name, pairs_by_symmetry
from himpc.skeleton.layout import Layout

POINTS = "points"
"""Name of the layout of named points whose segments are not discovered yet."""

DISCOVERED = "discovered"
"""Name of a discovered layout."""

MIN_POINTS = 3
"""Minimum number of points of a discovered layout."""


@dataclass(frozen=True)
class Discovery:
    """A discovered layout, and notes on what could not be discovered and what is used instead."""

    layout: Layout
    notes: tuple[str, ...]


def discover_layout(names: Sequence[str], recordings: Sequence[NDArray[np.floating]]) -> Discovery:
    """Discover segments, limbs, sides and the root of a body from recordings of the same named points.

    Parameters
    ----------
    names : sequence of str
        P names. Sides are taken from them where they state sides, otherwise from the symmetry of the body.
    recordings : sequence of arrays ``(frames, P, 3)``
        Positions in metres, y up; NaN where not seen. A point that some recording does not show is not in the layout,
        but helps to find points that are computed from it.

    Returns
    -------
    Discovery
        It does not depend on the order of the points. At most `MAX_POINTS` points are in the layout.

    Raises
    ------
    LayoutError
        If there are fewer than three points that all recordings show, or no recording.

    Examples
    --------
    >>> frames = np.random.default_rng(0).normal(size=(50, 4, 3))
    >>> discover_layout(["b", "a", "d", "c"], [frames]).layout.joints
    ('a', 'b', 'c', 'd')
    """
    order, distances, notes = _choose_points(names, recordings)
    points, seen = [names[i] for i in order], [joints[:, order] for joints in recordings]
    segments = find_segments(distances)
    links, ends = segment_links(segments, distances)
    limbs = find_limbs(segments, links, distances)
    pairs, note_on_sides = _find_sides(points, seen, distances)
    root = segments[_most_central(segments, limbs[0], distances)]
    top = int(root[distances.mean[np.ix_(root, root)].sum(axis=1).argmin()])
    limb_names = _name_limbs(segments, limbs, pairs)
    parts = [
        (f"{name}_part_{n}", i) for name, limb in zip(limb_names, limbs, strict=True) for n, i in enumerate(limb, 1)
    ]
    counts = (
        f"{count_noun(len(points), 'point')}, {count_noun(len(segments), 'segment')}, {count_noun(len(limbs), 'limb')}"
    )
    layout = Layout(
        name=DISCOVERED,
        title=f"Discovered: {counts}",
        source="discovered from the movement of the points",
        joints=tuple(points),
        parents=point_tree(segments, ends, distances, top),
        root=tuple(root.tolist()),
        pairs=tuple(pairs),
        components=tuple(tuple(segments[i].tolist()) for _, i in parts),
        limbs=tuple(tuple(sorted(np.concatenate([segments[i] for i in limb]).tolist())) for limb in limbs),
        component_names=tuple(name for name, _ in parts),
        limb_names=limb_names,
        sideways=tuple(choose_side_lines(pairs, segments, distances)),
    )
    notes.insert(0, note_on_sides)
    if not distances.moves:
        notes.append("the parts of the body do not move relative to each other: segments are groups of near points")
    elif len(segments) == len(points):
        notes.append("no two points keep their distance: each point is a segment")
    return Discovery(layout, tuple(notes))


def _choose_points(
    names: Sequence[str], recordings: Sequence[NDArray[np.floating]]
) -> tuple[NDArray[np.intp], Distances, list[str]]:
    """Choose the points of a layout: return their indices in the order of names, their distances, and notes."""
    order = np.array(sorted(range(len(names)), key=lambda i: names[i]), dtype=np.intp)
    seen = [joints[:, order] for joints in recordings]
    in_all = np.all([~np.isnan(joints[:, :, 0]).all(axis=0) for joints in seen] or [[False]], axis=0)
    if in_all.sum() < MIN_POINTS:
        found = count_noun(int(in_all.sum()), "point")
        raise LayoutError(
            f"found {found} that all recordings show, expected at least {MIN_POINTS} to discover the parts of a body"
        )
    distances = measure_distances(seen)
    computed = in_all & find_computed_points(distances, seen, in_all)
    computed &= (in_all & ~computed).sum() >= MIN_POINTS
    measured = np.flatnonzero(in_all & ~computed)
    used = measured[choose_points(distances.subset(measured))]
    notes = []
    if computed.any():
        notes.append(f"left out, because they are computed from other points: {computed.sum()}")
    if len(used) < len(measured):
        notes.append(f"{len(used)} of {len(measured)} points are used: a layout has at most {MAX_POINTS}")
    return order[used], distances.subset(used), notes


def points_layout(names: Sequence[str], joints: NDArray[np.floating]) -> Layout:
    """Make the layout of the named points of one recording, whose segments are not discovered yet.

    All points are one segment, without sides. The tree of its bones joins the points that move least relative to each
    other.

    Parameters
    ----------
    names : sequence of str
        P names.
    joints : array ``(frames, P, 3)``
        In any unit; NaN where not seen.
    """
    everything = tuple(range(len(names)))
    return Layout(
        name=POINTS,
        title=f"{len(names)} named points",
        source="the names of the file",
        joints=tuple(names),
        parents=movement_tree(measure_distances([joints])),
        root=everything,
        pairs=(),
        components=(everything,),
        limbs=(everything,),
        component_names=("all_points",),
        limb_names=("all",),
    )


def _find_sides(
    names: list[str], recordings: list[NDArray[np.floating]], distances: Distances
) -> tuple[list[tuple[int, int]], str]:
    """Return the left and right point of each pair, and a note that says how they were found."""
    if pairs := pairs_by_name(names):
        return pairs, "left and right are those of the names"
    template = Template(distances, recordings)
    pairs = pairs_by_symmetry(template, distances.extent)
    if not pairs:
        return [], "neither names nor symmetry show left and right"
    if template.up is None or template.forward is None:
        return pairs, "left and right are symmetric, but the direction of walking does not show which is which"
    return pairs, "left and right follow from symmetry and the direction of walking"


def _most_central(segments: list[NDArray[np.intp]], candidates: list[int], distances: Distances) -> int:
    """Return the one of some segments that moves least relative to all points."""
    variation = np.where(np.isfinite(distances.variation), distances.variation, distances.extent)
    return min(candidates, key=lambda i: (float(variation[segments[i]].mean()), i))


def _name_limbs(
    segments: list[NDArray[np.intp]], limbs: list[list[int]], pairs: list[tuple[int, int]]
) -> tuple[str, ...]:
    """Name limbs: trunk, then limb_1 and so on; the limbs of one pair share a number and have sides."""
    if len(limbs) == 1:
        return ("limb_1",)
    limb_of = {int(p): n for n, limb in enumerate(limbs) for i in limb for p in segments[i]}
    votes = np.zeros((len(limbs), len(limbs)), dtype=int)
    for left, right in pairs:
        votes[limb_of[left], limb_of[right]] += 1
    names, number = {0: "trunk"}, 0
    for limb in range(1, len(limbs)):
        if limb in names:
            continue
        number += 1
        both = votes[limb] + votes[:, limb]
        both[limb] = 0
        other = int(both.argmax())
        if both[other] and other not in names:
            is_left = votes[limb, other] >= votes[other, limb]
            names[limb], names[other] = (
                f"{side}_limb_{number}" for side in (("left", "right") if is_left else ("right", "left"))
            )
        else:
            names[limb] = f"limb_{number}"
    return tuple(names[limb] for limb in range(len(limbs)))
