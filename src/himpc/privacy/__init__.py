"""Risk of re-identification: attackers, their measures, and the trade-off between risk and utility of anonymization."""

from himpc.privacy.assessment import risk
from himpc.privacy.comparison import Comparer, describe, learn_from_others
from himpc.privacy.knowledge import ActivityLabel, Knowledge, find_knowledge
from himpc.privacy.measures import anonymity_set, linkability, own_rank, singled_out
from himpc.privacy.results import Assessment, Attack, GroupingAttack, Measure, PersonRisk, RiskReport, trade_off_rows

__all__ = [
    "ActivityLabel",
    "Assessment",
    "Attack",
    "Comparer",
    "GroupingAttack",
    "Knowledge",
    "Measure",
    "PersonRisk",
    "RiskReport",
    "anonymity_set",
    "describe",
    "find_knowledge",
    "learn_from_others",
    "linkability",
    "own_rank",
    "risk",
    "singled_out",
    "trade_off_rows",
]
