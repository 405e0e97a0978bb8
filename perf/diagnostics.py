"""Measure how well label-free diagnostics predict the true Rank-1: ``python perf/diagnostics.py``.

For simulated suites of every difficulty, with published and with reduced differences between people: train the preset
`tracklet` without labels, compute `himpc.learning.diagnose`, and rank the suite's probe in its gallery. Spearman's
correlations over all suites are written into docs/lab-notebook.md.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from scipy.stats import spearmanr
from sklearn.metrics import adjusted_rand_score

import himpc
from himpc.evaluation import markdown_table
from himpc.learning import Diagnosis, diagnose
from himpc.learning.clustering import cluster_recordings
from himpc.recordings import Windows
from himpc.research import Recipe, divide_recordings, get_recipe
from measurement import IgnoreWarnings, replace_section, use_one_thread

SUITES = ("cross-view", "cross-session", "clothing", "long-term")
DIFFICULTIES = ("easy", "medium", "hard")
ALIKE = 0.3
"""Difference between bodies and gaits of people who are alike, as a fraction of the published one."""
PEOPLE = 12
FIRST_SEED = 300
NUMBERS = {
    "margin": "silhouette of the groups over that of random data",
    "nearest": "how much nearer the nearest other recording is than the median one",
    "halves": "how much nearer a recording's halves are to each other than to those of others",
    "levels": "share of recordings for which two levels find the same other one nearest",
    "seeds": "adjusted Rand index of the groups of two trainings with different seeds",
}
"""Those of `himpc.learning.Diagnosis`, and one that needs another training."""
START = "<!-- diagnostics: written by `python perf/diagnostics.py` -->\n"
END = "<!-- /diagnostics -->"


@dataclass(frozen=True)
class Case:
    """One suite with one seed: diagnosis, agreement with a second training, and true Rank-1 in %."""

    name: str
    alike: bool
    diagnosis: Diagnosis
    seeds: float
    window: float
    recording: float

    def number(self, name: str) -> float:
        """Return one of `NUMBERS`."""
        return self.seeds if name == "seeds" else float(getattr(self.diagnosis, name))


def suites(seeds: int) -> Iterator[tuple[Recipe, bool, int]]:
    """Return each suite with published and with reduced differences between people, each with its own seed."""
    for number, (_, alike, suite, difficulty) in enumerate(product(range(seeds), (False, True), SUITES, DIFFICULTIES)):
        recipe = get_recipe(f"{suite}-{difficulty}")
        knobs = {key: dict(table) for key, table in recipe.simulation.knobs.items()}
        knobs[difficulty] |= {"bodies": ALIKE, "gaits": ALIKE} if alike else {}
        simulation = replace(recipe.simulation, people=PEOPLE, knobs=knobs)
        yield replace(recipe, simulation=simulation), alike, FIRST_SEED + number


def measure(recipe: Recipe, alike: bool, seed: int) -> Case:
    """Train without labels, and measure with labels."""
    recordings = divide_recordings(recipe, seed=seed)[1]
    learner, other = (
        himpc.HiMPC("tracklet", seed=each, callbacks=[IgnoreWarnings()]).fit(recordings.train)
        for each in (seed, seed + 10_000)
    )
    config = learner.config
    windows = Windows.cut(recordings.train, config.window_length, config.training_stride)
    groups = [cluster_recordings(each.model_.embed(windows), windows.whole_recording) for each in (learner, other)]
    result = himpc.evaluate(learner.model_, recordings.tests["gallery"], recordings.tests["probe"])
    ranks = (100 * part.ranking.rank[1] for part in (result.window, result.recording))
    return Case(recipe.name, alike, diagnose(learner.model_, windows), adjusted_rand_score(*groups), *ranks)


def section(cases: list[Case]) -> str:
    """Return both tables."""
    correlations = [
        {
            "number": f"`{name}`",
            "what": what,
            "recording Rank-1": _spearman([case.number(name) for case in cases], cases, "recording"),
            "window Rank-1": _spearman([case.number(name) for case in cases], cases, "window"),
        }
        for name, what in NUMBERS.items()
    ]
    rows = [
        {
            "suite": case.name,
            "people": "alike" if case.alike else "as published",
            "R1 w": f"{case.window:.0f}",
            "R1 r": f"{case.recording:.0f}",
            "groups": f"{case.diagnosis.groups} of {case.diagnosis.recordings}",
        }
        | {name: f"{case.number(name):.2f}" for name in NUMBERS}
        for case in sorted(cases, key=lambda case: (-case.recording, -case.window))
    ]
    return (
        f"Spearman's correlation with the Rank-1 of held-out recordings, over {len(cases)} simulated suites of "
        f"{PEOPLE} people, each with a seed of its own (from {FIRST_SEED}), preset `tracklet`, himpc "
        f"{himpc.__version__}:\n\n{markdown_table(correlations)}\n\nEach suite, the best first; {PEOPLE} groups would "
        f"be right:\n\n{markdown_table(rows)}\n"
    )


def _spearman(numbers: list[float], cases: list[Case], level: str) -> str:
    return f"{spearmanr(numbers, [getattr(case, level) for case in cases]).statistic:.2f}"


def main() -> None:
    """Measure, and write the tables into the notebook."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="repetitions of each suite")
    parser.add_argument("--notebook", type=Path, default=Path(__file__).parents[1] / "docs" / "lab-notebook.md")
    options = parser.parse_args()
    use_one_thread()
    cases = []
    for recipe, alike, seed in suites(options.seeds):
        cases.append(measure(recipe, alike, seed))
        print(f"{recipe.name}, alike {alike}, seed {seed}: {cases[-1]}", flush=True)
    replace_section(options.notebook, START, END, section(cases))
    print(f"Wrote {options.notebook}")


if __name__ == "__main__":
    main()
