"""A model as a gallery stores it: the two files that `himpc.model.Model.save` writes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from himpc.model import Model

MODEL_FILES = ("model.json", "model.safetensors")


def model_to_files(model: Model) -> dict[str, bytes]:
    """Return the contents of a model's files, by name."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        return {name: (Path(folder) / name).read_bytes() for name in MODEL_FILES}


def model_from_files(files: Mapping[str, bytes], device: str) -> Model:
    """Load a model from the contents of its files.

    Raises
    ------
    ModelError
        If a file is missing or damaged.
    """
    from himpc.model import Model

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        return Model.load(folder, device=device)
