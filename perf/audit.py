"""Measure the audit on planted errors: ``python perf/audit.py``.

Labels of each set are changed to those of another person, or swapped in pairs, at several rates, and the audit judges
them. Measured are precision and recall of wrong labels at each level, and false alarms on clean labels, beside
confident learning (Northcutt, Jiang, Chuang: Confident learning: estimating uncertainty in dataset labels. JAIR 70,
2021) by its formula, on out-of-sample probabilities of the same vectors: those of logistic regression by
cross-validation, as is usual, and those of the audit. A set that the identity prior was trained on is measured with a
prior that was trained without it. Copies, exchanged sides and other sizes are planted in a second table.

``--published`` prints what the audit finds in the sets as they are. ``--time`` measures 1,000 recordings.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

import himpc
import himpc.learning.trainer as trainer
from himpc._files import write_atomically
from himpc.auditing import LEVELS, audit
from himpc.auditing import copies as copy_search
from himpc.auditing.assignment import judge_labels
from himpc.auditing.bodies import Bodies, compare_bodies
from himpc.evaluation import markdown_table
from himpc.model import load_prior
from himpc.recordings import Recording, number_whole_recordings, to_common_layout
from himpc.research import get_recipe
from himpc.skeleton import mirror
from identity_prior import SETS as PRIOR_SETS
from identity_prior import train_prior
from measurement import use_one_thread
from stages import machine

SETS = {
    "c3d-walking": "{person}/{session}/*.c3d",
    "trc-walking": "{person}/{session}/*.trc",
    "kinect-v1-actions": "Seq{session}_{person}.csv",
    "kinect-v1-daily": None,
    "cross-session-medium": None,
    "cross-session-hard": None,
    "long-term-medium": None,
}
RATES = (0.01, 0.02, 0.05, 0.1)
FOLDS = 5
RESULTS = Path(__file__).with_name("results") / "audit.json"

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    arguments.add_argument("--sets", nargs="+", default=list(SETS), choices=[*SETS, "kinect-v1-views"])
    arguments.add_argument("--seeds", type=int, default=5, help="of the planted errors of each rate")
    arguments.add_argument("--published", action="store_true", help="audit the sets as they are")
    arguments.add_argument("--planted", action="store_true", help="plant copies, exchanged sides and other sizes")
    arguments.add_argument("--time", action="store_true", help="measure the time of 1,000 recordings")
    arguments.add_argument("--out", type=Path, default=RESULTS)
    options = arguments.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")
    if options.time:
        measure_time()
        return
    tables: dict[str, Any] = {}
    for name in options.sets:
        recordings = read_set(name, options.data)
        if options.published:
            print(f"\n## {name}\n\n{audit(recordings).summary()}", flush=True)
            continue
        if options.planted:
            tables[name] = plant_changes(recordings)
            rows = [{"set": name, "planted": kind} | row for kind, row in tables[name].items()]
            print(markdown_table([{key: str(value) for key, value in row.items()} for row in rows]), flush=True)
            continue
        bodies, labels = describe(recordings)
        tables[name] = [
            row
            for kind, rates in (("changed", (0.0, *RATES)), ("swapped", RATES))
            for rate in rates
            for row in measure(bodies, labels, kind, rate, options.seeds if rate else 1)
        ]
        print(f"\n## {name}\n\n{format_rows(tables[name])}", flush=True)
    if tables and not options.planted:
        known = json.loads(options.out.read_text(encoding="utf-8"))["sets"] if options.out.exists() else {}
        document = {"command": "python perf/audit.py", "machine": machine(1), "sets": known | tables}
        write_atomically(options.out, (json.dumps(document, indent=1) + "\n").encode())
        print(f"Wrote {options.out}", file=sys.stderr)


def read_set(name: str, data: Path) -> list[Recording]:
    """Read or simulate a set, and let its recordings be compared by a prior that has not seen them."""
    trainer.load_prior = load_prior
    if name in PRIOR_SETS:
        prior = train_prior(data, [name])
        trainer.load_prior = lambda: prior
    simulation = get_recipe(name).simulation if name not in PRIOR_SETS else None
    if simulation is not None:
        return list(simulation.simulate(0))
    return list(himpc.read(data / name, name=SETS.get(name)))


def describe(recordings: Sequence[Recording]) -> tuple[Bodies, Labels]:
    """Return the vectors and people of whole recordings, those that are long enough."""
    converted, _ = to_common_layout(recordings)
    bodies = compare_bodies(converted)
    first = np.unique(number_whole_recordings(converted), return_index=True)[1]
    people = np.unique([str(converted[i].person) for i in first], return_inverse=True)[1]
    usable = np.isfinite(bodies.vectors).all(axis=1)
    return Bodies(bodies.vectors[usable], bodies.between, bodies.noise, bodies.method), people[usable].astype(np.int64)


def plant(labels: Labels, kind: str, rate: float, rng: np.random.Generator) -> tuple[Labels, NDArray[np.bool_]]:
    """Change or swap a share of the labels, at least one or two."""
    planted, wrong = labels.copy(), np.zeros(len(labels), dtype=bool)
    order = rng.permutation(len(labels)).tolist()
    n_people = int(labels.max()) + 1
    if kind == "changed":
        for index in order[: max(1, round(rate * len(labels))) if rate else 0]:
            planted[index] = (labels[index] + rng.integers(1, n_people)) % n_people
            wrong[index] = True
        return planted, wrong
    while order and wrong.sum() < max(2, 2 * round(rate * len(labels) / 2)):
        first = order.pop()
        second = next((each for each in order if labels[each] != labels[first]), None)
        if second is not None:
            order.remove(second)
            planted[[first, second]] = labels[[second, first]]
            wrong[[first, second]] = True
    return planted, wrong


def measure(bodies: Bodies, labels: Labels, kind: str, rate: float, seeds: int) -> list[dict[str, Any]]:
    """Count true and false findings of each method over some seeds."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    corrected = total = 0
    for seed in range(seeds):
        planted, wrong = plant(labels, kind, rate, np.random.default_rng(seed))
        judged = judge_labels(bodies.vectors, bodies.between, bodies.noise, planted, np.arange(len(labels)))
        flags = {f"audit, {level}": judged.wrong >= lowest for level, lowest in LEVELS.items()}
        audited = np.exp(judged.evidence - judged.evidence.max(axis=1, keepdims=True))
        audited /= audited.sum(axis=1, keepdims=True)
        flags["confident learning, evidence of the audit"] = confident_learning(audited, planted)
        regressed = cross_validate(bodies.vectors, planted)
        flags["confident learning, logistic regression"] = confident_learning(regressed, planted)
        for method, flagged in flags.items():
            counts = int((flagged & wrong).sum()), int(flagged.sum()), int(wrong.sum())
            found.setdefault(method, []).append(counts)
        corrected += int((wrong & (judged.wrong >= LEVELS["likely"]) & (judged.people == labels)).sum())
        total += len(labels)
    rows = []
    for method, counts in found.items():
        true, flagged_count, wrong_count = (sum(each) for each in zip(*counts, strict=True))
        row = {"labels": f"{rate:.0%} {kind}", "method": method, "judged": total, "wrong": wrong_count}
        rows.append(row | {"found": true, "false alarms": flagged_count - true})
    rows[1]["corrected"] = corrected
    return rows


def confident_learning(probabilities: Array, labels: Labels) -> NDArray[np.bool_]:
    """Find label errors by the confident joint: `prune by class` is not used, errors are its off-diagonal members.

    The threshold of a class is the mean probability of the class over the examples with its label. An example counts
    for the most probable class among those whose threshold it reaches; it is an error if that is not its label.
    """
    classes = np.unique(labels)
    thresholds = np.full(probabilities.shape[1], np.inf)
    for each in classes:
        thresholds[each] = probabilities[labels == each, each].mean()
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    best = confident.argmax(axis=1)
    is_error: NDArray[np.bool_] = (confident.max(axis=1) >= 0) & (best != labels)
    return is_error


def cross_validate(vectors: Array, labels: Labels) -> Array:
    """Compute out-of-sample probabilities of people by logistic regression, in folds of recordings."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    fold = np.empty(len(labels), dtype=np.int64)
    for person in np.unique(labels):
        rows = np.flatnonzero(labels == person)
        fold[rows] = (np.arange(len(rows)) + person) % FOLDS
    probabilities = np.zeros((len(labels), int(labels.max()) + 1))
    for number in range(FOLDS):
        test = fold == number
        if not test.any():
            continue
        scaler = StandardScaler().fit(vectors[~test])
        model = LogisticRegression(max_iter=300).fit(scaler.transform(vectors[~test]), labels[~test])
        probabilities[np.ix_(test, model.classes_)] = model.predict_proba(scaler.transform(vectors[test]))
    return probabilities


def format_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return counts as a table, with precision and recall."""
    table = []
    for row in rows:
        flagged = row["found"] + row["false alarms"]
        precision = f"{row['found'] / flagged:.2f}" if flagged and row["wrong"] else "-"
        recall = f"{row['found'] / row['wrong']:.2f}" if row["wrong"] else "-"
        shown = {"labels": row["labels"], "method": row["method"], "judged": row["judged"], "wrong": row["wrong"]}
        shown |= {"found": row["found"], "false alarms": row["false alarms"], "precision": precision, "recall": recall}
        table.append({name: str(value) for name, value in shown.items()})
    return markdown_table(table)


def plant_changes(recordings: Sequence[Recording], count: int = 8) -> dict[str, dict[str, Any]]:
    """Plant copies, exchanged sides and other sizes, one kind at a time, and count the findings of that kind.

    The ratio is that of `himpc.auditing.copies`: the largest of the copies that were found, and the smallest of all
    recordings of the set, which are no copies.
    """
    rng = np.random.default_rng(0)
    chosen = rng.permutation([i for i, each in enumerate(recordings) if len(each) >= 30])[:count].tolist()
    layout = to_common_layout(recordings)[0][0].layout
    whole = [recording.to(layout) for recording in recordings]

    def resample(joints: NDArray[np.float32]) -> NDArray[np.float32]:
        times = np.arange(0, len(joints) - 1, 0.8)
        before = times.astype(int)
        share = (times - before)[:, None, None].astype(np.float32)
        return joints[before] * (1 - share) + joints[before + 1] * share

    copies = {
        "same again": lambda joints: joints,
        "shifted": lambda joints: joints[len(joints) // 4 :],
        "cut": lambda joints: joints[len(joints) // 4 : -len(joints) // 4],
        "resampled": resample,
        "mirrored": lambda joints: mirror(joints, layout),
        "in other units": lambda joints: joints * np.float32(2.54),
    }
    changes = {
        "left and right exchanged": ("sides exchanged", lambda joints: joints[:, list(layout.mirror_order)]),
        "5 % taller": ("other height", lambda joints: joints * np.float32(1.05)),
        "10 % taller": ("other height", lambda joints: joints * np.float32(1.1)),
    }
    clean = audit(whole)
    limit, copy_search.COPY_RATIO = copy_search.COPY_RATIO, copy_search.REJECTED_FROM
    smallest = min((each.ratio for each in copy_search.find_copies(whole)), default=np.inf)
    copy_search.COPY_RATIO = limit
    table: dict[str, dict[str, Any]] = {
        "nothing": {"planted": 0, "found": 0, "false alarms": len(clean.findings), "ratio": f"{smallest:.2f}"}
    }
    for name, change in copies.items():
        added = [whole[i].with_(joints=change(whole[i].joints), source=f"copy-{i}", origin=None) for i in chosen]
        found = [each for each in audit([*whole, *added]).at_least("likely") if each.kind == "copy"]
        hits = {i for each in found for i in each.recordings if i >= len(whole)}
        rest = sum(all(i < len(whole) for i in each.recordings) for each in found)
        largest = max((each.measures["ratio"] for each in found), default=np.nan)
        table[name] = {"planted": len(chosen), "found": len(hits), "false alarms": rest, "ratio": f"{largest:.2f}"}
    for name, (kind, change) in changes.items():
        planted = [each.with_(joints=change(each.joints)) if i in chosen else each for i, each in enumerate(whole)]
        found = [i for each in audit(planted).at_least("likely") if each.kind == kind for i in each.recordings]
        parts = {each.whole_source for i, each in enumerate(whole) if i in chosen}
        hits = {i for i in found if whole[i].whole_source in parts}
        table[name] = {"planted": len(chosen), "found": len(hits), "false alarms": len(set(found) - hits), "ratio": ""}
    return table


def measure_time() -> None:
    """Print the processor time of an audit of 1,000 recordings of 100 people, with 2 % of the labels changed."""
    recordings = himpc.simulate(people=100, recordings=10, seconds=4.0, difficulty="medium", seed=0)
    cleaned = [part for recording in recordings for part in himpc.recordings.clean(recording)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    people = sorted({recording.person for recording in recordings})
    for number in range(0, len(cleaned), 50):
        cleaned[number] = cleaned[number].with_(person=people[number % 97])
    began, clock = time.process_time(), time.perf_counter()
    result = audit(cleaned)
    print(
        f"{len(result.labels)} recordings, {len(cleaned)} parts, {sum(map(len, cleaned))} frames, {len(people)} people:"
    )
    print(f"{time.process_time() - began:.1f} s of processor time, {time.perf_counter() - clock:.1f} s by the clock")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{memory // 1024} MiB at most, of which the recordings took {before // 1024}; {len(result.findings)} findings"
    )


if __name__ == "__main__":
    main()
