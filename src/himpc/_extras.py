"""Optional packages: one function that imports them, one table of what each extra provides."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from himpc.errors import DependencyError

__all__ = ["EXTRAS", "require"]

EXTRAS = {
    "gallery": "galleries in a folder",
    "netcdf": "netCDF files of poses",
    "onnx": "export to ONNX",
    "postgres": "galleries in PostgreSQL",
    "ray": "embedding on a Ray cluster",
    "serve": "the server and its page",
    "video": "pose estimation from video",
}
"""Each extra of the package, and what it is for."""


def require(package: str, extra: str) -> Any:
    """Import an optional package.

    Parameters
    ----------
    package : str
        The module to import, such as ``"lancedb"``.
    extra : str
        The extra of himpc that installs it, a key of `EXTRAS`.

    Returns
    -------
    module

    Raises
    ------
    DependencyError
        If the package, or one that it needs, is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        missing = error.name or package
        hint = f"run: pip install 'himpc[{extra}]'"
        if missing == "mediapipe" and sys.version_info >= (3, 13):
            hint += " in Python 3.11 or 3.12, because MediaPipe has no wheel for this one"
        raise DependencyError(
            f"{EXTRAS[extra]} needs the package {missing!r}, which is not installed",
            hint=hint,
        ) from error
