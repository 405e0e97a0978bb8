"""Training on one data set and testing on another: windows in a common layout, and a training part from elsewhere."""

from __future__ import annotations

from dataclasses import replace

from himpc.errors import ConfigError, DataError, LayoutError
from himpc.research.data import BenchmarkSet, LabelledWindows
from himpc.skeleton import Layout, centre, convert, get_layout

__all__ = ["in_layout", "trained_on"]


def in_layout(data: BenchmarkSet, layout: str | Layout) -> BenchmarkSet:
    """Return a data set with all its windows in another layout.

    Raises
    ------
    LayoutError
        If the layout is unknown, or has a joint that nothing in the data set's corresponds to.
    """
    wanted = get_layout(layout) if isinstance(layout, str) else layout
    mislabelled = data.mislabelled
    return replace(
        data,
        train=_converted(data.train, wanted, data.name),
        tests={name: _converted(test, wanted, data.name) for name, test in data.tests.items()},
        mislabelled=None if mislabelled is None else lambda: in_layout(mislabelled(), wanted),
    )


def trained_on(tested: BenchmarkSet, other: BenchmarkSet) -> BenchmarkSet:
    """Return the benchmark of one data set whose training part is that of another, in the tested one's layout.

    Joints of one name correspond, and some follow from others (`himpc.skeleton.convert`). Windows hold as many frames
    as before: frames are not resampled where one set has more of them a second.

    Parameters
    ----------
    tested : BenchmarkSet
        Its tests stay as they are; its training part is not used.
    other : BenchmarkSet
        Its training part is used, its tests are not. Loaded with the same window length.

    Raises
    ------
    ConfigError
        If windows are not equally long.
    DataError
        If one is 2D and the other 3D.
    LayoutError
        If the layouts do not convert: bring both into a common one by `in_layout` first.
    """
    ours, theirs = tested.train.windows, other.train.windows
    if ours.length != theirs.length:
        raise ConfigError(
            f"windows of {other.name} are {theirs.length} frames, those of {tested.name} are {ours.length}: load both "
            "with one window_length"
        )
    if ours.dimensions != theirs.dimensions:
        raise DataError(
            f"{other.name} is {theirs.dimensions}D, {tested.name} is {ours.dimensions}D: they cannot be mixed"
        )
    protocol = replace(
        tested.protocol,
        title=f"{tested.protocol.title}, trained on {other.protocol.title}",
        persons={part: number for part, number in tested.protocol.persons.items() if part != "train"},
    )
    kept = [each for each in tested.assignment if each["part"] != "train"]
    return replace(
        tested,
        protocol=protocol,
        train=_converted(other.train, ours.layout, other.name),
        counts={"train": other.counts["train"]} | {name: tested.counts[name] for name in tested.tests},
        assignment=(*(each for each in other.assignment if each["part"] == "train"), *kept),
        problems=(*other.problems, *tested.problems),
        notes=(_note(tested, other), *tested.notes),
        mislabelled=None
        if tested.mislabelled is None and other.mislabelled is None
        else lambda: trained_on(_mislabelled(tested), _mislabelled(other)),
    )


def _note(tested: BenchmarkSet, other: BenchmarkSet) -> str:
    theirs = f"; published results trained on {tested.protocol.title}" if tested.protocol.persons else ""
    return f"trained on {other.protocol.title}, {other.origin}{theirs}"


def _mislabelled(data: BenchmarkSet) -> BenchmarkSet:
    return data if data.mislabelled is None else data.mislabelled()


def _converted(part: LabelledWindows, layout: Layout, name: str) -> LabelledWindows:
    windows = part.windows
    if windows.layout == layout:
        return part
    try:
        frames = convert(windows.frames, windows.layout, layout)
    except LayoutError as error:
        raise LayoutError(f"{name}: {error}; --layout brings both sets into a common one") from error
    return replace(part, windows=replace(windows, frames=centre(frames, layout).astype("float32"), layout=layout))
