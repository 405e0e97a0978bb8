"""Grouping of an archive from its table of embeddings."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np

from himpc.archive.embedding_table import EmbeddingTable
from himpc.errors import ModelError
from himpc.learning import Grouping, group_recordings
from himpc.model import Model, relative_noise

__all__ = ["group_table", "is_embedding_table"]


def group_table(table: EmbeddingTable, model: Model, people: int | None = None) -> Grouping:
    """Group the recordings of a table by person, without labels; see `himpc.group`.

    Each row is a recording: the parts of a split one are not joined, and recordings that overlap in time are not kept
    apart.

    Parameters
    ----------
    table : EmbeddingTable
        The embeddings of that model.
    model : Model
    people : int, optional
        Number of people; estimated if not given.

    Raises
    ------
    ModelError
        If the embeddings have another size than those of the model.
    DataError, ConfigError
        As `himpc.learning.group_recordings`.
    """
    if table.recordings.shape[1] != model.size:
        raise ModelError(
            f"the embeddings have {table.recordings.shape[1]} dimensions, those of the model {model.size}",
            hint="embed the recordings with this model",
        )
    vectors, recording, noise = table.windows, table.window_recording, None
    if model.scoring is not None:  # pooled vectors suffice, and take a fraction of the memory
        present, member = np.unique(recording, return_inverse=True)
        noise = np.ones(len(table.recordings))
        noise[present] = relative_noise(table.windows, member, model.pose_scale)
        vectors, recording = table.recordings[present], present
    return group_recordings(
        vectors,
        recording,
        len(table.recordings),
        people,
        whiten=not model.whitened,
        scoring=model.scoring,
        relative_noise=noise,
    )


def is_embedding_table(path: str | Path) -> bool:
    """Return whether a file holds a table of embeddings, such as `himpc embed` writes."""
    try:
        if not is_zipfile(path):
            return False
        with ZipFile(path) as file:
            return "window_recording.npy" in file.namelist()
    except (OSError, BadZipFile):
        return False
