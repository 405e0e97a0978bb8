"""Measure groups of a few recordings of a few people: ``python perf/few_recordings.py``.

People and recordings of a set are drawn at random. Printed are the mean number of groups and ARI, and for each kind of
recording their number and mean confidence: alone in a group, with others of the same person only, or with other people.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import himpc
from himpc.evaluation import grouping_agreement, markdown_table
from himpc.learning import Grouping
from himpc.recordings import Recording

DRAWS = 8
KINDS = ("alone", "right", "wrong")


def kind_of(number: int, people: Sequence[str | None], grouping: Grouping) -> str:
    """Return what kind of group a recording is in; empty if in none."""
    group = grouping.groups[number]
    others = [person for i, person in enumerate(people) if i != number and grouping.groups[i] == group]
    if not group:
        return ""
    return "alone" if not others else "right" if set(others) == {people[number]} else "wrong"


def measure(walks: Sequence[Recording], n_people: int, n_recordings: int) -> dict[str, str]:
    """Return a row of the table."""
    rng = np.random.default_rng(0)
    names = sorted({str(walk.person) for walk in walks})
    groups, agreement = [], []
    confidence: dict[str, list[float]] = {kind: [] for kind in ("", *KINDS)}
    for _ in range(DRAWS):
        own = []
        for person in rng.choice(names, n_people, replace=False):
            mine = [walk for walk in walks if walk.person == person]
            own += [mine[i] for i in rng.choice(len(mine), min(n_recordings, len(mine)), replace=False)]
        grouping, people = himpc.group(own), [walk.person for walk in own]
        groups.append(grouping.people)
        agreement.append(grouping_agreement(grouping.groups, people).ari)
        for number in range(len(own)):
            confidence[kind_of(number, people, grouping)].append(float(grouping.confidence[number]))
    cells = {kind: f"{len(each)}, {np.mean(each):.2f}" if (each := confidence[kind]) else "-" for kind in KINDS}
    row = {"people": str(n_people), "recordings each": str(n_recordings)}
    return row | {"groups": f"{np.mean(groups):.1f}", "ARI": f"{np.mean(agreement):.2f}"} | cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    parser.add_argument("--set", default="video-walkers", help="a set whose recordings know their people")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    walks = himpc.read(options.data / options.set)
    print(markdown_table([measure(walks, people, each) for each in (1, 2, 3, 6) for people in (2, 3, 5)]))


if __name__ == "__main__":
    main()
