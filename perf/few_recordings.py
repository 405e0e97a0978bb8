"""Measure groups of a few recordings of a few people: ``python perf/few_recordings.py``.

People and recordings of a set are drawn at random. Printed are the mean number of groups and ARI, and for each kind of
recording their number and mean confidence: alone in a group, with others of the same person only, or with other people.

``--reliability SET ...`` prints precision by confidence instead: of a recording with others, the share of these that
show its person; of one alone, whether it is the only one of its person. One to twelve people have one, two, three, or
one to five recordings each.
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

DRAWS, RELIABILITY_DRAWS = 8, 3
KINDS = ("alone", "right", "wrong")
NAMES = {"c3d-walking": "{person}/{session}/*.c3d", "kinect-v1-actions": "Seq{session}_{person}.csv"}
"""Patterns of the files of sets that do not store their people."""

BINS = (0.0, 0.5, 0.7, 0.9)
PEOPLE = (1, 2, 4, 8, 12)
NUMBERS = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "1 to 5": (1, 5)}


def kind_of(number: int, people: Sequence[str | None], grouping: Grouping) -> str:
    """Return what kind of group a recording is in; empty if in none."""
    group = grouping.groups[number]
    others = [person for i, person in enumerate(people) if i != number and grouping.groups[i] == group]
    if not group:
        return ""
    return "alone" if not others else "right" if set(others) == {people[number]} else "wrong"


def draw(
    walks: Sequence[Recording], n_people: int, fewest: int, most: int, rng: np.random.Generator
) -> list[Recording]:
    """Draw people, and from `fewest` to `most` recordings of each."""
    chosen: list[Recording] = []
    for person in rng.choice(sorted({str(walk.person) for walk in walks}), n_people, replace=False):
        own = [walk for walk in walks if walk.person == person]
        count = min(int(rng.integers(fewest, most + 1)), len(own))
        chosen += [own[i] for i in rng.choice(len(own), count, replace=False)]
    return chosen


def measure(walks: Sequence[Recording], n_people: int, n_recordings: int) -> dict[str, str]:
    """Return a row of the table."""
    rng = np.random.default_rng(0)
    groups, agreement = [], []
    confidence: dict[str, list[float]] = {kind: [] for kind in ("", *KINDS)}
    for _ in range(DRAWS):
        own = draw(walks, n_people, n_recordings, n_recordings, rng)
        grouping, people = himpc.group(own), [walk.person for walk in own]
        groups.append(grouping.people)
        agreement.append(grouping_agreement(grouping.groups, people).ari)
        for number in range(len(own)):
            confidence[kind_of(number, people, grouping)].append(float(grouping.confidence[number]))
    cells = {kind: f"{len(each)}, {np.mean(each):.2f}" if (each := confidence[kind]) else "-" for kind in KINDS}
    row = {"people": str(n_people), "recordings each": str(n_recordings)}
    return row | {"groups": f"{np.mean(groups):.1f}", "ARI": f"{np.mean(agreement):.2f}"} | cells


def precisions(people: Sequence[str | None], grouping: Grouping) -> list[tuple[bool, float, float]]:
    """Return, for each recording in a group, whether others are in it, its confidence and its precision."""
    found, groups, names = [], np.asarray(grouping.groups), np.asarray(people)
    for number in np.flatnonzero(groups):
        others = np.flatnonzero(groups == groups[number])
        others = others[others != number]
        same = names == names[number]
        precision = same[others].mean() if len(others) else float(same.sum() == 1)
        found.append((len(others) > 0, float(grouping.confidence[number]), float(precision)))
    return found


def reliability(name: str, walks: Sequence[Recording]) -> list[dict[str, str]]:
    """Return rows of the table of precision by confidence."""
    rng = np.random.default_rng(0)
    available, rows = len({walk.person for walk in walks}), []
    for label, (fewest, most) in NUMBERS.items():
        found = []
        numbers = [each for each in PEOPLE if each <= available and each * most > 1]
        for n_people in RELIABILITY_DRAWS * numbers:
            own = draw(walks, n_people, fewest, most, rng)
            if len(own) > 1:
                found += precisions([walk.person for walk in own], himpc.group(own))
        for joined in (True, False):
            row = {"set": name, "recordings each": label, "recording": "with others" if joined else "alone"}
            for low, high in zip(BINS, (*BINS[1:], 2.0), strict=True):
                own_bin = [value for kind, level, value in found if kind == joined and low <= level < high]
                row[f"from {low:g}"] = f"{np.mean(own_bin):.2f} ({len(own_bin)})" if own_bin else "-"
            rows.append(row)
    return rows


def read_walks(folder: Path) -> list[Recording]:
    """Return the recordings of a set whose person is known, without static trials."""
    walks = himpc.read(folder, name=NAMES[folder.name]) if folder.name in NAMES else himpc.read(folder)
    return [walk for walk in walks if walk.person and walk.session != "Static"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    parser.add_argument("--set", default="video-walkers", help="a set whose recordings know their people")
    parser.add_argument("--reliability", nargs="+", metavar="SET", help="sets to print precision by confidence of")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.reliability:
        for name in options.reliability:
            print(markdown_table(reliability(name, read_walks(options.data / name))), end="\n\n", flush=True)
        return
    walks = himpc.read(options.data / options.set)
    print(markdown_table([measure(walks, people, each) for each in (1, 2, 3, 6) for people in (2, 3, 5)]))


if __name__ == "__main__":
    main()
