"""Left and right of single pairs of points, such as the knees, that a file exchanges: in all frames or in some.

Exchanged names show in two ways. A pair that changes sides between two frames jumps, each point to the place of the
other. And within a limb, distances of one side are almost constant, while those across the body change as it moves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["restore_sides"]

_MAX_FRAMES = 300
"""Evenly spaced frames from which distances are measured."""

_MIN_PAIRS, _MIN_FRAMES, _MIN_MEASURED, _MAX_PAIRS = 3, 2, 20, 64
_MIN_WIDTH = 0.03  # extents between the points of a pair; eyes and the like are nearer
_JUMP, _MIN_JUMP = 1 / 3, 0.05  # steps of an exchanged pair, relative to those as named, which are this many extents
_FLOOR = 0.008  # extents; variation that is noise
_INFORMATIVE = np.log(1.8)
"""Logarithm of the ratio of the variations of distances of one side and across the body from which they differ."""

_MAX_VARIATION = 0.035
"""Variation, in extents, of a distance within a limb. Of a hand and the other knee, which swing alike, it is larger."""

_EVIDENCE, _MIN_ERROR = 2.5, 0.015
"""Ratio of the errors of distances before and after an exchange, and the least error before it in extents."""

_OPPOSED, _AGREES, _OPPOSES = (
    0.5,
    0.8,
    -0.95,
)  # shares of frames, from -1 to 1, in which lines from right to left have one direction
_NEAREST = 5

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def restore_sides(
    points: NDArray[np.floating],
    pairs: Sequence[tuple[int, int]],
    names: Sequence[str],
    leftward: Array | None = None,
) -> tuple[NDArray[np.floating], tuple[str, ...]]:
    """Exchange left and right of the pairs of points whose names are exchanged, and note it.

    Points are exchanged where the evidence is overwhelming. A contradiction that cannot be resolved is a note.

    Parameters
    ----------
    points : array ``(frames, P, 3)``
        In any unit; NaN where not seen. It is not changed.
    pairs : sequence of (int, int)
        The left and the right point of each pair.
    names : sequence of str
        The names of the P points.
    leftward : array ``(frames, 3)``, optional
        The direction to the left of the body, as feet and face show it; NaN where they do not.

    Returns
    -------
    points : array ``(frames, P, 3)``
    notes : tuple of str
    """
    seen = np.isfinite(points[:, np.array(pairs, dtype=np.intp).ravel(), 0]).any(axis=1)
    if not seen.all():  # frames in which nothing is seen are no evidence
        result, seen_frames = points.copy(), points[seen]
        found, notes_of_seen = restore_sides(seen_frames, pairs, names, None if leftward is None else leftward[seen])
        result[seen] = found
        return (points if found is seen_frames else result), notes_of_seen
    body = _Body.measure(points, pairs)
    if body is None:
        return points, ()
    exchanged = np.zeros((len(points), len(body.pairs)), dtype=bool)
    parity = body.jumps()
    continuous = body.exchange(parity)
    weights, variation, agreement = continuous.compare()
    links = _links(weights, variation, agreement, body.extent)
    limbs = _limbs(links, weights)
    facing = continuous.agreement_with(leftward)
    signs, doubts = _choose_signs(limbs, agreement, facing, parity)
    proposed = parity ^ (signs < 0)
    for pair in _crossed_in_between(continuous, agreement):
        if not parity[:, pair].any():
            exchanged[:, pair] = proposed[:, pair] = True
    restored = body.exchange(proposed)
    for group in _groups(links, proposed):
        borders = [link for link in links if link[0] in group and link[1] not in group]
        if body.is_more_constant(restored, borders, proposed) or body.is_turned(restored, group):
            exchanged[:, group] = proposed[:, group]
    exchanged &= body.seen_pairs
    notes = []
    for (left, right), frames in zip(body.pairs, exchanged.T, strict=True):
        if frames.any():
            count = "all" if frames[body.seen_pairs.any(axis=1)].all() else f"{frames.sum()} of {len(frames)}"
            notes.append(f"{names[left]} and {names[right]} exchanged, since they were in {count} frames")
    for limb in doubts if len(points) >= _MIN_MEASURED else []:
        first = ", ".join(names[body.pairs[pair][0]] for pair in limb[:4])
        notes.append(f"left and right of {first} may be exchanged: they contradict the other points")
    if not exchanged.any():
        return points, tuple(notes)
    result = points.copy()
    for (left, right), frames in zip(body.pairs, exchanged.T, strict=True):
        result[frames, left], result[frames, right] = points[frames, right], points[frames, left]
    return result, tuple(notes)


class _Body:
    """The pairs of a body: left and right points ``(frames, K, 3)``, and its extent."""

    def __init__(self, left: Array, right: Array, pairs: list[tuple[int, int]], extent: float) -> None:
        self.left, self.right, self.pairs, self.extent = left, right, pairs, extent
        self.seen_pairs: Mask = np.isfinite(left[..., 0]) | np.isfinite(right[..., 0])
        step = max(1, -(-len(left) // _MAX_FRAMES))
        self.sample = slice(None, None, step)

    @classmethod
    def measure(cls, points: NDArray[np.floating], pairs: Sequence[tuple[int, int]]) -> _Body | None:
        """Return the pairs that are wide enough to be exchanged; None if there are too few."""
        if len(pairs) < _MIN_PAIRS or len(points) < _MIN_FRAMES:
            return None
        values = points.astype(np.float64)
        sides = values[:, [left for left, _ in pairs]], values[:, [right for _, right in pairs]]
        step = max(1, len(points) // _MAX_FRAMES)
        low, high = (_quantile(np.concatenate(sides, axis=1)[::step], share, axis=1) for share in (0.0, 1.0))
        extent = float(_quantile(np.linalg.norm(high - low, axis=1), 0.5))
        if not extent > 0:
            return None
        width = _quantile(np.linalg.norm(sides[0] - sides[1], axis=2)[::step], 0.5)
        wide = np.flatnonzero(width > _MIN_WIDTH * extent)[:_MAX_PAIRS]
        if len(wide) < _MIN_PAIRS:
            return None
        return cls(sides[0][:, wide], sides[1][:, wide], [pairs[i] for i in wide], extent)

    def jumps(self) -> Mask:
        """Return ``(frames, K)`` whether a pair is exchanged relative to the first frame, as its jumps show."""
        parity = np.zeros(self.left.shape[:2], dtype=bool)
        for k in range(len(self.pairs)):
            seen = np.flatnonzero(np.isfinite(self.left[:, k, 0]) & np.isfinite(self.right[:, k, 0]))
            left, right = self.left[seen, k], self.right[seen, k]
            named = _length(left[1:] - left[:-1]) + _length(right[1:] - right[:-1])
            across = _length(left[1:] - right[:-1]) + _length(right[1:] - left[:-1])
            jumps = seen[1:][(across < _JUMP * named) & (named > _MIN_JUMP * self.extent)]
            parity[jumps, k] = True
        changes: NDArray[np.int64] = np.cumsum(parity, axis=0)
        return np.asarray(changes % 2 == 1)

    def exchange(self, frames: Mask) -> _Body:
        """Return the body with left and right exchanged in some frames ``(frames, K)``."""
        if not frames.any():
            return self
        where = frames[..., None]
        left, right = np.where(where, self.right, self.left), np.where(where, self.left, self.right)
        return _Body(left, right, self.pairs, self.extent)

    def compare(self) -> tuple[Array, Array, Array]:
        """Compare all pairs with each other.

        Returns
        -------
        weights : array ``(K, K)``
            Logarithm of the variation of the distances across the body, relative to that of one side.
        variation : array ``(K, K)``
            The smaller of the two.
        agreement : array ``(K, K)``
            The mean sign of the cosine between the lines from right to left.
        """
        left, right = self.left[self.sample], self.right[self.sample]
        lines = left - right
        count = len(self.pairs)
        weights, variation, agreement = (np.zeros((count, count)) for _ in range(3))
        for k in range(count):
            own = _spread(_length(left - left[:, k : k + 1])) + _spread(_length(right - right[:, k : k + 1]))
            across = _spread(_length(left - right[:, k : k + 1])) + _spread(_length(right - left[:, k : k + 1]))
            floor = 2 * _FLOOR * self.extent
            weights[k] = np.log((across + floor) / (own + floor))
            variation[k] = np.fmin(own, across) / 2
            agreement[k] = _mean_sign((lines * lines[:, k : k + 1]).sum(axis=2))
        return np.nan_to_num(weights), np.nan_to_num(variation, nan=np.inf), agreement

    def agreement_with(self, leftward: Array | None) -> Array:
        """Return the mean sign ``(K,)`` of the cosine between the lines from right to left and a direction."""
        if leftward is None:
            return np.zeros(len(self.pairs))
        return _mean_sign(((self.left - self.right) * leftward[:, None]).sum(axis=2))

    def midpoints(self) -> Array:
        """Return the typical midpoint ``(K, 3)`` of each pair relative to all of them."""
        middle = (self.left[self.sample] + self.right[self.sample]) / 2
        seen = np.isfinite(middle[..., 0])
        total = np.where(seen[..., None], middle, 0).sum(axis=1, keepdims=True)
        return _quantile(middle - total / np.maximum(seen.sum(axis=1), 1)[:, None, None], 0.5)

    def is_more_constant(self, restored: _Body, links: list[tuple[int, int]], exchanged: Mask) -> bool:
        """Return whether the distances of links are clearly more constant after their first pairs are exchanged."""
        before = after = 0.0
        for pair, other in links:
            frames = exchanged[:, pair] ^ exchanged[:, other]
            is_part = frames.mean() <= 0.5
            if not is_part and len(frames) < _MIN_MEASURED:
                return False
            for own, of_other, named in (
                (restored.left, restored.left, self.left),
                (restored.right, restored.right, self.right),
            ):
                correct = _length(own[:, pair] - of_other[:, other])
                as_named = _length(named[:, pair] - of_other[:, other])
                typical = _quantile(correct, 0.5)
                measured = frames if is_part else np.ones_like(frames)
                before += _mean(np.abs(as_named - (typical if is_part else _quantile(as_named, 0.5)))[measured])
                after += _mean(np.abs(correct - typical)[measured])
        count = max(2 * len(links), 1)
        return before > _EVIDENCE * after and before - after > count * _MIN_ERROR * self.extent

    def is_turned(self, restored: _Body, group: list[int]) -> bool:
        """Return whether a limb that is exchanged as a whole is turned against the other points where it is.

        Where only its end is turned, such as the wrists of folded arms, the person crosses it.
        """
        others = [pair for pair in range(len(self.pairs)) if pair not in group]
        lines = self.left - self.right, restored.left - restored.right
        shares = []
        for pair in group:
            signs = [np.sign((each[:, pair, None] * lines[1][:, others]).sum(axis=2)) for each in lines]
            frames = (signs[0] != signs[1]).any(axis=1)
            if (_mean_sign(signs[1]) <= _OPPOSES).any():
                return False
            shares.append(min(_mean(signs[1]), _mean(signs[1][frames])))
        return len(group) > 2 and len(self.left) >= _MIN_MEASURED and max(shares) >= _AGREES


def _groups(links: list[tuple[int, int]], exchanged: Mask) -> list[list[int]]:
    """Return the pairs of a limb that are linked and exchanged in the same frames, in groups."""
    groups: list[list[int]] = []
    for start in np.flatnonzero(exchanged.any(axis=0)).tolist():
        if any(start in group for group in groups):
            continue
        group = [start]
        for near in group:
            same = [b for a, b in links if a == near and b not in group]
            group += [b for b in same if (exchanged[:, b] == exchanged[:, start]).all()]
            if not exchanged[:, start].all():  # pairs that change sides at the same time
                same = np.flatnonzero((exchanged == exchanged[:, [start]]).all(axis=0)).tolist()
                group += [b for b in same if b not in group]
        groups.append(group)
    return groups


def _links(weights: Array, variation: Array, agreement: Array, extent: float) -> list[tuple[int, int]]:
    """Return the links of limbs, in both directions.

    These are the links of the tree of the most constant distances which are of one side, or across the body, by names.
    Where they are across, the lines from right to left must also be opposed.
    """
    inside, links = {0}, []
    while len(inside) < len(weights):
        outside = sorted(set(range(len(weights))) - inside)
        known = sorted(inside)
        block = variation[np.ix_(known, outside)]
        i, j = np.unravel_index(int(block.argmin()), block.shape)
        near, new = known[i], outside[j]
        inside.add(new)
        is_clear = np.sign(weights[near, new]) * agreement[near, new] > (
            -_OPPOSED if weights[near, new] > 0 else _OPPOSED
        )
        if is_clear and abs(weights[near, new]) >= _INFORMATIVE and block[i, j] <= _MAX_VARIATION * extent:
            links += [(near, new), (new, near)]
    return links


def _limbs(links: list[tuple[int, int]], weights: Array) -> list[dict[int, int]]:
    """Join pairs into limbs by links, and return the relative sign of each pair of a limb."""
    limbs: list[dict[int, int]] = []
    for start in range(len(weights)):
        if any(start in limb for limb in limbs):
            continue
        signs, queue = {start: 1}, [start]
        for near in queue:
            for new in (b for a, b in links if a == near and b not in signs):
                signs[new] = signs[near] * (1 if weights[near, new] > 0 else -1)
                queue.append(new)
        limbs.append(signs)
    return limbs


def _choose_signs(
    limbs: list[dict[int, int]], agreement: Array, facing: Array, parity: Mask
) -> tuple[NDArray[np.int64], list[list[int]]]:
    """Choose which pairs are exchanged (-1): by the direction of the body, then by other pairs, then the fewer frames.

    Also return the limbs that contradict the others, where nothing shows which of them is wrong.
    """
    signs = np.ones(len(agreement), dtype=np.int64)
    share = parity.mean(axis=0)
    for limb in limbs:
        own = np.array(list(limb))
        relative = np.array(list(limb.values()))
        frames = np.where(relative > 0, share[own], 1 - share[own]).sum()
        signs[own] = relative if 2 * frames <= len(own) else -relative
    strong = np.where(np.abs(agreement) >= _AGREES, agreement, 0)
    forward = np.where(np.abs(facing) >= _AGREES, facing, 0)
    turned = {i: float(signs[list(limb)] @ forward[list(limb)]) for i, limb in enumerate(limbs)}
    doubts = []
    for i, limb in enumerate(limbs):
        own = np.array(list(limb))
        others = np.setdiff1d(np.arange(len(signs)), own)
        votes = float(signs[own] @ strong[np.ix_(own, others)] @ signs[others])
        is_consistent = (signs[own] > 0).all() and not parity[:, own].any()
        elsewhere = any(turned[j] > 0 for j in turned if j != i)
        is_wrong = turned[i] < 0 if turned[i] else votes < 0
        if is_consistent:  # nothing but the rest of the body shows it
            is_wrong = len(own) > 1 and turned[i] < 0 and votes < 0 and elsewhere
        if is_wrong:
            signs[own] *= -1
    for limb in limbs:
        own = np.array(list(limb))
        others = np.setdiff1d(np.arange(len(signs)), own)
        votes = float(signs[own] @ strong[np.ix_(own, others)] @ signs[others])
        if len(own) > 2 and (signs[own] > 0).all() and votes <= -len(own) and 2 * len(own) <= len(signs):
            doubts.append(own.tolist())
    return signs, doubts


def _crossed_in_between(body: _Body, agreement: Array) -> list[int]:
    """Return the pairs that are crossed while those around them are not: knees do not, between hips and ankles."""
    middle = body.midpoints()
    crossed = []
    for pair in range(len(agreement)):
        others = np.delete(np.arange(len(agreement)), pair)
        offset = middle[others] - middle[pair]
        near = np.argsort(_length(offset), kind="stable")[:_NEAREST]
        unit = (offset / np.maximum(_length(offset), 1e-9)[:, None])[near]
        own = agreement[pair, others]
        opposed = np.median(own) <= _OPPOSES and own[near].max() <= -_OPPOSED and own.max() < _OPPOSED
        if opposed and (unit @ unit.T < -0.5).any() and np.median(agreement[np.ix_(others, others)]) >= -_OPPOSES:
            crossed.append(pair)
    return crossed


def _length(vectors: Array) -> Array:
    return np.asarray(np.sqrt((vectors**2).sum(axis=-1)))


def _quantile(values: Array, share: float, axis: int = 0) -> Array:
    """Return a quantile over an axis, the nearest value; NaN is ignored."""
    ordered = np.sort(values, axis=axis)
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    place = np.round(share * np.maximum(count - 1, 0)).astype(np.intp)
    return np.asarray(np.take_along_axis(ordered, place, axis=axis).squeeze(axis))


def _spread(values: Array) -> Array:
    ordered = np.sort(values, axis=0)
    last = np.maximum(np.isfinite(ordered).sum(axis=0) - 1, 0)
    low, high = (
        np.take_along_axis(ordered, np.round(share * last).astype(np.intp)[None], axis=0)[0] for share in (0.1, 0.9)
    )
    return np.asarray(high - low)


def _mean_sign(values: Array) -> Array:
    seen = np.isfinite(values)
    total = np.where(seen, np.sign(np.nan_to_num(values)), 0).sum(axis=0)
    return np.asarray(total / np.maximum(seen.sum(axis=0), 1))


def _mean(values: Array) -> float:
    seen = values[np.isfinite(values)]
    return float(seen.mean()) if seen.size else 0.0
