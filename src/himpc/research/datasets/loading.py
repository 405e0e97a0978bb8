"""Finding a data set in a folder, as its owner's raw files, as the authors' arrays or by a recipe, and loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from himpc.errors import ConfigError, DataError
from himpc.recordings import Recording, Windows
from himpc.recordings.progress import Progress
from himpc.research.data import BenchmarkSet, Counts, LabelledWindows
from himpc.research.datasets.arrays import ArrayFolder
from himpc.research.datasets.base import Benchmark, ReadRaw
from himpc.research.datasets.biwi import BIWI
from himpc.research.datasets.casia_b import CASIA_B
from himpc.research.datasets.ias import IAS
from himpc.research.datasets.kgbd import KGBD
from himpc.research.datasets.ks20 import KS20
from himpc.research.folders import child, child_path, described, name_key, required, subfolders
from himpc.research.partition import RawSet, Read, count, label
from himpc.research.recipes.loading import load_recipe
from himpc.research.recipes.recipe import Recipe, get_recipe, recipe_names
from himpc.skeleton import get_layout

__all__ = ["BENCHMARKS", "find_protocol", "get_benchmark", "load_benchmark"]

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType({each.name: each for each in (BIWI, IAS, KGBD, KS20, CASIA_B)})
"""The five data sets by name."""


def get_benchmark(name: str) -> Benchmark:
    """Return a data set's protocol by its name; case and separators do not matter.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    for benchmark in BENCHMARKS.values():
        if name_key(name) in (name_key(benchmark.name), name_key(benchmark.title)):
            return benchmark
    raise ConfigError(f"unknown benchmark {name!r}: choose one of {', '.join(BENCHMARKS)}")


def find_protocol(name: str | Path) -> Benchmark | Recipe:
    """Return the published protocol of a name, the recipe of a name that comes with himpc, or that in a file.

    Raises
    ------
    ConfigError
        If there is none of that name, or the file (any name that ends with ``.toml``) is not a recipe.
    """
    text = str(name)
    if text.lower().endswith(".toml"):
        return Recipe.from_toml(name)
    try:
        return get_benchmark(text)
    except ConfigError:
        pass
    try:
        return get_recipe(text)
    except ConfigError:
        known = ", ".join([*BENCHMARKS, *recipe_names()])
        raise ConfigError(f"unknown benchmark {text!r}: choose one of {known}, or give a .toml file") from None


def load_benchmark(
    name: str | Path | Benchmark | Recipe,
    root: str | Path | None = None,
    *,
    window_length: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> BenchmarkSet:
    """Load a data set.

    Parameters
    ----------
    name : str, path, Benchmark or Recipe
        What `find_protocol` finds, or its name: one of `BENCHMARKS`, a recipe
        (`himpc.research.recipe_names`), or a recipe's file.
    root : path, optional
        The folder of the data set, or one that holds it (``BIWI``, or ``Datasets/BIWI`` of the authors' arrays). Where
        it holds both, the raw files are taken. None for simulated walkers.
    window_length : int, optional
        F; the published one, or the recipe's, if not given. The authors' arrays come in a few lengths only.
    seed : int
        Of the random splits of KGBD and KS20 (the authors' arrays are split already), of simulated walkers, and of the
        draw of unseen people.
    progress : callable, optional
        Wraps loops over files to show how far they are.

    Raises
    ------
    ConfigError
        If the name is unknown, a recipe is wrong, or there is no root where one is needed.
    DataError
        If a part is missing; the message says what was expected where. If nothing can be read.
    """
    benchmark = name if isinstance(name, Benchmark | Recipe) else find_protocol(name)
    if isinstance(benchmark, Recipe):
        return load_recipe(benchmark, root, window_length=window_length, seed=seed, progress=progress)
    if root is None:
        raise ConfigError(f"{benchmark.name} needs --root, the folder of your copy of {benchmark.title}")
    length = benchmark.window_length if window_length is None else window_length
    if length < 1:
        raise ConfigError(f"window_length must be 1 or more, found {length}")
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: is no folder; expected that of {benchmark.title}")
    raw, arrays = _raw_folder(benchmark, root), _array_folder(benchmark, root)
    if raw is not None:
        what = Read(raw, seed) if progress is None else Read(raw, seed, progress)
        return _from_raw(benchmark, what, length)
    if arrays is not None:
        return _from_arrays(benchmark, arrays, length)
    raise DataError(
        f"{root}: holds {benchmark.title} neither raw ({benchmark.raw_expected}) nor as the authors' arrays "
        f"({_array_name(benchmark)}/{length}/{benchmark.array_prefix}train_npy_data and so on); {described(root)}"
    )


def _raw_folder(benchmark: Benchmark, root: Path) -> Path | None:
    places = (child(root, benchmark.name), child(root, benchmark.title), root)
    return next((place for place in places if place is not None and benchmark.has_raw(place)), None)


def _array_name(benchmark: Benchmark) -> str:
    return benchmark.array_folder or benchmark.name


def _array_folder(benchmark: Benchmark, root: Path) -> Path | None:
    """Return the folder in which there is one folder for each window length."""
    train = f"{benchmark.array_prefix}train_npy_data"
    if child(root, train) is not None:
        return root.absolute().parent
    name = _array_name(benchmark)
    for place in (root, child_path(root, name), child_path(root, f"Datasets/{name}")):
        if place is not None and any(child(folder, train) for folder in subfolders(place)):
            return place
    return None


def _from_raw(benchmark: Benchmark, what: Read, length: int) -> BenchmarkSet:
    right = _labelled(benchmark, what, length, benchmark.read_raw)
    if benchmark.read_mislabelled is None:
        return right
    return replace(right, mislabelled=cache(partial(_labelled, benchmark, what, length, benchmark.read_mislabelled)))


def _labelled(benchmark: Benchmark, what: Read, length: int, read_raw: ReadRaw) -> BenchmarkSet:
    found = read_raw(what)
    _check_found(benchmark, what.root, found)
    train = label(benchmark.cut_training(found.train, length), found.train, benchmark.condition)
    tests = {name: _label_test(benchmark, walks, length) for name, walks in found.tests.items()}
    parts = {"train": train, **tests}
    counts = {name: count(parts[name], walks) for name, walks in {"train": found.train, **found.tests}.items()}
    return BenchmarkSet(
        protocol=benchmark,
        form="raw",
        folder=what.root,
        train=train,
        tests=tests,
        counts=counts | {"all": _sum(parts, counts)},
        assignment=found.assignment(),
        problems=tuple(found.problems),
        notes=(*found.notes, *_differences(benchmark, parts)),
    )


def _label_test(benchmark: Benchmark, walks: list[Recording], length: int) -> LabelledWindows:
    return label(Windows.cut(walks, length), walks, benchmark.condition)


def _check_found(benchmark: Benchmark, folder: Path, found: RawSet) -> None:
    """Stop where a part has no recording at all; the reason is that of the first file, where there is one."""
    for part, walks in {"train": found.train, **found.tests}.items():
        if not walks:
            reason = f"the first problem is {found.problems[0]}" if found.problems else described(folder)
            raise DataError(f"{folder}: no recording of {benchmark.title} for {part!r} could be used; {reason}")


def _from_arrays(benchmark: Benchmark, folder: Path, length: int) -> BenchmarkSet:
    lengths = [place.name for place in subfolders(folder) if place.name.isdecimal()]
    here = child(folder, str(length))
    if here is None:
        raise DataError(
            f"{folder}: has no windows of {length} frames (folder '{length}'); it has those of "
            f"{', '.join(lengths)}: pass --window-length, or give the raw files"
        )
    prefix, layout = benchmark.array_prefix, get_layout(benchmark.layout)

    def read(path: str, test: bool) -> LabelledWindows:
        holding = f"{'t_' * test}source_x_{benchmark.name}_{length}.npy and so on"
        place = required(here, path, holding)
        return ArrayFolder(place, benchmark.name, length, test).read(layout, benchmark.array_orders)

    train = read(f"{prefix}train_npy_data", False)
    tests = {name: read(f"{prefix}test_npy_data/{name}", True) for name in benchmark.tests}
    if benchmark.condition is not None:
        tests = {name: _in_condition(test, name) for name, test in tests.items()}
    parts = {"train": train, **tests}
    counts = {name: count(part) for name, part in parts.items()}
    return BenchmarkSet(
        protocol=benchmark,
        form="arrays",
        folder=here,
        train=train,
        tests=tests,
        counts=counts | {"all": _sum(parts, counts)},
        notes=_differences(benchmark, parts),
    )


def _sum(parts: dict[str, LabelledWindows], counts: dict[str, Counts]) -> Counts:
    """Count everything; a person who is in several parts is one person."""

    def total(name: str) -> int | None:
        numbers = [getattr(each, name) for each in counts.values()]
        return None if None in numbers else sum(numbers)

    return Counts(
        persons=len(set().union(*(part.persons.tolist() for part in parts.values()))),
        windows=sum(map(len, parts.values())),
        recordings=total("recordings"),
        frames=total("frames"),
        dropped=total("dropped"),
    )


def _in_condition(test: LabelledWindows, condition: str) -> LabelledWindows:
    return replace(test, conditions=np.full(len(test), condition))


def _differences(benchmark: Benchmark, parts: dict[str, LabelledWindows]) -> tuple[str, ...]:
    """Say where the number of people is not the published one, or a probe's person is not in its gallery."""
    people = {name: set(part.persons.tolist()) for name, part in parts.items()}
    people["all"] = set().union(*people.values())
    notes = [
        f"{part}: {len(people[part])} persons, published are {published}"
        for part, published in benchmark.persons.items()
        if len(people[part]) != published
    ]
    for split in benchmark.splits:
        missing = people[split.probe] - people[split.gallery]
        if missing:
            notes.append(f"{split.name}: {len(missing)} persons of the probe are not in the gallery and are left out")
    return tuple(notes)
