"""Find a benchmark by its name and load it: a published data set or a recipe."""

from __future__ import annotations

from pathlib import Path

from himpc.errors import ConfigError, suggest_name
from himpc.recordings import Progress
from himpc.research.data import BenchmarkData
from himpc.research.datasets import DATA_SETS, DataSet, load_data_set
from himpc.research.folders import normalise_name
from himpc.research.recipes import Recipe, get_recipe, load_recipe, read_recipe, recipe_names


def find_benchmark(name: str | Path) -> DataSet | Recipe:
    """Return the data set of a name, the recipe of a name, or the recipe in a ``.toml`` file.

    Case and separators do not matter in the names of data sets.

    Raises
    ------
    ConfigError
        If the name is unknown, or the file is not a recipe.
    """
    text = str(name)
    if text.lower().endswith(".toml"):
        return read_recipe(name)
    for data_set in DATA_SETS.values():
        if normalise_name(text) in (normalise_name(data_set.name), normalise_name(data_set.title)):
            return data_set
    try:
        return get_recipe(text)
    except ConfigError:
        known = [*DATA_SETS, *recipe_names()]
        raise ConfigError(
            f"unknown benchmark {suggest_name(text, known)}: expected one of {', '.join(known)}, or a .toml file"
        ) from None


def load_benchmark(
    name: str | Path | DataSet | Recipe,
    root: str | Path | None = None,
    *,
    window_length: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> BenchmarkData:
    """Load a published data set, or make a benchmark by a recipe.

    Parameters
    ----------
    name : str, path, DataSet or Recipe
        A benchmark, or what `find_benchmark` finds: the name of a data set or recipe, or the file of a recipe.
    root : path, optional
        The folder of the data set, or one that contains it (``BIWI``, or ``Datasets/BIWI`` of the authors' arrays). If
        it contains both forms, the raw files are read. None for simulated walkers.
    window_length : int, optional
        F; default: the published one, or the recipe's. The authors' arrays exist for a few lengths only.
    seed : int
        Seed of the random splits of KGBD and KS20 (the authors' arrays are split already), of simulated walkers, and
        of the draw of unseen people.
    progress : callable, optional
        Wraps loops over files.

    Raises
    ------
    ConfigError
        If the name is unknown, a recipe is wrong, or a root is needed but not given.
    DataError
        If a part is missing or nothing can be read.

    Examples
    --------
    >>> data = load_benchmark("cross-view-easy")
    >>> data.counts["train"].persons
    20
    """
    benchmark = name if isinstance(name, DataSet | Recipe) else find_benchmark(name)
    if isinstance(benchmark, Recipe):
        return load_recipe(benchmark, root, window_length=window_length, seed=seed, progress=progress)
    return load_data_set(benchmark, root, window_length=window_length, seed=seed, progress=progress)
