"""Metrics of re-identification and of grouping, as pure functions, and the protocol that applies them."""

from himpc.evaluation.bootstrap import bootstrap_interval
from himpc.evaluation.distances import rank_gallery
from himpc.evaluation.grouping import Agreement, grouping_agreement
from himpc.evaluation.open_set import AtThreshold, OpenSet, evaluate_open_set, evaluate_threshold
from himpc.evaluation.pooling import pool_recordings
from himpc.evaluation.probabilities import ProbabilityScores, score_probabilities
from himpc.evaluation.protocol import Embedded, Evaluation, LevelEvaluation, evaluate_embeddings
from himpc.evaluation.ranking import RankingResult, evaluate_distances, evaluate_ranking
from himpc.evaluation.verification import ErrorRates, Verification, error_rates, evaluate_verification

__all__ = [
    "Agreement",
    "AtThreshold",
    "Embedded",
    "ErrorRates",
    "Evaluation",
    "LevelEvaluation",
    "OpenSet",
    "ProbabilityScores",
    "RankingResult",
    "Verification",
    "bootstrap_interval",
    "error_rates",
    "evaluate_distances",
    "evaluate_embeddings",
    "evaluate_open_set",
    "evaluate_ranking",
    "evaluate_threshold",
    "evaluate_verification",
    "grouping_agreement",
    "pool_recordings",
    "rank_gallery",
    "score_probabilities",
]
