"""Unsupervised learning: clustering, losses and the trainer. Nothing in this package receives the name of a person.

Modules are imported on first use of a name, so that `Config` can be imported without torch.
"""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.learning._fast.jaccard import jaccard_distances
    from himpc.learning.callbacks import Callback, IgnoreWarnings
    from himpc.learning.clustering.constraints import assign_apart
    from himpc.learning.clustering.neighbours import nearest_neighbours
    from himpc.learning.clustering.number_of_people import MIN_RECORDINGS
    from himpc.learning.clustering.system_effects import SystemEffects, SystemMatch
    from himpc.learning.clustering.system_offsets import SystemOffsets, cluster_each_system, estimate_offsets
    from himpc.learning.config import Config, preset_names
    from himpc.learning.diagnostics import Diagnosis, diagnose
    from himpc.learning.distributed import SINGLE_PROCESS, ProcessGroup
    from himpc.learning.grouping import check_people, group_recordings
    from himpc.learning.grouping_result import Grouping
    from himpc.learning.history import EpochRecord, History
    from himpc.learning.loggers import MLflowLogger, TensorBoardLogger
    from himpc.learning.losses.hi_mpc import mining_weights
    from himpc.learning.prior_selection import resolve_prior
    from himpc.learning.state import CHECKPOINT_FILE
    from himpc.learning.statistics import whitening_matrix
    from himpc.learning.system_centring import (
        centre_embeddings,
        centre_on_model,
        centre_systems,
        mean_poses,
        system_effects,
    )
    from himpc.learning.trainer import Score, TrainingResult, train
    from himpc.learning.views import MIN_SPANNING, ViewCheck, add_in_body_frame, heading_vectors, remove_view_effect

__all__ = [
    "CHECKPOINT_FILE",
    "MIN_RECORDINGS",
    "MIN_SPANNING",
    "SINGLE_PROCESS",
    "Callback",
    "Config",
    "Diagnosis",
    "EpochRecord",
    "Grouping",
    "History",
    "IgnoreWarnings",
    "MLflowLogger",
    "ProcessGroup",
    "Score",
    "SystemEffects",
    "SystemMatch",
    "SystemOffsets",
    "TensorBoardLogger",
    "TrainingResult",
    "ViewCheck",
    "add_in_body_frame",
    "assign_apart",
    "centre_embeddings",
    "centre_on_model",
    "centre_systems",
    "check_people",
    "cluster_each_system",
    "diagnose",
    "estimate_offsets",
    "group_recordings",
    "heading_vectors",
    "jaccard_distances",
    "mean_poses",
    "mining_weights",
    "nearest_neighbours",
    "preset_names",
    "remove_view_effect",
    "resolve_prior",
    "system_effects",
    "train",
    "whitening_matrix",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "_fast.jaccard": "jaccard_distances",
        "prior_selection": "resolve_prior",
        "callbacks": "Callback IgnoreWarnings",
        "clustering.constraints": "assign_apart",
        "clustering.neighbours": "nearest_neighbours",
        "clustering.number_of_people": "MIN_RECORDINGS",
        "clustering.system_effects": "SystemEffects SystemMatch",
        "clustering.system_offsets": "SystemOffsets cluster_each_system estimate_offsets",
        "config": "Config preset_names",
        "diagnostics": "Diagnosis diagnose",
        "distributed": "SINGLE_PROCESS ProcessGroup",
        "grouping": "check_people group_recordings",
        "grouping_result": "Grouping",
        "history": "EpochRecord History",
        "loggers": "MLflowLogger TensorBoardLogger",
        "losses.hi_mpc": "mining_weights",
        "state": "CHECKPOINT_FILE",
        "statistics": "whitening_matrix",
        "system_centring": "centre_embeddings centre_on_model centre_systems mean_poses system_effects",
        "trainer": "Score TrainingResult train",
        "views": "MIN_SPANNING ViewCheck add_in_body_frame heading_vectors remove_view_effect",
    },
)


def __dir__() -> list[str]:
    return __all__
