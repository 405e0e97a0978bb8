"""Measure open-set identification, with half of the people not enrolled: ``python perf/open_set.py``.

For each data set and seed, half of the people are drawn as unknown: not trained on and not enrolled. The preset
`tracklet` is trained without labels on recordings of the others, who are enrolled, and four more times without a
quarter of them (`folds`). Thresholds and probabilities come from the gallery alone (`himpc.gallery.calibration`); their
error rates are measured on the probes of all people. Vectors are stored in the folder of the runs, so each data set and
seed is trained once. The table is printed; docs/results.md states what it shows.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

import himpc
from himpc._files import write_atomically
from himpc.api import Embedder
from himpc.evaluation import (
    evaluate_open_set,
    evaluate_threshold,
    evaluate_verification,
    markdown_table,
    percent_interval,
    pool_recordings,
)
from himpc.gallery.calibration import Fold, calibrate
from himpc.learning import Config, train
from himpc.model import BASELINES
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.research import divide_recordings, get_recipe
from measurement import IgnoreWarnings, use_one_thread
from probabilities import score_probabilities

REAL = ("c3d-walking", "kinect-v1-actions")
SIMULATED = ("cross-session-medium", "cross-session-hard", "cross-view-medium", "cross-view-hard")
FROM_TRAINING = ", enrolled from the training set"
PEOPLE = 40
"""Simulated people; 20 are enrolled, whose 190 pairs are enough for an FMR of 1 %."""
FOLDS = 4
METHODS = (
    ("tracklet", "tracklet", False),
    ("**tracklet, folds**", "tracklet", True),
    (BASELINES["raw"].title, "raw", False),
    (BASELINES["body"].title, "body", False),
)
FMR, FPIR = 0.01, 0.1

Arrays = dict[str, NDArray]
Measured = dict[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Cell:
    """One method on one data set with one seed: value and interval of each measure."""

    source: str
    enrolled: int
    unknown: int
    measures: Measured


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="the folder that holds the real sets"
    )
    arguments.add_argument("--runs", type=Path, default=Path("runs/open-set"), help="existing results are reused")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--jobs", type=int, default=2, help="trainings at once, one thread each")
    options = arguments.parse_args()
    with ProcessPoolExecutor(options.jobs, initializer=use_one_thread) as pool:
        cases = [
            (name, seed, options.data, options.runs) for name in (*REAL, *SIMULATED) for seed in range(options.seeds)
        ]
        vectors_of = dict(zip([each[:2] for each in cases], pool.map(vectors, *zip(*cases, strict=True)), strict=True))
    rows = []
    for name in (*REAL, *SIMULATED):
        runs = [vectors_of[name, seed] for seed in range(options.seeds)]
        for title, method, folds in METHODS:
            rows += [row(name, title, [measure(run, method, folds=folds) for run in runs])]
        for title, method, folds in METHODS[:2] if name in SIMULATED else ():
            rows += [row(name + FROM_TRAINING, title, [measure(run, method, "train", folds) for run in runs])]
    print(document(rows, options.seeds))


def vectors(name: str, seed: int, root: Path, runs: Path) -> Arrays:
    """Return vectors and persons of all recordings; train if they are not stored yet."""
    path = runs / name / f"folds-{FOLDS}-seed-{seed}.npz"
    if not path.exists():
        content = BytesIO()
        np.savez(content, **embedded(name, seed, root))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.getvalue())
        print(f"{name}, seed {seed}: done", file=sys.stderr, flush=True)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def embedded(name: str, seed: int, root: Path) -> Arrays:
    """Draw the unknown people, train on the others, and embed all recordings that may be used."""
    recipe = get_recipe(name)
    if name in SIMULATED:
        recipe = replace(recipe, simulation=replace(recipe.simulation, people=PEOPLE))
    parts = divide_recordings(recipe, root / name if name in REAL else None, seed=seed)[1]
    walks = {"train": parts.train, **parts.tests}
    people = sorted({str(each.person) for each in parts.tests["probe"]})
    unknown = set(np.random.default_rng(seed).permutation(people)[: len(people) // 2].tolist())
    for part in ("train", "gallery"):
        walks[part] = [each for each in walks[part] if each.person not in unknown]
    enrolled = sorted({str(each.person) for part in ("train", "gallery") for each in walks[part]})
    shuffle = np.random.default_rng(seed).permutation(enrolled)
    unseen = [set(shuffle[k::FOLDS].tolist()) for k in range(FOLDS)]
    models = {"tracklet": train_model(walks["train"], set(), seed)}
    models |= {f"fold {k}": train_model(walks["train"], unseen[k], seed) for k in range(FOLDS)}
    result: Arrays = {}
    for part, recordings in walks.items():
        for method, embedder in (models | {key: BASELINES[key] for key in ("raw", "body")}).items():
            result |= recorded(f"{part} {method}", embedder, recordings)
        shown = result[f"{part} tracklet persons"]
        result |= {f"{part} fold {k} left out": np.isin(shown, list(unseen[k])) for k in range(FOLDS)}
    return result


def train_model(walks: Sequence[Recording], without: set[str], seed: int) -> Embedder:
    """Train on recordings, without those of some people."""
    config = Config.preset("tracklet").with_(seed=seed)
    recordings = [walk for walk in walks if walk.person not in without]
    windows = Windows.cut(recordings, config.window_length, config.training_stride)
    return train(windows, config, device="cpu", callbacks=[IgnoreWarnings()]).model


def recorded(name: str, embedder: Embedder, walks: Sequence[Recording]) -> Arrays:
    """Return the vectors of whole recordings, the vectors of their halves, and their persons."""
    windows = Windows.cut(walks, Config().window_length)
    present, member = np.unique(windows.whole_recording, return_inverse=True)
    of_window = embedder.embed(windows)
    order = np.lexsort((windows.starts, member))
    place = np.empty(len(member), dtype=np.int64)
    counts = np.bincount(member)
    place[order] = np.arange(len(member)) - np.repeat(np.cumsum(counts) - counts, counts)
    late = (2 * place >= counts[member]).astype(np.int64)
    halves = pool_recordings(of_window, 2 * member + late, 2 * len(present)).reshape(len(present), 2, -1)
    whole = number_whole_recordings(walks)
    first = [int(np.flatnonzero(whole == each)[0]) for each in present]
    persons = np.array([str(walks[i].person) for i in first])
    return {
        name: pool_recordings(of_window, member, len(present)),
        f"{name} halves": halves,
        f"{name} persons": persons,
    }


def measure(run: Arrays, method: str, part: str = "gallery", folds: bool = False) -> Cell:
    """Enroll a part, calibrate the gallery, and search the probes."""
    entries, persons = run[f"{part} {method}"], run[f"{part} {method} persons"]
    probe, probe_persons = run[f"probe {method}"], run[f"probe {method} persons"]
    names, code = np.unique(persons, return_inverse=True)
    calibration = calibrate(entries, code, run[f"{part} {method} halves"], folds_of(run, part) if folds else ())
    distances = nearest(probe, entries, code)
    is_enrolled = np.isin(probe_persons, names)
    verified = evaluate_verification(distances, probe_persons, names, fmrs=())
    identified = evaluate_open_set(distances, probe_persons, names)
    result: Measured = {"EER": (verified.eer, *verified.eer_interval)}
    result |= {f"DIR {fpir}": (identified.dir[1, fpir], *identified.dir_intervals[1, fpir]) for fpir in (0.01, 0.1)}
    fmr, fpir = max(FMR, calibration.smallest_fmr), max(FPIR, calibration.smallest_fpir)
    matched = evaluate_threshold(distances, probe_persons, names, calibration.threshold(fmr))
    named = evaluate_threshold(distances, probe_persons, names, calibration.threshold_fpir(fpir))
    result |= {"stated FMR": (fmr, *2 * [np.nan]), "FMR": (matched.fmr, *matched.intervals["fmr"])}
    result |= {"stated FPIR": (fpir, *2 * [np.nan]), "FPIR": (named.fpir, *named.intervals["fpir"])}
    result |= {"found": (1 - named.fnir, *(1 - bound for bound in named.intervals["fnir"][::-1]))}
    result |= {"misidentified": (named.misidentified, *named.intervals["misidentified"])}
    probabilities = [calibration.probabilities(row) for row in distances]
    table = np.array([[*of_persons, unknown] for of_persons, unknown in probabilities])
    truth = np.where(is_enrolled, np.searchsorted(names, probe_persons) % len(names), len(names))
    share = np.where(
        is_enrolled, 0.5 / is_enrolled.sum(), 0.5 / (~is_enrolled).sum()
    )  # half of the probes are enrolled
    scores = score_probabilities(table, truth, share)
    result |= {"Brier": (scores.brier, *2 * [np.nan]), "calibration": (scores.calibration_error, *2 * [np.nan])}
    return Cell(calibration.source, len(names), len(set(probe_persons[~is_enrolled])), result)


def folds_of(run: Arrays, part: str) -> list[Fold]:
    """Return the gallery embedded by the models that were trained without some of the people."""
    keys = [f"{part} fold {k}" for k in range(FOLDS)]
    return [Fold(run[key], run[f"{key} left out"], run[f"{key} halves"]) for key in keys]


def nearest(probe: NDArray, entries: NDArray, code: NDArray, count: int = 1) -> NDArray[np.float64]:
    """Return the distance from each probe to each person: the mean of the smallest to `count` of its recordings."""
    distances = np.linalg.norm(probe[:, None].astype(np.float64) - entries, axis=2)
    people = range(code.max() + 1)
    return np.stack([np.sort(distances[:, code == p], axis=1)[:, :count].mean(axis=1) for p in people], axis=1)


def row(name: str, method: str, cells: list[Cell]) -> dict[str, str]:
    """Return a row with means over the seeds, of values and of interval ends."""

    def shown(key: str) -> str:
        return percent_interval(*np.mean([cell.measures[key] for cell in cells], axis=0).tolist())

    sizes = [sorted({getattr(cell, key) for cell in cells}) for key in ("enrolled", "unknown")]
    people = " / ".join(f"{size[0]}" if len(size) == 1 else f"{size[0]}–{size[-1]}" for size in sizes)
    return {
        "set": name,
        "method": method,
        "people": people,
        "EER": shown("EER"),
        "DIR at FPIR 1 %": shown("DIR 0.01"),
        "DIR at FPIR 10 %": shown("DIR 0.1"),
        "FMR stated": shown("stated FMR"),
        "FMR": shown("FMR"),
        "FPIR stated": shown("stated FPIR"),
        "FPIR": shown("FPIR"),
        "found": shown("found"),
        "wrong names": shown("misidentified"),
        "Brier": f"{np.mean([cell.measures['Brier'][0] for cell in cells]):.2f}",
        "calibration error": shown("calibration"),
        "genuine from": ", ".join(sorted({cell.source for cell in cells})),
    }


def document(rows: list[dict[str, str]], seeds: int) -> str:
    """Return the table with an introduction."""
    introduction = (
        f"Measured with himpc {himpc.__version__}: recordings, {seeds} seeds, in %. Half of the people are neither "
        "trained on nor enrolled (people: enrolled / unknown). *FMR* and *FPIR* are measured at thresholds for the "
        "stated rates, 1 % and 10 %, or the smallest that so few people allow; *found* and *wrong names* are shares of "
        "enrolled probes at the threshold for FPIR."
    )
    return f"{introduction}\n\n{markdown_table(rows)}\n"


if __name__ == "__main__":
    main()
