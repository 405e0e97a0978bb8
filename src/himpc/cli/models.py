"""Load the model of a verb."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from himpc.api import Embedder


def load_embedder(name: str, device: str = "auto") -> Embedder:
    """Load a model from a folder, or return a baseline by its name.

    Raises
    ------
    ModelError
        If it is neither.
    """
    from himpc.model import BASELINES, Model

    if name in BASELINES and not Path(name).exists():
        return BASELINES[name]
    return Model.load(name, device=device)
