"""Compare the candidates for the calibration of galleries on simulated walkers: ``python perf/calibration.py``.

Seeds start at 500, which no table of results uses; unknown people are drawn as in perf/open_set.py. Compared are
definitions of the distance to a person with several recordings, and functions from a distance to a likelihood ratio.
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
from himpc.evaluation import error_rates, evaluate_open_set, markdown_table, percent
from himpc.gallery.calibration import calibrate
from himpc.gallery.calibration.comparisons import Comparisons, compare_left_out, compare_within
from himpc.gallery.calibration.likelihood import LikelihoodRatio, fit_logistic
from measurement import use_one_thread
from open_set import SIMULATED, Arrays, folds_of, nearest, vectors
from probabilities import score_probabilities

FIRST_SEED = 500

Ratio = Callable[[NDArray], NDArray]
SHAPES: dict[str, Callable[[NDArray], NDArray]] = {
    "d": lambda d: d,
    "d²": np.square,
    "log d": lambda d: np.log(np.maximum(d, 1e-9)),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=Path, default=Path("runs/open-set"), help="existing results are reused")
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--jobs", type=int, default=2, help="trainings at once, one thread each")
    options = arguments.parse_args()
    cases = list(product(SIMULATED, range(FIRST_SEED, FIRST_SEED + options.seeds), [Path()], [options.runs]))
    with ProcessPoolExecutor(options.jobs, initializer=use_one_thread) as pool:
        runs = list(pool.map(vectors, *zip(*cases, strict=True)))
    print(document(runs, options.seeds))


def document(runs: list[Arrays], seeds: int) -> str:
    """Return both tables."""
    introduction = (
        f"Simulated walkers ({', '.join(SIMULATED)}; {seeds} seeds from {FIRST_SEED}), 20 people enrolled from "
        f"the training set, 20 unknown, preset `tracklet`, himpc {himpc.__version__}. The distance to a person, in %:"
    )
    ratios = "Likelihood ratio by distance; Brier score, log loss and calibration error of the probabilities:"
    after = (
        "People enrolled after training: galleries of the 5 people whom one model has not seen, calibrated without "
        "folds, and searched for 20 unknown people whom it has not seen either. Measured rates by stated rate, in %:"
    )
    return f"{introduction}\n\n{rules(runs)}\n\n{ratios}\n\n{models(runs)}\n\n{after}\n\n{later(runs)}\n"


def rules(runs: list[Arrays]) -> str:
    """Compare definitions of the distance to a person."""
    rows = []
    for name in ("smallest to a recording", "mean of the two smallest", "to the mean of the recordings"):
        results = []
        for run in runs:
            names, code = np.unique(run["train tracklet persons"], return_inverse=True)
            entries, probe, probe_persons = run["train tracklet"], run["probe tracklet"], run["probe tracklet persons"]
            if name.startswith("to"):
                centres = np.stack([entries[code == person].mean(axis=0) for person in range(len(names))])
                distances = nearest(probe, centres, np.arange(len(names)))
            else:
                distances = nearest(probe, entries, code, 1 if name.startswith("smallest") else 2)
            own = probe_persons[:, None] == names
            identified = evaluate_open_set(distances, probe_persons, names, draws=1)
            results.append([error_rates(distances[own], distances[~own]).eer, *identified.dir.values()])
        values = np.mean(results, axis=0).tolist()
        cells = dict(zip(("EER", "DIR at FPIR 1 %", "DIR at FPIR 10 %"), map(percent, values), strict=True))
        rows.append({"distance": name} | cells)
    return markdown_table(rows)


def models(runs: list[Arrays]) -> str:
    """Compare models of the ratio, fitted with and without folds."""
    results: dict[tuple[str, str], list[list[float]]] = {}
    for run, folds in product(runs, (False, True)):
        names, code = np.unique(run["train tracklet persons"], return_inverse=True)
        entries, probe_persons = run["train tracklet"], run["probe tracklet persons"]
        seen = compare_left_out(folds_of(run, "train"), code) if folds else compare_within(entries, code)
        distances = nearest(run["probe tracklet"], entries, code)
        for name, ratio in candidates(seen).items():
            results.setdefault((name, "folds" if folds else "plain"), []).append(
                scores(ratio, distances, probe_persons, names)
            )
    rows: dict[str, dict[str, str]] = {}
    for (name, kind), values in results.items():
        brier, loss, gap = np.mean(values, axis=0)
        row = rows.setdefault(name, {"model": name})
        row |= {kind: f"{brier:.3f} / {loss:.3f} / {gap:.3f}"}
    return markdown_table(list(rows.values()))


def later(runs: list[Arrays]) -> str:
    """Measure rates for people who were not trained on, in gallery and probe."""
    results: dict[str, list[float]] = {}
    for run in runs:
        unknown = ~np.isin(run["probe tracklet persons"], run["train tracklet persons"])
        for k, fold in enumerate(folds_of(run, "train")):
            enrolled = fold.left_out
            code = np.unique(run["train tracklet persons"][enrolled], return_inverse=True)[1]
            calibration = calibrate(fold.vectors[enrolled], code)
            distances = nearest(run[f"probe fold {k}"][unknown], fold.vectors[enrolled], code)
            for rate in (0.1, 0.2, 0.4):
                matched = float((distances <= calibration.threshold(rate)).mean())
                results.setdefault(f"FMR {percent(rate)}", []).append(matched)
            named = float((distances.min(axis=1) <= calibration.threshold_fpir(0.4)).mean())
            results.setdefault(f"FPIR {percent(0.4)}", []).append(named)
    return markdown_table(
        [{"stated": "measured"} | {name: percent(np.mean(values)) for name, values in results.items()}]
    )


def candidates(seen: Comparisons) -> dict[str, Ratio]:
    """Fit ratios to the same comparisons."""
    from sklearn.isotonic import IsotonicRegression

    genuine, impostor = (seen.genuine, seen.genuine_weight), (seen.impostor, seen.impostor_weight)
    ours = LikelihoodRatio.fit(genuine, impostor, seen.with_two)
    x = np.concatenate([genuine[0], impostor[0]])
    weight = np.concatenate([genuine[1], impostor[1]])
    pairs = seen.persons * (seen.persons - 1) // 2

    def fit_ratio(shape: str, low: float, bounded: bool, high: float | None = None) -> Ratio:
        target = np.repeat([1 - (high or low), low], [len(genuine[0]), len(impostor[0])])
        offset, slope = fit_logistic(SHAPES[shape](x / ours.scale), target, weight)

        def ratio(distances: NDArray) -> NDArray:
            raw = np.exp(np.clip(offset - slope * SHAPES[shape](distances / ours.scale), -500, 500))
            return (raw + ours.least) / (1 + raw / ours.most) if bounded else raw

        return ratio

    low = 1 / (len(impostor[0]) + 2)
    regression = IsotonicRegression(increasing=False, out_of_bounds="clip")
    regression.fit(x, np.repeat([1 - low, low], [len(genuine[0]), len(impostor[0])]), weight)

    def isotonic(distances: NDArray) -> NDArray:
        chance = regression.predict(distances.ravel()).reshape(distances.shape)
        return chance / (1 - chance)

    return {
        "logistic in d, bounded: chosen": ours,
        "the same, in d²": fit_ratio("d²", low, True),
        "the same, in log d": fit_ratio("log d", low, True),
        "the same, not bounded": fit_ratio("d", low, False),
        "targets that are 1 and 0 but for a millionth": fit_ratio("d", 1e-6, True),
        "targets by persons and pairs of persons (Platt)": fit_ratio(
            "d", 1 / (pairs + 2), True, 1 / (seen.with_two + 2)
        ),
        "isotonic": isotonic,
    }


def scores(ratio: Ratio, distances: NDArray, probe_persons: NDArray, names: NDArray) -> list[float]:
    """Return Brier score, log loss and calibration error, with a prior of one half for unknown people."""
    is_enrolled = np.isin(probe_persons, names)
    joint = np.concatenate([0.5 / len(names) * ratio(distances), np.full((len(probe_persons), 1), 0.5)], axis=1)
    truth = np.where(is_enrolled, np.searchsorted(names, probe_persons) % len(names), len(names))
    share = np.where(is_enrolled, 0.5 / is_enrolled.sum(), 0.5 / (~is_enrolled).sum())
    results = score_probabilities(joint / joint.sum(axis=1, keepdims=True), truth, share)
    return [results.brier, results.log_loss, results.calibration_error]


if __name__ == "__main__":
    main()
