"""Which model a verb uses: a run folder, a saved model, or a baseline by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from himpc.api import Embedder
    from himpc.model import Model

__all__ = ["load_embedder", "load_model"]


def load_embedder(name: str, device: str = "auto") -> Embedder:
    """Return a baseline by its name, or the model in a folder.

    Raises
    ------
    ModelError
        If it is neither.
    """
    from himpc.model import BASELINES, Model

    if name in BASELINES and not Path(name).exists():
        return BASELINES[name]
    return Model.load(name, device=device)


def load_model(name: str, device: str = "auto") -> Model:
    """Return the trained model in a folder; a baseline will not do.

    Raises
    ------
    ModelError
        If there is none.
    """
    from himpc.model import Model

    return Model.load(name, device=device)
