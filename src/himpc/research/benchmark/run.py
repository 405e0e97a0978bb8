"""Running a benchmark: train, ask each split, and set the results beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from himpc.errors import ConfigError
from himpc.learning import Config, train
from himpc.learning.state import CHECKPOINT_FILE
from himpc.model import Model
from himpc.research.benchmark.conventions import Conventions
from himpc.research.benchmark.measure import evaluate_split
from himpc.research.benchmark.results import BenchmarkResult
from himpc.research.data import BenchmarkSet
from himpc.research.protocol import Split

__all__ = ["perform", "prepare", "run_benchmark"]


def run_benchmark(
    data: BenchmarkSet,
    out: str | Path,
    *,
    splits: Sequence[str] = (),
    preset: str = "clean",
    conventions: Conventions | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[object] = (),
) -> BenchmarkResult:
    """Train on a data set and measure its splits by window and by recording (docs/method.md, sections 5 and 8).

    Splits of the same settings share one training, unless the probe set chooses its checkpoint. Training is given the
    windows alone, never whom they show; conventions may choose the windows, and judge its epochs, by that.

    Parameters
    ----------
    data : BenchmarkSet
        As `load_benchmark` gives it.
    out : path
        The run folder: a model for each training, ``split.json``, ``benchmark.json`` and ``benchmark.md``.
    splits : sequence of str
        Which to ask, by their names or those of their probe sets; all of them if empty.
    preset : str
        The settings to start from (`himpc.learning.preset_names`). Those that were published for a split
        come over it, and `settings` over these.
    conventions : Conventions, optional
        What is done with labels as the released code does it; the preset's if not given: nothing, unless it is "paper".
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
    RunFolderError
        If `out` cannot be written, or holds a run that is neither to be resumed nor overwritten.
    """
    result = prepare(data, out, splits, preset, conventions, settings, seed)
    result.write_split(resume=resume, overwrite=overwrite)
    perform(result, device=device, resume=resume, overwrite=overwrite, callbacks=callbacks)
    return result


def prepare(
    data: BenchmarkSet,
    out: str | Path,
    splits: Sequence[str],
    preset: str,
    conventions: Conventions | None,
    settings: Mapping[str, Any] | None,
    seed: int,
) -> BenchmarkResult:
    """Check everything, write nothing, and return the result that `perform` fills; as in `run_benchmark`."""
    chosen = [data.protocol.split(name) for name in splits] or list(data.protocol.splits)
    conventions = conventions or Conventions.preset(preset, data.name)
    if conventions.mislabel and data.mislabelled is not None:
        data = data.mislabelled()
    plan = _plan(chosen, data, preset, dict(settings or {}), seed)
    result = BenchmarkResult(data, Path(out), seed, plan, conventions, preset)
    for note in conventions.notes:
        result.note(note)
    return result


def perform(
    result: BenchmarkResult, *, device: str, resume: bool, overwrite: bool, callbacks: Sequence[object]
) -> None:
    """Train, ask each split, and write the results."""
    data, conventions, seed = result.data, result.conventions, result.seed
    models: dict[Path, Model] = {}
    for split, config in result.settings.items():
        folder = result.folder_of(split)
        asked = conventions.tested(data.data(data.protocol.split(split)), config.batch_size)
        if folder not in models:
            again = resume and (folder / CHECKPOINT_FILE).exists()
            part = conventions.trained(data.train, config.batch_size, seed)
            trained = train(
                part.windows,
                config,
                out=folder,
                device=device,
                resume=again,
                overwrite=overwrite,
                callbacks=callbacks,
                score=conventions.score(asked),
                known=conventions.known(part),
                notes={"labels_used": conventions.labels_used},
            )
            models[folder] = trained.model
        evaluate_split(models[folder], asked, result, seed)
    result.write()


def _plan(
    splits: Sequence[Split], data: BenchmarkSet, preset: str, settings: dict[str, Any], seed: int
) -> dict[str, Config]:
    """Return the settings of each split."""
    length = data.train.windows.length
    if settings.get("window_length", length) != length:
        raise ConfigError(
            f"window_length is {settings['window_length']}, but the data set was cut into {length} frames"
        )
    if settings.get("stride"):
        raise ConfigError(f"stride is fixed by the protocol of {data.name}: leave it out")
    fixed = {**settings, "window_length": length, "seed": seed}
    return {split.name: Config.preset(preset).with_(**split.settings).with_(**fixed) for split in splits}
