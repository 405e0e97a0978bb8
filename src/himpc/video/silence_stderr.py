"""Silence native libraries that log to standard error."""

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
    """Discard what native code writes to standard error, unless the block raises an unexpected exception."""
    try:
        descriptor = sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # a notebook's stderr, or none
        yield
        return
    sys.stderr.flush()
    original = os.dup(descriptor)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), descriptor)
        try:
            yield
        except HimpcError:  # has a message of its own
            raise
        except BaseException:
            captured.seek(0)
            os.write(original, captured.read())
            raise
        finally:
            os.dup2(original, descriptor)
            os.close(original)
