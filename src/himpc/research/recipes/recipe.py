"""The schema of a recipe, and the recipes that come with himpc."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Field, model_validator

from himpc._schema import parse, parse_toml, to_plain, validated
from himpc.errors import ConfigError, suggest_name
from himpc.evaluation import ExclusionKey
from himpc.reading import NamePattern, ReadOptions
from himpc.recordings import parse_condition
from himpc.research.protocol import Protocol, Split
from himpc.research.recipes.simulated import SimulatedSource
from himpc.simulation import DIFFICULTIES

__all__ = ["Recipe", "get_recipe", "parse_recipe", "read_recipe", "recipe_names"]


def _check_text(text: str) -> str:
    if not text.strip():
        raise ValueError(f"must not be empty, found {text!r}")
    return text


def _check_condition(condition: str) -> str:
    parse_condition(condition)
    return condition


Text = Annotated[str, AfterValidator(_check_text)]
Condition = Annotated[str, AfterValidator(_check_condition)]
Conditions = Annotated[tuple[Condition, ...], Field(min_length=1)]


@validated
class Recipe:
    """How to divide recordings into training, gallery and probe.

    Attributes
    ----------
    name, title : str
        The identifier in commands and files, and the name for people.
    train, gallery, probe : tuple of str
        Conditions that a recording of this part meets, all of them (see `himpc.recordings.select`). A
        recording may be in training and a test set, because training sees no label, but not in both test sets.
    leave_out : tuple of str
        Conditions; a recording that meets any of them is not used.
    exclude : {"camera", "session"}, optional
        Ignore gallery entries that show the probe's person from the probe's own camera or session.
    unseen : float
        Share of the people who are tested and never trained on, drawn with the seed; the others are trained on and
        never tested. 0: a person may be both.
    window_length : int
        F, frames per window.
    about : str
        A description.
    files : ReadOptions, optional
        How to read the files of a folder. `name` or `labels` states the labels that the files do not hold themselves;
        himpc's ``.npz`` holds them.
    simulation : SimulatedSource, optional
        The simulated walkers; a recipe has either `files` or `simulation`.
    """

    name: Text
    title: Text
    train: Conditions
    gallery: Conditions
    probe: Conditions
    leave_out: tuple[Condition, ...] = ()
    exclude: ExclusionKey | None = None
    unseen: Annotated[float, Field(ge=0, lt=1)] = 0.0
    window_length: Annotated[int, Field(ge=1)] = 6
    about: str = ""
    files: ReadOptions | None = None
    simulation: SimulatedSource | None = None

    @model_validator(mode="after")
    def _check_source(self) -> Recipe:
        if (self.files is None) is (self.simulation is None):
            raise ValueError("needs one of the tables [files] (how to read paths) and [simulation] (simulated walkers)")
        if self.files is not None and self.files.name is not None:
            NamePattern(self.files.name)
        return self

    @property
    def full_title(self) -> str:
        """The title, with the difficulty of simulated walkers."""
        return self.title if self.simulation is None else f"{self.title}, {self.simulation.difficulty}"

    @property
    def protocol(self) -> Protocol:
        """The protocol, with one split of the recipe's name."""
        split = Split(self.name, probe="probe", gallery="gallery", exclude=self.exclude)
        return Protocol(name=self.name, title=self.full_title, window_length=self.window_length, splits=(split,))

    def describe(self) -> dict[str, Any]:
        """Return all settings as plain data, with the defaults that the recipe leaves to himpc."""
        settings = {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(self).items()}
        settings["title"] = self.full_title
        del settings["files"], settings["simulation"]
        if self.files is not None:
            return settings | {"files": _changed_options(self.files)}
        assert self.simulation is not None
        return settings | {"simulation": self.simulation.describe()}


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a TOML file; paths of layouts and marker sets in it are relative to its folder.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not a recipe; the message names the file and the keys.
    """
    path = Path(path)
    table = parse_toml(dict[str, Any], path)
    try:
        return parse_recipe(table, path.parent)
    except ConfigError as error:
        raise error.with_message(f"{path}: {error.message}") from error


def parse_recipe(table: Mapping[str, Any], folder: Path | None = None) -> Recipe:
    """Return the recipe in a table.

    Parameters
    ----------
    table : mapping
        The attributes of `Recipe` by name; ``extends`` names a recipe that comes with himpc, whose values are the
        defaults.
    folder : Path, optional
        The folder of relative paths.

    Raises
    ------
    ConfigError
        If a key is unknown, missing, or has a wrong value.
    """
    recipe = parse(Recipe, _extend(table))
    if recipe.files is None or folder is None:
        return recipe
    options = {name: getattr(recipe.files, name) for name in ("layout", "markers")}
    paths = {name: str(folder / each) for name, each in options.items() if str(each).endswith(".toml")}
    return replace(recipe, files=replace(recipe.files, **cast(dict[str, Any], paths)))


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that come with himpc; a difficulty may follow those of simulated walkers."""
    return tuple(_shipped_tables())


def get_recipe(name: str) -> Recipe:
    """Return a recipe that comes with himpc.

    Parameters
    ----------
    name : str
        One of `recipe_names`; a difficulty may follow the name of simulated walkers: ``cross-view-hard``.

    Raises
    ------
    ConfigError
        If the name is unknown.

    Examples
    --------
    >>> get_recipe("cross-view-hard").full_title
    'Simulated walkers from another view, hard'
    """
    tables, lower = _shipped_tables(), name.lower()
    if lower in tables:
        return parse_recipe(tables[lower])
    suite, _, difficulty = lower.rpartition("-")
    if difficulty in DIFFICULTIES and "simulation" in _extend(tables.get(suite, {})):
        return parse_recipe(_merge(tables[suite], {"name": lower, "simulation": {"difficulty": difficulty}}))
    raise ConfigError(
        f"unknown recipe {suggest_name(name, tables)}: expected one of {', '.join(tables)}, or a .toml file"
    )


def _changed_options(options: ReadOptions) -> dict[str, Any]:
    """Return the options that differ from the defaults as plain data."""
    defaults = to_plain(ReadOptions())
    return {name: value for name, value in to_plain(options).items() if value != defaults[name]}


@cache
def _shipped_tables() -> dict[str, dict[str, Any]]:
    """Return the tables of the recipes that come with himpc by their names, in order."""
    found = (f for f in files("himpc.research.recipes").iterdir() if f.name.endswith(".toml"))
    tables = [tomllib.loads(f.read_text(encoding="utf-8")) for f in found]
    return {table["name"]: table for table in sorted(tables, key=lambda table: str(table["name"]))}


def _extend(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table merged into the table that it extends."""
    if "extends" not in table:
        return dict(table)
    base = _shipped_tables().get(table["extends"]) if isinstance(table["extends"], str) else None
    if base is None:
        raise ConfigError(f"extends is {table['extends']!r}, expected one of {', '.join(_shipped_tables())}")
    return _merge(_extend(base), {key: value for key, value in table.items() if key != "extends"})


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        are_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if are_tables else value
    return merged
