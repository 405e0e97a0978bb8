"""Imports that wait: names of packages that load on first use, and optional packages with the extra of each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from himpc.errors import DependencyError

__all__ = ["EXTRAS", "import_on_first_use", "require"]

EXTRAS = {
    "gallery": "a gallery in a folder",
    "interchange": "interchange with other packages",
    "mlflow": "logging to MLflow",
    "netcdf": "a netCDF file",
    "onnx": "export to ONNX",
    "postgres": "a gallery in PostgreSQL",
    "ray": "embedding on a Ray cluster",
    "serve": "the server",
    "tensorboard": "logging to TensorBoard",
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


def import_on_first_use(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Create the function ``__getattr__`` of a package that imports each of its modules when a name is first used.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    names : mapping of str to str
        By module of the package, the names that it offers, separated by spaces.

    Examples
    --------
    >>> get = import_on_first_use("himpc", {"errors": "HimpcError FormatError"})
    >>> get("HimpcError").__module__
    'himpc.errors'
    """
    module_of = {name: module for module, offered in names.items() for name in offered.split()}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}; it offers {', '.join(sorted(module_of))}"
            )
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
