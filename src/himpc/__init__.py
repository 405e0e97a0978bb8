"""himpc: re-identify people from 3D skeletons, learning without labels.

The few names that people need load their packages on first use, so that ``import himpc`` stays quick.
"""

import os
from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use
from himpc._version import __version__

# Threads that spin while they wait take the processor from those that work: beside two busy processes, on two
# processors, training then takes eight times as long. Libraries read this when they are loaded.
for _name, _value in {"OMP_WAIT_POLICY": "passive", "OPENBLAS_THREAD_TIMEOUT": "4"}.items():
    os.environ.setdefault(_name, _value)

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
    "audit",
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
    from himpc.auditing import audit
    from himpc.errors import HimpcError
    from himpc.estimator import HiMPC
    from himpc.gallery import Gallery
    from himpc.learning import Config
    from himpc.model import Model
    from himpc.privacy import risk
    from himpc.reading import ReadOptions, read
    from himpc.recordings import Recording, save
    from himpc.simulation import simulate

__getattr__ = import_on_first_use(
    __name__,
    {
        "anonymization": "anonymize",
        "api": "embed evaluate group",
        "auditing": "audit",
        "errors": "HimpcError",
        "estimator": "HiMPC",
        "gallery": "Gallery",
        "learning": "Config",
        "model": "Model",
        "privacy": "risk",
        "reading": "ReadOptions read",
        "recordings": "Recording save",
        "simulation": "simulate",
    },
)


def __dir__() -> list[str]:
    return __all__
