"""Measure identity on every development set: ``python perf/identity.py``; ``--quick`` for a first look.

For each set and seed what ships is adapted to, or trained on, the training part without labels, and compared with the
raw pose, bone lengths and the supervised upper bound: the encoder of the preset `tracklet`, trained with the true
people. Six tables are printed:

- ranking: Rank-1 and mAP of windows and of recordings, and the share of the gap between raw pose and upper bound;
- grouping of gallery and probe together, with and without the number of people, and of the recordings of one person;
- precision by confidence;
- open set: galleries of 5 people, and of half of them, searched for all; measured rates at a stated FMR of 1 %;
- ablations of the adapted prior (``--ablations``);
- self-diagnostics beside measured accuracy (``--diagnostics``, see perf/diagnostics.py).

A set that the identity prior was trained on is measured with a prior that was trained without it. Each measurement is
kept in ``--runs`` by the content of the package; the upper bounds, which change with their settings only, are kept in
perf/results/upper-bounds.json, and ``--bounds`` measures them again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import diagnostics
from himpc._files import write_atomically
from himpc.learning import Config
from himpc.research import divide_recordings, get_recipe
from identity_measures import Parts, Scores, grouping, groups_of_one_person, open_set, ranking
from identity_methods import (
    ABLATIONS,
    BASELINE_KEYS,
    BOUND_PRESET,
    SHIPPED,
    UPPER_BOUND,
    apply_changes,
    fit,
    package_hash,
)
from identity_tables import ablation_table, confidence_table, grouping_table, open_set_table, ranking_table
from measurement import use_one_thread
from stages import machine

SETS = ("c3d-walking", "trc-walking", "kinect-v1-actions", "kinect-v1-daily", "kinect-v1-views")
RESULTS = Path(__file__).with_name("results")
SMALL_GALLERY = 5
"""Number of people in a small gallery."""

SMALL_GALLERIES = 3
"""Number of small galleries per seed, each of other people."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    arguments.add_argument("--runs", type=Path, default=Path("runs/identity"), help="existing results are reused")
    arguments.add_argument("--sets", nargs="+", default=list(SETS), help="recipes; simulated suites need no data")
    arguments.add_argument("--methods", nargs="+", default=[SHIPPED], help="shipped, or a preset with changed settings")
    arguments.add_argument("--seeds", type=int, help="default 3, with --quick 1")
    arguments.add_argument("--quick", action="store_true", help="ranking and grouping only")
    arguments.add_argument("--bounds", action="store_true", help="measure the upper bounds instead")
    arguments.add_argument("--ablations", action="store_true", help="measure the ablations, too, with one seed")
    arguments.add_argument("--diagnostics", action="store_true", help="measure the self-diagnostics, too")
    arguments.add_argument("--out", type=Path, help="a JSON file; default perf/results/identity.json without --quick")
    options = arguments.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")
    seeds = range(options.seeds or (1 if options.quick else 3))
    methods = [UPPER_BOUND] if options.bounds else [*BASELINE_KEYS, *options.methods]
    results: dict[str, dict[str, list[Scores]]] = {name: {} for name in options.sets}
    ablations: dict[str, dict[str, list[Scores]]] = {name: {} for name in options.sets}
    for name in options.sets:
        case = Case(name, options.data, options.runs)
        for method in methods:
            has_rates = not (options.quick or method in (*BASELINE_KEYS, UPPER_BOUND))
            results[name][method] = [case.scores(method, seed, with_rates=has_rates) for seed in seeds]
        if options.ablations:
            ablations[name] = {method: [case.scores(method, 0, with_rates=False)] for method in ABLATIONS}
    bounds = RESULTS / "upper-bounds.json"
    if options.bounds:
        known = _read(bounds).get("sets", {})
        _write(bounds, known | {name: runs[UPPER_BOUND] for name, runs in results.items()}, "--bounds")
    else:
        references = _read(bounds).get("sets", {})
        for name, runs in results.items():
            runs |= {UPPER_BOUND: references[name][: len(seeds)]} if name in references else {}
    print_tables(results, ablations if options.ablations else {}, quick=options.quick or options.bounds)
    if not options.bounds and (options.out or not options.quick):
        words = ["--sets", *options.sets, "--methods", *options.methods, "--seeds", str(len(seeds))]
        _write(options.out or RESULTS / "identity.json", _without_lists(results), shlex.join(words))
    if options.diagnostics:
        print(f"\n## Self-diagnostics\n\n{diagnostics.measure_all(options.data, options.runs, options.sets)}")


def print_tables(results: Mapping[str, Any], ablations: Mapping[str, Any], *, quick: bool) -> None:
    """Print all tables."""
    print(f"\n## Ranking\n\n{ranking_table(results, 'raw', UPPER_BOUND)}")
    print(f"\n## Grouping\n\n{grouping_table(results, UPPER_BOUND)}")
    print(f"\n## Confidence of what ships\n\n{confidence_table(results, SHIPPED)}")
    if not quick:
        print(f"\n## Open set: {SMALL_GALLERY} people enrolled\n\n{open_set_table(results, 'few enrolled')}")
        print(f"\n## Open set: half of the people enrolled\n\n{open_set_table(results, 'half enrolled')}")
    if ablations:
        table = ablation_table(ablations, list(ABLATIONS))
        print(f"\n## Ablations: recording Rank-1 / mAP / ARI, the number of people estimated\n\n{table}")


@dataclass(frozen=True)
class Case:
    """One set, measured by any method."""

    name: str
    data: Path
    runs: Path

    def scores(self, method: str, seed: int, *, with_rates: bool) -> Scores:
        """Return the scores of one method and seed; those that were measured before are read from their files."""
        scores = self._measure_once("rank-and-group", method, seed, self._rank_and_group)
        return scores | (self._measure_once("open-set", method, seed, self._rates) if with_rates else {})

    def _measure_once(self, what: str, method: str, seed: int, measure: Any) -> Scores:
        """Read the scores from the runs, or measure and write them."""
        name = f"{self.name}-{method}-{seed}-{what}-{self._key(method)}"
        path = self.runs / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.json"
        if not path.exists():
            began = time.process_time()
            with apply_changes(method, self.name, self.data):
                scores = measure(method, seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(scores).encode())
            seconds = time.process_time() - began
            print(f"{self.name}, {method}, {what}, seed {seed}: {seconds:.0f} s", file=sys.stderr, flush=True)
        content: Scores = json.loads(path.read_text(encoding="utf-8"))
        return content

    def _key(self, method: str) -> str:
        """Return a hash of what the scores depend on: the settings of the upper bound, or the package."""
        content = hashlib.sha256(json.dumps(get_recipe(self.name).describe(), sort_keys=True, default=str).encode())
        if method == UPPER_BOUND:
            content.update(repr(Config.preset(BOUND_PRESET)).encode())
        elif method not in BASELINE_KEYS:
            content.update(package_hash().encode())
        return content.hexdigest()[:12]

    def _parts(self, seed: int) -> Parts:
        recipe = get_recipe(self.name)
        partition = divide_recordings(recipe, None if recipe.files is None else self.data / self.name, seed=seed)[1]
        return {"train": partition.train, **partition.tests}

    def _rank_and_group(self, method: str, seed: int) -> Scores:
        parts = self._parts(seed)
        model = fit(method, parts["train"], seed)
        if method in BASELINE_KEYS:
            return ranking(model, parts)
        walks = [*parts["gallery"], *parts["probe"]]
        own = model if method == UPPER_BOUND else fit(method, walks, seed, prefer_prior=True)
        scores = ranking(model, parts) | grouping(walks, own)
        if method == SHIPPED and seed == 0:
            scores["groups of one person"] = groups_of_one_person(
                parts, lambda walks: fit(method, walks, seed, prefer_prior=True)
            )
        return scores

    def _rates(self, method: str, seed: int) -> Scores:
        parts = self._parts(seed)
        half = len({walk.person for walk in parts["probe"]}) // 2

        def rates(enrolled: int, draw: int) -> Scores:
            return open_set(parts, lambda walks: fit(method, walks, seed, prefer_prior=True), enrolled, draw)

        return {
            "few enrolled": [
                rates(min(SMALL_GALLERY, half), SMALL_GALLERIES * seed + draw) for draw in range(SMALL_GALLERIES)
            ],
            "half enrolled": [rates(half, seed)],
        }


def _without_lists(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results without the precision of each recording, which the tables show."""
    return {
        name: {
            method: [{k: v for k, v in each.items() if k != "precision"} for each in seeds]
            for method, seeds in runs.items()
        }
        for name, runs in results.items()
    }


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content


def _write(path: Path, sets: Mapping[str, Sequence[Any] | Mapping[str, Any]], words: str) -> None:
    """Write results with the command and the versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"command": f"python perf/identity.py {words}", "machine": machine(1), "sets": sets}
    write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())
    print(f"Wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
