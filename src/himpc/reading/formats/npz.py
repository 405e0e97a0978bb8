"""himpc's own ``.npz``; the format itself is written and described in `himpc.recordings.store`."""

from __future__ import annotations

from pathlib import Path

from himpc.reading.file_options import FileOptions
from himpc.recordings import Recording, load

__all__ = ["read", "recognise"]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise any NumPy archive; `load` names what is missing from one that is not of himpc."""
    return head.startswith(b"PK\x03\x04") and b".npy" in head[30:300]


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the recordings of an archive."""
    return load(path)
