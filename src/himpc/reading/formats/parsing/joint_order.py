"""Joints without names: the layout and order of points that a file only numbers, by the shape of the body.

An order is taken only if its bones are those of a person: as long on the left as on the right, of constant length, and
in the proportions of limbs. Of several, it is the one whose bones are clearly the shortest in sum, as bones between
wrong joints are long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.published_orders import ORDERS
from himpc.skeleton import Layout, get_layout, layout_names

__all__ = ["JointOrder", "find_order", "known_counts", "layout_hint", "order_error"]

_SAMPLE_FRAMES = 60
_MIN_BONES, _FULL = 6, 0.8
"""Bones that must be seen, besides half of all; and the share of the joints in the frames that show its extent."""
_MAX_ASYMMETRY, _MAX_MEDIAN_ASYMMETRY = 0.5, 0.2
"""Difference of a bone on both sides, as a share of its length: of any, and of the median bone. Kinect errs by 0.3."""
_MAX_VARIATION = 0.2
"""Median absolute deviation of the length of a bone over time, as a share of its length: of the median bone."""
_RATIOS = {
    ("thigh", "shank"): (0.55, 1.8),
    ("upper_arm", "forearm"): (0.45, 2.2),
    ("leg", "arm"): (0.9, 2.6),
    ("trunk", "leg"): (0.4, 1.6),
}
"""Ratios of lengths of the limbs of a person, with a margin for cameras of depth."""
_MAX_LENGTH, _MAX_LENGTH_OF_PART, _CLEARLY_SHORTER = 4.0, 4.4, 0.9
"""The sum of the lengths of all bones, in diagonals of the body: 2.3 to 3.4 for the layouts of himpc, up to 4.2 where a
third of the joints is hidden, and from 4.5 for joints in a random order; and its share below which another order is out
of question."""


@dataclass(frozen=True)
class JointOrder:
    """A layout, the point of each of its joints, and the name of the order."""

    layout: Layout
    points: tuple[int, ...]
    title: str

    @property
    def is_layout_order(self) -> bool:
        """Whether it is the order of the layout itself."""
        return self.points == tuple(range(len(self.points)))

    @property
    def note(self) -> str:
        """How the joints were found, for people."""
        return f"joints by their number, in the order of {self.title}, which the proportions of the body confirm"


def find_order(bodies: Sequence[NDArray[np.floating]], options: FileOptions, where: str) -> JointOrder | None:
    """Find the order of joints without names; None if no order of as many joints gives a person.

    Parameters
    ----------
    bodies : sequence of arrays ``(frames, P, 3)``
        Points in any unit and axes, NaN where not seen; or keypoints of pictures ``(frames, P, 2)``, whose bones have
        no constant length, so that only their sum counts.
    options : FileOptions
        A stated layout with the same number of joints restricts the search to it; `preferred_layout` breaks ties.

    Raises
    ------
    FormatError
        If several orders are as likely.
    """
    count = bodies[0].shape[1]
    orders = _orders_of(count)
    stated_order: JointOrder | None = None
    if options.layout is not None and len(options.layout) == count:
        stated_order = JointOrder(options.layout, tuple(range(count)), options.layout.title)
        of_layout = [order for order in orders if order.layout == stated_order.layout]
        orders = (stated_order, *(order for order in of_layout if order.points != stated_order.points))
        if len(orders) == 1:
            return stated_order
    measured = [(_measure(bodies, order), order) for order in orders]
    shortest = min((shape.length for shape, _ in measured if shape), default=0.0)
    short_orders = [each for each in measured if each[0] and each[0].length * _CLEARLY_SHORTER <= shortest]
    person_orders = [order for shape, order in short_orders if shape and shape.is_person]
    preferred = [order for order in person_orders if order.layout == options.preferred_layout]
    if stated_order is not None and (stated_order in person_orders or not person_orders):
        return stated_order
    if len(person_orders) > 1 and len(preferred) != 1:
        names = " or ".join(order.title for order in person_orders)
        raise FormatError(
            f"{where}: has {count_noun(count, 'joint')} without names, which may be in the order of {names}",
            hint=f"state their layout: {{layout={person_orders[0].layout.name}}}",
        )
    return next(iter(preferred or person_orders), None)


def order_error(where: str, count: int) -> FormatError:
    """Return the error about points without names that are in no known order."""
    found = f"{where}: has {count_noun(count, 'point')} without names"
    message = f"{found}, and in no known order they have the shape of a person"
    return FormatError(message, hint=layout_hint([count]))


def layout_hint(counts: Sequence[int]) -> str:
    """Return the advice to state the layout of joints, of which there are one of some numbers."""
    names = [name for name in layout_names() if len(get_layout(name)) in counts] or ["mine.toml"]
    return f"state the layout of its joints, {' or '.join(names)}: {{layout={names[0]}}}"


@cache
def known_counts() -> frozenset[int]:
    """Return the numbers of joints of which an order is known."""
    return frozenset(
        [*(len(get_layout(name)) for name in layout_names()), *(len(order) for _, order in ORDERS.values())]
    )


@cache
def _orders_of(count: int) -> tuple[JointOrder, ...]:
    layouts = [layout for layout in map(get_layout, layout_names()) if len(layout) == count]
    found = [JointOrder(layout, tuple(range(count)), layout.title) for layout in layouts]
    for title, (name, joints) in ORDERS.items():
        if len(joints) == count:
            layout = get_layout(name)
            found.append(JointOrder(layout, tuple(joints.index(joint) for joint in layout.joints), title))
    return tuple(found)


@dataclass(frozen=True)
class _Shape:
    """The sum of the lengths of all bones in diagonals of the body, and whether they are those of a person."""

    length: float
    is_person: bool


def _measure(bodies: Sequence[NDArray[np.floating]], order: JointOrder) -> _Shape | None:
    """Measure the bones of bodies whose points are in an order; None if half of them are never seen."""
    sampled = [body[np.linspace(0, len(body) - 1, min(len(body), _SAMPLE_FRAMES)).astype(int)] for body in bodies]
    joints = np.concatenate(sampled)[:, list(order.points)].astype(np.float64)
    layout = order.layout
    lengths = {child: np.linalg.norm(joints[:, child] - joints[:, parent], axis=1) for child, parent in layout.bones}
    median_lengths = {joint: value for joint, length in lengths.items() if np.isfinite(value := _median(length))}
    if len(median_lengths) < max(_MIN_BONES, len(lengths) / 2) or not min(median_lengths.values()) > 0:
        return None
    n_seen = np.isfinite(joints).all(axis=2).sum(axis=1)
    fullest_frames = joints[n_seen >= _FULL * n_seen.max()]
    diagonal = _median(np.linalg.norm(np.nanmax(fullest_frames, axis=1) - np.nanmin(fullest_frames, axis=1), axis=1))
    variation = [_median(np.abs(lengths[joint] - value)) / value for joint, value in median_lengths.items()]
    typical = np.median(list(median_lengths.values()))  # cameras of depth see hands and feet badly
    seen_pairs = [pair for pair in layout.pairs if set(pair) <= set(median_lengths)]
    pairs = [(median_lengths[left], median_lengths[right]) for left, right in seen_pairs]
    asymmetry = [abs(left - right) / max(left, right) for left, right in pairs if max(left, right) >= typical]
    share = len(median_lengths) / len(lengths)
    length = sum(median_lengths.values()) / diagonal / share
    is_person = length <= (_MAX_LENGTH if share == 1 else _MAX_LENGTH_OF_PART) and (
        joints.shape[2] == 2
        or (
            np.median(variation) <= _MAX_VARIATION
            and max(asymmetry, default=0) <= _MAX_ASYMMETRY
            and np.median(asymmetry or [0]) <= _MAX_MEDIAN_ASYMMETRY
            and _has_proportions(joints, layout)
        )
    )
    return _Shape(length, bool(is_person))


def _has_proportions(joints: NDArray[np.float64], layout: Layout) -> bool:
    """Return whether the limbs have the proportions of a person."""
    ends = {
        "thigh": ("hip", "knee"),
        "shank": ("knee", "ankle" if layout.has("left_ankle") else "foot"),
        "upper_arm": ("shoulder", "elbow"),
        "forearm": ("elbow", "wrist" if layout.has("left_wrist") else "hand"),
        "trunk": ("hip", "shoulder"),
    }
    sides = {
        name: [_distance(joints, layout, f"{side}_{a}", f"{side}_{b}") for side in ("left", "right")]
        for name, (a, b) in ends.items()
        if layout.has(f"left_{a}", f"left_{b}")
    }
    part = {name: float(np.mean(lengths)) for name, lengths in sides.items() if np.isfinite(lengths).all()}
    for whole, halves in (("leg", ("thigh", "shank")), ("arm", ("upper_arm", "forearm"))):
        if all(half in part for half in halves):
            part[whole] = sum(part[half] for half in halves)
    ratios = [
        low * part[second] <= part[first] <= high * part[second]
        for (first, second), (low, high) in _RATIOS.items()
        if first in part and second in part
    ]
    return bool(ratios) and all(ratios)


def _distance(joints: NDArray[np.float64], layout: Layout, first: str, second: str) -> float:
    between = joints[:, layout.index(first)] - joints[:, layout.index(second)]
    return _median(np.linalg.norm(between, axis=1))


def _median(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")
