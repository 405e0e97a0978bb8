"""Measure the table of the README on the real recordings: ``make results``.

For each set and seed: train without labels, then rank the gallery for each probe by Hi-MPC's multi-level
representation, by each level alone, and by the baselines; then group all recordings and compare with the true people.
Nothing is chosen by looking at these numbers.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import himpc
from himpc.data.selection import select
from himpc.evaluation import grouping_agreement
from himpc.model import BASELINES
from himpc.report import markdown_table

MEASURES = ("window Rank-1", "window mAP", "recording Rank-1", "recording mAP")


@dataclass(frozen=True)
class Benchmark:
    """A folder of recordings and who plays which part."""

    folder: str
    name: str
    train: tuple[str, ...]
    gallery: tuple[str, ...]
    probe: tuple[str, ...]
    what: str


BENCHMARKS = (
    Benchmark(
        "c3d-walking",
        "{person}/{session}/*.c3d",
        ("session=Straight",),
        ("session=Straight",),
        ("session=Turn",),
        "16 persons, optical motion capture, 100 Hz; trained on Straight, gallery Straight, probe Turn",
    ),
    Benchmark(
        "kinect-v1-actions",
        "Seq{session}_{person}.csv",
        ("session=1,2,3",),
        ("session=4,5",),
        ("session=6",),
        "12 persons, Kinect v1; trained on actions 1-3, gallery actions 4-5, probe action 6",
    ),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="the folder that holds the sets")
    arguments.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    arguments.add_argument("--readme", type=Path, help="a file to put the same between its 'results' comments")
    arguments.add_argument("--seeds", type=int, default=3)
    options = arguments.parse_args()
    parts = [_header(options.seeds)]
    for benchmark in BENCHMARKS:
        with ProcessPoolExecutor(2, initializer=_one_thread) as pool:
            jobs = [pool.submit(measure, benchmark, options.data, seed) for seed in range(options.seeds)]
            runs = [job.result() for job in jobs]
        parts.append(_section(benchmark, runs))
    options.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    _put_into(options.readme, "\n\n".join(parts))
    print(f"wrote {options.out}; look at it next")


def measure(benchmark: Benchmark, data: Path, seed: int) -> dict[str, dict[str, float]]:
    """Return the measures of each method, and the agreement of its groups, for one seed."""
    recordings = himpc.read(data / benchmark.folder, name=benchmark.name)
    gallery, probe = select(recordings, benchmark.gallery), select(recordings, benchmark.probe)
    learner = himpc.HiMPC(seed=seed).fit(select(recordings, benchmark.train))
    print(f"{benchmark.folder} seed {seed}: {len(learner.history_.epochs)} epochs, {learner.history_.stopped}")
    scores = {}
    for title, model, level in _methods(learner):
        result = himpc.evaluate(model, gallery, probe, level=level)
        values = [
            value for part in (result.window, result.recording) for value in (part.ranking.rank[1], part.ranking.mAP)
        ]
        scores[title] = dict(zip(MEASURES, (100 * v for v in values), strict=True))
        if level is None:
            shown = [*gallery, *probe]
            groups = himpc.group(shown, model)
            agreement = grouping_agreement(groups.groups, [r.person for r in shown])
            scores[title] |= {"groups": groups.people, "ARI": agreement.ari, "AMI": agreement.ami}
            scores[title] |= {"purity": agreement.purity}
    return scores


def _methods(learner: himpc.HiMPC) -> Iterator[tuple[str, object, str | None]]:
    yield "Hi-MPC (MSMR)", learner.model_, None
    for level in learner.model_.levels:
        yield f"Hi-MPC, {level} level alone", learner.model_, level
    for baseline in BASELINES.values():
        yield baseline.title, baseline, None


def _section(benchmark: Benchmark, runs: list[dict[str, dict[str, float]]]) -> str:
    ranking = [{"method": title} | {m: _spread(runs, title, m, 1) for m in MEASURES} for title in runs[0]]
    grouping = [
        {"features": title, "people found": _spread(runs, title, "groups", 1)}
        | {m: _spread(runs, title, m, 2) for m in ("ARI", "AMI", "purity")}
        for title in runs[0]
        if "ARI" in runs[0][title]
    ]
    return "\n\n".join(
        [
            f"## {benchmark.folder}",
            f"{benchmark.what}.",
            markdown_table(ranking),
            "Grouping of gallery and probe together, no labels, number of people not given:",
            markdown_table(grouping),
        ]
    )


def _spread(runs: list[dict[str, dict[str, float]]], title: str, measure: str, digits: int) -> str:
    values = np.array([run[title][measure] for run in runs])
    mean = f"{values.mean():.{digits}f}"
    return mean if np.ptp(values) == 0 else f"{mean} ± {values.std(ddof=1):.{digits}f}"


def _header(seeds: int) -> str:
    return (
        "# Results\n\n"
        f"Measured by `make results` with himpc {himpc.__version__}, preset `clean`, {seeds} seeds: mean ± standard "
        "deviation over the seeds, in % (ARI, AMI and purity from 0 to 1). Baselines have no seed. A window is 6 "
        "frames; test windows do not overlap. No setting was chosen on the real recordings."
    )


def _put_into(readme: Path | None, text: str) -> None:
    """Replace what stands between the two comments by the results without their headings' first line."""
    if readme is None:
        return
    before, start, rest = readme.read_text(encoding="utf-8").partition("<!-- results: written by `make results` -->\n")
    _, end, after = rest.partition("<!-- /results -->")
    body = text.removeprefix("# Results\n\n").replace("## ", "### ")
    readme.write_text(f"{before}{start}{body}\n{end}{after}", encoding="utf-8")


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
