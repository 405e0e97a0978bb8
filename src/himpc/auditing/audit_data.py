"""What an audit knows of its recordings, in an order of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.assignment import Judgement
from himpc.auditing.bodies import Bodies
from himpc.auditing.findings import LEVELS, Finding, LabelProposal
from himpc.auditing.reasons import Lengths, measure_lengths
from himpc.recordings import Recording, number_whole_recordings, to_common_layout

__all__ = ["CORRECTED_FROM", "REPORTED_FROM", "AuditData", "prepare_recordings"]

CORRECTED_FROM = LEVELS["likely"]
REPORTED_FROM = LEVELS["possible"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(eq=False)
class AuditData:
    """Whole recordings in an order of their own, and what is known of them so far."""

    recordings: list[Recording]
    """In the common layout."""
    position: list[int]
    """The index of each in the recordings that were given."""
    whole: Numbers
    first: Numbers
    """The first part of each whole recording, an index into `recordings`."""
    people: list[str | None]
    """The label of each whole recording."""
    notes: list[str]
    lengths: Lengths
    copy_of: Numbers
    factors: Array
    """By which whole recordings are divided to be in the unit of the others."""
    findings: list[Finding] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The people whose labels are judged, by number."""
    judged: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The whole recordings that are judged."""
    labels: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    judgement: Judgement | None = None
    bodies: Bodies | None = None

    def source(self, whole: int) -> str:
        return self.recordings[int(self.first[whole])].whole_source

    def index(self, whole: int) -> int:
        return self.position[int(self.first[whole])]

    def add(
        self,
        kind: str,
        probability: float,
        wholes: Sequence[int],
        people: Sequence[str | None],
        why: str,
        *,
        alternative: str | None = None,
        references: dict[str, int] | None = None,
        **measures: float,
    ) -> None:
        """Add a finding."""
        self.findings.append(
            Finding(
                kind=kind,  # type: ignore[arg-type]
                probability=float(probability),
                recordings=tuple(self.index(each) for each in wholes),
                sources=tuple(self.source(each) for each in wholes),
                people=tuple(dict.fromkeys(each for each in people if each is not None)),
                why=why,
                alternative=alternative,
                references={name: self.index(each) for name, each in (references or {}).items()},
                measures=measures,
            )
        )

    def proposals(self) -> tuple[LabelProposal, ...]:
        """Return the label of each whole recording, as it is and as it is proposed, in the order given."""
        found = {}
        if self.judgement is not None:
            for row, whole in enumerate(self.judged):
                wrong, person = self.judgement.wrong[row], self.judgement.people[row]
                is_corrected = wrong >= CORRECTED_FROM and person >= 0
                found[int(whole)] = float(wrong), self.names[person] if is_corrected else self.people[whole]
        order = np.argsort([min(np.array(self.position)[self.whole == each]) for each in range(len(self.first))])
        return tuple(
            LabelProposal(self.source(each), self.people[each], found[each][1], found[each][0])
            if each in found
            else LabelProposal(self.source(each), self.people[each], self.people[each], None)
            for each in order.tolist()
        )

    def other_of_label(self, whole: int) -> dict[str, int]:
        """Return another recording of the same label as a reference, if there is one."""
        own = [i for i, person in enumerate(self.people) if person == self.people[whole] and i != whole]
        return {"same label": own[0]} if own else {}

    def number_people(self, wholes: Sequence[int]) -> Numbers:
        """Number the labels of whole recordings by their first appearance, which does not depend on their names."""
        numbers: dict[str | None, int] = {}
        return np.array([numbers.setdefault(self.people[each], len(numbers)) for each in wholes], dtype=np.int64)

    def copies_among_judged(self) -> Numbers:
        """Return the recording that each judged one is a copy of, as an index into the judged ones."""
        roots = self.copy_of[self.judged]
        first: dict[int, int] = {}
        for row in [*np.flatnonzero(self.judged == roots), *range(len(roots))]:
            first.setdefault(int(roots[row]), int(row))
        return np.array([first[int(root)] for root in roots], dtype=np.int64)


def prepare_recordings(recordings: Sequence[Recording]) -> AuditData:
    """Convert recordings to their common layout, and sort them by their content.

    The order depends neither on the order given nor on the names of people.
    """
    converted, notes = to_common_layout(recordings)

    def key(i: int) -> tuple[str, str, int, bytes]:
        each = converted[i]
        return each.whole_source, each.source, len(each), each.joints.tobytes()[:4096]

    order = sorted(range(len(converted)), key=key)
    ordered = [converted[i] for i in order]
    whole = number_whole_recordings(ordered)
    first = np.unique(whole, return_index=True)[1]
    return AuditData(
        recordings=ordered,
        position=order,
        whole=whole,
        first=first,
        people=[ordered[i].person for i in first],
        notes=list(notes),
        lengths=measure_lengths(ordered),
        copy_of=np.arange(len(first)),
        factors=np.ones(len(first)),
    )
