"""Tables of embeddings, saved as NumPy arrays."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc._files import replace_atomically
from himpc.api import RecordingEmbeddings
from himpc.errors import ConfigError, DataError, FormatError
from himpc.recordings import Recording, read_array
from himpc.skeleton import COMMON_LAYOUT

_TEXTS = ("source", "person", "session", "camera")
_ARRAYS = {
    "windows": ("f", 2),
    "window_recording": ("i", 1),
    "window_start": ("i", 1),
    "recordings": ("f", 2),
    **dict.fromkeys(_TEXTS, ("U", 1)),
}
"""Kind and number of axes of each array of a file."""


@dataclass(frozen=True)
class Row:
    """One recording of a table: its number, its source, and its labels, None where unknown."""

    number: int
    source: str
    person: str | None
    session: str | None
    camera: str | None


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    """Embeddings of N windows and of the R recordings that they were cut from."""

    windows: NDArray[np.float32]
    """One vector per window, ``(N, D)``."""
    window_recording: NDArray[np.int64]
    """The recording of each window, ``(N,)``."""
    window_start: NDArray[np.int64]
    """The first frame of each window in its recording, ``(N,)``."""
    recordings: NDArray[np.float32]
    """One vector per recording, ``(R, D)``, the mean of its windows; NaN for a recording that is shorter than a
    window."""
    source: NDArray[np.str_]
    person: NDArray[np.str_]
    session: NDArray[np.str_]
    camera: NDArray[np.str_]
    """`source`, `person`, `session`, `camera`: source and labels of each recording, ``(R,)``, empty where unknown."""

    @property
    def short(self) -> list[str]:
        """The sources of recordings that are shorter than a window."""
        has_window = np.isin(np.arange(len(self.recordings)), self.window_recording)
        return [str(source) for source in self.source[~has_window]]

    def rows(self) -> list[Row]:
        """Return source and labels of each recording."""
        texts = zip(*(getattr(self, name).tolist() for name in _TEXTS), strict=True)
        return [
            Row(number, source, *(value or None for value in known)) for number, (source, *known) in enumerate(texts)
        ]

    @classmethod
    def from_recordings(cls, embedded: RecordingEmbeddings, recordings: Sequence[Recording]) -> EmbeddingTable:
        """Make a table from recordings and the result of `himpc.embed`."""
        windows = embedded.windows
        first = np.cumsum([0, *map(len, recordings)])
        starts = windows.starts - first[windows.recording]
        return cls(embedded.vectors, windows.recording, starts, embedded.pooled, **_labels(recordings))

    @classmethod
    def without_windows(cls, recordings: Sequence[Recording]) -> EmbeddingTable:
        """Make a table of recordings that are all shorter than a window; its vectors have size 0."""
        none = np.empty(0, dtype=np.int64)
        vectors = np.empty((len(recordings), 0), dtype=np.float32)
        return cls(vectors[:0], none, none, vectors, **_labels(recordings))

    @classmethod
    def join(cls, tables: Sequence[EmbeddingTable]) -> EmbeddingTable:
        """Concatenate tables.

        Raises
        ------
        DataError
            If tables with windows have vectors of several sizes, as a baseline gives for files of several layouts.
        """
        sizes = {table.recordings.shape[1] for table in tables} - {0}
        if len(sizes) > 1:
            raise DataError(
                f"the files have several layouts, whose vectors have {', '.join(map(str, sorted(sizes)))} dimensions",
                hint=f"convert them while reading: {{layout={COMMON_LAYOUT}}}",
            )
        size = max(sizes, default=0)
        first = np.cumsum([0, *(len(table.recordings) for table in tables)])
        columns: dict[str, NDArray[Any]] = {
            name: np.concatenate([getattr(table, name) for table in tables]) for name in (*_TEXTS, "window_start")
        }
        return cls(
            windows=np.concatenate([table.windows.reshape(-1, size) for table in tables]),
            window_recording=np.concatenate(
                [table.window_recording + start for table, start in zip(tables, first[:-1], strict=True)]
            ),
            recordings=np.concatenate([_fill(table.recordings, size) for table in tables]),
            **columns,
        )

    def select(self, recordings: Sequence[int]) -> EmbeddingTable:
        """Return the table of some recordings, in the given order; each at most once."""
        position = np.full(len(self.recordings), -1)
        position[list(recordings)] = np.arange(len(recordings))
        window_recording = position[self.window_recording]
        rows = np.argsort(window_recording, kind="stable")
        rows = rows[window_recording[rows] >= 0]
        return EmbeddingTable(
            windows=self.windows[rows],
            window_recording=window_recording[rows],
            window_start=self.window_start[rows],
            **{name: getattr(self, name)[list(recordings)] for name in ("recordings", *_TEXTS)},
        )

    def with_labels(self, labels: Sequence[dict[str, str]]) -> EmbeddingTable:
        """Return the table with other labels of recordings, by the names of the attributes."""
        texts = {name: getattr(self, name).tolist() for name in _TEXTS}
        for recording, changed in enumerate(labels):
            for name, value in changed.items():
                texts[name][recording] = value
        columns: dict[str, Any] = {name: np.array(values, dtype=np.str_) for name, values in texts.items()}
        return replace(self, **columns)

    def to_pandas(self, of: Literal["recordings", "windows"] = "recordings") -> Any:
        """Make a `pandas.DataFrame` of embeddings with their labels.

        Parameters
        ----------
        of : {"recordings", "windows"}
            One row a recording, or one a window; a window has the columns ``recording`` and ``start`` as well.

        Returns
        -------
        pandas.DataFrame
            ``source``, ``person``, ``session`` and ``camera``, missing where unknown, and ``himpc0``, ``himpc1`` and so
            on, as `himpc.HiMPC.get_feature_names_out` names them.

        Raises
        ------
        ConfigError
            If `of` is another word.
        DependencyError
            If pandas is not installed (extra ``interchange``).
        """
        if of not in ("recordings", "windows"):
            raise ConfigError(f"of is {of!r}, expected 'recordings' or 'windows'")
        pandas = require("pandas", "interchange")
        numbers = np.arange(len(self.recordings)) if of == "recordings" else self.window_recording
        vectors = self.recordings if of == "recordings" else self.windows
        labels: dict[str, Any] = {
            name: pandas.array([text or None for text in getattr(self, name)[numbers].tolist()], dtype="string")
            for name in _TEXTS
        }
        if of == "windows":
            labels |= {"recording": self.window_recording, "start": self.window_start}
        names = [f"himpc{i}" for i in range(vectors.shape[1])]
        return pandas.concat([pandas.DataFrame(labels), pandas.DataFrame(vectors, columns=names)], axis=1)

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file with an array per attribute, without pickle, or ``.parquet`` with a row a recording.

        Raises
        ------
        RunFolderError
            If the file cannot be written.
        DependencyError
            If pandas or pyarrow is not installed, for ``.parquet`` (extra ``interchange``).
        """
        if Path(path).suffix.lower() == ".parquet":
            require("pyarrow", "interchange")
            table = self.to_pandas()
            with replace_atomically(path) as beside:
                table.to_parquet(beside, engine="pyarrow", index=False)
            return
        with replace_atomically(path) as beside, beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: str | Path) -> EmbeddingTable:
        """Read a file that `save` wrote. Vectors of 256 MiB or more stay in it and are mapped.

        Raises
        ------
        FormatError
            If it is another file, or damaged.
        """
        try:
            with ZipFile(path) as archive:
                table = cls(**{name: read_array(archive, name, path, *kind) for name, kind in _ARRAYS.items()})
        except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise FormatError(f"{path}: is a damaged table of embeddings ({reason})", hint="embed again") from error
        if problem := table._find_problem():
            raise FormatError(f"{path}: is a damaged table of embeddings ({problem})", hint="embed again")
        return table

    def _find_problem(self) -> str | None:
        """Describe arrays whose sizes, or numbers of recordings, do not fit each other, as in a damaged file."""
        count, size = self.recordings.shape
        shapes = {
            "windows": (len(self.window_recording), size),
            "window_start": (len(self.window_recording),),
            **dict.fromkeys(_TEXTS, (count,)),
        }
        for name, shape in shapes.items():
            if (found := getattr(self, name).shape) != shape:
                return f"array {name!r} has shape {found}, expected {shape}"
        if ((self.window_recording < 0) | (self.window_recording >= count)).any():
            return "a window is of a recording that is not in the table"
        return None


def _labels(recordings: Sequence[Recording]) -> dict[str, NDArray[np.str_]]:
    return {name: np.array([getattr(r, name) or "" for r in recordings], dtype=np.str_) for name in _TEXTS}


def _fill(vectors: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    return vectors if vectors.shape[1] == size else np.full((len(vectors), size), np.nan, dtype=np.float32)
