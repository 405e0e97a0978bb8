"""Embeddings as a table that any program can read: NumPy arrays, no pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import replace_atomically
from himpc.api import RecordingEmbeddings
from himpc.recordings import Recording

__all__ = ["EmbeddingTable"]

_TEXTS = ("source", "person", "session", "camera")


@dataclass(frozen=True)
class Row:
    """What is known of one recording of a table: its place, and text, None where it is not known."""

    number: int
    source: str
    person: str | None
    session: str | None
    camera: str | None


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    """The embeddings of N windows and of the R recordings they were cut from.

    Attributes
    ----------
    windows : float32 array ``(N, D)``
        One vector a window.
    window_recording : int64 array ``(N,)``
        Which recording each window was cut from.
    window_start : int64 array ``(N,)``
        The first frame of each window, in its recording.
    recordings : float32 array ``(R, D)``
        One vector a recording, the mean of its windows; NaN where a recording is shorter than a window.
    source, person, session, camera : text arrays ``(R,)``
        What is known of each recording, empty where it is not.
    """

    windows: NDArray[np.float32]
    window_recording: NDArray[np.int64]
    window_start: NDArray[np.int64]
    recordings: NDArray[np.float32]
    source: NDArray[np.str_]
    person: NDArray[np.str_]
    session: NDArray[np.str_]
    camera: NDArray[np.str_]

    @property
    def short(self) -> list[str]:
        """The sources of recordings that are shorter than a window."""
        has_window = np.isin(np.arange(len(self.recordings)), self.window_recording)
        return [str(source) for source in self.source[~has_window]]

    def rows(self) -> list[Row]:
        """Return what is known of each recording."""
        texts = zip(*(getattr(self, name).tolist() for name in _TEXTS), strict=True)
        return [
            Row(number, source, *(value or None for value in known)) for number, (source, *known) in enumerate(texts)
        ]

    @classmethod
    def of(cls, embedded: RecordingEmbeddings, recordings: Sequence[Recording]) -> EmbeddingTable:
        """Return what `himpc.api.embed` made of some recordings."""
        windows = embedded.windows
        first = np.cumsum([0, *map(len, recordings)])
        starts = windows.starts - first[windows.recording]
        return cls(embedded.vectors, windows.recording, starts, embedded.pooled, **_known(recordings))

    @classmethod
    def without_windows(cls, recordings: Sequence[Recording]) -> EmbeddingTable:
        """Return the table of recordings that are all shorter than a window; its vectors have no numbers."""
        none = np.empty(0, dtype=np.int64)
        vectors = np.empty((len(recordings), 0), dtype=np.float32)
        return cls(vectors[:0], none, none, vectors, **_known(recordings))

    @classmethod
    def join(cls, tables: Sequence[EmbeddingTable]) -> EmbeddingTable:
        """Return the tables one after the other. All that have windows must have vectors of one size."""
        size = max(table.recordings.shape[1] for table in tables)
        first = np.cumsum([0, *(len(table.recordings) for table in tables)])
        columns: dict[str, NDArray[Any]] = {
            name: np.concatenate([getattr(table, name) for table in tables]) for name in (*_TEXTS, "window_start")
        }
        return cls(
            windows=np.concatenate([table.windows.reshape(-1, size) for table in tables]),
            window_recording=np.concatenate(
                [table.window_recording + start for table, start in zip(tables, first[:-1], strict=True)]
            ),
            recordings=np.concatenate([_widened(table.recordings, size) for table in tables]),
            **columns,
        )

    def take(self, recordings: Sequence[int]) -> EmbeddingTable:
        """Return the table of some recordings, in the order given; each at most once."""
        place = np.full(len(self.recordings), -1)
        place[list(recordings)] = np.arange(len(recordings))
        of_each = place[self.window_recording]
        rows = np.argsort(of_each, kind="stable")
        rows = rows[of_each[rows] >= 0]
        return EmbeddingTable(
            windows=self.windows[rows],
            window_recording=of_each[rows],
            window_start=self.window_start[rows],
            **{name: getattr(self, name)[list(recordings)] for name in ("recordings", *_TEXTS)},
        )

    def labelled(self, known: Sequence[dict[str, str]]) -> EmbeddingTable:
        """Return the table with the person, session and camera that are now known of some recordings."""
        texts = {name: getattr(self, name).tolist() for name in _TEXTS}
        for recording, labels in enumerate(known):
            for name, value in labels.items():
                texts[name][recording] = value
        columns: dict[str, Any] = {name: np.array(values, dtype=np.str_) for name, values in texts.items()}
        return replace(self, **columns)

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` with an array for each attribute.

        Raises
        ------
        RunFolderError
            If the file cannot be written.
        """
        with replace_atomically(path) as beside, beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: str | Path) -> EmbeddingTable:
        """Read a file that `save` wrote; ValueError, KeyError or OSError if it is none."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _known(recordings: Sequence[Recording]) -> dict[str, NDArray[np.str_]]:
    return {name: np.array([getattr(r, name) or "" for r in recordings], dtype=np.str_) for name in _TEXTS}


def _widened(vectors: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    return vectors if vectors.shape[1] == size else np.full((len(vectors), size), np.nan, dtype=np.float32)
