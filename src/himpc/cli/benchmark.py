"""``himpc benchmark``: measure on a published data set, your own recordings by a recipe, or simulated walkers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from himpc.cli.console import Console
from himpc.cli.hints import recipe_hints, translate_recipe_entry
from himpc.cli.output_options import OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions

if TYPE_CHECKING:
    from himpc.research import BenchmarkData, BenchmarkResult, Comparison


def benchmark(
    name: str,
    *,
    root: Path | None = None,
    out: Path,
    split: tuple[str, ...] = (),
    variant: tuple[str, ...] = (),
    train_on: str | None = None,
    train_root: Path | None = None,
    layout: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    settings: TrainingOptions = TrainingOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Train on a data set without labels, measure on it, and compare with published results.

    Settings default to those published for the split, or to the preset's.

    Parameters
    ----------
    name
        A published data set: BIWI, IAS, KGBD, KS20 or CASIA_B. A recipe: c3d-walking or kinect-v1-actions. Simulated
        walkers: cross-view, cross-session, clothing, long-term or one-view, with a difficulty such as cross-view-hard;
        with -unseen, as in clothing-unseen-hard, the training set does not contain the tested people. Or your own
        recipe: a .toml file.
    root
        The folder of the recordings: raw files as their owner distributes them, or the authors' preprocessed arrays.
        Not for simulated walkers.
    out
        The run folder: models, the split, and the results as JSON and Markdown.
    split
        Splits to measure, such as BIWI-S or Still; default: all; repeatable.
    variant
        Compare variants in one table; repeatable. A variant is a preset, changes NAME=VALUE of settings or of the
        conventions of preset paper, or both, such as clean, paper, align=true or simmc,heads=4. Each has its own folder
        in OUT.
    train_on
        Train on another data set than the tested one: a name as above.
    train_root
        The folder of the data set to train on.
    layout
        Joint layout to convert all windows to; default: that of the tested set.
    resume
        Continue the run in the folder, with bitwise identical results; variants may be added.
    overwrite
        Replace the run in the folder.
    """
    from himpc.research import counts_table

    console = output.console()
    data = _load(name, root, train_on, train_root, layout, settings, console)
    for each in split:
        data.protocol.split(each)
    console.problems(data.problems, translate_recipe_entry)
    console.print(f"{data.protocol.title}, {data.form_name}" + (f" in {data.folder}" if data.folder else ""))
    console.print(counts_table(data))
    for note in data.notes:
        console.warn(note)
    result = _run(data, out, split, variant, settings, console, resume=resume, overwrite=overwrite)
    console.print(f"\nRank-1 / mAP in percent, window by window:\n{result.table()}")
    if recordings := result.recording_table():
        console.print(f"\nRecording by recording:\n{recordings}")
    if views := result.view_table():
        console.print(f"\nBy view of the probe (all levels of the trained model):\n{views}")
    for note in result.notes:
        console.warn(note)
    console.print(f"Wrote {out}: benchmark.md, benchmark.json, and a folder per training")
    return console.result(result.to_dict())


def _load(
    name: str,
    root: Path | None,
    train_on: str | None,
    train_root: Path | None,
    layout: str | None,
    settings: TrainingOptions,
    console: Console,
) -> BenchmarkData:
    """Load the test set, and, if `train_on` names one, the training set of another data set."""
    from himpc.errors import ConfigError
    from himpc.research import convert_layout, find_benchmark, load_benchmark, replace_training_set

    if train_root is not None and train_on is None:
        raise ConfigError("--train-root is the folder of --train-on: name that data set too")

    def load(benchmark: Any, folder: Path | None, length: int | None) -> BenchmarkData:
        with recipe_hints():
            return load_benchmark(
                benchmark, folder, window_length=length, seed=settings.seed, progress=console.progress
            )

    test_set, training_set = find_benchmark(name), None if train_on is None else find_benchmark(train_on)
    data = load(test_set, root, settings.overrides.get("window_length"))
    data = data if layout is None else convert_layout(data, layout)
    return (
        data
        if training_set is None
        else replace_training_set(data, load(training_set, train_root, data.train.windows.length))
    )


def _run(
    data: BenchmarkData,
    out: Path,
    splits: tuple[str, ...],
    variants: tuple[str, ...],
    settings: TrainingOptions,
    console: Console,
    **options: Any,
) -> BenchmarkResult | Comparison:
    """Train and measure with a progress bar; on Ctrl-C, print how to continue."""
    from himpc.research import compare_variants, run_benchmark

    with EpochBar(console, settings, "clean") as bar:
        learner = settings.learner("clean", callbacks=(bar,))
        options |= {"splits": splits, "preset": learner.preset, "settings": learner.settings, "seed": learner.seed}
        options |= {"device": learner.device, "callbacks": learner.callbacks}
        try:
            if not variants:
                return run_benchmark(data, out, **options)
            options["on_variant"] = lambda name: console.print(f"training {name}")
            return compare_variants(data, out, variants, **options)
        except KeyboardInterrupt:
            if any(out.glob("**/split.json")):
                console.warn(f"{out} contains the finished epochs; repeat the command with --resume to continue")
            raise
