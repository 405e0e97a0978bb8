"""The card of a model: ``model.json``, read with suspicion, because it may be a stranger's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from himpc._version import __version__
from himpc.errors import LayoutError, ModelError
from himpc.model.encoder import Network
from himpc.skeleton import LEVELS, Layout, Level

__all__ = ["CARD_FILE", "WEIGHTS_FILE", "Card", "read_card"]

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.safetensors"
FORMAT = "himpc-model"
VERSION = 1

_LARGEST_CARD = 16 * 2**20
_SWITCHES = ("align", "normalise", "distances", "whiten")
"""What a card says only where it is so."""
_LEAST = {"heads": 0}
_LARGEST = {"hidden": 2**16, "heads": 2**10, "window_length": 2**20}


@dataclass(frozen=True)
class Card:
    """What is said of a model beside its weights; see `himpc.model.Model` for the fields."""

    layout: Layout
    levels: tuple[Level, ...]
    hidden: int
    heads: int
    window_length: int
    dimensions: int
    fingerprint: str
    align: bool = False
    normalise: bool = False
    distances: bool = False
    whiten: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def network(self) -> Network:
        """Return a network of the card's sizes."""
        switches = {"normalise": self.normalise, "distances": self.distances, "whiten": self.whiten}
        return Network(self.layout, self.levels, self.hidden, self.heads, **switches)

    def essentials(self) -> str:
        """Return, as JSON, what makes two models with equal weights different models."""
        sizes = {name: getattr(self, name) for name in ("hidden", "heads", "window_length", "dimensions")}
        table = {"layout": self.layout.to_dict(), "levels": list(self.levels), **sizes}
        table |= {name: True for name in _SWITCHES if getattr(self, name)}
        return json.dumps(table, sort_keys=True)

    def to_json(self) -> str:
        """Return the text of ``model.json``."""
        table = {"format": FORMAT, "version": VERSION, "himpc": __version__, "fingerprint": self.fingerprint}
        table |= json.loads(self.essentials()) | {"settings": dict(self.settings), "training": dict(self.training)}
        return json.dumps(table, indent=2) + "\n"


def read_card(path: Path) -> Card:
    """Read ``model.json``, checking all of it.

    Raises
    ------
    ModelError
        If the file is missing, is no card, is of another version, or a field is missing or out of its range.
    """
    table = _read_table(path)
    if table.get("format") != FORMAT:
        raise ModelError(f"{path}: is no himpc model card: its 'format' is {table.get('format')!r}, not {FORMAT!r}")
    if table.get("version") != VERSION:
        raise ModelError(
            f"{path}: is of format version {table.get('version')!r} (written by himpc {table.get('himpc')}), this is "
            f"himpc {__version__} and reads version {VERSION}: install that himpc, or train again"
        )
    sizes: dict[str, Any] = {name: _size(table, name, largest, path) for name, largest in _LARGEST.items()}
    levels = table.get("levels")
    if not isinstance(levels, list) or not levels or any(levels.count(x) > 1 or x not in LEVELS for x in levels):
        raise ModelError(f"{path}: 'levels' must be some of {', '.join(LEVELS)}, each once, found {levels!r}")
    if table.get("dimensions") not in (2, 3):
        raise ModelError(f"{path}: 'dimensions' must be 2 or 3, found {table.get('dimensions')!r}")
    switches: dict[str, Any] = {name: table.get(name, False) for name in _SWITCHES}
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise ModelError(f"{path}: {name!r} must be true or false, found {value!r}")
    for name in ("layout", "settings", "training"):
        if not isinstance(table.get(name), dict):
            raise ModelError(f"{path}: {name!r} must be a table, found {table.get(name)!r}")
    try:
        layout = Layout.from_dict(table["layout"], where=f"{path}: layout")
    except LayoutError as error:
        raise ModelError(str(error)) from error
    return Card(
        layout=layout,
        levels=tuple(levels),
        dimensions=table["dimensions"],
        fingerprint=str(table.get("fingerprint")),
        settings=table["settings"],
        training=table["training"],
        **sizes,
        **switches,
    )


def _read_table(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_CARD:
            raise ModelError(f"{path}: is {path.stat().st_size} bytes long, too long for a model card")
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: there is no model here; expected the folder that 'himpc train --out' wrote"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read as a model card: {error}") from error
    if not isinstance(table, dict):
        raise ModelError(f"{path}: is no himpc model card")
    return table


def _size(table: Mapping[str, Any], name: str, largest: int, path: Path) -> int:
    value, least = table.get(name), _LEAST.get(name, 1)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= largest:
        raise ModelError(f"{path}: {name!r} must be a whole number from {least} to {largest}, found {value!r}")
    return value
