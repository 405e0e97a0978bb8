"""The results of `himpc.risk` as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from himpc.anonymization import Utility
from himpc.evaluation import markdown_table, percent, percent_interval
from himpc.recordings import Problem

__all__ = [
    "Assessment",
    "Attack",
    "GroupingAttack",
    "Measure",
    "PersonRisk",
    "RiskReport",
    "trade_off_rows",
]

CLEAR_DIFFERENCE = 0.1
"""Smallest gap in Rank-1 at which a method is reported to only look safe, if the interval of the gap is above 0."""


@dataclass(frozen=True)
class Measure:
    """A mean over probes with its 95 % interval by bootstrap over people; NaN where not measurable."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def percent(self) -> str:
        """Format the measure in percent, with its interval."""
        return percent_interval(self.value, self.low, self.high)

    def number(self) -> str:
        """Format the measure with one decimal, with its interval."""
        if math.isnan(self.low):
            return "–" if math.isnan(self.value) else f"{self.value:.1f}"
        return f"{self.value:.1f} ({self.low:.1f}–{self.high:.1f})"

    def to_list(self) -> list[float | None]:
        """Return value, low and high as plain data; None where not measurable."""
        return [None if math.isnan(each) else each for each in (self.value, self.low, self.high)]


@dataclass(frozen=True)
class PersonRisk:
    """The risk of one person under one attack: means over the person's recordings."""

    person: str
    probes: int
    rank_1: float
    rank: float
    """Mean rank of the person; 1 if always found first."""
    singled_out: float
    linkability: float
    anonymity_set: float


@dataclass(frozen=True, eq=False)
class Attack:
    """One attacker against one published version of the recordings.

    Attributes
    ----------
    knowledge : str
        Which recording the attacker holds, such as ``"other session"``.
    informed : bool
        Whether the attacker knows the transformation and adapts to it.
    strategy : str
        How the attacker compares recordings: the strongest of the ways tried.
    measures : mapping of str to Measure
        ``rank_1``, ``rank_5``, ``rank_10``, ``detection`` (DIR at an FPIR of 10 %), ``singled_out``, ``linkability``,
        ``anonymity_set``, and ``eer``.
    people : tuple of PersonRisk
        The most exposed first.
    n_probes, n_people : int
        Number of recordings that the attacker holds, one at a time, and of people that each is compared with.
    """

    knowledge: str
    informed: bool
    strategy: str
    measures: Mapping[str, Measure]
    people: tuple[PersonRisk, ...]
    n_probes: int
    n_people: int

    @property
    def chance(self) -> float:
        """Rank-1 by guessing."""
        return 1 / self.n_people

    def row(self) -> dict[str, str]:
        """Return a row of a table."""
        measures = self.measures
        return {
            "attacker holds": self.knowledge,
            "adapts": "yes" if self.informed else "no",
            "probes": str(self.n_probes),
            "people": str(self.n_people),
            "Rank-1 (95 %)": measures["rank_1"].percent(),
            "DIR at FPIR 10 %": measures["detection"].percent(),
            "singled out": measures["singled_out"].percent(),
            "linkability": f"{measures['linkability'].value:.2f}",
            "anonymity set": measures["anonymity_set"].number(),
            "EER": percent(measures["eer"].value),
            "compares by": self.strategy,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the attack as plain data for JSON."""
        return {
            "knowledge": self.knowledge,
            "informed": self.informed,
            "strategy": self.strategy,
            "probes": self.n_probes,
            "people": self.n_people,
            "chance": self.chance,
            "measures": {name: measure.to_list() for name, measure in self.measures.items()},
            "per_person": [vars(each) for each in self.people],
        }


@dataclass(frozen=True)
class GroupingAttack:
    """An attacker who holds no recording of a known person, and groups the published ones by person."""

    knows_number: bool
    """Whether the attacker knows the number of people."""
    groups: int
    precision: float
    recall: float
    """`precision`, `recall`: of pairs of recordings in one group."""


@dataclass(frozen=True, eq=False)
class Assessment:
    """One published version of the recordings: the attacks on it, and its utility.

    Attributes
    ----------
    method : str
        The transformation; ``"none"`` for the recordings as they are.
    attacks : tuple of Attack
        Ordered by knowledge, the attacker who does not adapt before the one who does.
    grouping : tuple of GroupingAttack
    utility : Utility
    gap : Measure
        Rank-1 of the attacker who adapts minus that of the one who does not; both hold any other recording.
    """

    method: str
    attacks: tuple[Attack, ...]
    grouping: tuple[GroupingAttack, ...]
    utility: Utility
    gap: Measure

    def attack(self, *, informed: bool = True, knowledge: str = "any other recording") -> Attack:
        """Return the attack by an attacker; if none does not adapt, the one who adapts."""
        found = [each for each in self.attacks if each.knowledge == knowledge]
        return next((each for each in found if each.informed == informed), found[-1])

    @property
    def only_looks_safe(self) -> bool:
        """Whether an attacker who does not adapt finds clearly fewer people than one who does."""
        return self.gap.value >= CLEAR_DIFFERENCE and self.gap.low > 0

    def table(self) -> str:
        """Return all attacks as a Markdown table."""
        return markdown_table([each.row() for each in self.attacks])

    def verdict(self) -> str:
        """Summarise in one sentence what the attackers found."""
        adapted, plain = self.attack(), self.attack(informed=False)
        found = (
            f"{percent(adapted.measures['rank_1'].value)} % of the recordings (guessing: {percent(adapted.chance)} %)"
        )
        if self.method == "none":
            return f"As they are: an attacker finds the person of {found}."
        if self.only_looks_safe:
            return (
                f"{self.method} only looks safe: an attacker who does not adapt finds the person of "
                f"{percent(plain.measures['rank_1'].value)} % of the recordings, one who knows the method of {found}."
            )
        return f"{self.method}: an attacker who knows the method finds the person of {found}."

    def to_dict(self) -> dict[str, Any]:
        """Return the assessment as plain data for JSON."""
        return {
            "method": self.method,
            "attacks": [each.to_dict() for each in self.attacks],
            "grouping": [vars(each) for each in self.grouping],
            "utility": self.utility.to_dict(),
            "gap": self.gap.to_list(),
            "only_looks_safe": self.only_looks_safe,
        }


@dataclass(frozen=True, eq=False)
class RiskReport:
    """The result of `himpc.risk`.

    Attributes
    ----------
    assessments : tuple of Assessment
        The recordings as they are, then each method.
    n_people, n_recordings : int
        Numbers of people and of whole recordings that were compared.
    attackers : mapping of str to str
        What each attacker holds, by name, in words.
    untested : tuple of str
        What the data cannot show, and what was not tried.
    problems : tuple of Problem
        Recordings that were left out, and why; with those of `himpc.reading.Recordings`, files that were skipped.
    """

    assessments: tuple[Assessment, ...]
    n_people: int
    n_recordings: int
    attackers: Mapping[str, str]
    untested: tuple[str, ...]
    problems: tuple[Problem, ...]

    def table(self) -> str:
        """Return the trade-off as a Markdown table with a row per method."""
        return markdown_table(trade_off_rows(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data for JSON."""
        return {
            "people": self.n_people,
            "recordings": self.n_recordings,
            "assessments": [each.to_dict() for each in self.assessments],
            "untested": list(self.untested),
        }


def trade_off_rows(report: RiskReport) -> list[dict[str, str]]:
    """Return the rows of the trade-off: risk by an attacker with any other recording, and utility, for each method."""
    rows = [_trade_off_row(each) for each in report.assessments]
    if not any(row["warning"] for row in rows):
        for row in rows:
            del row["warning"]
    return rows


def _trade_off_row(assessment: Assessment) -> dict[str, str]:
    adapted, plain = assessment.attack(), assessment.attack(informed=False)
    utility = assessment.utility
    return {
        "method": assessment.method,
        "Rank-1, adapts": adapted.measures["rank_1"].percent(),
        "does not": percent(plain.measures["rank_1"].value),
        "singled out": percent(adapted.measures["singled_out"].value),
        "linkability": f"{adapted.measures['linkability'].value:.2f}",
        "anonymity set": f"{adapted.measures['anonymity_set'].value:.1f} of {adapted.n_people}",
        "position, mm": _number(utility.position_error),
        "angle, deg": _number(utility.angle_error),
        "range, deg": _number(utility.range_error),
        "stride, %": percent(utility.stride_error),
        "cadence, %": percent(utility.cadence_error),
        "speed, %": percent(utility.speed_error),
        "warning": "only looks safe" if assessment.only_looks_safe else "",
    }


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"
