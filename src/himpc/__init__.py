"""himpc: re-identify people from 3D skeletons, learning without labels.

The few names that people need load their packages on first use, so that ``import himpc`` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from himpc._version import __version__

__all__ = [
    "Config",
    "Gallery",
    "HiMPC",
    "HimpcError",
    "Model",
    "ReadOptions",
    "Recording",
    "__version__",
    "anonymize",
    "embed",
    "evaluate",
    "group",
    "read",
    "risk",
    "save",
    "simulate",
]

if TYPE_CHECKING:
    from himpc.anonymization import anonymize
    from himpc.api import embed, evaluate, group
    from himpc.errors import HimpcError
    from himpc.estimator import HiMPC
    from himpc.gallery import Gallery
    from himpc.learning import Config
    from himpc.model import Model
    from himpc.privacy import risk
    from himpc.reading import ReadOptions, read
    from himpc.recordings import Recording, save
    from himpc.simulation import simulate

_HOME = {
    "Config": "himpc.learning",
    "Gallery": "himpc.gallery",
    "HiMPC": "himpc.estimator",
    "HimpcError": "himpc.errors",
    "Model": "himpc.model",
    "ReadOptions": "himpc.reading",
    "Recording": "himpc.recordings",
    "anonymize": "himpc.anonymization",
    "embed": "himpc.api",
    "evaluate": "himpc.api",
    "group": "himpc.api",
    "read": "himpc.reading",
    "risk": "himpc.privacy",
    "save": "himpc.recordings",
    "simulate": "himpc.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'himpc' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
