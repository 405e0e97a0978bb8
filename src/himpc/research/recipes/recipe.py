"""Recipes: small TOML files that make a benchmark of any folder of recordings, or of simulated walkers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from himpc.errors import ConfigError
from himpc.evaluation import ExclusionKey
from himpc.recordings.selection import parse_condition
from himpc.research.protocol import Protocol, Split
from himpc.research.recipes.folder_source import FolderSource
from himpc.research.recipes.sources import SimulatedSource
from himpc.simulation import DIFFICULTIES

__all__ = ["Recipe", "get_recipe", "recipe_names"]

_LISTS = ("train", "gallery", "probe", "leave_out")


@dataclass(frozen=True)
class Recipe:
    """How recordings are shared out into training, gallery and probe.

    Attributes
    ----------
    name, title : str
        For commands and files, and for people.
    source : FolderSource or SimulatedSource
        Where the recordings come from: ``[files]`` or ``[simulation]``.
    train, gallery, probe : tuple of str
        Conditions, all of which a recording of this part meets (see `himpc.recordings.selection.select`). A recording
        may be trained on and searched, for training sees no label; but none may be both searched and asked.
    leave_out : tuple of str
        Conditions; a recording that meets any of them takes no part.
    exclude : {"camera", "session"}, optional
        Entries of the gallery that show the probe's person from its own camera or session do not count.
    unseen : float
        Share of the people who are tested and never trained on, drawn with the seed; the others are trained on and
        never tested. 0: everybody may be both.
    window_length : int
        F, frames a window.
    about : str
        What a person should know of it.
    """

    name: str
    title: str
    source: FolderSource | SimulatedSource
    train: tuple[str, ...]
    gallery: tuple[str, ...]
    probe: tuple[str, ...]
    leave_out: tuple[str, ...] = ()
    exclude: ExclusionKey | None = None
    unseen: float = 0.0
    window_length: int = 6
    about: str = ""

    @property
    def protocol(self) -> Protocol:
        """What it asks: one split, of its own name."""
        split = Split(self.name, probe="probe", gallery="gallery", exclude=self.exclude)
        return Protocol(name=self.name, title=self.title, window_length=self.window_length, splits=(split,))

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain data, with all that it leaves to himpc."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "source"}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in own.items()}
        return plain | self.source.to_dict()

    @classmethod
    def from_toml(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file; paths of layouts and marker sets in it are relative to its folder.

        Raises
        ------
        ConfigError
            If the file cannot be read, or is not a recipe; the message names the file and the key.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path}: cannot be read as a recipe: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: is not valid TOML: {error}") from error
        return cls.from_dict(table, where=str(path), folder=Path(path).parent)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], where: str = "recipe", folder: Path | None = None) -> Recipe:
        """Return the recipe in a table.

        Parameters
        ----------
        table : mapping
            The attributes by name, with ``files`` or ``simulation`` for the source; ``extends`` names a recipe that
            comes with himpc, whose keys hold where this one is silent.
        where : str
            What to call it in an error.
        folder : Path, optional
            What paths in it are relative to.

        Raises
        ------
        ConfigError
            If a key is unknown, missing, or not what it should be.
        """
        try:
            return cls(**_fields(_extended(table), folder or Path()))
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that come with himpc; those of simulated walkers also take a difficulty."""
    return tuple(_shipped())


def get_recipe(name: str) -> Recipe:
    """Return a recipe that comes with himpc.

    Parameters
    ----------
    name : str
        One of `recipe_names`; one of simulated walkers may end with a difficulty: ``cross-view-hard``.

    Raises
    ------
    ConfigError
        If there is none of that name.

    Examples
    --------
    >>> get_recipe("cross-view-hard").title
    'Simulated walkers from another view, hard'
    """
    shipped, wanted = _shipped(), name.lower()
    if wanted in shipped:
        return Recipe.from_dict(shipped[wanted], where=wanted)
    plain, _, difficulty = wanted.rpartition("-")
    if difficulty in DIFFICULTIES and "simulation" in _extended(shipped.get(plain, {})):
        return Recipe.from_dict(
            _merged(shipped[plain], {"name": wanted, "simulation": {"difficulty": difficulty}}), where=wanted
        )
    raise ConfigError(f"unknown recipe {name!r}: choose one of {', '.join(shipped)}, or give a .toml file")


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    """Return the tables of the recipes that come with himpc by their names, in order."""
    found = (f for f in (files("himpc.research.recipes")).iterdir() if f.name.endswith(".toml"))
    tables = [tomllib.loads(f.read_text(encoding="utf-8")) for f in found]
    return {table["name"]: table for table in sorted(tables, key=lambda table: str(table["name"]))}


def _extended(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table over the one that it extends."""
    if "extends" not in table:
        return dict(table)
    base = _shipped().get(table["extends"]) if isinstance(table["extends"], str) else None
    if base is None:
        raise ConfigError(f"'extends' is {table['extends']!r}, expected one of {', '.join(_shipped())}")
    return _merged(_extended(base), {key: value for key, value in table.items() if key != "extends"})


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _fields(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Check a table and return the fields of a `Recipe`."""
    sources = ("files", "simulation")
    known = [each.name for each in fields(Recipe) if each.name != "source"]
    if unknown := sorted(set(table) - {*known, *sources}):
        raise ConfigError(f"unknown key {unknown[0]!r}; a recipe has {', '.join([*known, *sources, 'extends'])}")
    if missing := [key for key in ("name", "title", "train", "gallery", "probe") if key not in table]:
        raise ConfigError(f"lacks the key {missing[0]!r}")
    if sum(key in table for key in sources) != 1:
        raise ConfigError("needs one of the tables [files] (how paths are read) and [simulation] (simulated walkers)")
    for key in ("name", "title", "about"):
        if not isinstance(table.get(key, ""), str) or not table.get(key, "-").strip():
            raise ConfigError(f"{key!r} must be a text, found {table[key]!r}")
    if table.get("exclude") not in (None, *get_args(ExclusionKey)):
        raise ConfigError(f"'exclude' must be 'camera' or 'session', found {table['exclude']!r}")
    unseen, length = table.get("unseen", 0), table.get("window_length", 6)
    if isinstance(unseen, bool) or not isinstance(unseen, int | float) or not 0 <= unseen < 1:
        raise ConfigError(f"'unseen' must be a share of the people, 0 or more and below 1, found {unseen!r}")
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        raise ConfigError(f"'window_length' must be a whole number, 1 or more, found {length!r}")
    plain = {key: value for key, value in table.items() if key in known}
    lists = {key: _conditions(key, table[key]) for key in _LISTS if key in table}
    if "files" in table:
        return {**plain, **lists, "source": FolderSource.from_table(table["files"], folder)}
    source = SimulatedSource.from_table(table["simulation"])
    return {**plain, **lists, "source": source, "title": f"{table['title']}, {source.difficulty}"}


def _conditions(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f"{key!r} must be a list of conditions such as 'session=1,2', found {value!r}")
    if not value and key != "leave_out":
        raise ConfigError(f"{key!r} has no condition; 'source=*' takes every recording")
    for condition in value:
        try:
            parse_condition(condition)
        except ConfigError as error:
            raise ConfigError(f"{key!r}: {error}") from error
    return tuple(value)
