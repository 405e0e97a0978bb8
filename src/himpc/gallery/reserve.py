"""Space that a gallery in a folder holds in reserve, so that people can be erased from a full disk.

To erase a vector, the files that hold it are written again without it, which takes space that a full disk does not
have. The reserve is a file that is deleted for that time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from himpc.errors import GalleryError

RESERVE_FILE = "reserve"

MIN_BYTES = 2**20
MAX_BYTES = 2**28
"""The largest reserve, 256 MiB; to erase from a larger gallery, a full disk needs room."""

MARGIN = 2**19
"""Bytes for manifests, journals and the like."""


class Reserve:
    """The reserve of a folder.

    Parameters
    ----------
    folder : Path, optional
        None for a gallery in a database, which has none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def ensure(self, added: int = 0) -> None:
        """Allocate what erasing takes once `added` more bytes are stored.

        Raises
        ------
        GalleryError
            If the disk has no room for it and for the new bytes.
        """
        if self._folder is None:
            return
        path, needed = self._folder / RESERVE_FILE, min(MAX_BYTES, self._needed(added))
        try:
            size = path.stat().st_size if path.exists() else 0
            missing = max(0, needed - size) + (2 * added + MARGIN if added else 0)
            if shutil.disk_usage(self._folder).free < missing:
                raise GalleryError(
                    f"{self._folder}: the disk has too little room: {missing / 2**20:.1f} MB more are needed, also to "
                    "erase people later; nothing was written",
                    hint="make room on the disk and try again",
                )
            if needed > size:
                _allocate(path, needed)
        except OSError as error:
            raise GalleryError(
                f"{path}: cannot be written: {error.strerror or error}", hint="make room on the disk and try again"
            ) from error

    @contextmanager
    def released(self) -> Iterator[None]:
        """Make the reserve available within the block if the disk is nearly full."""
        if self._folder is None:
            yield
            return
        if shutil.disk_usage(self._folder).free < self._needed(0):
            (self._folder / RESERVE_FILE).unlink(missing_ok=True)
        try:
            yield
        finally:
            with suppress(OSError):  # as much as there is room for; the next enrollment needs all of it
                path = self._folder / RESERVE_FILE
                if not path.exists():
                    free = shutil.disk_usage(self._folder).free
                    _allocate(path, min(MAX_BYTES, self._needed(0), free))

    def _needed(self, added: int) -> int:
        assert self._folder is not None
        stored = sum(_size(path) for path in self._folder.rglob("*") if path.name != RESERVE_FILE)
        return max(MIN_BYTES, 2 * (stored + added) + MARGIN)


def _allocate(path: Path, size: int) -> None:
    """Give a file a size on the disk, not only in its entry; only its owner can read it."""
    with path.open("ab") as file:
        path.chmod(0o600)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.write(bytes(size - file.tell()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # another process has removed it
        return 0
