"""Learning without labels: clustering, losses, the trainer. Nothing here sees the name of a person.

The names load their modules on first use, so that reading the settings does not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from himpc.learning._fast.jaccard import jaccard_distances
    from himpc.learning.callbacks import Callback
    from himpc.learning.clustering.neighbours import nearest_neighbours
    from himpc.learning.clustering.number_of_people import MIN_RECORDINGS
    from himpc.learning.config import Config, preset_names
    from himpc.learning.diagnostics import Diagnosis, diagnose
    from himpc.learning.distributed import ALONE, Processes
    from himpc.learning.grouping import Grouping, group_recordings
    from himpc.learning.history import EpochRecord, History
    from himpc.learning.losses.hi_mpc import mining_weights
    from himpc.learning.state import CHECKPOINT_FILE
    from himpc.learning.trainer import Score, Trained, train

__all__ = [
    "ALONE",
    "CHECKPOINT_FILE",
    "MIN_RECORDINGS",
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
    "jaccard_distances",
    "mining_weights",
    "nearest_neighbours",
    "preset_names",
    "train",
]

_MODULES = {
    "_fast.jaccard": ("jaccard_distances",),
    "callbacks": ("Callback",),
    "clustering.neighbours": ("nearest_neighbours",),
    "clustering.number_of_people": ("MIN_RECORDINGS",),
    "config": ("Config", "preset_names"),
    "diagnostics": ("Diagnosis", "diagnose"),
    "distributed": ("ALONE", "Processes"),
    "grouping": ("Grouping", "group_recordings"),
    "history": ("EpochRecord", "History"),
    "losses.hi_mpc": ("mining_weights",),
    "state": ("CHECKPOINT_FILE",),
    "trainer": ("Score", "Trained", "train"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
