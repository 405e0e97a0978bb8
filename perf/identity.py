"""Measure identity on every development set: ``python perf/identity.py``; ``--quick`` for a first look.

For each set and seed: what ships is trained without labels on the training part, and compared with the raw pose, bone
lengths and the supervised upper bound: the encoder of the preset `tracklet`, trained with the true people. Measured:

- ranking: Rank-1 and mAP of windows and of recordings, and the share of the gap between raw pose and upper bound;
- grouping of gallery and probe together, with and without the number of people, and of the recordings of one person
  alone; beside it, the upper bound's embedding given the number; precision by confidence;
A set that the identity prior was trained on is measured with a prior that was trained without it.

- open set: half of the people are not enrolled and not trained on; the rates that a gallery measures at a stated
  false match rate of 1 %.

Everything that is measured goes through `himpc.HiMPC`, `himpc.evaluate`, `himpc.group` and `himpc.Gallery`. The upper
bounds take long and change with their settings only: ``--bounds`` measures them once, and
perf/results/upper-bounds.json keeps them. Other results are kept by the content of the package, so that changed code is
measured again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

import himpc
import himpc.learning.trainer as trainer
from himpc._files import write_atomically
from himpc.api import Embedder
from himpc.errors import HimpcError
from himpc.evaluation import grouping_agreement, markdown_table
from himpc.gallery import get_service
from himpc.learning import Config, Grouping, train
from himpc.model import BASELINES, load_prior
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.research import divide_recordings, get_recipe
from himpc.research.benchmark.variants import Variant
from identity_prior import SETS as PRIOR_SETS
from identity_prior import train_prior
from measurement import IgnoreWarnings, use_one_thread
from stages import machine

SETS = ("c3d-walking", "trc-walking", "kinect-v1-actions", "kinect-v1-daily", "kinect-v1-views")
SHIPPED = "shipped"
"""The method that `himpc.HiMPC()` and `himpc.group(recordings)` use."""
UPPER_BOUND = "supervised upper bound"
BOUND_PRESET = "tracklet"
BASELINE_KEYS = ("raw", "bones")
LEVELS = ("window", "recording")
BINS = (0.0, 0.3, 0.5, 0.7, 0.9)
"""Lower ends of the intervals of confidence."""
STATED_FMR = 0.01
ALONE = 3
"""People whose recordings are grouped alone."""
RESULTS = Path(__file__).with_name("results")

Scores = dict[str, Any]
Parts = dict[str, list[Recording]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    arguments.add_argument("--runs", type=Path, default=Path("runs/identity"), help="existing results are reused")
    arguments.add_argument("--sets", nargs="+", default=list(SETS), help="recipes; simulated suites need no data")
    arguments.add_argument("--methods", nargs="+", default=[SHIPPED], help="shipped, or a preset with changed settings")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--quick", action="store_true", help="one seed, ranking and grouping only")
    arguments.add_argument("--bounds", action="store_true", help="measure the upper bounds instead")
    arguments.add_argument("--out", type=Path, help="a JSON file; default perf/results/identity.json without --quick")
    options = arguments.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")
    seeds = range(1 if options.quick else options.seeds)
    methods = [UPPER_BOUND] if options.bounds else [*BASELINE_KEYS, *options.methods]
    bounds = RESULTS / "upper-bounds.json"
    results: dict[str, dict[str, list[Scores]]] = {name: {} for name in options.sets}
    for name in options.sets:
        for method in methods:
            case = Case(name, method, options.data, options.quick)
            results[name][method] = [case.scores(seed, options.runs) for seed in seeds]
    if options.bounds:
        known = _read(bounds).get("sets", {})
        measured = {name: runs[UPPER_BOUND] for name, runs in results.items()}
        _write(bounds, known | measured, f"--bounds --seeds {len(seeds)}")
    elif options.out or not options.quick:
        words = ["--sets", *options.sets, "--methods", *options.methods, "--seeds", str(len(seeds))]
        _write(options.out or RESULTS / "identity.json", results, shlex.join(words))
    references = {name: runs[: len(seeds)] for name, runs in _read(bounds).get("sets", {}).items()}
    for name, runs in results.items():
        with_bound = runs | ({UPPER_BOUND: references[name]} if name in references else {})
        print(f"\n## {name}\n\n{ranking_table(with_bound)}\n\n{grouping_table(with_bound)}")
        if not options.quick and not options.bounds:
            print(f"\n{confidence_table(with_bound)}\n\n{open_set_table(with_bound)}")


class Case:
    """One method on one set."""

    def __init__(self, name: str, method: str, data: Path, quick: bool) -> None:
        self.name, self.method, self.quick = name, method, quick
        self.recipe = get_recipe(name)
        self.root = None if self.recipe.files is None else data / name

    def scores(self, seed: int, runs: Path) -> Scores:
        """Return the scores of one seed, from their file if the same was measured before."""
        path = runs / f"{self.name}-{self.method}-{seed}-{'quick-' * self.quick}{self._key()}.json".replace(" ", "-")
        if path.exists():
            scores: Scores = json.loads(path.read_text(encoding="utf-8"))
            return scores
        began = time.perf_counter()
        scores = self._measure(seed) | {"seconds": round(time.perf_counter() - began, 1)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(scores).encode())
        print(f"{self.name}, {self.method}, seed {seed}: {scores['seconds']:.0f} s", file=sys.stderr, flush=True)
        return scores

    def _key(self) -> str:
        """Return a hash of what the scores depend on: the settings of the upper bound, or the whole package."""
        content = hashlib.sha256(json.dumps(self.recipe.describe(), sort_keys=True, default=str).encode())
        if self.method == UPPER_BOUND:
            content.update(repr(Config.preset(BOUND_PRESET)).encode())
        elif self.method not in BASELINE_KEYS:
            package = Path(himpc.__file__).parent
            for file in sorted(each for each in package.rglob("*") if each.suffix in (".py", ".toml", ".safetensors")):
                content.update(file.read_bytes())
        return content.hexdigest()[:12]

    def _measure(self, seed: int) -> Scores:
        if self.method not in BASELINE_KEYS and self.name in PRIOR_SETS and self.root is not None:
            prior = train_prior(self.root.parent, [self.name])  # no set is measured with a prior that has seen it
            trainer.load_prior = lambda: prior
        else:
            trainer.load_prior = load_prior
        partition = divide_recordings(self.recipe, self.root, seed=seed)[1]
        parts: Parts = {"train": partition.train, **partition.tests}
        if self.method in BASELINE_KEYS:
            baseline = BASELINES[self.method]
            scores = ranking(baseline, parts)
            return scores | grouping(parts, lambda walks, people: himpc.group(walks, baseline, people=people))
        if self.method == UPPER_BOUND:
            bound = train_upper_bound(parts["train"], seed)
            by_bound = grouping(parts, lambda walks, people: himpc.group(walks, bound, people=people))
            return ranking(bound, parts) | by_bound
        scores = ranking(self._learner(seed).fit(parts["train"]).model_, parts)
        if not self._groups_alike(seed):
            scores |= grouping(parts, lambda walks, people: self._group(walks, people, seed), alone=not self.quick)
        return scores if self.quick else scores | open_set(parts, lambda: self._learner(seed), seed)

    def _groups_alike(self, seed: int) -> bool:
        """Return True if the first seed has grouped these recordings already: `himpc.group` takes no seed."""
        return self.method == SHIPPED and self.recipe.files is not None and seed > 0

    def _learner(self, seed: int) -> himpc.HiMPC:
        if self.method == SHIPPED:
            return himpc.HiMPC(seed=seed, device="cpu", callbacks=[IgnoreWarnings()])
        variant = Variant.parse(self.method)
        return himpc.HiMPC(
            variant.preset, settings=variant.settings, seed=seed, device="cpu", callbacks=[IgnoreWarnings()]
        )

    def _group(self, walks: Sequence[Recording], people: int | None, seed: int) -> Grouping:
        if self.method == SHIPPED:
            return himpc.group(walks, people=people)
        return himpc.group(walks, self._learner(seed).fit(walks).model_, people=people)


def train_upper_bound(walks: Sequence[Recording], seed: int) -> Embedder:
    """Train the encoder of the preset `tracklet` with the true people for pseudo-labels."""
    config = Config.preset(BOUND_PRESET).with_(seed=seed)
    windows = Windows.cut(walks, config.window_length, config.training_stride)
    persons = np.array([str(walk.person) for walk in walks])[windows.recording]
    labels = np.unique(persons, return_inverse=True)[1].astype(np.int64)
    return train(windows, config, device="cpu", callbacks=[IgnoreWarnings()], external_labels=labels).model


def ranking(model: Embedder, parts: Parts) -> Scores:
    """Measure Rank-1 and mAP of windows and recordings, in %."""
    result = himpc.evaluate(model, parts["gallery"], parts["probe"], without_match="skip")
    return {
        f"{level} {title}": round(100 * getattr(result, level).ranking.metrics[key], 2)
        for level in LEVELS
        for key, title in (("rank_1", "Rank-1"), ("mAP", "mAP"))
    }


def grouping(parts: Parts, group: Callable[[list[Recording], int | None], Grouping], *, alone: bool = False) -> Scores:
    """Group gallery and probe together with and without the number of people, and some people's recordings alone."""
    walks = [*parts["gallery"], *parts["probe"]]
    names = sorted({str(walk.person) for walk in walks})
    scores: Scores = {"people": len(names)}
    for title, people in (("given", len(names)), ("estimated", None)):
        found = group(walks, people)
        groups, confidence, persons = _of_whole_recordings(found, walks)
        agreement = grouping_agreement(np.where(groups > 0, groups, -1), persons.tolist())
        scores[f"ARI {title}"] = round(agreement.ari, 3)
        if people is None:
            scores |= {"groups": found.people, "purity": round(agreement.purity, 3), "F1": round(agreement.f1, 3)}
            scores["ungrouped"] = int((groups == 0).sum())
            scores["confidence"] = _precision_by_confidence(groups, confidence, persons)
    if alone:
        counts = []
        for name in names[:ALONE]:
            own = [walk for part in parts.values() for walk in part if walk.person == name]
            own = list({id(walk): walk for walk in own}.values())
            try:
                counts.append(group(own, None).people)
            except HimpcError as error:
                print(f"{name} alone: {error}", file=sys.stderr)
        scores["groups of one person"] = counts
    return scores


def _of_whole_recordings(
    found: Grouping, walks: Sequence[Recording]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.str_]]:
    """Return group, confidence and person of each whole recording."""
    first = np.unique(number_whole_recordings(walks), return_index=True)[1]
    return found.groups[first], found.confidence[first], np.array([str(walks[i].person) for i in first])


def _precision_by_confidence(
    groups: NDArray[np.int64], confidence: NDArray[np.float64], persons: NDArray[np.str_]
) -> dict[str, tuple[int, float | None]]:
    """Return, by confidence, the number of recordings, and the share of the others in their groups who are the person.

    Recordings that are alone in their group do not count.
    """
    together = (groups[:, None] == groups) & (groups > 0)[:, None]
    np.fill_diagonal(together, False)
    others = together.sum(axis=1)
    same = (together & (persons[:, None] == persons)).sum(axis=1)
    place = np.digitize(confidence, BINS[1:])
    table = {}
    for number, low in enumerate(BINS):
        rows = (others > 0) & (place == number) & ~np.isnan(confidence)
        share = float(np.mean(same[rows] / others[rows])) if rows.any() else None
        table[f"from {low:g}"] = (int(rows.sum()), None if share is None else round(share, 3))
    return table


def open_set(parts: Parts, learner: Callable[[], himpc.HiMPC], seed: int) -> Scores:
    """Enroll half of the people, search for the probes of all, and measure the rates, in %."""
    people = sorted({str(walk.person) for walk in parts["probe"]})
    unknown = set(np.random.default_rng(seed).permutation(people)[: len(people) // 2].tolist())
    known = {part: [walk for walk in walks if walk.person not in unknown] for part, walks in parts.items()}
    model = learner().fit(known["train"]).model_
    with (
        tempfile.TemporaryDirectory() as folder,
        himpc.Gallery.create(Path(folder) / "gallery", model, keep_skeletons=False) as gallery,
    ):
        gallery.enroll(known["gallery"])
        try:
            stated = max(STATED_FMR, get_service(gallery).calibration().default_fmr)
        except HimpcError as error:
            return {"open set": str(error)}
        answers = gallery.search(parts["probe"], people=len(people), fmr=stated)
    first = np.unique(number_whole_recordings(parts["probe"]), return_index=True)[1]
    persons = [str(parts["probe"][i].person) for i in first]
    own, other, other_unknown, answered, named, wrong = [], [], [], 0, 0, 0
    false_positives = []
    for person, answer in zip(persons, answers, strict=True):
        if not answer.windows or answer.threshold is None:
            continue
        answered += 1
        matched = {match.person: match.distance <= answer.threshold for match in answer.matches}
        own += [is_match for name, is_match in matched.items() if name == person]
        impostors = [is_match for name, is_match in matched.items() if name != person]
        other += impostors
        if person in unknown:
            other_unknown += impostors
            false_positives.append(answer.person is not None)
        else:
            named += answer.person == person
            wrong += answer.person not in (None, person)

    def share(values: Sequence[bool]) -> float | None:
        return round(100 * float(np.mean(values)), 2) if values else None

    enrolled = answered - len(false_positives)
    return {
        "stated FMR": round(100 * stated, 2),
        "FMR": share(other),
        "FMR of people not enrolled": share(other_unknown),
        "FNMR": None if not own else round(100 - (share(own) or 0.0), 2),
        "FPIR": share(false_positives),
        "found": round(100 * named / max(1, enrolled), 1),
        "wrong names": round(100 * wrong / max(1, enrolled), 1),
    }


def ranking_table(runs: Mapping[str, Sequence[Scores]]) -> str:
    """Return the rankings, with the share of the gap between raw pose and upper bound."""
    rows = []
    for method, seeds in runs.items():
        row = {"method": method}
        for measure in (f"{level} {title}" for level in LEVELS for title in ("Rank-1", "mAP")):
            value = _mean(seeds, measure)
            low, high = (_mean(runs.get(each, ()), measure) for each in ("raw", UPPER_BOUND))
            row[measure] = "-" if value is None else f"{value:.1f}"
            is_defined = None not in (value, low, high) and method not in ("raw", UPPER_BOUND) and high - low >= 5
            row[measure] += f" ({(value - low) / (high - low):.2f})" if is_defined else ""
        rows.append(row)
    return markdown_table(rows) + "\n\nIn brackets: the share of the gap between raw pose and upper bound."


def grouping_table(runs: Mapping[str, Sequence[Scores]]) -> str:
    """Return the groupings, with the ARI as a share of that of the upper bound given the number."""
    reference = _mean(runs.get(UPPER_BOUND, ()), "ARI given")
    rows = []
    for method, seeds in runs.items():
        row = {"method": method, "people": f"{_mean(seeds, 'people'):.0f}", "groups": _number(seeds, "groups")}
        row |= {"ungrouped": _number(seeds, "ungrouped"), "ARI": _number(seeds, "ARI estimated", 2)}
        row["ARI given the number"] = _number(seeds, "ARI given", 2)
        value = _mean(seeds, "ARI estimated")
        row["share of the bound's"] = "-" if not reference or value is None else f"{value / reference:.2f}"
        row["groups of one person"] = ", ".join(
            str(count) for scores in seeds for count in scores.get("groups of one person", ())
        )
        rows.append(row)
    return markdown_table(rows)


def confidence_table(runs: Mapping[str, Sequence[Scores]]) -> str:
    """Return the precision of groups by confidence: recordings, and the share of the others who are the person."""
    rows = []
    for method, seeds in runs.items():
        row = {"method, precision by confidence": method}
        for low in (f"from {low:g}" for low in BINS):
            cells = [scores["confidence"][low] for scores in seeds if "confidence" in scores]
            count = sum(count for count, _ in cells)
            total = sum(count * share for count, share in cells if count)
            row[low] = f"{total / count:.2f} ({count})" if count else "-"
        rows.append(row)
    return markdown_table(rows)


def open_set_table(runs: Mapping[str, Sequence[Scores]]) -> str:
    """Return the measured rates of galleries, in %."""
    measures = ("stated FMR", "FMR", "FMR of people not enrolled", "FNMR", "FPIR", "found", "wrong names")
    rows = [
        {"method": method} | {measure: _number(seeds, measure, 1) for measure in measures}
        for method, seeds in runs.items()
        if any(measures[0] in scores for scores in seeds)
    ]
    return markdown_table(rows) if rows else "No gallery could set a threshold."


def _mean(seeds: Sequence[Scores], measure: str) -> Any:
    values = [scores[measure] for scores in seeds if scores.get(measure) is not None]
    return float(np.mean(values)) if values else None


def _number(seeds: Sequence[Scores], measure: str, digits: int = 1) -> str:
    value = _mean(seeds, measure)
    return "-" if value is None else f"{value:.{digits}f}"


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content


def _write(path: Path, sets: Mapping[str, Any], words: str) -> None:
    """Write results with the command and the versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"command": f"python perf/identity.py {words}", "machine": machine(1), "sets": sets}
    write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())
    print(f"Wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
