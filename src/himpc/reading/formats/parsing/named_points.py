"""Named points of a person: which joints they give, by a marker set or by the names of joints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, LayoutError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.spelling import misspelt_names
from himpc.skeleton import (
    Layout,
    MarkerSet,
    choose_layout,
    covered_parts,
    find_joints,
    find_marker_set,
    find_rule,
    get_layout,
    layout_names,
    marker_sets,
    part_layout,
    recognise_marker_set,
)

_MIN_KNOWN = 0.6
"""Share of a person's labels that a part of the body must explain; if most are unknown, the part is not the body."""

_MIN_NEAREST = 4
"""Minimum number of labels of a marker set that is named as the nearest one."""

_WHOLE_BODY = ("lower-body", "upper-body")


@dataclass(frozen=True)
class Resolution:
    """How joints follow from named points.

    Attributes
    ----------
    layout : Layout
        The joints.
    columns : tuple of int
        The points that are needed, by their index.
    compute : callable
        Returns the joints ``(frames, J, 3)`` of these points ``(frames, columns, 3)``, in metres.
    note : str
        How the joints were found, for people.
    by_markers : bool
        Whether joints are computed from markers, by rules that need metres and right-handed axes.
    find_contradiction : callable
        Returns what shows that names mean other points, of the points and the stature; empty if nothing does.
    """

    layout: Layout
    columns: tuple[int, ...]
    compute: Callable[[NDArray[np.floating]], NDArray[np.floating]]
    note: str
    by_markers: bool = False
    find_contradiction: Callable[[NDArray[np.floating], float], str] = lambda points, height: ""


def exact_layouts(names: Sequence[str]) -> list[Layout]:
    """Return the layouts that have exactly these joints; those in this order alone, if there are some."""
    fitting = [layout for layout in map(get_layout, layout_names()) if fits_exactly(layout, names)]
    own = [layout for layout in fitting if set(layout.joints) == set(names)] or fitting
    return [layout for layout in own if [layout.find(name) for name in names] == [*range(len(names))]] or own


def fits_exactly(layout: Layout, names: Sequence[str]) -> bool:
    """Return whether names are those of all joints of a layout, each once."""
    joints = [layout.find(name) for name in names]
    return len(joints) == len(layout) and None not in joints and len(set(joints)) == len(joints)


def resolve_points(labels: Sequence[str], options: FileOptions, prefer: Layout | None = None) -> Resolution | None:
    """Find the joints of a person from the labels of points, without the name of the subject.

    What the user states comes first: a marker set, or a layout whose joints are all named. Then comes a marker set that
    gives all joints of ``kinect-v1``, or a whole body with markers on its pelvis; a whole body by the names of its
    joints; a whole body without some joints, by a marker set; and a part of the body, by either. None if the labels are
    of none of these, or do not give all joints of the user's marker set.
    """
    if options.markers:
        is_complete = set(options.markers.given_joints(labels)) == set(options.markers.joints)
        return _by_markers(options.markers, labels) if is_complete else None
    if options.layout:
        columns = {options.layout.find(label): column for column, label in reversed(list(enumerate(labels)))}
        if columns.keys() >= set(range(len(options.layout))):
            own = tuple(columns[joint] for joint in range(len(options.layout)))
            return Resolution(
                options.layout, own, lambda points: points, f"joints by the names of {options.layout.name}"
            )
    known, named = find_marker_set(labels), find_joints(labels)
    given = known.given_joints(labels)
    is_whole = set(_WHOLE_BODY) <= set(covered_parts(given))
    is_complete = len(given) == len(get_layout("kinect-v1")) and not known.by_words
    if is_complete or (is_whole and known.has_pelvis(labels)):
        return _by_markers(known, labels)
    if set(_WHOLE_BODY) <= set(covered_parts(named.columns)):
        return _by_names(labels, prefer)
    if is_whole:
        return _by_markers(known, labels)
    return _part_of_body(labels)


def explain_unknown(labels: Sequence[str], options: FileOptions) -> FormatError:
    """Return the error about labels that give no joints.

    It names what the user's or the nearest marker set lacks, or else the labels.
    """
    if chosen := options.markers:
        missing = chosen.missing(labels)
        joint = next(joint for joint in chosen.joints if joint in missing)
        needs = ", ".join(missing[joint])
        return FormatError(f"the marker set {chosen.name!r} does not give {joint}: it needs {needs}")
    if max(known.count_known(labels) for known in marker_sets()) >= _MIN_NEAREST:
        try:
            recognise_marker_set(labels)
        except LayoutError as error:
            return FormatError(error.message, hint=error.hint)
    shown = ", ".join(label[:30] for label in labels[:6]) + (" ..." if len(labels) > 6 else "")
    doubts = "".join(f"; {doubt}" for doubt in misspelt_names(labels)[:3])
    return FormatError(
        f"its points name no joints of a body: {shown}{doubts}",
        hint="declare the joints by the names of the points in a TOML file: {layout=mine.toml}",
    )


def _by_markers(known: MarkerSet, labels: Sequence[str]) -> Resolution:
    of_marker = known.columns(labels)
    columns = tuple(sorted(set(of_marker.values())))
    places = [columns.index(column) for column in of_marker.values()]
    layout = part_layout(get_layout("kinect-v1"), known.given_joints(labels))
    return Resolution(
        layout,
        columns,
        lambda points: known.to_joints(list(of_marker), points[:, places], layout.joints),
        f"joints by the marker set {known.name}{_describe_part(layout)}",
        by_markers=True,
        find_contradiction=lambda points, height: known.find_contradiction(list(of_marker), points[:, places], height),
    )


def _by_names(labels: Sequence[str], prefer: Layout | None = None) -> Resolution:
    named = find_joints(labels)
    layout = choose_layout(named.columns, prefer)
    needed = [find_rule(named.columns, joint) for joint in layout.joints]
    columns = tuple(sorted({named.columns[joint] for rule in needed for joint in rule}))
    place = {joint: columns.index(column) for joint, column in named.columns.items() if column in columns}
    means = [[place[joint] for joint in rule] for rule in needed]
    return Resolution(
        layout,
        columns,
        lambda points: np.stack([points[:, indices].mean(axis=1) for indices in means], axis=1),
        f"joints by their names ({', '.join(named.conventions)}){_describe_part(layout)}",
    )


def _part_of_body(labels: Sequence[str]) -> Resolution | None:
    """Return the larger part of the body that a marker set or names of joints give, if they explain most labels."""
    named = find_joints(labels)
    candidates: list[tuple[int, MarkerSet | None]] = []
    for known in marker_sets():
        given = known.given_joints(labels)
        if covered_parts(given) and known.explains(labels):
            candidates.append((len(given), known))
    if covered_parts(named.columns) and len(named.columns) >= _MIN_KNOWN * len(labels):
        # A set of landmarks by words takes the name of a joint for that of a marker on it.
        candidates = [
            (n, known) for n, known in candidates if known and (not known.by_words or known.has_pelvis(labels))
        ]
        candidates.append((len(named.columns), None))
    if not candidates:
        return None
    _, best = max(candidates, key=lambda candidate: candidate[0])
    return _by_markers(best, labels) if best else _by_names(labels)


def _describe_part(layout: Layout) -> str:
    parts = covered_parts(layout.joints)
    if set(_WHOLE_BODY) <= set(parts):
        return ""
    return f": {' and '.join(parts).replace('-', ' ')}, {count_noun(len(layout), 'joint')}"
