"""What a sweep runs: data, a preset, seeds and the settings to vary, from a TOML file; all checked before a run."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from himpc.errors import ConfigError
from himpc.learning import Config
from himpc.research.recipes.recipe import Recipe, get_recipe

__all__ = ["BASELINE", "Grid", "Variant"]

BASELINE = "preset"
"""The name of the variant in which nothing is varied."""

MAX_VARIANTS = 1000
MAX_GRID_BYTES = 2**20

_KEYS = ("preset", "seeds", "data", "settings", "vary", "grid")
_DATA = ("recipe", "root", "seed")


@dataclass(frozen=True)
class Variant:
    """One choice of settings.

    Attributes
    ----------
    group : str
        The setting that is varied, or those of the grid; empty for the preset itself.
    label : str
        The value or values, for people.
    config : Config
        All settings; the seed is that of the first run.
    """

    group: str
    label: str
    config: Config

    @property
    def name(self) -> str:
        """Group and label in one, such as ``heads = 4``."""
        return f"{self.group} = {self.label}" if self.group else self.label


@dataclass(frozen=True)
class Grid:
    """A sweep, declared.

    Attributes
    ----------
    path : Path
        The file it was read from; paths in it are relative to its folder.
    preset : str
        The settings to start from.
    seeds : tuple of int
        Each variant is trained once for each.
    variants : tuple of Variant
        The preset first (with ``[settings]`` over it), then ``[vary]``, then ``[grid]``, in the order of the file. Two
        may have equal settings; they are run once.
    recipe : Recipe
        Where the recordings come from and how they are shared out, as in `himpc benchmark`.
    root : Path or None
        The folder of the recordings, where the grid names it.
    data_seed : int
        Of simulated walkers, and of the draw of unseen people: the same data for all runs.
    """

    path: Path
    preset: str
    seeds: tuple[int, ...]
    variants: tuple[Variant, ...]
    recipe: Recipe
    root: Path | None
    data_seed: int

    @classmethod
    def read(cls, path: str | Path) -> Grid:
        """Read a grid from a TOML file; docs/sweep.md says what may stand in it.

        Raises
        ------
        ConfigError
            If the file cannot be read, is no TOML, or anything in it is unknown or out of its range.
        """
        path = Path(path)
        try:
            if path.stat().st_size > MAX_GRID_BYTES:
                raise ConfigError(f"{path}: is larger than 1 MiB, too large for a grid; give the TOML file of one")
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path}: is not valid TOML: {error}") from error
        try:
            return cls.from_dict(table, path)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], path: str | Path = "grid.toml") -> Grid:
        """Return the grid in a table, such as a TOML file gives.

        Raises
        ------
        ConfigError
            If anything in it is unknown or out of its range.
        """
        if unknown := [key for key in table if key not in _KEYS]:
            raise ConfigError(f"unknown key {unknown[0]!r}; a grid has {', '.join(_KEYS)}")
        settings, vary, grid = (_table(table, key) for key in ("settings", "vary", "grid"))
        seeds = _seeds(table.get("seeds", [0]))
        for name, settings_of in (("settings", settings), ("vary", vary), ("grid", grid)):
            if "seed" in settings_of:
                raise ConfigError(f"[{name}] seed: give seeds = [0, 1, 2] at the top of the file instead")
        for name, values in (("vary", vary), ("grid", grid)):
            _check_lists(name, values)
        path, preset = Path(path), table.get("preset", "clean")
        recipe, root, data_seed = _data(_table(table, "data"), path.parent)
        base = _preset(preset).with_(window_length=recipe.window_length, seed=seeds[0])
        base = _changed(base, "settings", settings)
        count = 1 + sum(map(len, vary.values())) + (math.prod(map(len, grid.values())) if grid else 0)
        if count > MAX_VARIANTS:
            raise ConfigError(
                f"{count} choices of settings are more than {MAX_VARIANTS}: share them over several grids"
            )
        variants = [Variant("", BASELINE, base)]
        variants += [
            Variant(name, _text(value), _changed(base, "vary", {name: value}))
            for name, values in vary.items()
            for value in values
        ]
        variants += [
            Variant(", ".join(grid), ", ".join(map(_text, values)), _changed(base, "grid", changes))
            for values in (product(*grid.values()) if grid else ())
            for changes in [dict(zip(grid, values, strict=True))]
        ]
        return cls(path, preset, seeds, tuple(variants), recipe, root, data_seed)

    @property
    def runs(self) -> tuple[tuple[Variant, Config], ...]:
        """Each run once: a variant and its settings with a seed, variant by variant."""
        found: dict[Config, Variant] = {}
        for variant in self.variants:
            for seed in self.seeds:
                found.setdefault(variant.config.with_(seed=seed), variant)
        return tuple((variant, config) for config, variant in found.items())


def _data(table: Mapping[str, Any], folder: Path) -> tuple[Recipe, Path | None, int]:
    """Return the recipe, root and seed that the table ``[data]`` names."""
    if unknown := [key for key in table if key not in _DATA]:
        raise ConfigError(f"[data] unknown key {unknown[0]!r}; it has {', '.join(_DATA)}")
    recipe, root, seed = table.get("recipe"), table.get("root"), table.get("seed", 0)
    if root is not None and not isinstance(root, str):
        raise ConfigError(f"[data] root must be a path in quotes, found {root!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"[data] seed must be a whole number, 0 or more, found {seed!r}")
    try:
        if isinstance(recipe, Mapping):
            found = Recipe.from_dict(recipe, folder=folder)
        elif isinstance(recipe, str):
            found = Recipe.from_toml(folder / recipe) if recipe.endswith(".toml") else get_recipe(recipe)
        else:
            raise ConfigError("needs recipe: a name such as 'cross-view-hard', a .toml file, or the table of one")
    except ConfigError as error:
        raise ConfigError(f"[data] {error}") from error
    return found, None if root is None else folder / root, seed


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key} must be a table, [{key}], found {value!r}")
    return dict(value)


def _seeds(seeds: object) -> tuple[int, ...]:
    if (
        not isinstance(seeds, Sequence)
        or not seeds
        or any(isinstance(seed, bool) or not isinstance(seed, int) for seed in seeds)
        or len(set(seeds)) < len(seeds)
    ):
        raise ConfigError(f"seeds must be a list of whole numbers, each once, such as [0, 1, 2]; found {seeds!r}")
    for seed in seeds:
        Config(seed=seed)
    return tuple(seeds)


def _check_lists(table: str, values: Mapping[str, Any]) -> None:
    for name, choices in values.items():
        if not isinstance(choices, list) or not choices:
            raise ConfigError(f"[{table}] {name} must be a list of values, such as [1, 2], found {choices!r}")
        if any(choice in choices[:i] for i, choice in enumerate(choices)):
            raise ConfigError(f"[{table}] {name} names a value twice: {choices!r}")


def _preset(name: object) -> Config:
    if not isinstance(name, str):
        raise ConfigError(f"preset must be a name in quotes, found {name!r}")
    if name == "paper":
        raise ConfigError(
            "preset 'paper' lets labels choose, and a sweep sees none in training: start from 'clean', and vary "
            "what in it needs no label (joint_weight, shuffle, drop_last)"
        )
    return Config.preset(name)


def _changed(config: Config, table: str, changes: Mapping[str, Any]) -> Config:
    """Return the settings changed as a table says, or say where in the file it is wrong."""
    try:
        return config.with_(**changes)
    except ConfigError as error:
        raise ConfigError(f"[{table}] {error}") from error


def _text(value: object) -> str:
    """Return a value of a setting as it is written in a table.

    >>> _text(["joint", "limb"]), _text(True), _text(0.5)
    ('joint + limb', 'true', '0.5')
    """
    if isinstance(value, list | tuple):
        return " + ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
