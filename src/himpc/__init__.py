"""himpc: re-identify people from 3D skeletons, learning without labels.

The few names that people need load their packages on first use, so that ``import himpc`` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
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
    from himpc.data import Recording, read, simulate
    from himpc.errors import HimpcError
    from himpc.estimator import HiMPC
    from himpc.gallery import Gallery
    from himpc.jobs import embed, evaluate, group

_HOME = {
    "Gallery": "himpc.gallery",
    "HiMPC": "himpc.estimator",
    "HimpcError": "himpc.errors",
    "Recording": "himpc.data",
    "embed": "himpc.jobs",
    "evaluate": "himpc.jobs",
    "group": "himpc.jobs",
    "read": "himpc.data",
    "simulate": "himpc.data",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'himpc' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
