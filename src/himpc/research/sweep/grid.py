"""The declaration of a sweep in a TOML file: data, preset, seeds, and settings to vary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from himpc._schema import field, parse, parse_toml, validated
from himpc.errors import ConfigError
from himpc.learning import Config
from himpc.research.recipes import Recipe, get_recipe, parse_recipe, read_recipe

BASELINE = "preset"
"""The label of the choice in which nothing is varied."""

MAX_CHOICES = 1000


@dataclass(frozen=True)
class Choice:
    """One choice of settings."""

    group: str
    """The setting that is varied, or those of the grid; empty for the preset itself."""
    label: str
    """The value or values, for people."""
    config: Config
    """All settings; the seed is that of the first run."""

    @property
    def name(self) -> str:
        """Group and label, such as ``heads = 4``."""
        return f"{self.group} = {self.label}" if self.group else self.label


def _check_distinct(values: Any) -> Any:
    if any(value in values[:i] for i, value in enumerate(values)):
        raise ValueError(f"names a value twice: {list(values)}")
    return values


Values = Annotated[list[Any], Field(min_length=1), AfterValidator(_check_distinct)]


@validated
class _DataTable:
    """The table ``[data]`` of a grid file."""

    recipe: Any
    root: str | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("recipe")
    @classmethod
    def _check_recipe(cls, recipe: object) -> object:
        if not isinstance(recipe, str | dict):
            raise ValueError(
                f"should be a name such as 'cross-view-hard', a .toml file, or the table of a recipe, found {recipe!r}"
            )
        return recipe


@validated
class _GridFile:
    """The content of a grid file."""

    data: _DataTable
    preset: str = "clean"
    seeds: Annotated[tuple[int, ...], Field(min_length=1), AfterValidator(_check_distinct)] = (0,)
    settings: dict[str, Any] = field(default_factory=dict)
    vary: dict[str, Values] = field(default_factory=dict)
    grid: dict[str, Values] = field(default_factory=dict)

    @field_validator("preset")
    @classmethod
    def _check_preset(cls, preset: str) -> str:
        if preset == "paper":
            raise ValueError(
                "'paper' uses labels in training, and a sweep does not: start from 'clean' and vary the settings of "
                "'paper' that need no label (joint_weight, shuffle, drop_last)"
            )
        Config.preset(preset)
        return preset

    @model_validator(mode="after")
    def _check_tables(self) -> _GridFile:
        for name in ("settings", "vary", "grid"):
            if "seed" in getattr(self, name):
                raise ValueError(f"[{name}] seed: set seeds = [0, 1, 2] at the top of the file instead")
        count = 1 + sum(map(len, self.vary.values())) + (math.prod(map(len, self.grid.values())) if self.grid else 0)
        if count > MAX_CHOICES:
            raise ValueError(f"{count} choices of settings are more than {MAX_CHOICES}: divide them into several grids")
        return self


@dataclass(frozen=True)
class Grid:
    """A sweep."""

    path: Path
    """The file that declares it; paths in it are relative to its folder."""
    preset: str
    """The settings to start from."""
    seeds: tuple[int, ...]
    """Each choice is trained once per seed."""
    choices: tuple[Choice, ...]
    """The preset (with ``[settings]``), then ``[vary]``, then ``[grid]``, in the order of the file. Choices with equal
    settings are run once."""
    recipe: Recipe
    """The source and the division of the recordings."""
    root: Path | None
    """The folder of the recordings, if the grid names it."""
    data_seed: int
    """Seed of simulated walkers and of the draw of unseen people; the data are the same for all runs."""

    @classmethod
    def read(cls, path: str | Path) -> Grid:
        """Read a grid from a TOML file (docs/sweep.md).

        Raises
        ------
        ConfigError
            If the file cannot be read or is not TOML, or a key or value in it is wrong.
        """
        path = Path(path)
        table = parse_toml(dict[str, Any], path)
        try:
            return cls.from_table(table, path)
        except ConfigError as error:
            raise error.with_message(f"{path}: {error.message}") from error

    @classmethod
    def from_table(cls, table: Mapping[str, Any], path: str | Path = "grid.toml") -> Grid:
        """Return the grid in a table, as a TOML file contains it.

        Raises
        ------
        ConfigError
            If a key or value is wrong.
        """
        content, path = parse(_GridFile, table), Path(path)
        recipe = _find_recipe(content.data.recipe, path.parent)
        base = Config.preset(content.preset).with_(window_length=recipe.window_length)
        base = _change(base, "settings", content.settings)
        configs = [_change(base, "seeds", {"seed": seed}) for seed in content.seeds]
        choices = [Choice("", BASELINE, configs[0])]
        for name, values in content.vary.items():
            choices += [Choice(name, _text(each), _change(configs[0], "vary", {name: each})) for each in values]
        for combination in product(*content.grid.values()) if content.grid else ():
            config = _change(configs[0], "grid", dict(zip(content.grid, combination, strict=True)))
            choices.append(Choice(", ".join(content.grid), ", ".join(map(_text, combination)), config))
        root = None if content.data.root is None else path.parent / content.data.root
        return cls(path, content.preset, content.seeds, tuple(choices), recipe, root, content.data.seed)

    @property
    def runs(self) -> tuple[tuple[Choice, Config], ...]:
        """Each distinct run: a choice and its settings with a seed."""
        choice_of: dict[Config, Choice] = {}
        for choice in self.choices:
            for seed in self.seeds:
                choice_of.setdefault(choice.config.with_(seed=seed), choice)
        return tuple((choice, config) for config, choice in choice_of.items())


def _find_recipe(recipe: str | dict[str, Any], folder: Path) -> Recipe:
    try:
        if isinstance(recipe, dict):
            return parse_recipe(recipe, folder)
        return read_recipe(folder / recipe) if recipe.endswith(".toml") else get_recipe(recipe)
    except ConfigError as error:
        raise error.with_message(f"data.recipe: {error.message}") from error


def _change(config: Config, table: str, changes: Mapping[str, Any]) -> Config:
    """Return changed settings; an error names the table of the file."""
    try:
        return config.with_(**changes)
    except ConfigError as error:
        raise error.with_message(f"[{table}] {error.message}") from error


def _text(value: object) -> str:
    """Return a value of a setting as text for a table.

    >>> _text(["joint", "limb"]), _text(True), _text(0.5)
    ('joint + limb', 'true', '0.5')
    """
    if isinstance(value, list | tuple):
        return " + ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
