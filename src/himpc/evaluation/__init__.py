"""Metrics of re-identification and of grouping, as pure functions, and the protocol that applies them."""

from himpc.evaluation.bootstrap import bootstrap_interval
from himpc.evaluation.distances import rank_gallery
from himpc.evaluation.grouping import Agreement, grouping_agreement
from himpc.evaluation.pooling import pool_recordings
from himpc.evaluation.protocol import Embedded, Evaluation, LevelEvaluation, evaluate_embeddings
from himpc.evaluation.ranking import RankingResult, evaluate_distances, evaluate_ranking

__all__ = [
    "Agreement",
    "Embedded",
    "Evaluation",
    "LevelEvaluation",
    "RankingResult",
    "bootstrap_interval",
    "evaluate_distances",
    "evaluate_embeddings",
    "evaluate_ranking",
    "grouping_agreement",
    "pool_recordings",
    "rank_gallery",
]
