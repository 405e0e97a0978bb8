"""Measure what times of recordings give: ``python perf/simultaneous.py``.

Eight simulated people, six recordings each, are seen in twelve films of four people side by side. Grouped are the same
recordings without their times, with them in grouping alone, and with them in training as well.
"""

from __future__ import annotations

import os
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import himpc
from himpc.evaluation import grouping_agreement
from himpc.recordings import Origin, Recording, clean, number_whole_recordings

SUITES = (("hard", 2), ("hard", 5), ("medium", 3))
PEOPLE, RECORDINGS, IN_FILM = 8, 6, 4


def films(difficulty: str, seed: int) -> list[Recording]:
    """Return the recordings of films in which four people walk side by side."""
    walks = himpc.simulate(PEOPLE, RECORDINGS, seconds=4.0, difficulty=difficulty, seed=seed)
    found = []
    for number, walk in enumerate(walks):
        person, take = divmod(number, RECORDINGS)
        place = (person - take) % PEOPLE
        moved = walk.with_(
            joints=walk.joints + np.float32([2 * (place % IN_FILM), 0, 0]),
            origin=Origin(body=number),
            start=0.0,
            clock=Origin(body=f"film {take}-{place // IN_FILM}"),
        )
        found += clean(moved)
    return found


def main() -> None:
    """Print a row for each suite."""
    warnings.simplefilter("ignore")
    for difficulty, seed in SUITES:
        timed = films(difficulty, seed)
        without = [each.with_(start=None, clock=None) for each in timed]
        models = [himpc.HiMPC().fit(each).model_ for each in (without, timed)]
        first = np.unique(number_whole_recordings(timed), return_index=True)[1]
        persons = [timed[i].person for i in first]
        cells = []
        for recordings, model in ((without, models[0]), (timed, models[0]), (timed, models[1])):
            for people in (None, PEOPLE):
                grouping = himpc.group(recordings, model, people=people)
                agreement = grouping_agreement(grouping.groups[first], persons)
                cells.append(f"{grouping.people} {agreement.ari:.2f}")
        print(f"| {difficulty} {seed} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
