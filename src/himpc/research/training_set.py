"""Train on one data set and test on another: convert layouts, and exchange the training set."""

from __future__ import annotations

from dataclasses import replace

from himpc.errors import ConfigError, DataError, LayoutError
from himpc.research.data import BenchmarkData, LabelledWindows
from himpc.skeleton import Layout, centre, convert, get_layout


def convert_layout(data: BenchmarkData, layout: str | Layout) -> BenchmarkData:
    """Convert all windows of a benchmark to another layout.

    Raises
    ------
    LayoutError
        If the layout is unknown, or has a joint that cannot be derived from the joints of the data.
    """
    target = get_layout(layout) if isinstance(layout, str) else layout
    load = data.load_mislabelled
    return replace(
        data,
        train=_convert(data.train, target, data.name),
        tests={name: _convert(test, target, data.name) for name, test in data.tests.items()},
        load_mislabelled=None if load is None else lambda: convert_layout(load(), target),
    )


def replace_training_set(tested: BenchmarkData, other: BenchmarkData) -> BenchmarkData:
    """Return a benchmark with the tests of one data set and the training set of another, in the layout of the tests.

    Joints with equal names correspond, others are derived (`himpc.skeleton.convert`). Windows keep their number of
    frames; different frame rates are not resampled.

    Parameters
    ----------
    tested : BenchmarkData
        The source of the test sets.
    other : BenchmarkData
        The source of the training set, loaded with the same window length.

    Raises
    ------
    ConfigError
        If the window lengths differ.
    DataError
        If one data set is 2D and the other 3D.
    LayoutError
        If the layouts do not convert; convert both to a common one by `convert_layout` first.
    """
    test_windows, train_windows = tested.train.windows, other.train.windows
    if test_windows.length != train_windows.length:
        raise ConfigError(
            f"windows of {other.name} are {train_windows.length} frames, those of {tested.name} are "
            f"{test_windows.length}: load both with one window_length"
        )
    if test_windows.dimensions != train_windows.dimensions:
        raise DataError(
            f"{other.name} is {train_windows.dimensions}D, {tested.name} is {test_windows.dimensions}D: they cannot be "
            "combined"
        )
    protocol = replace(
        tested.protocol,
        title=f"{tested.protocol.title}, trained on {other.protocol.title}",
        persons={part: number for part, number in tested.protocol.persons.items() if part != "train"},
    )
    training = [each for each in other.assignment if each["part"] == "train"]
    tests = [each for each in tested.assignment if each["part"] != "train"]
    labelled_correctly = tested.load_mislabelled is None and other.load_mislabelled is None
    return replace(
        tested,
        protocol=protocol,
        train=_convert(other.train, test_windows.layout, other.name),
        counts={"train": other.counts["train"]} | {name: tested.counts[name] for name in tested.tests},
        assignment=(*training, *tests),
        problems=(*other.problems, *tested.problems),
        notes=(_describe(tested, other), *tested.notes),
        load_mislabelled=None
        if labelled_correctly
        else lambda: replace_training_set(_mislabelled(tested), _mislabelled(other)),
    )


def _describe(tested: BenchmarkData, other: BenchmarkData) -> str:
    published = f"; published results trained on {tested.protocol.title}" if tested.protocol.persons else ""
    return f"trained on {other.protocol.title}, {other.form_name}{published}"


def _mislabelled(data: BenchmarkData) -> BenchmarkData:
    return data if data.load_mislabelled is None else data.load_mislabelled()


def _convert(part: LabelledWindows, layout: Layout, name: str) -> LabelledWindows:
    windows = part.windows
    if windows.layout == layout:
        return part
    try:
        frames = convert(windows.frames, windows.layout, layout)
    except LayoutError as error:
        raise LayoutError(f"{name}: {error.message}", hint="convert both sets to a common {layout}") from error
    return replace(part, windows=replace(windows, frames=centre(frames, layout).astype("float32"), layout=layout))
