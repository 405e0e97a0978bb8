"""Measure the tables of the README and of docs/results.md: ``make results``.

For each set and seed: train without labels, then rank the gallery for each probe by Hi-MPC's multi-level
representation, by each level alone, and by the baselines; then group all test recordings and compare with the true
people. Nothing is chosen by looking at the real sets.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

import himpc
from himpc.data import Recording, clean
from himpc.data.selection import select
from himpc.evaluation import grouping_agreement
from himpc.jobs import Embedder
from himpc.model import BASELINES
from himpc.report import markdown_table
from himpc.skeleton import Level

RANKING = ("window Rank-1", "window mAP", "recording Rank-1", "recording mAP")
GROUPING = {"people found": 1, "ARI": 2, "AMI": 2, "purity": 2}
PEOPLE, TAKES = 20, 6

Split = tuple[Sequence[Recording], Sequence[Recording], Sequence[Recording]]
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Benchmark:
    """Recordings in three parts: train, gallery, probe."""

    name: str
    what: str
    load: Callable[[Path, int], Split]


def walking(data: Path, seed: int) -> Split:
    """Return the parts of ``c3d-walking``."""
    recordings = himpc.read(data / "c3d-walking", name="{person}/{session}/*.c3d")
    straight = select(recordings, ["session=Straight"])
    return straight, straight, select(recordings, ["session=Turn"])


def actions(data: Path, seed: int) -> Split:
    """Return the parts of ``kinect-v1-actions``."""
    recordings = himpc.read(data / "kinect-v1-actions", name="Seq{session}_{person}.csv")
    train, gallery, probe = (select(recordings, [f"session={part}"]) for part in ("1,2,3", "4,5", "6"))
    return train, gallery, probe


def simulated(difficulty: Literal["easy", "medium", "hard"], data: Path, seed: int) -> Split:
    """Return the parts of simulated walkers; each seed has other people."""
    walks = himpc.simulate(people=PEOPLE, recordings=TAKES, difficulty=difficulty, seed=seed)
    takes = [list(chain.from_iterable(map(clean, walks[take::TAKES]))) for take in range(TAKES)]
    return list(chain(*takes[:3])), list(chain(*takes[3:5])), takes[5]


REAL = (
    Benchmark(
        "c3d-walking",
        "16 persons, optical motion capture at 100 Hz. Trained on Straight; gallery Straight, probe Turn.",
        walking,
    ),
    Benchmark(
        "kinect-v1-actions",
        "12 persons, Kinect v1. Trained on actions 1-3; gallery actions 4-5, probe action 6.",
        actions,
    ),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="the folder that holds the real sets")
    arguments.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    arguments.add_argument("--readme", type=Path, help="a file to put the real sets between its 'results' comments")
    arguments.add_argument("--seeds", type=int, default=3)
    options = arguments.parse_args()
    walkers = tuple(
        Benchmark(
            f"Simulated walkers, {difficulty}",
            f"{PEOPLE} people, {TAKES} recordings each (two sessions, two cameras), other people for each seed. "
            "Trained on three recordings of each, gallery two, probe one.",
            partial(simulated, difficulty),
        )
        for difficulty in ("easy", "medium", "hard")
    )
    sections: dict[str, str] = {}
    with ProcessPoolExecutor(2, initializer=_one_thread) as pool:
        jobs = {
            benchmark: [pool.submit(measure, benchmark, options.data, seed) for seed in range(options.seeds)]
            for benchmark in (*REAL, *walkers)
        }
        for benchmark, runs in jobs.items():
            sections[benchmark.name] = _section(benchmark, [run.result() for run in runs])
    header = _header(options.seeds)
    options.out.write_text("\n\n".join(["# Results", header, *sections.values()]) + "\n", encoding="utf-8")
    if options.readme:
        _put_into(options.readme, "\n\n".join([header, *(sections[benchmark.name] for benchmark in REAL)]))
    print(f"wrote {options.out}; look at it next")


def measure(benchmark: Benchmark, data: Path, seed: int) -> Scores:
    """Return the measures of each method, and the agreement of its groups, for one seed."""
    train, gallery, probe = benchmark.load(data, seed)
    learner = himpc.HiMPC(seed=seed, callbacks=[_Silent()]).fit(train)
    print(f"{benchmark.name}, seed {seed}: {len(learner.history_)} epochs; {learner.history_.stopped}", flush=True)
    test = [*gallery, *probe]
    persons = [recording.person for recording in test]
    scores: Scores = {}
    for title, model, level in _methods(learner):
        result = himpc.evaluate(model, gallery, probe, level=level)
        parts = (result.window.ranking, result.recording.ranking)
        shares = [share for ranking in parts for share in (ranking.rank[1], ranking.mAP)]
        scores[title] = {name: 100 * share for name, share in zip(RANKING, shares, strict=True)}
        if level is None:
            grouping = himpc.group(test, model)
            agreement = grouping_agreement(np.where(grouping.groups > 0, grouping.groups, -1), persons)
            found = (grouping.people, agreement.ari, agreement.ami, agreement.purity)
            scores[title] |= dict(zip(GROUPING, found, strict=True))
    return scores


class _Silent:
    """A callback that takes the warnings of training; why it stopped is printed instead."""

    def on_warning(self, message: str) -> None:
        """Say nothing."""


def _methods(learner: himpc.HiMPC) -> Iterator[tuple[str, Embedder, Level | None]]:
    yield "Hi-MPC (MSMR)", learner.model_, None
    for level in learner.model_.levels:
        yield f"Hi-MPC, {level} level alone", learner.model_, level
    for baseline in BASELINES.values():
        yield baseline.title, baseline, None


def _section(benchmark: Benchmark, runs: list[Scores]) -> str:
    methods = list(runs[0])
    ranking = [{"method": title} | {name: _spread(runs, title, name, 1) for name in RANKING} for title in methods]
    grouping = [
        {"compared by": title} | {name: _spread(runs, title, name, digits) for name, digits in GROUPING.items()}
        for title in methods
        if "ARI" in runs[0][title]
    ]
    return "\n\n".join(
        [
            f"## {benchmark.name}",
            benchmark.what,
            markdown_table(ranking),
            "Grouping of gallery and probe together, without labels, the number of people not given:",
            markdown_table(grouping),
        ]
    )


def _spread(runs: list[Scores], title: str, measure: str, digits: int) -> str:
    values = np.array([run[title][measure] for run in runs])
    mean = f"{values.mean():.{digits}f}"
    return mean if np.ptp(values) == 0 else f"{mean} ± {values.std(ddof=1):.{digits}f}"


def _header(seeds: int) -> str:
    return (
        f"Measured by `make results` with himpc {himpc.__version__}, preset `clean`, {seeds} seeds, one thread each: "
        "mean ± standard deviation over the seeds, in % (ARI, AMI and purity from 0 to 1). Where the recordings are "
        "the same for all seeds, baselines have no spread. A window is 6 frames; test windows do not overlap. No "
        "setting was chosen on the real sets."
    )


def _put_into(readme: Path, text: str) -> None:
    """Replace what stands between the two comments, one heading level down."""
    before, start, rest = readme.read_text(encoding="utf-8").partition("<!-- results: written by `make results` -->\n")
    _, end, after = rest.partition("<!-- /results -->")
    if not end:
        raise SystemExit(f"{readme}: has no pair of 'results' comments to write between")
    readme.write_text(f"{before}{start}{text.replace('## ', '### ')}\n{end}{after}", encoding="utf-8")


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
