"""What the gallery's calibration was chosen by, on simulated walkers: ``python perf/calibration.py``.

Seeds from 500, which no table of results has; strangers as in perf/open_set.py. Compared are what the distance to
a person with several recordings is, and how a distance becomes a likelihood ratio. The tables go into
docs/lab-notebook.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import himpc
from himpc.evaluation import error_rates, evaluate_open_set, markdown_table, percent, score_probabilities
from himpc.gallery.calibration import calibrate
from himpc.gallery.calibration.comparisons import Comparisons, compare_left_out, compare_within
from himpc.gallery.calibration.likelihood import LikelihoodRatio, fit_logistic
from open_set import SIMULATED, Arrays, folds_of, nearest, one_thread, replace_between, vectors

FIRST_SEED = 500
START = "<!-- calibration: written by `python perf/calibration.py` -->\n"
END = "<!-- /calibration -->"
NOTEBOOK = Path(__file__).parents[1] / "docs" / "lab-notebook.md"

Ratio = Callable[[NDArray], NDArray]
SHAPES: dict[str, Callable[[NDArray], NDArray]] = {
    "d": lambda d: d,
    "d²": np.square,
    "log d": lambda d: np.log(np.maximum(d, 1e-9)),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=Path, default=Path("runs/open-set"), help="what is there is kept")
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--jobs", type=int, default=2, help="how many trainings at once, a thread each")
    options = arguments.parse_args()
    asked = list(product(SIMULATED, range(FIRST_SEED, FIRST_SEED + options.seeds), [Path()], [options.runs]))
    with ProcessPoolExecutor(options.jobs, initializer=one_thread) as pool:
        runs = list(pool.map(vectors, *zip(*asked, strict=True)))
    text = document(runs, options.seeds)
    print(text)
    replace_between(NOTEBOOK, START, END, text)


def document(runs: list[Arrays], seeds: int) -> str:
    """Return both tables."""
    said = (
        f"Simulated walkers ({', '.join(SIMULATED)}; {seeds} seeds from {FIRST_SEED}), 20 people enrolled from what "
        f"was trained on, 20 strangers, preset `tracklet`, himpc {himpc.__version__}. The distance to a person, in %:"
    )
    ratios = "How a distance becomes a ratio; Brier score, log loss and calibration error of the probabilities:"
    after = (
        "People enrolled after the training: galleries of the 5 people whom one model has not seen, calibrated "
        "plainly, and searched for the 20 strangers, whom it has not seen either. What came of the stated rates, in %:"
    )
    return f"{said}\n\n{rules(runs)}\n\n{ratios}\n\n{models(runs)}\n\n{after}\n\n{later(runs)}\n"


def rules(runs: list[Arrays]) -> str:
    """Compare what the distance to a person is."""
    rows = []
    for name in ("smallest to a recording", "mean of the two smallest", "to the mean of the recordings"):
        found = []
        for run in runs:
            names, code = np.unique(run["train tracklet persons"], return_inverse=True)
            entries, probe, whom = run["train tracklet"], run["probe tracklet"], run["probe tracklet persons"]
            if name.startswith("to"):
                centres = np.stack([entries[code == person].mean(axis=0) for person in range(len(names))])
                distances = nearest(probe, centres, np.arange(len(names)))
            else:
                distances = nearest(probe, entries, code, 1 if name.startswith("smallest") else 2)
            own = whom[:, None] == names
            identified = evaluate_open_set(distances, whom, names, draws=1)
            found.append([error_rates(distances[own], distances[~own]).eer, *identified.dir.values()])
        values = np.mean(found, axis=0).tolist()
        cells = dict(zip(("EER", "DIR at FPIR 1 %", "DIR at FPIR 10 %"), map(percent, values), strict=True))
        rows.append({"distance": name} | cells)
    return markdown_table(rows)


def models(runs: list[Arrays]) -> str:
    """Compare models of the ratio, learned with and without folds."""
    found: dict[tuple[str, str], list[list[float]]] = {}
    for run, folds in product(runs, (False, True)):
        names, code = np.unique(run["train tracklet persons"], return_inverse=True)
        entries, whom = run["train tracklet"], run["probe tracklet persons"]
        seen = compare_left_out(folds_of(run, "train"), code) if folds else compare_within(entries, code)
        distances = nearest(run["probe tracklet"], entries, code)
        for name, ratio in candidates(seen).items():
            found.setdefault((name, "folds" if folds else "plain"), []).append(scores(ratio, distances, whom, names))
    rows: dict[str, dict[str, str]] = {}
    for (name, kind), values in found.items():
        brier, loss, gap = np.mean(values, axis=0)
        row = rows.setdefault(name, {"model": name})
        row |= {kind: f"{brier:.3f} / {loss:.3f} / {gap:.3f}"}
    return markdown_table(list(rows.values()))


def later(runs: list[Arrays]) -> str:
    """Measure rates where nobody of gallery and probe was trained on."""
    found: dict[str, list[float]] = {}
    for run in runs:
        strangers = ~np.isin(run["probe tracklet persons"], run["train tracklet persons"])
        for k, fold in enumerate(folds_of(run, "train")):
            enrolled = fold.left_out
            code = np.unique(run["train tracklet persons"][enrolled], return_inverse=True)[1]
            calibration = calibrate(fold.vectors[enrolled], code)
            distances = nearest(run[f"probe fold {k}"][strangers], fold.vectors[enrolled], code)
            for rate in (0.1, 0.2, 0.4):
                matched = float((distances <= calibration.threshold(rate)).mean())
                found.setdefault(f"FMR {percent(rate)}", []).append(matched)
            named = float((distances.min(axis=1) <= calibration.threshold_fpir(0.4)).mean())
            found.setdefault(f"FPIR {percent(0.4)}", []).append(named)
    return markdown_table([{"stated": "came to"} | {name: percent(np.mean(values)) for name, values in found.items()}])


def candidates(seen: Comparisons) -> dict[str, Ratio]:
    """Return ratios learned from the same comparisons."""
    from sklearn.isotonic import IsotonicRegression

    genuine, impostor = (seen.genuine, seen.genuine_weight), (seen.impostor, seen.impostor_weight)
    ours = LikelihoodRatio.fit(genuine, impostor, seen.with_two)
    x = np.concatenate([genuine[0], impostor[0]])
    weight = np.concatenate([genuine[1], impostor[1]])
    pairs = seen.persons * (seen.persons - 1) // 2

    def learned(shape: str, low: float, bounded: bool, high: float | None = None) -> Ratio:
        target = np.repeat([1 - (high or low), low], [len(genuine[0]), len(impostor[0])])
        offset, slope = fit_logistic(SHAPES[shape](x / ours.scale), target, weight)

        def ratio(distances: NDArray) -> NDArray:
            raw = np.exp(np.clip(offset - slope * SHAPES[shape](distances / ours.scale), -500, 500))
            return (raw + ours.least) / (1 + raw / ours.most) if bounded else raw

        return ratio

    low = 1 / (len(impostor[0]) + 2)
    kept = IsotonicRegression(increasing=False, out_of_bounds="clip")
    kept.fit(x, np.repeat([1 - low, low], [len(genuine[0]), len(impostor[0])]), weight)

    def isotonic(distances: NDArray) -> NDArray:
        chance = kept.predict(distances.ravel()).reshape(distances.shape)
        return chance / (1 - chance)

    return {
        "logistic in d, bounded: kept": ours,
        "the same, in d²": learned("d²", low, True),
        "the same, in log d": learned("log d", low, True),
        "the same, not bounded": learned("d", low, False),
        "targets that are 1 and 0 but for a millionth": learned("d", 1e-6, True),
        "targets by persons and pairs of persons (Platt)": learned("d", 1 / (pairs + 2), True, 1 / (seen.with_two + 2)),
        "isotonic": isotonic,
    }


def scores(ratio: Ratio, distances: NDArray, whom: NDArray, names: NDArray) -> list[float]:
    """Return Brier score, log loss and calibration error, a stranger being as likely as not."""
    known = np.isin(whom, names)
    joint = np.concatenate([0.5 / len(names) * ratio(distances), np.full((len(whom), 1), 0.5)], axis=1)
    truth = np.where(known, np.searchsorted(names, whom) % len(names), len(names))
    share = np.where(known, 0.5 / known.sum(), 0.5 / (~known).sum())
    found = score_probabilities(joint / joint.sum(axis=1, keepdims=True), truth, share)
    return [found.brier, found.log_loss, found.calibration_error]


if __name__ == "__main__":
    main()
