"""The packages of the extra ``video``, loaded when they are used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from himpc.errors import ConfigError

__all__ = ["need"]


def need(package: str) -> Any:
    """Return a package of the extra ``video``, such as ``av`` or ``cv2``.

    Raises
    ------
    ConfigError
        If it is not there; says what to type.
    """
    try:
        return import_module(package)
    except ImportError as error:
        advice = "pip install 'himpc[video]'"
        if sys.version_info >= (3, 13):
            advice += " in Python 3.11 or 3.12, since its parts want NumPy 1"
        raise ConfigError(f"video needs the package {package}: {advice} ({error})") from error
