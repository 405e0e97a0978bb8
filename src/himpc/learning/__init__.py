"""Learning without labels: clustering, losses, the trainer. Nothing here sees the name of a person.

The names load their modules on first use, so that reading the settings does not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = [
    "ALONE",
    "Callback",
    "Config",
    "Diagnosis",
    "EpochRecord",
    "Grouping",
    "History",
    "Processes",
    "Score",
    "Trained",
    "diagnose",
    "group_recordings",
    "preset_names",
    "train",
]

if TYPE_CHECKING:
    from himpc.learning.callbacks import Callback
    from himpc.learning.config import Config, preset_names
    from himpc.learning.diagnostics import Diagnosis, diagnose
    from himpc.learning.grouping import Grouping, group_recordings
    from himpc.learning.history import EpochRecord, History
    from himpc.learning.processes import ALONE, Processes
    from himpc.learning.trainer import Score, Trained, train

_MODULES = {
    "ALONE": "processes",
    "Callback": "callbacks",
    "Config": "config",
    "Diagnosis": "diagnostics",
    "EpochRecord": "history",
    "Grouping": "grouping",
    "History": "history",
    "Processes": "processes",
    "Score": "trainer",
    "Trained": "trainer",
    "diagnose": "diagnostics",
    "group_recordings": "grouping",
    "preset_names": "config",
    "train": "trainer",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
