"""Variants of a benchmark: a preset, with settings of training and conventions that differ, in one line of text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from himpc.errors import ConfigError
from himpc.learning import Config, preset_names
from himpc.research.benchmark.conventions import Conventions

__all__ = ["Variant", "parse_variants"]

_FIXED = ("seed", "stride", "window_length")
"""The same for all rows of a table: the data are cut, and drawn, only once."""


@dataclass(frozen=True)
class Variant:
    """One way to train, a row of a table beside others.

    Attributes
    ----------
    name : str
        What tables call it.
    preset : str
        The settings and conventions to start from.
    settings : mapping
        Settings of `himpc.learning.Config` that differ.
    conventions : mapping of str to bool
        `himpc.research.Conventions` that differ.
    """

    name: str
    preset: str = "clean"
    settings: Mapping[str, Any] = field(default_factory=dict)
    conventions: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, preset: str = "clean") -> Variant:
        """Return what a text such as ``paper``, ``align=true`` or ``simmc,heads=4`` says.

        Parameters
        ----------
        text : str
            A preset, changes ``NAME=VALUE`` of settings or conventions, or both, with commas between. Several levels
            are joined by ``+``.
        preset : str
            To start from where the text names none.

        Raises
        ------
        ConfigError
            If a preset, setting or convention is unknown, or a value is not one that it takes.

        Examples
        --------
        >>> variant = Variant.parse("levels=joint+limb,drop_last_test=true")
        >>> variant.name, variant.settings
        ('clean, levels=joint+limb, drop_last_test=true', {'levels': ('joint', 'limb')})
        """
        words = [word.strip() for word in text.split(",")]
        if "=" not in words[0]:
            preset = words.pop(0)
        if preset not in preset_names():
            raise ConfigError(
                f"variant {text!r}: {preset!r} is no preset: start with one of {', '.join(preset_names())}, or write "
                "NAME=VALUE"
            )
        settings: dict[str, Any] = {}
        conventions: dict[str, bool] = {}
        habits = [each.name for each in fields(Conventions)]
        for word in words:
            name, equals, value = word.partition("=")
            name = name.strip().replace("-", "_")
            if not equals:
                raise ConfigError(f"variant {text!r}: {word!r} is no change: write NAME=VALUE")
            if name in _FIXED:
                raise ConfigError(f"variant {text!r}: {name} must be the same for all variants: give --{name}")
            if name in habits:
                conventions[name] = _value(text, name, False, value.strip())
            elif hasattr(Config(), name):
                settings[name] = _value(text, name, getattr(Config(), name), value.strip())
            else:
                known = [each.name for each in fields(Config) if each.name not in _FIXED]
                raise ConfigError(f"variant {text!r}: unknown setting {name!r}; there are {', '.join(known + habits)}")
        return cls(", ".join([preset, *words]), preset, settings, conventions)

    @property
    def folder(self) -> str:
        """The name of its folder: its own in lower case, with ``-`` for all but letters, digits and dots."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-.")

    def conventions_on(self, data_set: str) -> Conventions:
        """Return its conventions on a data set."""
        return Conventions.preset(self.preset, data_set).with_(**self.conventions)


def parse_variants(variants: Sequence[str | Variant], preset: str = "clean") -> list[Variant]:
    """Return the variants of several texts; what is a variant already stays as it is.

    Raises
    ------
    ConfigError
        If a text is not a variant, or two would be one.
    """
    found = [each if isinstance(each, Variant) else Variant.parse(each, preset) for each in variants]
    for number, variant in enumerate(found):
        if any(variant.folder == other.folder for other in found[:number]):
            raise ConfigError(f"variant {variant.name!r} is given twice")
    return found


def _value(text: str, name: str, example: Any, value: str) -> Any:
    """Return a value of the kind of an example."""
    try:
        if isinstance(example, bool):
            return {"true": True, "false": False}[value.lower()]
        if isinstance(example, tuple):
            return tuple(value.split("+"))
        return type(example)(value)
    except (KeyError, ValueError):
        kind = "true or false" if isinstance(example, bool) else "a number"
        raise ConfigError(f"variant {text!r}: {name} must be {kind}, found {value!r}") from None
