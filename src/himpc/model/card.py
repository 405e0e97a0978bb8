"""The card of a saved model, ``model.json``: everything but the weights. It is validated as untrusted input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic import AfterValidator, Field, PlainValidator

from himpc._schema import field, parse, validated
from himpc._version import __version__
from himpc.errors import ModelError
from himpc.model.tensors import Shapes
from himpc.model.weights import WHITENED_WIDTH, Weights
from himpc.skeleton import LEVELS, Layout, Level, pooling_matrix

if TYPE_CHECKING:
    from himpc.model.encoder import Network

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.safetensors"
FORMAT = "himpc-model"
VERSION = 1
MAX_CARD_BYTES = 16 * 2**20
"""Larger files are refused before they are read: a card has some kilobytes."""

_SWITCHES = ("align", "normalise", "distances", "whiten", "adapted")
"""Fields that are written only if true, so that the fingerprints of earlier models stay valid."""


def _check_levels(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    if len(set(levels)) < len(levels):
        raise ValueError(f"must be some of {', '.join(LEVELS)}, each once, found {levels}")
    return levels


def _parse_layout(layout: Any) -> Layout:
    if not isinstance(layout, Layout | dict):
        raise ValueError(f"must be a table, found {layout!r}")
    return layout if isinstance(layout, Layout) else Layout.from_dict(layout)


@validated
class Card:
    """The fields of ``model.json``; see `himpc.model.Model` for their meaning."""

    layout: Annotated[Layout, PlainValidator(_parse_layout)]
    levels: Annotated[tuple[Level, ...], Field(strict=False, min_length=1), AfterValidator(_check_levels)]
    hidden: Annotated[int, Field(ge=1, le=2**16)]
    heads: Annotated[int, Field(ge=0, le=2**10)]
    window_length: Annotated[int, Field(ge=1, le=2**20)]
    dimensions: Annotated[int, Field(ge=2, le=3)]
    fingerprint: str
    align: bool = False
    normalise: bool = False
    distances: bool = False
    whiten: bool = False
    adapted: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    format: Literal["himpc-model"] = "himpc-model"
    version: Literal[1] = 1
    himpc: str = __version__

    @property
    def size(self) -> int:
        """Size of an embedding: levels times H."""
        return len(self.levels) * self.hidden

    def network(self) -> Network:
        """Make a network of this size."""
        from himpc.model.encoder import Network

        return Network(self.layout, self.levels, self.hidden, self.heads, **self._network_switches())

    def weights(self, arrays: Mapping[str, NDArray[Any]]) -> Weights:
        """Return the weights of a network of this size from its arrays, which have the `shapes` of the card."""
        pools = {level: pooling_matrix(self.layout, level) for level in LEVELS}
        return Weights(self.levels, self.hidden, self.heads, **self._network_switches(), pools=pools, arrays=arrays)

    def shapes(self) -> Shapes:
        """Return the names, types and shapes of the tensors of a network of this size, without making one."""
        hidden = self.hidden
        shapes: dict[str, tuple[int, ...]] = {}
        width = hidden * (WHITENED_WIDTH if self.whiten else 1)
        for level in self.levels:
            nodes = len(self.layout.level(level))
            inputs = 3 * nodes + (nodes * (nodes - 1) // 2 if self.distances else 0)
            first = hidden if self.whiten else inputs
            sizes = {"w1": (first, width), "b1": (width,), "w2": (width, hidden), "b2": (hidden,)}
            sizes |= {"heads": (self.heads, hidden, hidden)}
            sizes |= {"offset": (inputs,), "axes": (inputs, hidden)} if self.whiten else {}
            shapes |= {f"encoders.{level}.{name}": size for name, size in sizes.items()}
        if self.adapted:
            shapes |= {"pose_scale": (hidden,), "between": (hidden,), "noise": ()}
        return {name: ("F32", size) for name, size in shapes.items()}

    def _network_switches(self) -> dict[str, bool]:
        return {name: getattr(self, name) for name in _SWITCHES if name != "align"}

    def essentials(self) -> str:
        """Return as JSON the fields in which models with equal weights may differ in their embeddings."""
        sizes = {name: getattr(self, name) for name in ("hidden", "heads", "window_length", "dimensions")}
        table = {"layout": self.layout.to_dict(), "levels": list(self.levels), **sizes}
        table |= {name: True for name in _SWITCHES if getattr(self, name)}
        return json.dumps(table, sort_keys=True)

    def to_json(self) -> str:
        """Return the text of ``model.json``."""
        table = {name: getattr(self, name) for name in ("format", "version", "himpc", "fingerprint")}
        table |= json.loads(self.essentials()) | {"settings": self.settings, "training": self.training}
        return json.dumps(table, indent=2) + "\n"


def read_card(path: Path) -> Card:
    """Read and validate ``model.json``.

    Raises
    ------
    ModelError
        If the file is missing, is no model card, is of another version, or a field is missing or out of its range.
    """
    try:
        size = path.stat().st_size
        if size > MAX_CARD_BYTES:
            raise ModelError(f"{path}: is {size} bytes long, expected a model card of {MAX_CARD_BYTES} bytes at most")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: there is no model here", hint="train one with {HiMPC.fit()}") from error
    except NotADirectoryError as error:
        raise ModelError(f"{path.parent}: is a file, expected the folder of a model") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_card(content, str(path))


def parse_card(content: bytes, path: str) -> Card:
    """Validate the content of ``model.json``; `path` is for messages. It raises errors as `read_card`."""
    try:
        table = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read as a model card: {error}") from error
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise ModelError(f"{path}: is no himpc model card, expected a table with 'format' {FORMAT!r}")
    if table.get("version") != VERSION:
        raise ModelError(
            f"{path}: is of format version {table.get('version')!r}, written by himpc {table.get('himpc')}; this is "
            f"himpc {__version__} and reads version {VERSION}",
            hint="install that version of himpc, or train again",
        )
    return parse(Card, table, source=path, error=ModelError)
