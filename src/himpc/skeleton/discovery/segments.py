"""Rigid segments, and the limbs that they form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton.discovery.distances import Distances

MAX_POINTS = 64
"""Maximum number of points of a discovered layout: a model compares all pairs of them."""

_MIN_CUT, _MAX_CUT = 0.003, 0.012
_MIN_CUT_NOISE, _MAX_CUT_NOISE = 2.0, 3.5
"""Limits of the variation within a segment, in extents of the body, and in multiples of the noise; the larger ones
count. A marker on skin moves by 2 to 10 mm relative to the bone; joints of neighbouring segments move several times as
far."""

_CLEARLY_LOOSER = 1.5
"""Ratio of the median variations of the distances of a point within two segments, from which it is of the more constant
one."""

_STILL_CUT = 0.25
"""Largest distance within a group of near points of a body that does not move, in extents."""

_TIE_WEIGHT, _NEARNESS_WEIGHT = 1e-4, 0.02
"""Weights of a distance beside its variation. In segments it decides only between equally rigid pairs; in the tree of
points, a near point is preferred to a slightly more rigid one."""

_MAX_LOOSENESS = 2.0
"""Variation of the most constant distance of a point, relative to the median point, above which the point is left out
first if there are too many."""

_MIN_LIMB = 0.17
"""Length of a limb, in extents of the body: a shorter end, such as the head, belongs to the trunk."""

Array = NDArray[np.float64]
Points = NDArray[np.intp]


def _looseness(distances: Distances) -> Array:
    """Compute how loosely points are connected ``(P, P)``: the variation of distances, or distances of a still body."""
    weights = distances.variation + _TIE_WEIGHT * distances.mean if distances.moves else distances.mean
    finite = weights[np.isfinite(weights)].max(initial=0.0)
    return np.where(np.isfinite(weights), weights, 10 * finite + 1)


def _tree_costs(distances: Distances) -> Array:
    """Compute the costs of the edges of a tree: of equally rigid pairs, the nearer ones cost less."""
    near = np.where(np.isfinite(distances.mean), distances.mean, distances.extent)
    return _looseness(distances) + _NEARNESS_WEIGHT * near


def find_segments(distances: Distances) -> list[Points]:
    """Cluster P points into rigid segments, by complete linkage of the variation of their distances.

    The tree is cut at the largest relative gap between merges, within limits that follow from the noise and the extent.
    """
    from scipy.cluster.hierarchy import complete, fcluster
    from scipy.spatial.distance import squareform

    weights = _looseness(distances)
    tree = complete(squareform(weights, checks=False))
    cut = _choose_cut(tree[:, 2], distances)
    labels = fcluster(tree, cut, "distance")
    _join_small(labels, weights, cut)
    if distances.moves:
        _move_to_most_rigid(labels, weights)
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def _join_small(labels: NDArray[np.int64], weights: Array, cut: float) -> None:
    """Move points of clusters of one or two to the largest cluster that they are rigid with, in place.

    A point near a joint is rigid with points of both segments, and may have been clustered with the wrong one first.
    """
    for point in np.flatnonzero(np.bincount(labels)[labels] < 3):
        sizes = np.bincount(labels)
        rigid = [
            c for c in np.unique(labels) if weights[point, labels == c].max() <= cut and sizes[c] > sizes[labels[point]]
        ]
        if rigid:
            labels[point] = min(rigid, key=lambda c: (-sizes[c], weights[point, labels == c].mean()))


def _move_to_most_rigid(labels: NDArray[np.int64], weights: Array) -> None:
    """Move points to the cluster that they are clearly most rigid with, in place.

    Points near the joints of both sides, such as the hips of a horse, keep their distance from each other and hardly
    move relative to either leg. They are of the trunk, but complete linkage joins the nearest pairs first.
    """
    for point in range(len(labels)):
        rest = np.where(np.arange(len(labels)) == point, 0, labels)
        clusters, sizes = np.unique(rest[rest > 0], return_counts=True)
        loose = np.array([np.median(weights[point, rest == c]) for c in clusters])
        best = int(np.where(sizes > 1, loose, np.inf).argmin())
        own = loose[clusters == labels[point]]
        if sizes[best] > 1 and len(own) and own[0] > _CLEARLY_LOOSER * loose[best]:
            labels[point] = clusters[best]


def _choose_cut(heights: Array, distances: Distances) -> float:
    """Choose the height at which the tree is cut, in the middle of the largest relative gap between the limits."""
    extent, noise = distances.extent, distances.noise
    if not distances.moves:
        return _STILL_CUT * extent
    low = max(_MIN_CUT * extent, _MIN_CUT_NOISE * noise)
    high = max(_MAX_CUT * extent, _MAX_CUT_NOISE * noise)
    lowest = max(heights[heights <= low].max(initial=0), low / 2)
    lower = np.concatenate([[lowest], heights[(heights > low) & (heights <= high)]])
    upper = np.array([heights[heights > max(height, low)].min(initial=np.inf) for height in lower])
    best = int(np.argmax(upper / lower))
    return float(np.sqrt(lower[best] * min(upper[best], 2 * high)))


def choose_points(distances: Distances, limit: int = MAX_POINTS) -> Points:
    """Return up to `limit` of the points: leave out the loosest, then repeatedly one of the two nearest points."""
    own = np.where(np.eye(len(distances.variation)) > 0, np.inf, distances.variation).min(axis=1, initial=np.inf)
    order = np.argsort(own, kind="stable")
    firm = max(limit, int((own <= _MAX_LOOSENESS * np.median(own)).sum()))
    kept = np.sort(order[:firm])
    while len(kept) > limit:
        between = distances.mean[np.ix_(kept, kept)] + np.where(np.eye(len(kept)) > 0, np.inf, 0)
        ordered = np.sort(between, axis=1)
        candidates = np.flatnonzero(ordered[:, 0] <= ordered[:, 0].min() * (1 + 1e-9))
        kept = np.delete(kept, min(candidates, key=lambda i: tuple(ordered[i])))
    return kept


def segment_links(segments: list[Points], distances: Distances) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Join segments into a tree.

    Returns
    -------
    links : list of (int, int)
        The segments that each link joins.
    ends : list of (int, int)
        The points that each link joins, one of either segment: the pair whose distance varies least.
    """
    costs = _tree_costs(distances)
    count = len(segments)
    cost, ends = np.zeros((count, count)), {}
    for a in range(count):
        for b in range(a + 1, count):
            block = costs[np.ix_(segments[a], segments[b])]
            i, j = np.unravel_index(int(block.argmin()), block.shape)
            cost[a, b] = cost[b, a] = block[i, j]
            ends[a, b] = int(segments[a][i]), int(segments[b][j])
    links = _spanning_tree(cost)
    return links, [ends[link] for link in links]


def point_tree(segments: list[Points], ends: list[tuple[int, int]], distances: Distances, top: int) -> tuple[int, ...]:
    """Return the parent of each point, -1 for `top`: within segments a tree of the nearest, between them the links."""
    edges = list(ends)
    for segment in segments:
        near = np.where(np.isfinite(distances.mean), distances.mean, 10 * distances.extent)[np.ix_(segment, segment)]
        edges += [(int(segment[a]), int(segment[b])) for a, b in _spanning_tree(near)]
    return _orient(edges, len(distances.mean), top)


def movement_tree(distances: Distances) -> tuple[int, ...]:
    """Return the parent of each point in a tree that joins the points that move least relative to each other."""
    return _orient(_spanning_tree(_tree_costs(distances)), len(distances.mean), 0)


def _orient(edges: list[tuple[int, int]], count: int, top: int) -> tuple[int, ...]:
    """Return the parent of each point of a tree, -1 for `top`."""
    neighbours: dict[int, list[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    parents = [-1] * count
    queue, seen = [top], {top}
    for point in queue:
        for other in sorted(neighbours.get(point, [])):
            if other not in seen:
                parents[other] = point
                seen.add(other)
                queue.append(other)
    return tuple(parents)


def find_limbs(segments: list[Points], links: list[tuple[int, int]], distances: Distances) -> list[list[int]]:
    """Divide the tree of segments into limbs.

    The trunk joins the segments at which the tree branches; each chain of segments that leaves it is a limb. Short
    chains, such as a head, belong to the trunk. A tree without branchings is one limb.

    Returns
    -------
    list of list of int
        The segments of each limb, the trunk first.
    """
    neighbours: dict[int, list[int]] = {i: [] for i in range(len(segments))}
    for a, b in links:
        neighbours[a].append(b)
        neighbours[b].append(a)
    small = {
        i
        for i in neighbours
        if len(neighbours[i]) == 1 and _extent(segments[i], distances) < _min_limb_length(distances)
    }
    trunk = _nodes_between([i for i in neighbours if len(set(neighbours[i]) - small) > 2], neighbours)
    if not trunk:
        return [sorted(neighbours)]
    chains = []
    for start in sorted(trunk):
        for first in sorted(set(neighbours[start]) - trunk):
            chain, queue = {first}, [first]
            for each in queue:
                new = set(neighbours[each]) - chain - trunk
                chain |= new
                queue += sorted(new)
            chains.append(queue)
    long = [
        chain
        for chain in chains
        if _extent(np.concatenate([segments[i] for i in chain]), distances) >= _min_limb_length(distances)
    ]
    return [sorted(set(neighbours).difference(*long)), *long]


def _extent(points: Points, distances: Distances) -> float:
    """Return the largest distance between some points."""
    between = distances.mean[np.ix_(points, points)]
    return float(between[np.isfinite(between)].max(initial=0.0))


def _min_limb_length(distances: Distances) -> float:
    return _MIN_LIMB * distances.extent


def _nodes_between(nodes: list[int], neighbours: dict[int, list[int]]) -> set[int]:
    """Return some nodes of a tree and those on the paths between them."""
    kept = {i: set(others) for i, others in neighbours.items()}
    ends = [i for i in kept if len(kept[i]) < 2 and i not in nodes]
    while ends:
        end = ends.pop()
        for other in kept.pop(end):
            kept[other].discard(end)
            if len(kept[other]) < 2 and other not in nodes and other not in ends:
                ends.append(other)
    return set(kept)


def _spanning_tree(cost: Array) -> list[tuple[int, int]]:
    """Return the edges (smaller, larger) of the tree of least cost that joins all nodes (Prim's algorithm)."""
    count = len(cost)
    best, source = np.array(cost[0]), np.zeros(count, dtype=np.intp)
    inside = np.arange(count) == 0
    edges = []
    for _ in range(count - 1):
        node = int(np.where(inside, np.inf, best).argmin())
        edges.append((min(int(source[node]), node), max(int(source[node]), node)))
        inside[node] = True
        nearer = ~inside & (cost[node] < best)
        best[nearer], source[nearer] = cost[node][nearer], node
    return edges
