"""What was worked out from a gallery, and holds until that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from himpc.errors import HimpcError

__all__ = ["RevisionCache"]

T = TypeVar("T")


class RevisionCache(Generic[T]):
    """A value that takes long to make, and is made once for each state of a gallery, however many threads ask.

    Parameters
    ----------
    make : function () -> value
        Makes it from the gallery as it is.
    lag : bool
        After a change, give the value from before until a thread of its own has made the new one.
    """

    def __init__(self, make: Callable[[], T], *, lag: bool = False) -> None:
        self.lag = lag
        self._make = make
        self._made: tuple[int, T] | None = None
        self._making = threading.Lock()

    def get(self, state: int) -> T:
        """Return the value for a state (`Gallery.changes`)."""
        made = self._made
        if made is not None and made[0] == state:
            return made[1]
        if made is not None and self.lag:
            if self._making.acquire(blocking=False):
                threading.Thread(target=self._remake, args=(state,), daemon=True).start()
            return made[1]
        with self._making:
            if self._made is None or self._made[0] != state:
                self._made = state, self._make()
            return self._made[1]

    def peek(self, state: int) -> T | None:
        """Return the value for a state, or None, and have a thread of its own make it meanwhile."""
        made = self._made
        if made is not None and made[0] == state:
            return made[1]
        if self._making.acquire(blocking=False):
            threading.Thread(target=self._remake, args=(state,), daemon=True).start()
        return None

    def settle(self) -> None:
        """Wait until nothing is being made any more, such as before the gallery is closed."""
        with self._making:
            pass

    def _remake(self, state: int) -> None:
        try:
            self._made = state, self._make()
        except HimpcError:  # whoever asks next tries again, and what keeps failing stops what they ask for, too
            pass
        finally:
            self._making.release()
