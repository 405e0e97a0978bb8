"""Find a published data set in a folder, as raw files or as the authors' arrays, and load it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from himpc.errors import ConfigError, DataError, count_noun
from himpc.recordings import Progress
from himpc.research.data import BenchmarkData, LabelledWindows
from himpc.research.datasets.arrays import ArrayFolder
from himpc.research.datasets.base import DataSet, ReadContext, ReadRaw
from himpc.research.folders import describe_subfolders, find_path, find_subfolder, require_path, subfolders
from himpc.research.partition import Partition, build_benchmark, count_parts
from himpc.skeleton import get_layout


def load_data_set(
    data_set: DataSet,
    root: str | Path | None,
    *,
    window_length: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> BenchmarkData:
    """Load a published data set; the parameters are those of `himpc.research.load_benchmark`.

    Raises
    ------
    ConfigError
        If no root is given.
    DataError
        If a part is missing or nothing can be read.
    """
    if root is None:
        raise ConfigError(f"{data_set.name} has no folder", hint=f"pass {{root}}, your copy of {data_set.title}")
    length = data_set.window_length if window_length is None else window_length
    if length < 1:
        raise ConfigError(f"window_length must be 1 or more, found {length}")
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: is no folder; expected that of {data_set.title}")
    raw_folder, array_folder = _find_raw(data_set, root), _find_arrays(data_set, root)
    if raw_folder is not None:
        context = ReadContext(raw_folder, seed) if progress is None else ReadContext(raw_folder, seed, progress)
        return _load_raw(data_set, context, length)
    if array_folder is not None:
        return _load_arrays(data_set, array_folder, length)
    raise DataError(
        f"{root}: holds {data_set.title} neither raw ({data_set.raw_content}) nor as the authors' arrays "
        f"({_array_name(data_set)}/{length}/{data_set.array_prefix}train_npy_data etc.); {describe_subfolders(root)}"
    )


def _find_raw(data_set: DataSet, root: Path) -> Path | None:
    places = (find_subfolder(root, data_set.name), find_subfolder(root, data_set.title), root)
    return next((place for place in places if place is not None and data_set.has_raw(place)), None)


def _array_name(data_set: DataSet) -> str:
    return data_set.array_folder or data_set.name


def _find_arrays(data_set: DataSet, root: Path) -> Path | None:
    """Return the folder with one folder per window length."""
    train = f"{data_set.array_prefix}train_npy_data"
    if find_subfolder(root, train) is not None:
        return root.absolute().parent
    name = _array_name(data_set)
    for place in (root, find_path(root, name), find_path(root, f"Datasets/{name}")):
        if place is not None and any(find_subfolder(folder, train) for folder in subfolders(place)):
            return place
    return None


def _load_raw(data_set: DataSet, context: ReadContext, length: int) -> BenchmarkData:
    data = _build(data_set, context, length, data_set.read_raw)
    if data_set.read_mislabelled is None:
        return data
    return replace(data, load_mislabelled=cache(partial(_build, data_set, context, length, data_set.read_mislabelled)))


def _build(data_set: DataSet, context: ReadContext, length: int, read_raw: ReadRaw) -> BenchmarkData:
    partition = read_raw(context)
    _check_parts(data_set, context.root, partition)
    data = build_benchmark(
        data_set,
        partition,
        length,
        data_set.cut_training,
        form="raw",
        folder=context.root,
        condition_of=data_set.condition_of,
    )
    return _with_differences(data_set, data)


def _check_parts(data_set: DataSet, folder: Path, partition: Partition) -> None:
    """Raise if a part has no recording; the reason is the first problem, if any."""
    for part, recordings in partition.parts.items():
        if not recordings:
            problems = partition.problems
            reason = f"the first problem is {problems[0]}" if problems else describe_subfolders(folder)
            raise DataError(f"{folder}: no recording of {data_set.title} for {part!r} could be used; {reason}")


def _load_arrays(data_set: DataSet, folder: Path, length: int) -> BenchmarkData:
    lengths = [place.name for place in subfolders(folder) if place.name.isdecimal()]
    length_folder = find_subfolder(folder, str(length))
    if length_folder is None:
        raise DataError(
            f"{folder}: has no windows of {length} frames (folder '{length}'); it has those of {', '.join(lengths)}",
            hint="pass {window_length}, or use the raw files",
        )
    prefix, layout = data_set.array_prefix, get_layout(data_set.layout)

    def read(path: str, test: bool) -> LabelledWindows:
        content = f"{'t_' * test}source_x_{data_set.name}_{length}.npy and so on"
        place = require_path(length_folder, path, content)
        return ArrayFolder(place, data_set.name, length, test).read(layout, data_set.array_orders)

    train = read(f"{prefix}train_npy_data", False)
    tests = {name: read(f"{prefix}test_npy_data/{name}", True) for name in data_set.tests}
    if data_set.condition_of is not None:  # a test set is a condition
        tests = {name: replace(test, conditions=np.full(len(test), name)) for name, test in tests.items()}
    counts = count_parts({"train": train, **tests})
    data = BenchmarkData(data_set, "arrays", length_folder, train, tests, counts)
    return _with_differences(data_set, data)


def _with_differences(data_set: DataSet, data: BenchmarkData) -> BenchmarkData:
    """Add notes on numbers of people that were not published, and on probes without a match in the gallery."""
    people = {name: set(part.persons.tolist()) for name, part in {"train": data.train, **data.tests}.items()}
    people["all"] = set().union(*people.values())
    notes = [
        f"{part}: {count_noun(len(people[part]), 'person', 'people')}, published are {published}"
        for part, published in data_set.persons.items()
        if len(people[part]) != published
    ]
    for split in data_set.splits:
        if missing := people[split.probe] - people[split.gallery]:
            absent = count_noun(len(missing), "person", "people")
            notes.append(f"{split.name}: {absent} of the probe left out, who are not in the gallery")
    return replace(data, notes=(*data.notes, *notes))
