"""himpc's own ``.npz``; the format itself is written and described in `himpc.recordings.store`."""

from __future__ import annotations

from pathlib import Path

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.arrays import is_npz, npz_names
from himpc.recordings import Recording, load

__all__ = ["read", "recognise"]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a NumPy archive that states a version of himpc, or is damaged; `load` names the damage."""
    if not is_npz(head):
        return False
    names = npz_names(path)
    return not names or "himpc_version" in names


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the recordings of an archive."""
    return load(path)
