"""Who of the probes is somebody we know? Half of the people are strangers: ``python perf/open_set.py``.

For each set and seed half of the people are drawn as strangers: nothing of them is trained on or enrolled. The preset
`tracklet` is trained without labels on recordings of the others, who are enrolled, and four times again without a
quarter of them (`folds`). Thresholds and probabilities come from the gallery alone (`himpc.gallery.calibration`); what
they come to is measured on the probes of everybody. Vectors are kept in the folder of the runs, so a set and seed is
trained once. The table goes into docs/results.md.
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
    score_probabilities,
)
from himpc.gallery.calibration import Fold, calibrate
from himpc.learning import Config, train
from himpc.model import BASELINES
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.research import divide_recordings, get_recipe

REAL = ("c3d-walking", "kinect-v1-actions")
SIMULATED = ("cross-session-medium", "cross-session-hard", "cross-view-medium", "cross-view-hard")
TRAINED = ", enrolled from what was trained on"
PEOPLE = 40
"""Simulated ones; 20 are enrolled, whose 190 pairs can tell an FMR of 1 %."""
FOLDS = 4
METHODS = (
    ("tracklet", "tracklet", False),
    ("**tracklet, folds**", "tracklet", True),
    (BASELINES["raw"].title, "raw", False),
    (BASELINES["body"].title, "body", False),
)
FMR, FPIR = 0.01, 0.1
START = "<!-- open set: written by `python perf/open_set.py` -->\n"
END = "<!-- /open set -->"

Arrays = dict[str, NDArray]
Measured = dict[str, tuple[float, float, float]]


class Silent:
    """A callback that takes the warnings of training and says nothing."""

    def on_warning(self, message: str) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Cell:
    """One method on one set with one seed: value, low and high of each measure."""

    source: str
    enrolled: int
    strangers: int
    measures: Measured


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="the folder that holds the real sets"
    )
    arguments.add_argument("--runs", type=Path, default=Path("runs/open-set"), help="what is there is kept")
    arguments.add_argument("--results", type=Path, help="a page to write the table into, such as docs/results.md")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--jobs", type=int, default=2, help="how many trainings at once, a thread each")
    options = arguments.parse_args()
    with ProcessPoolExecutor(options.jobs, initializer=one_thread) as pool:
        asked = [
            (name, seed, options.data, options.runs) for name in (*REAL, *SIMULATED) for seed in range(options.seeds)
        ]
        kept = dict(zip([each[:2] for each in asked], pool.map(vectors, *zip(*asked, strict=True)), strict=True))
    rows = []
    for name in (*REAL, *SIMULATED):
        runs = [kept[name, seed] for seed in range(options.seeds)]
        for title, method, folds in METHODS:
            rows += [row(name, title, [measure(run, method, folds=folds) for run in runs])]
        for title, method, folds in METHODS[:2] if name in SIMULATED else ():
            rows += [row(name + TRAINED, title, [measure(run, method, "train", folds) for run in runs])]
    text = document(rows, options.seeds)
    print(text)
    if options.results:
        if START not in (page := options.results.read_text(encoding="utf-8")):
            options.results.write_text(f"{page}\n## Open set\n\n{START}{END}\n", encoding="utf-8")
        replace_between(options.results, START, END, text)


def vectors(name: str, seed: int, root: Path, runs: Path) -> Arrays:
    """Return the vectors of all recordings, and whom they show; train where that is not yet done."""
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
    """Draw the strangers, train on the others, and embed everything that is not a stranger's in the gallery."""
    recipe = get_recipe(name)
    if name in SIMULATED:
        recipe = replace(recipe, simulation=replace(recipe.simulation, people=PEOPLE))
    parts = divide_recordings(recipe, root / name if name in REAL else None, seed=seed)[1]
    walks = {"train": parts.train, **parts.tests}
    people = sorted({str(each.person) for each in parts.tests["probe"]})
    strangers = set(np.random.default_rng(seed).permutation(people)[: len(people) // 2].tolist())
    for part in ("train", "gallery"):
        walks[part] = [each for each in walks[part] if each.person not in strangers]
    enrolled = sorted({str(each.person) for part in ("train", "gallery") for each in walks[part]})
    shuffle = np.random.default_rng(seed).permutation(enrolled)
    unseen = [set(shuffle[k::FOLDS].tolist()) for k in range(FOLDS)]
    models = {"tracklet": learned(walks["train"], set(), seed)}
    models |= {f"fold {k}": learned(walks["train"], unseen[k], seed) for k in range(FOLDS)}
    found: Arrays = {}
    for part, recordings in walks.items():
        for method, embedder in (models | {key: BASELINES[key] for key in ("raw", "body")}).items():
            found |= recorded(f"{part} {method}", embedder, recordings)
        shown = found[f"{part} tracklet persons"]
        found |= {f"{part} fold {k} left out": np.isin(shown, list(unseen[k])) for k in range(FOLDS)}
    return found


def learned(walks: Sequence[Recording], without: set[str], seed: int) -> Embedder:
    """Return the preset's model of recordings, without those of some people."""
    config = Config.preset("tracklet").with_(seed=seed)
    kept = [walk for walk in walks if walk.person not in without]
    windows = Windows.cut(kept, config.window_length, config.training_stride)
    return train(windows, config, device="cpu", callbacks=[Silent()]).model


def recorded(name: str, embedder: Embedder, walks: Sequence[Recording]) -> Arrays:
    """Return the vectors of recordings, of their halves, and persons; the parts that gaps leave of one are one."""
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
    """Enrol a part, calibrate it from itself, and search for the probe."""
    entries, persons = run[f"{part} {method}"], run[f"{part} {method} persons"]
    probe, whom = run[f"probe {method}"], run[f"probe {method} persons"]
    names, code = np.unique(persons, return_inverse=True)
    calibration = calibrate(entries, code, run[f"{part} {method} halves"], folds_of(run, part) if folds else ())
    distances = nearest(probe, entries, code)
    known = np.isin(whom, names)
    verified = evaluate_verification(distances, whom, names, fmrs=())
    identified = evaluate_open_set(distances, whom, names)
    found: Measured = {"EER": (verified.eer, *verified.eer_interval)}
    found |= {f"DIR {fpir}": (identified.dir[1, fpir], *identified.dir_intervals[1, fpir]) for fpir in (0.01, 0.1)}
    fmr, fpir = max(FMR, calibration.smallest_fmr), max(FPIR, calibration.smallest_fpir)
    matched = evaluate_threshold(distances, whom, names, calibration.threshold(fmr))
    named = evaluate_threshold(distances, whom, names, calibration.threshold_fpir(fpir))
    found |= {"stated FMR": (fmr, *2 * [np.nan]), "FMR": (matched.fmr, *matched.intervals["fmr"])}
    found |= {"stated FPIR": (fpir, *2 * [np.nan]), "FPIR": (named.fpir, *named.intervals["fpir"])}
    found |= {"found": (1 - named.fnir, *(1 - bound for bound in named.intervals["fnir"][::-1]))}
    found |= {"misidentified": (named.misidentified, *named.intervals["misidentified"])}
    said = [calibration.probabilities(row) for row in distances]
    table = np.array([[*of_persons, unknown] for of_persons, unknown in said])
    truth = np.where(known, np.searchsorted(names, whom) % len(names), len(names))
    share = np.where(known, 0.5 / known.sum(), 0.5 / (~known).sum())  # half of the probes are enrolled: what was said
    scores = score_probabilities(table, truth, share)
    found |= {"Brier": (scores.brier, *2 * [np.nan]), "calibration": (scores.calibration_error, *2 * [np.nan])}
    return Cell(calibration.source, len(names), len(set(whom[~known])), found)


def folds_of(run: Arrays, part: str) -> list[Fold]:
    """Return the gallery as the models see it that were trained without some of the people."""
    keys = [f"{part} fold {k}" for k in range(FOLDS)]
    return [Fold(run[key], run[f"{key} left out"], run[f"{key} halves"]) for key in keys]


def nearest(probe: NDArray, entries: NDArray, code: NDArray, count: int = 1) -> NDArray[np.float64]:
    """Return the distance from each probe to each person: the mean of the smallest to `count` of its recordings."""
    distances = np.linalg.norm(probe[:, None].astype(np.float64) - entries, axis=2)
    people = range(code.max() + 1)
    return np.stack([np.sort(distances[:, code == p], axis=1)[:, :count].mean(axis=1) for p in people], axis=1)


def row(name: str, method: str, cells: list[Cell]) -> dict[str, str]:
    """Return the mean over the seeds, and the mean of the intervals' ends."""

    def shown(key: str) -> str:
        return percent_interval(*np.mean([cell.measures[key] for cell in cells], axis=0).tolist())

    sizes = [sorted({getattr(cell, key) for cell in cells}) for key in ("enrolled", "strangers")]
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
    """Return the section."""
    said = (
        f"Measured by `python perf/open_set.py` with himpc {himpc.__version__}: recordings, {seeds} seeds, in %. "
        "Each seed draws half of the people as strangers, of whom nothing is trained on or enrolled; people: enrolled "
        "/ strangers. In brackets the mean of the seeds' 95 % intervals (bootstrap over persons), no narrower than the "
        "mean's own. *FMR* and *FPIR* are what came of thresholds that the gallery set from its own recordings for the "
        "stated rates, 1 % and 10 %, or the smallest that so few people can tell. *found* and *wrong names* are shares "
        "of enrolled probes at the threshold for FPIR: those who get their own name, and those who get another's. With "
        f"*folds* recordings are compared by models that were trained without their people, {FOLDS} of them. "
        "*Brier* (0 to 2) and *calibration error* are of the probabilities, a stranger being as likely as not; the "
        "prior alone has a Brier score of about 0.7."
    )
    return f"{said}\n\n{markdown_table(rows)}\n"


def replace_between(page: Path, start: str, end: str, text: str) -> None:
    """Replace what stands between two comments of a page."""
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"{page}: has no pair of comments {start.strip()} and {end} to write between")
    page.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def one_thread() -> None:
    """Let two trainings at once not get in each other's way."""
    import torch

    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
