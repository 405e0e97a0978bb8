"""What an audit finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from himpc.errors import count_noun

__all__ = ["KINDS", "LEVELS", "AuditResult", "Finding", "Kind", "LabelProposal", "Level"]

Kind = Literal[
    "wrong label", "swapped labels", "one person, two labels", "two people, one label", "copy", "sides exchanged",
    "other height",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

Level = Literal["possible", "likely", "certain"]
LEVELS: dict[Level, float] = {"possible": 0.5, "likely": 0.9, "certain": 0.99}
"""The lowest probability of each level."""

_MAX_LISTED = 20


@dataclass(frozen=True)
class Finding:
    """One suspicion about labels or recordings.

    Attributes
    ----------
    kind : Kind
        One of `KINDS`.
    probability : float
        That it is true, at least 0.5.
    recordings : tuple of int
        The recordings in question, as indices into the recordings that were audited; of one split at long gaps, its
        first part.
    sources : tuple of str
        Their names.
    people : tuple of str
        The labels in question: that of the recordings, or the two that show one person.
    alternative : str or None
        The most likely person, if the data shows that person.
    references : dict of str to int
        Recordings to look at beside the first one in question, by what they show, such as the alternative person.
    why : str
        The reason, in one or more sentences.
    measures : dict
        The numbers behind it, by name.
    """

    kind: Kind
    probability: float
    recordings: tuple[int, ...]
    sources: tuple[str, ...]
    people: tuple[str, ...]
    why: str
    alternative: str | None = None
    references: dict[str, int] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """The highest of `LEVELS` that the probability reaches."""
        return [level for level, lowest in LEVELS.items() if self.probability >= lowest][-1]

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        document = asdict(self) | {"level": self.level, "probability": round(self.probability, 4)}
        document["measures"] = {name: round(float(value), 4) for name, value in self.measures.items()}
        del document["recordings"], document["references"]
        return document


@dataclass(frozen=True)
class LabelProposal:
    """The person of a whole recording as labelled, and as the audit proposes it."""

    source: str
    person: str | None
    proposed: str | None
    probability_wrong: float | None
    """None where the label cannot be judged."""

    @property
    def is_changed(self) -> bool:
        """Whether another person is proposed."""
        return self.person != self.proposed


@dataclass(frozen=True)
class AuditResult:
    """The result of `audit`.

    Attributes
    ----------
    findings : tuple of Finding
        With a probability of at least 0.5; the most probable first.
    labels : tuple of LabelProposal
        One for each whole recording. A correction is proposed from the level "likely".
    not_judged : tuple of str
        What the recordings cannot show, and why.
    notes : tuple of str
        How they were compared.
    people : int
        Number of people by the labels.
    """

    findings: tuple[Finding, ...]
    labels: tuple[LabelProposal, ...]
    not_judged: tuple[str, ...]
    notes: tuple[str, ...]
    people: int

    def at_least(self, level: Level) -> list[Finding]:
        """Return the findings whose probability reaches a level."""
        return [finding for finding in self.findings if finding.probability >= LEVELS[level]]

    def summary(self) -> str:
        """Return the findings and what was not judged, as text of a few lines."""
        audited = f"{count_noun(len(self.labels), 'recording')} of {count_noun(self.people, 'person', 'people')}"
        lines = [f"{count_noun(len(self.findings), 'finding')} in {audited}"]
        for finding in self.findings[:_MAX_LISTED]:
            lines.append(f"  {finding.level} ({finding.probability:.2f}), {finding.kind}: {describe(finding)}")
        if len(self.findings) > _MAX_LISTED:
            lines.append(f"  ... and {len(self.findings) - _MAX_LISTED} more")
        lines += [f"not judged: {each}" for each in self.not_judged]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "recordings": len(self.labels),
            "people": self.people,
            "findings": [finding.to_dict() for finding in self.findings],
            "corrections": [asdict(each) for each in self.labels if each.is_changed],
            "not_judged": list(self.not_judged),
            "notes": list(self.notes),
        }


def describe(finding: Finding) -> str:
    """Name the recordings and people of a finding in one line."""
    sources: Sequence[str] = finding.sources
    listed = ", ".join(sources[:3]) + (f" and {len(sources) - 3} more" if len(sources) > 3 else "")
    people = " and ".join(finding.people)
    if finding.kind == "one person, two labels":
        return people
    arrow = f" -> {finding.alternative}" if finding.alternative and finding.kind == "wrong label" else ""
    return f"{listed} ({people}{arrow})" if people or arrow else listed
