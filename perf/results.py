"""Measure the methods that docs/results.md and the README compare: ``make results``.

For every benchmark that needs no licensed data set, with three seeds: train without labels by each preset, train with
the true persons as the supervised upper bound, compare with the baselines, and group the test recordings. Finished
benchmarks are reused, so the command can be interrupted. The tables of each benchmark are printed, and those of all of
them are written between two comments of the page.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

import himpc
from himpc._files import write_atomically
from himpc.evaluation import grouping_agreement, markdown_table
from himpc.learning import Config, group_recordings, train
from himpc.model import BASELINES
from himpc.research import SplitData, compare_variants, load_benchmark
from measurement import IgnoreWarnings, replace_section, use_one_thread

REAL = ("c3d-walking", "kinect-v1-actions")
SUITES = ("cross-view", "one-view", "cross-session", "clothing", "long-term")
UNSEEN = (*(f"{name}-unseen" for name in REAL), "cross-view-unseen-medium", "cross-session-unseen-medium")
BENCHMARKS = (*REAL, *(f"{suite}-medium" for suite in SUITES), "cross-view-hard", "cross-session-hard", *UNSEEN)
EVERY = (*BENCHMARKS, *(f"{suite}-{grade}" for grade in ("easy", "hard") for suite in SUITES))
ALIGNED = "clean, align=true"
"""Measured only where the view changes."""
UPPER_BOUND = "tracklet, true_people=true"
VARIANTS = {
    "clean": "Hi-MPC (`clean`)",
    ALIGNED: "Hi-MPC, bodies turned one way",
    "simmc": "SimMC-style",
    "spc": "SPC-style",
    "tracklet": "**tracklet**",
    UPPER_BOUND: "supervised upper bound",
}
BASELINE_TITLES = tuple(BASELINES[each].title for each in ("raw", "bones", "d13", "d16", "body"))
ON_PAGE = {
    "clean": VARIANTS["clean"],
    "**tracklet**": VARIANTS["tracklet"],
    "upper bound": VARIANTS[UPPER_BOUND],
    "raw": BASELINES["raw"].title,
    "bones": BASELINES["bones"].title,
}
"""Columns of the page and their methods; all methods are printed."""
NOT_ON_PAGE = ("one-view", "cross-view-unseen", "cross-session-unseen")
"""Suites that are printed only, because others on the page show the same."""

MEASURES = ("window Rank-1", "window mAP", "recording Rank-1", "recording mAP")
GROUPED = {"people found": 1, "ARI": 2, "AMI": 2, "purity": 2}

README_START, README_END = "<!-- results: written by `make results` -->\n", "<!-- /results -->"
START, END = "<!-- methods: written by `make results` -->\n", "<!-- /methods -->"

Scores = dict[str, dict[str, float]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="the folder that holds the real sets")
    arguments.add_argument("--runs", type=Path, required=True, help="folder of the runs; existing results are reused")
    arguments.add_argument("--out", type=Path, required=True, help="the page to write the tables into")
    arguments.add_argument("--readme", type=Path, help="a file to put the real sets between its 'results' comments")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--jobs", type=int, default=2, help="runs at once, one thread each")
    arguments.add_argument("--every", action="store_true", help="every suite in every difficulty")
    options = arguments.parse_args()
    names = list(dict.fromkeys(EVERY if options.every else BENCHMARKS))
    measured: dict[str, list[Scores]] = {}
    with ProcessPoolExecutor(options.jobs, initializer=use_one_thread) as pool:
        jobs = {
            name: [pool.submit(measure, name, seed, options.data, options.runs) for seed in range(options.seeds)]
            for name in names
        }
        for name, runs in jobs.items():
            measured[name] = [run.result() for run in runs]
            print(section(name, measured[name], "##"), flush=True)
    replace_section(options.out, START, END, document(measured, options.seeds))
    if options.readme:
        replace_section(
            options.readme, README_START, README_END, "\n\n".join(section(name, measured[name], "###") for name in REAL)
        )
    print(f"Wrote {options.out}")


def measure(name: str, seed: int, root: Path, runs: Path) -> Scores:
    """Return the measures of each method on one benchmark with one seed, from its file if it exists."""
    folder = runs / name / f"seed-{seed}"
    path = folder / "scores.json"
    if path.exists():
        scores: Scores = json.loads(path.read_text(encoding="utf-8"))
        return scores
    recipe = name.removesuffix("-unseen")
    data = load_benchmark(name, root / recipe if recipe in REAL else None, seed=seed)
    variants = [each for each in VARIANTS if each != ALIGNED or name in REAL or name.startswith("cross-view")]
    comparison = compare_variants(
        data, folder, variants, seed=seed, resume=folder.exists(), callbacks=[IgnoreWarnings()]
    )
    split = data.protocol.splits[0]
    scores = {}
    for variant, run in comparison.runs.items():
        levels = (run.results[split.name], run.recordings[split.name])
        titles = {run.representation: VARIANTS[variant]} | {title: title for title in BASELINE_TITLES}
        for title, shown in titles.items():
            if title in levels[0]:
                values = [100 * level[title].ranking.metrics[key] for level in levels for key in ("rank_1", "mAP")]
                scores[shown] = dict(zip(MEASURES, values, strict=True))
    for method, agreement in grouped(data.of_split(split), seed).items():
        scores.setdefault(method, {}).update(agreement)
    write_atomically(path, json.dumps(scores).encode())
    print(f"{name}, seed {seed}: done", flush=True)
    return scores


def grouped(data: SplitData, seed: int) -> Scores:
    """Group gallery and probe together by a model trained on them and by a baseline, and compare with the persons."""
    sides = [side for side in (data.gallery, data.probe) if side is not None]
    first = sides[0].windows
    offsets = np.cumsum([0, *(len(side.windows.frames) for side in sides)])
    takes = [np.unique(side.windows.whole_recording, return_inverse=True)[1] for side in sides]
    before = np.cumsum([0, *(take.max() + 1 for take in takes)])
    member = np.concatenate([take + count for take, count in zip(takes, before, strict=False)])
    count = int(before[-1])
    windows = replace(
        first,
        frames=np.concatenate([side.windows.frames for side in sides]),
        starts=np.concatenate([side.windows.starts + offset for side, offset in zip(sides, offsets, strict=False)]),
        recording=member,
        n_recordings=count,
        whole_numbers=None,
    )
    everyone = np.concatenate([side.persons for side in sides])
    persons = everyone[np.unique(member, return_index=True)[1]].tolist()
    model = train(windows, Config.preset("tracklet").with_(seed=seed), device="cpu", callbacks=[IgnoreWarnings()]).model
    body, measured = BASELINES["body"], {}
    for method, embedder, whiten in ((VARIANTS["tracklet"], model, False), (body.title, body, True)):
        groups = group_recordings(embedder.embed(windows), member, count, whiten=whiten)
        agreement = grouping_agreement(groups.groups, persons)
        values = (groups.people, agreement.ari, agreement.ami, agreement.purity)
        measured[method] = dict(zip(GROUPED, values, strict=True))
    return measured


def document(measured: dict[str, list[Scores]], seeds: int) -> str:
    """Return the table of all benchmarks."""
    header = (
        f"Measured by `make results` with himpc {himpc.__version__}, {seeds} seeds: means, in %. A window is 6 frames; "
        "test windows do not overlap."
    )
    return "\n\n".join([header, "Window Rank-1 / mAP:", glance(measured, MEASURES[:2])])


def glance(measured: dict[str, list[Scores]], measures: tuple[str, ...]) -> str:
    """Return a row per benchmark and a column per method."""
    rows = []
    for name, runs in measured.items():
        if name.startswith(NOT_ON_PAGE):
            continue
        row = {"": name}
        for title, method in ON_PAGE.items():
            values = [mean(runs, method, each) for each in measures]
            row[title] = "-" if None in values else " / ".join(f"{value:.1f}" for value in values if value is not None)
        rows.append(row)
    return markdown_table(rows)


def section(name: str, runs: list[Scores], heading: str) -> str:
    """Return the tables of one benchmark."""
    methods = [method for method in runs[0] if "window mAP" in runs[0][method]]
    ranking = [{"method": method} | {each: spread(runs, method, each, 1) for each in MEASURES} for method in methods]
    by = [method for method in runs[0] if "ARI" in runs[0][method]]
    grouping = [
        {"compared by": method} | {each: spread(runs, method, each, digits) for each, digits in GROUPED.items()}
        for method in by
    ]
    caption = "Grouping of gallery and probe together, without labels, the number of people not given:"
    return "\n\n".join([f"{heading} {name}", markdown_table(ranking), caption, markdown_table(grouping)])


def mean(runs: list[Scores], method: str, measure: str) -> float | None:
    values = [run[method][measure] for run in runs if measure in run.get(method, {})]
    return float(np.mean(values)) if values else None


def spread(runs: list[Scores], method: str, measure: str, digits: int) -> str:
    values = np.array([run[method][measure] for run in runs])
    centre = f"{values.mean():.{digits}f}"
    return centre if np.ptp(values) == 0 else f"{centre} ± {values.std(ddof=1):.{digits}f}"


if __name__ == "__main__":
    main()
