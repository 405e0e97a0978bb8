"""Agreement of groups of recordings with the people they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.evaluation.formatting import markdown_table, percent
from himpc.evaluation.label_codes import Labels, encode_labels


@dataclass(frozen=True)
class Agreement:
    """The result of `grouping_agreement`.

    Attributes
    ----------
    n_recordings, n_unlabelled : int
        Recordings with a known person, and those without, which do not count.
    n_groups, n_persons : int
        Of the recordings that count.
    ari, ami : float
        Adjusted Rand index and adjusted mutual information: 1 for the same partition, about 0 for chance.
    purity : float
        In [0, 1]. Share of recordings that show the most frequent person of their group. Many small groups are pure:
        compare it with the recall.
    precision, recall, f1 : float
        In [0, 1], of pairs of recordings. Share of pairs in one group that show one person; share of pairs of one
        person that are in one group; their harmonic mean. Precision or recall is 1 if there is no such pair.
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
        """Return the numbers as plain data for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Return a Markdown table, in percent except for ARI and AMI."""
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


def grouping_agreement(groups: Sequence[int] | NDArray[np.integer], persons: Labels) -> Agreement:
    """Compare the groups of R recordings with the people they show.

    ARI: Hubert and Arabie, "Comparing partitions", 1985. AMI: Vinh, Epps and Bailey, JMLR 2010. Purity and pairwise
    measures: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 16.3.

    Parameters
    ----------
    groups : int sequence ``(R,)``
        The group of each recording. A recording with a negative number is a group of its own.
    persons : sequence ``(R,)``
        The person of each recording. Recordings with None do not count.

    Raises
    ------
    DataError
        If sizes differ, or no recording has a person.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    if len(groups) != len(persons):
        raise DataError(f"{len(groups)} groups for the people of {len(persons)} recordings, expected one each")
    known = [i for i, person in enumerate(persons) if person is not None]
    if not known:
        raise DataError(
            "no recording has a person, so groups cannot be compared with persons",
            hint="read people from file names with {name} or from a table with {labels}",
        )
    (people,), n_persons = encode_labels([persons[i] for i in known])
    (members,), n_groups = encode_labels([int(groups[i]) if groups[i] >= 0 else None for i in known])
    cells, counts = np.unique(members * n_persons + people, return_counts=True)  # the contingency table, sparse
    largest = np.zeros(n_groups, dtype=np.int64)
    np.maximum.at(largest, cells // n_persons, counts)
    both, joined, true = _pairs(counts), _pairs(np.bincount(members)), _pairs(np.bincount(people))
    precision, recall = (both / joined if joined else 1.0), (both / true if true else 1.0)
    return Agreement(
        n_recordings=len(known),
        n_unlabelled=len(persons) - len(known),
        n_groups=n_groups,
        n_persons=n_persons,
        ari=float(adjusted_rand_score(people, members)),
        ami=float(adjusted_mutual_info_score(people, members)),
        purity=float(largest.sum() / len(known)),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    )


def _pairs(counts: NDArray[np.integer]) -> int:
    return int((counts * (counts - 1) // 2).sum())
