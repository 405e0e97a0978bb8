"""Learning without labels: neighbours, pseudo-labels, the objective, the trainer. Nothing here knows a person."""

from himpc.learning.callbacks import Callback
from himpc.learning.config import Config, preset_names
from himpc.learning.diagnostics import Diagnosis, diagnose
from himpc.learning.grouping import Grouping, group_recordings
from himpc.learning.history import EpochRecord, History
from himpc.learning.processes import ALONE, Processes
from himpc.learning.pseudo_labels import prototypes, pseudo_labels
from himpc.learning.trainer import Score, Trained, train

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
    "prototypes",
    "pseudo_labels",
    "train",
]
