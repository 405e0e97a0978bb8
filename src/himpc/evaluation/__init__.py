"""Metrics of re-identification and of grouping, as pure functions, and the protocol that applies them."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.evaluation.agreement import Agreement, grouping_agreement
    from himpc.evaluation.bootstrap import bootstrap_interval
    from himpc.evaluation.closed_set import Evaluation, ExclusionKey, LevelEvaluation, evaluate_embeddings
    from himpc.evaluation.distances import blocks, distance_rows, euclidean
    from himpc.evaluation.embeddings import LabelledEmbeddings, pool_recordings
    from himpc.evaluation.formatting import markdown_table, mean_and_spread, percent, percent_interval
    from himpc.evaluation.metrics import METRICS
    from himpc.evaluation.open_set import OpenSetResult, ThresholdResult, evaluate_open_set, evaluate_threshold
    from himpc.evaluation.ranking import RankingResult, evaluate_distances, evaluate_ranking
    from himpc.evaluation.verification import ErrorRates, VerificationResult, error_rates, evaluate_verification

__all__ = [
    "METRICS",
    "Agreement",
    "ErrorRates",
    "Evaluation",
    "ExclusionKey",
    "LabelledEmbeddings",
    "LevelEvaluation",
    "OpenSetResult",
    "RankingResult",
    "ThresholdResult",
    "VerificationResult",
    "blocks",
    "bootstrap_interval",
    "distance_rows",
    "error_rates",
    "euclidean",
    "evaluate_distances",
    "evaluate_embeddings",
    "evaluate_open_set",
    "evaluate_ranking",
    "evaluate_threshold",
    "evaluate_verification",
    "grouping_agreement",
    "markdown_table",
    "mean_and_spread",
    "percent",
    "percent_interval",
    "pool_recordings",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "agreement": "Agreement grouping_agreement",
        "bootstrap": "bootstrap_interval",
        "closed_set": "Evaluation ExclusionKey LevelEvaluation evaluate_embeddings",
        "distances": "blocks distance_rows euclidean",
        "embeddings": "LabelledEmbeddings pool_recordings",
        "formatting": "markdown_table mean_and_spread percent percent_interval",
        "metrics": "METRICS",
        "open_set": "OpenSetResult ThresholdResult evaluate_open_set evaluate_threshold",
        "ranking": "RankingResult evaluate_distances evaluate_ranking",
        "verification": "ErrorRates VerificationResult error_rates evaluate_verification",
    },
)


def __dir__() -> list[str]:
    return __all__
