"""Libraries that talk on standard error without being asked."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from himpc.errors import HimpcError

__all__ = ["silence_stderr"]


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Keep what native code writes on standard error to itself, unless the block fails unforeseen."""
    try:
        place = sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # a notebook's, or none
        yield
        return
    sys.stderr.flush()
    kept = os.dup(place)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), place)
        try:
            yield
        except HimpcError:  # says what is wrong in its own words
            raise
        except BaseException:
            os.dup2(kept, place)
            said.seek(0)
            os.write(place, said.read())
            raise
        finally:
            os.dup2(kept, place)
            os.close(kept)
