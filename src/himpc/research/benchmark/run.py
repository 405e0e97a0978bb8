"""Run a benchmark: train, measure each split, and write the results beside the published ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from himpc.errors import ConfigError
from himpc.learning import CHECKPOINT_FILE, Config, train
from himpc.model import Model
from himpc.research.benchmark.conventions import Conventions
from himpc.research.benchmark.measure import measure_split
from himpc.research.benchmark.results import BenchmarkResult, Comparison, check_new
from himpc.research.benchmark.variants import Variant, parse_variants
from himpc.research.data import BenchmarkData
from himpc.research.protocol import Split


def run_benchmark(
    data: BenchmarkData,
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
    """Train on a data set and measure its splits by window and by recording (docs/method.md, section 5).

    Splits with equal settings share one training, unless the probe set selects its checkpoint. Training receives the
    windows alone; only conventions may select the windows, and score the epochs, by labels.

    Parameters
    ----------
    data : BenchmarkData
        From `load_benchmark`.
    out : path
        The run folder: a model per training, ``split.json``, ``benchmark.json`` and ``benchmark.md``.
    splits : sequence of str
        Names of splits or of their probe sets; all splits if empty.
    preset : str
        The settings to start from (`himpc.learning.preset_names`); settings published for a split override them, and
        `settings` override both.
    conventions : Conventions, optional
        Conventions of the released code that use labels; default: all for preset "paper", none for any other.
    settings : mapping, optional
        Changed settings of `himpc.learning.Config`.
    seed : int
        Seed of the training, and of the bootstrap intervals.
    device, resume, overwrite, callbacks
        As in `himpc.learning.train`; a training that has not begun is started.

    Raises
    ------
    ConfigError
        If a split or setting is unknown, or a setting is fixed by the protocol.
    RunFolderError
        If `out` cannot be written, or contains a run that is neither to be resumed nor overwritten.
    """
    result = _prepare(data, Path(out), splits, preset, conventions, settings, seed)
    result.write_split(resume=resume, overwrite=overwrite)
    _train_and_measure(result, device=device, resume=resume, overwrite=overwrite, callbacks=callbacks)
    return result


def compare_variants(
    data: BenchmarkData,
    out: str | Path,
    variants: Sequence[str | Variant],
    *,
    splits: Sequence[str] = (),
    preset: str = "clean",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[object] = (),
    on_variant: Callable[[str], None] | None = None,
) -> Comparison:
    """Run a benchmark with several variants; all of them are checked before the first is trained.

    Parameters
    ----------
    data : BenchmarkData
        From `load_benchmark`.
    out : path
        The folder of the comparison: ``benchmark.json``, ``benchmark.md``, and a run folder per variant as
        `run_benchmark` writes it.
    variants : sequence of str or Variant
        Texts such as ``"clean"``, ``"paper"`` and ``"align=true"`` (see `Variant.parse`).
    preset : str
        The preset of variants that name none.
    settings : mapping, optional
        Settings of all variants; a variant's own override them.
    resume : bool
        Continue variants that are finished or begun, and train the others, so variants can be added later.
    splits, seed, device, overwrite, callbacks
        As in `run_benchmark`.
    on_variant : callable, optional
        Called with the name of each variant before it is trained.

    Raises
    ------
    ConfigError
        If a variant, split or setting is unknown, or a variant is repeated.
    RunFolderError
        If a folder cannot be written, or contains a run that is neither to be resumed nor overwritten.
    """
    out, common = Path(out), dict(settings or {})
    runs = {}
    for each in parse_variants(variants, preset):
        conventions, changes = each.conventions_on(data.name), {**common, **each.settings}
        runs[each.name] = _prepare(data, out / each.folder, splits, each.preset, conventions, changes, seed)
    for run in runs.values():
        check_new(run.out, resume=resume, overwrite=overwrite)
    for name, run in runs.items():
        if on_variant:
            on_variant(name)
        run.write_split(resume=resume, overwrite=overwrite)
        _train_and_measure(run, device=device, resume=resume, overwrite=overwrite, callbacks=callbacks)
    comparison = Comparison(data, out, runs)
    comparison.write()
    return comparison


def _prepare(
    data: BenchmarkData,
    out: Path,
    splits: Sequence[str],
    preset: str,
    conventions: Conventions | None,
    settings: Mapping[str, Any] | None,
    seed: int,
) -> BenchmarkResult:
    """Check all arguments, write nothing, and return a result without measurements."""
    chosen = [data.protocol.split(name) for name in splits] or list(data.protocol.splits)
    conventions = conventions or Conventions.preset(preset, data.name)
    if conventions.mislabel and data.load_mislabelled is not None:
        data = data.load_mislabelled()
    configs = _configs(chosen, data, preset, dict(settings or {}), seed)
    result = BenchmarkResult(data, out, seed, configs, conventions, preset)
    for note in conventions.notes:
        result.add_note(note)
    return result


def _configs(
    splits: Sequence[Split], data: BenchmarkData, preset: str, settings: dict[str, Any], seed: int
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


def _train_and_measure(
    result: BenchmarkResult, *, device: str, resume: bool, overwrite: bool, callbacks: Sequence[object]
) -> None:
    """Train, measure each split, and write the results."""
    data, conventions, seed = result.data, result.conventions, result.seed
    models: dict[Path, Model] = {}
    for split, config in result.settings.items():
        folder = result.folder_of(split)
        tested = conventions.test_sets(data.of_split(data.protocol.split(split)), config.batch_size)
        if folder not in models:
            part = conventions.training_set(data.train, config.batch_size, seed)
            trained = train(
                part.windows,
                config,
                out=folder,
                device=device,
                resume=resume and (folder / CHECKPOINT_FILE).exists(),
                overwrite=overwrite,
                callbacks=callbacks,
                score=conventions.checkpoint_score(tested),
                external_labels=conventions.external_labels(part),
                notes={"labels_used": conventions.labels_used},
            )
            models[folder] = trained.model
        measure_split(models[folder], tested, result, seed)
    result.write()
