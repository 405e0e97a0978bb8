"""Recordings of several systems in one run: brought to the joints that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from himpc.errors import DataError, LayoutError, count_noun
from himpc.recordings.collection import Problem
from himpc.recordings.common_points import has_unknown_points, to_discovered_layout
from himpc.recordings.common_size import BodySize, describe_sizes, has_unequal_sizes, scale_bodies
from himpc.recordings.recording import Recording
from himpc.skeleton import Layout, missing_joints, shared_layout

__all__ = ["leave_out_unfit", "to_common_layout"]

MAX_SHARE, MIN_GAIN = 0.25, 1.25
"""A note names a layout of at most this share of the recordings without which at least `MIN_GAIN` times as many joints
would be shared."""


def to_common_layout(
    recordings: Sequence[Recording],
    layout: Layout | None = None,
    *,
    owner: str = "",
    size: BodySize | None = None,
) -> tuple[list[Recording], tuple[str, ...]]:
    """Convert recordings to one layout, so that they can be compared.

    Recordings that have the layout already are returned as they are. Bodies are scaled to one size where their sizes
    are of several kinds (`himpc.recordings.has_unequal_sizes`). Frame rates are not changed: a window is a number
    of frames, so it is shorter at a higher rate, and a recording is the mean of its windows at any rate.

    Parameters
    ----------
    recordings : sequence of Recording
        Of any layouts, all 3D or all 2D.
    layout : Layout, optional
        The layout to convert to, such as that of a model. If not given, the joints that the recordings share
        (`himpc.skeleton.shared_layout`); the layout of points of an unknown body is discovered
        (`himpc.skeleton.discover_layout`).
    owner : str
        What has that layout, such as ``"the gallery"``, for notes and errors.
    size : {"true", "assumed", "equal"}, optional
        What lengths mean to a model (`himpc.model.Model.body_size`). Bodies are scaled if it is "equal"; otherwise a
        note says how they differ.

    Returns
    -------
    recordings : list of Recording
        In the order given.
    notes : tuple of str
        What was converted and scaled; empty if nothing was.

    Raises
    ------
    DataError
        If some recordings are 2D and others 3D, or bodies cannot be scaled to one size.
    LayoutError
        If a recording lacks joints of `layout`, or the recordings share too few joints. The message names the
        recording, both layouts and the joints.

    Examples
    --------
    >>> import himpc
    >>> walks = [walk for name in ("kinect-v1", "coco-17") for walk in himpc.simulate(1, 1, layout=name, seconds=1.0)]
    >>> together, notes = to_common_layout(walks)
    >>> {len(walk.layout) for walk in together}
    {13}
    >>> notes
    ('compared by the 13 joints that all have: 1 recording of coco-17 (17 joints), 1 of kinect-v1 (20 joints)',)
    """
    for number, recording in enumerate(recordings):
        if not isinstance(recording, Recording):
            raise DataError(
                f"recording {number} is of type {type(recording).__name__}, expected himpc.Recording",
                hint="read files by {read()}, or make recordings from arrays",
            )
    converted, notes = _convert(recordings, layout, owner)
    if size == "equal" or (size is None and has_unequal_sizes(recordings)):
        converted = scale_bodies(converted)
    return converted, (*notes, *describe_sizes(recordings, size))


def _convert(
    recordings: Sequence[Recording], layout: Layout | None, owner: str
) -> tuple[list[Recording], tuple[str, ...]]:
    _check_dimensions(recordings)
    if layout is None and has_unknown_points(recordings):
        return to_discovered_layout(recordings)
    counts = Counter(recording.layout for recording in recordings)
    if layout is None:
        layout = _find_shared(recordings, counts) if recordings else None
    if layout is None or set(counts) <= {layout}:
        return list(recordings), ()
    _check_joints(recordings, layout, owner)
    if owner:
        others = {each: count for each, count in counts.items() if each != layout}
        note = f"converted to {layout.name}, the layout of {owner}: {_list(others)}"
    else:
        note = f"compared by the {len(layout)} joints that all have: {_list(counts)}{_describe_limit(counts, layout)}"
    return [recording.to(layout) for recording in recordings], (note,)


def leave_out_unfit(
    recordings: Sequence[Recording], layout: Layout, *, owner: str = ""
) -> tuple[list[Recording], list[Problem]]:
    """Leave out the recordings that cannot be converted to a layout, and say why.

    Parameters
    ----------
    recordings : sequence of Recording
    layout, owner
        As in `to_common_layout`.

    Returns
    -------
    recordings : list of Recording
        Those that can be converted, as they are.
    problems : list of Problem
        One for each of the others.

    Raises
    ------
    LayoutError
        If none can be converted.
    """
    unfit = {each: missing_joints(each, layout) for each in {recording.layout for recording in recordings}}
    usable = [recording for recording in recordings if not unfit[recording.layout]]
    if not usable:
        _check_joints(recordings, layout, owner)
    problems = []
    for recording in recordings:
        try:
            _check_joints([recording], layout, owner)
        except LayoutError as error:
            problems.append(Problem.of(error, Path(recording.source), recording.source))
    return usable, problems


def _check_dimensions(recordings: Sequence[Recording]) -> None:
    first = {recording.dimensions: recording for recording in reversed(recordings)}
    if len(first) > 1:
        counts = Counter(recording.dimensions for recording in recordings)
        found = " and ".join(f"{counts[number]} {number}D (the first: {first[number].source})" for number in (3, 2))
        raise DataError(
            f"recordings in the picture cannot be compared with recordings in space: found {found}",
            hint="leave out those of one kind",
        )


def _check_joints(recordings: Sequence[Recording], layout: Layout, owner: str) -> None:
    unfit = {each: missing_joints(each, layout) for each in {recording.layout for recording in recordings}}
    refused = [recording for recording in recordings if unfit[recording.layout]]
    if refused:
        first, others = refused[0], f" and {len(refused) - 1} more recordings" if len(refused) > 1 else ""
        of_owner = f", the layout of {owner}," if owner else ""
        raise LayoutError(
            f"{first.source or 'a recording'}{others}: cannot be converted to {layout.name}{of_owner} because no joint "
            f"of {first.layout.name} gives {', '.join(unfit[first.layout])}",
            hint="train on recordings of both systems, which are compared by the joints that they share"
            if owner
            else None,
        )


def _find_shared(recordings: Sequence[Recording], counts: Counter[Layout]) -> Layout:
    try:
        return shared_layout(counts)
    except LayoutError as error:
        examples = {recording.layout: recording.source for recording in reversed(recordings)}
        listed = ", ".join(f"{examples[each] or 'a recording'} is {each.name!r}" for each in counts)
        raise error.with_message(f"{error.message}: {listed}") from error


def _describe_limit(counts: Counter[Layout], shared: Layout) -> str:
    """Name the few recordings without which clearly more joints would be shared; else return an empty text."""
    joints = {each: len(shared_layout(other for other in counts if other != each)) for each in counts}
    limiting = max(joints, key=lambda each: (joints[each], each.name))
    if joints[limiting] < MIN_GAIN * len(shared) or counts[limiting] > MAX_SHARE * counts.total():
        return ""
    return f"; without those of {limiting.name}, by {joints[limiting]} joints"


def _list(counts: Mapping[Layout, int]) -> str:
    """List layouts by name, with their recordings and joints."""
    parts: list[str] = []
    for layout in sorted(counts, key=lambda each: (each.name, each.joints)):
        noun = "" if parts else " recording" if counts[layout] == 1 else " recordings"
        parts.append(f"{counts[layout]}{noun} of {layout.name} ({count_noun(len(layout), 'joint')})")
    return ", ".join(parts)
