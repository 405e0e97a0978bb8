"""himpc: re-identify people from 3D skeletons, learning without labels.

The few names that people need load their packages on first use, so that ``import himpc`` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from himpc._version import __version__

__all__ = [
    "Gallery",
    "HiMPC",
    "HimpcError",
    "Recording",
    "__version__",
    "embed",
    "evaluate",
    "group",
    "read",
    "simulate",
]

if TYPE_CHECKING:
    from himpc.api import embed, evaluate, group
    from himpc.errors import HimpcError
    from himpc.estimator import HiMPC
    from himpc.gallery import Gallery
    from himpc.reading import read
    from himpc.recordings import Recording
    from himpc.simulation import simulate

_HOME = {
    "Gallery": "himpc.gallery",
    "HiMPC": "himpc.estimator",
    "HimpcError": "himpc.errors",
    "Recording": "himpc.recordings",
    "embed": "himpc.api",
    "evaluate": "himpc.api",
    "group": "himpc.api",
    "read": "himpc.reading",
    "simulate": "himpc.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'himpc' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
