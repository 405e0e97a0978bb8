"""Silence native libraries that log to standard error."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from himpc.errors import HimpcError

_STDERR = 2


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error, unless the block raises an unexpected exception."""
    try:
        original = os.dup(_STDERR)
    except OSError:  # it is closed
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), _STDERR)
        try:
            yield
        except HimpcError:  # has a message of its own
            raise
        except BaseException:
            captured.seek(0)
            os.write(original, captured.read())
            raise
        finally:
            os.dup2(original, _STDERR)
            os.close(original)
