"""How well groups of recordings agree with the true people."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.evaluation.formatting import markdown_table, percent

__all__ = ["Agreement", "grouping_agreement"]


@dataclass(frozen=True)
class Agreement:
    """Agreement of groups with people.

    Attributes
    ----------
    n_recordings, n_unlabelled : int
        Recordings that count, and those left out because nobody said whom they show.
    n_groups, n_persons : int
        Among those that count.
    ari, ami : float
        Adjusted Rand index and adjusted mutual information: 1 for the same partition, about 0 for chance.
    purity : float
        In [0, 1]. Share of recordings that show the person most frequent in their group. Many small groups are pure:
        read it beside recall.
    precision, recall, f1 : float
        In [0, 1]. Of pairs of recordings in one group, the share of one person; of pairs of one person, the share in
        one group; their harmonic mean. 1 where there is no such pair to be wrong about.
    """

    n_recordings: int
    n_unlabelled: int
    n_groups: int
    n_persons: int
    ari: float
    ami: float
    purity: float
    precision: float
    recall: float
    f1: float

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        return asdict(self)

    def table(self) -> str:
        """Return a Markdown table for people: percent, but ARI and AMI as they are; precision, recall, F1 of pairs."""
        row = {
            "groups": str(self.n_groups),
            "people": str(self.n_persons),
            "ARI": f"{self.ari:.3f}",
            "AMI": f"{self.ami:.3f}",
            "purity": percent(self.purity),
            "precision": percent(self.precision),
            "recall": percent(self.recall),
            "F1": percent(self.f1),
        }
        return markdown_table([row | ({"unlabelled": str(self.n_unlabelled)} if self.n_unlabelled else {})])


def grouping_agreement(
    groups: Sequence[int] | NDArray[np.integer], persons: Sequence[Hashable | None] | NDArray[Any]
) -> Agreement:
    """Compare the groups of R recordings with the people they show.

    ARI: Hubert and Arabie, "Comparing partitions", 1985. AMI: Vinh, Epps and Bailey, JMLR 2010. Purity and pairwise
    measures: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 16.3.

    Parameters
    ----------
    groups : int sequence ``(R,)``
        The group of each recording. A negative number is no group: the recording stands alone.
    persons : sequence ``(R,)``
        Whom each shows; recordings with None are left out and counted in `n_unlabelled`.

    Raises
    ------
    DataError
        If sizes differ, or no recording is labelled.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    if len(groups) != len(persons):
        raise DataError(f"{len(groups)} groups for {len(persons)} recordings' persons: expected one each")
    known = [i for i, person in enumerate(persons) if person is not None]
    if not known:
        raise DataError(
            "no recording says whom it shows, so groups cannot be compared with people: "
            "give labels with --name or --labels"
        )
    number: dict[Hashable, int] = {}
    people = np.array([number.setdefault(persons[i], len(number)) for i in known])
    kept = np.array([int(groups[i]) if groups[i] >= 0 else -1 - i for i in known])
    _, kept = np.unique(kept, return_inverse=True)
    n_groups, n_persons = int(kept.max()) + 1, len(number)
    cells, counts = np.unique(kept * n_persons + people, return_counts=True)  # the contingency table, sparse
    largest = np.zeros(n_groups, dtype=np.int64)
    np.maximum.at(largest, cells // n_persons, counts)
    both, joined, true = _pairs(counts), _pairs(np.bincount(kept)), _pairs(np.bincount(people))
    precision, recall = (both / joined if joined else 1.0), (both / true if true else 1.0)
    return Agreement(
        n_recordings=len(known),
        n_unlabelled=len(persons) - len(known),
        n_groups=n_groups,
        n_persons=n_persons,
        ari=float(adjusted_rand_score(people, kept)),
        ami=float(adjusted_mutual_info_score(people, kept)),
        purity=float(largest.sum() / len(known)),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    )


def _pairs(counts: NDArray[np.integer]) -> int:
    return int((counts * (counts - 1) // 2).sum())
