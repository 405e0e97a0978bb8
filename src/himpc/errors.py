"""Every error that himpc raises on purpose.

A message names the file, line or argument, what was found, what was expected and what to do.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DataError",
    "EmptyError",
    "FormatError",
    "GalleryError",
    "HimpcError",
    "LayoutError",
    "MissingError",
    "ModelError",
    "RunError",
    "TakenError",
    "printable",
]


def printable(text: str) -> str:
    r"""Return a text in one line that any terminal and file takes: what cannot be printed is escaped.

    File names may hold line ends, codes that steer a terminal, and bytes that are no text at all.

    >>> printable("walk\n2.csv")
    'walk\\n2.csv'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class HimpcError(Exception):
    """The root of all errors of himpc; the command line prints its message in one line."""


class LayoutError(HimpcError, ValueError):
    """A joint layout is wrong, unknown, or does not fit another one."""


class DataError(HimpcError, ValueError):
    """Recordings or windows cannot be used: wrong shape, not finite, too few, of mixed layouts."""


class EmptyError(DataError):
    """There is no recording where some were expected."""


class FormatError(DataError):
    """A file is not what its format says: unreadable, cut short, or of an unknown format."""


class ConfigError(HimpcError, ValueError):
    """A setting is unknown or out of its range."""


class ModelError(HimpcError, ValueError):
    """A saved model or checkpoint is missing, damaged, or of another version or layout."""


class GalleryError(HimpcError, RuntimeError):
    """A gallery is missing, damaged, of another model or version, or cannot be written or reached."""


class MissingError(GalleryError):
    """Somebody, or a recording, is not in the gallery."""


class TakenError(GalleryError):
    """A name is somebody else's."""


class RunError(HimpcError, RuntimeError):
    """A run cannot go on: the output cannot be written, or nothing can be learned from the data."""
