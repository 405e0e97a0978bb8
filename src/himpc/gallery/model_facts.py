"""A model as a gallery keeps it: the two files that `himpc.model.Model.save` writes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from himpc.model import Model

__all__ = ["MODEL_FILES", "model_from_facts", "model_to_facts"]

MODEL_FILES = ("model.json", "model.safetensors")


def model_to_facts(model: Model) -> dict[str, bytes]:
    """Return the files of a model, by name."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        return {name: (Path(folder) / name).read_bytes() for name in MODEL_FILES}


def model_from_facts(facts: Mapping[str, bytes], device: str) -> Model:
    """Return the model of such files.

    Raises
    ------
    ModelError
        If they are missing or damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in facts.items():
            (Path(folder) / name).write_bytes(content)
        return Model.load(folder, device=device)
