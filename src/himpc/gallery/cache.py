"""A cache of a value that is derived from a gallery."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from himpc.errors import HimpcError

T = TypeVar("T")


class RevisionCache(Generic[T]):
    """A thread-safe cache of a value, which is computed once for each revision of a gallery.

    Parameters
    ----------
    compute : callable
        Compute the value from the current state of the gallery.
    allow_stale : bool
        After a change, return the previous value until a background thread has computed the new one.
    """

    def __init__(self, compute: Callable[[], T], *, allow_stale: bool = False) -> None:
        self.allow_stale = allow_stale
        self._compute = compute
        self._entry: tuple[int, T] | None = None
        self._lock = threading.Lock()

    def get(self, revision: int, *, fresh: bool = False) -> T:
        """Return the value for a revision (`GalleryService.revision`); with `fresh`, never a stale one."""
        entry = self._entry
        if entry is not None and entry[0] == revision:
            return entry[1]
        if entry is not None and self.allow_stale and not fresh:
            self._compute_in_background(revision)
            return entry[1]
        with self._lock:
            if self._entry is None or self._entry[0] != revision:
                self._entry = revision, self._compute()
            return self._entry[1]

    def peek(self, revision: int) -> T | None:
        """Return the value for a revision, or None, and start to compute it in a background thread."""
        entry = self._entry
        if entry is not None and entry[0] == revision:
            return entry[1]
        self._compute_in_background(revision)
        return None

    def wait(self) -> None:
        """Wait until the background thread has ended, for example before the gallery is closed."""
        with self._lock:
            pass

    def _compute_in_background(self, revision: int) -> None:
        if self._lock.acquire(blocking=False):
            threading.Thread(target=self._recompute, args=(revision,), daemon=True).start()

    def _recompute(self, revision: int) -> None:
        try:
            self._entry = revision, self._compute()
        except HimpcError:  # the next call retries, and raises the error in the foreground
            pass
        finally:
            self._lock.release()
