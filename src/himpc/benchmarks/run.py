"""Running a benchmark: train without labels, ask each split, and set the results beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.benchmarks.benchmark import Split
from himpc.benchmarks.data import BenchmarkData, BenchmarkSet, LabelledWindows
from himpc.benchmarks.load import get_benchmark
from himpc.benchmarks.results import BenchmarkResult, ViewResult
from himpc.errors import ConfigError, LayoutError
from himpc.evaluation import LevelEvaluation, RankingResult, evaluate_ranking
from himpc.learning import Config, train
from himpc.learning.state import CHECKPOINT_FILE
from himpc.model import BASELINES, Model
from himpc.skeleton import Level

__all__ = ["COMPARED", "evaluate_split", "run_benchmark"]

COMPARED = ("d13", "d16", "bones", "raw")
"""The baselines that stand beside Hi-MPC."""

Vectors = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def run_benchmark(
    data: BenchmarkSet,
    out: str | Path,
    *,
    splits: Sequence[str] = (),
    preset: str = "clean",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[object] = (),
) -> BenchmarkResult:
    """Train on a data set and measure its splits window by window (METHOD sections 5 and 8).

    Splits of the same settings share one training. Training is given the windows alone, never whom they show.

    Parameters
    ----------
    data : BenchmarkSet
        As `load_benchmark` gives it.
    out : path
        The run folder: a model for each training, ``split.json``, ``benchmark.json`` and ``benchmark.md``.
    splits : sequence of str
        Which to ask, by their names or those of their probe sets; all of them if empty.
    preset : str
        The settings to start from (`himpc.learning.preset_names`). Those that METHOD section 3 publishes for a split
        come over it, and `settings` over these.
    settings : mapping, optional
        Settings of `himpc.learning.Config` that differ.
    seed : int
        Of the training, and of the bootstrap that gives the intervals.
    device, resume, overwrite, callbacks
        As in `himpc.learning.train`; a training that has not begun is not resumed but started.

    Raises
    ------
    ConfigError
        If a split or setting is unknown, or a setting is one that the protocol fixes.
    RunError
        If `out` cannot be written, or holds a run that is neither to be resumed nor overwritten.
    """
    benchmark = get_benchmark(data.name)
    chosen = [benchmark.split(name) for name in splits] or list(benchmark.splits)
    plan = _plan(chosen, data, preset, dict(settings or {}), seed)
    result = BenchmarkResult(benchmark, data, Path(out), seed, {split.name: config for split, config in plan})
    result.write_split(resume=resume, overwrite=overwrite)
    models: dict[Config, Model] = {}
    for split, config in plan:
        if config not in models:
            folder = result.folder_of(split.name)
            again = resume and (folder / CHECKPOINT_FILE).exists()
            trained = train(
                data.train.windows,
                config,
                out=folder,
                device=device,
                resume=again,
                overwrite=overwrite,
                callbacks=callbacks,
            )
            models[config] = trained.model
        asked = data.data(split.name, split.gallery, split.probe)
        evaluate_split(models[config], asked, result, seed)
    result.write()
    return result


def evaluate_split(model: Model, data: BenchmarkData, result: BenchmarkResult, seed: int = 0) -> None:
    """Measure the model, each of its levels and the baselines on one split, and add them to a result.

    A baseline that measures joints which the layout lacks is left out, and `result.notes` says so.
    """
    found: dict[str, LevelEvaluation] = {}

    def embed(level: Level | None) -> Vectors:
        probe = None if data.probe is None else _embed(model, data.probe, level)
        return _embed(model, data.gallery, level), probe

    msmr = _rank(embed(None), data, seed)
    found["Hi-MPC, MSMR"] = msmr
    for level in model.levels:
        found[f"Hi-MPC, {level} level"] = _rank(embed(level), data, seed)
    for name in COMPARED:
        baseline = BASELINES[name]
        try:
            gallery = baseline.embed(data.gallery.windows)
            probe = None if data.probe is None else baseline.embed(data.probe.windows)
        except LayoutError as error:
            result.note(str(error))
            continue
        found[baseline.title] = _rank((gallery, probe), data, seed)
    labels_used = str(model.training.get("labels_used", "not stated"))
    result.add(data.split, labels_used, found, _views(msmr.ranking, data.probe or data.gallery))


def _plan(
    splits: Sequence[Split], data: BenchmarkSet, preset: str, settings: dict[str, Any], seed: int
) -> list[tuple[Split, Config]]:
    """Return the settings of each split."""
    length = data.train.windows.length
    if settings.get("window_length", length) != length:
        raise ConfigError(
            f"window_length is {settings['window_length']}, but the data set was cut into {length} frames"
        )
    if settings.get("stride"):
        raise ConfigError("stride is fixed by the published protocol: leave it out")
    fixed = {**settings, "window_length": length, "seed": seed}
    return [(split, Config.preset(preset).with_(**split.settings).with_(**fixed)) for split in splits]


def _embed(model: Model, part: LabelledWindows, level: Level | None) -> NDArray[np.float32]:
    return model.embed(part.windows) if level is None else model.embed_level(part.windows, level)


def _rank(vectors: Vectors, data: BenchmarkData, seed: int) -> LevelEvaluation:
    """Rank the gallery for each window of the probe; a window is never its own match."""
    gallery, probe = vectors
    asked = data.probe or data.gallery
    ranking = evaluate_ranking(
        gallery if probe is None else probe,
        gallery,
        asked.persons,
        data.gallery.persons,
        same=probe is None,
        without_match="skip",
    )
    return LevelEvaluation.of(ranking, asked.persons, len(gallery), seed=seed)


def _views(ranking: RankingResult, asked: LabelledWindows) -> dict[str, ViewResult]:
    """Return the results by the view of the probe, where views are known."""
    if asked.cameras is None:
        return {}
    view = asked.cameras[ranking.query]
    return {
        name: ViewResult(
            rank_1=float((ranking.first_match[view == name] == 1).mean()),
            mAP=float(ranking.average_precision[view == name].mean()),
            queries=int((view == name).sum()),
        )
        for name in sorted(set(view.tolist()))
    }
