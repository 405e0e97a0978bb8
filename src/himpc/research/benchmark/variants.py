"""Variants of a benchmark: a preset with changed settings and conventions, in one line of text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from himpc.errors import ConfigError
from himpc.learning import Config, preset_names
from himpc.research.benchmark.conventions import Conventions

_COMMON = ("seed", "stride", "window_length")
"""Settings that all variants share, because the data are drawn and cut only once."""


@dataclass(frozen=True)
class Variant:
    """One way to train: a row of a table."""

    name: str
    """The name in tables."""
    preset: str = "clean"
    """The settings and conventions to start from."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Changed settings of `himpc.learning.Config`."""
    conventions: Mapping[str, bool] = field(default_factory=dict)
    """Changed `himpc.research.Conventions`."""

    @classmethod
    def parse(cls, text: str, preset: str = "clean") -> Variant:
        """Parse a text such as ``paper``, ``align=true`` or ``simmc,heads=4``.

        Parameters
        ----------
        text : str
            A preset, changes ``NAME=VALUE`` of settings or conventions, or both, separated by commas. Several levels
            are joined by ``+``.
        preset : str
            The preset if the text names none.

        Raises
        ------
        ConfigError
            If a preset, setting or convention is unknown, or a value is of the wrong type.

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
                f"variant {text!r}: {preset!r} is no preset, expected one of {', '.join(preset_names())}, or NAME=VALUE"
            )
        config_names, convention_names = ([each.name for each in fields(kind)] for kind in (Config, Conventions))
        settings: dict[str, Any] = {}
        conventions: dict[str, bool] = {}
        for word in words:
            name, equals, value = word.partition("=")
            name = name.strip().replace("-", "_")
            if not equals:
                raise ConfigError(f"variant {text!r}: {word!r} is no change, expected NAME=VALUE")
            if name in _COMMON:
                raise ConfigError(
                    f"variant {text!r}: {name} must be the same for all variants", hint=f"pass {{{name}}} instead"
                )
            if name in convention_names:
                conventions[name] = _parse_value(text, name, False, value.strip())
            elif name in config_names:
                settings[name] = _parse_value(text, name, getattr(Config(), name), value.strip())
            else:
                names = [each for each in [*config_names, *convention_names] if each not in _COMMON]
                raise ConfigError(f"variant {text!r}: unknown setting {name!r}, expected one of {', '.join(names)}")
        return cls(", ".join([preset, *words]), preset, settings, conventions)

    @property
    def folder(self) -> str:
        """The name of its folder: its own in lower case, with ``-`` for all but letters, digits and dots."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-.")

    def conventions_on(self, data_set: str) -> Conventions:
        """Return its conventions on a data set."""
        return Conventions.preset(self.preset, data_set).with_(**self.conventions)


def parse_variants(variants: Sequence[str | Variant], preset: str = "clean") -> list[Variant]:
    """Parse several texts; a `Variant` stays as it is.

    Raises
    ------
    ConfigError
        If a text is not a variant, or a variant is repeated.
    """
    parsed = [each if isinstance(each, Variant) else Variant.parse(each, preset) for each in variants]
    for number, variant in enumerate(parsed):
        if any(variant.folder == other.folder for other in parsed[:number]):
            raise ConfigError(f"variant {variant.name!r} is given twice")
    return parsed


def _parse_value(text: str, name: str, example: Any, value: str) -> Any:
    """Return a value of the type of an example."""
    try:
        if isinstance(example, bool):
            return {"true": True, "false": False}[value.lower()]
        if isinstance(example, tuple):
            return tuple(value.split("+"))
        return type(example)(value)
    except (KeyError, ValueError):
        expected = "true or false" if isinstance(example, bool) else "a number"
        raise ConfigError(f"variant {text!r}: {name} must be {expected}, found {value!r}") from None
