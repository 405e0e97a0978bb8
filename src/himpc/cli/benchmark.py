"""``himpc benchmark``: published data sets, your own by a recipe, or simulated walkers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from himpc.cli.console import Console
from himpc.cli.options import OutputOptions
from himpc.cli.training import EpochBar, Settings

if TYPE_CHECKING:
    from himpc.research import BenchmarkResult, BenchmarkSet, Comparison


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
    settings: Settings = Settings(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Train on a data set without labels and measure on it, beside the published results where there are any.

    Settings that are not given are those published for the split, or the preset's.

    Parameters
    ----------
    name
        A published data set: BIWI, IAS, KGBD, KS20 or CASIA_B. A recipe: c3d-walking or kinect-v1-actions; or simulated
        walkers, cross-view, cross-session, clothing, long-term or one-view, such as cross-view-hard. With -unseen, such
        as clothing-unseen-hard, people who are tested are not trained on. Or your own recipe, a .toml file.
    root
        Your copy: the folder of the recordings (of a published data set, the raw files as their owner distributes them
        or the authors' preprocessed arrays); none for simulated walkers.
    out
        The run folder: models, the split, and the results as JSON and Markdown.
    split
        Which test sets to ask, such as BIWI-S or Still; all if not given; repeatable.
    variant
        Several rows in one table: a preset, changes NAME=VALUE of settings or of what preset paper does with labels, or
        both, such as clean, paper, align=true or simmc,heads=4; repeatable. Each has its own folder in OUT.
    train_on
        Train on another data set than the one that is tested: a name as above.
    train_root
        The folder of the data set that is trained on.
    layout
        Joint layout to bring everything into; the tested set's own if not given.
    resume
        Go on with what is in the folder, to the same bits as an unbroken run; variants can be added.
    overwrite
        Replace the run in the folder.
    """
    from himpc.research import counts_table

    console = output.console()
    data = _load(name, root, train_on, train_root, layout, settings, console)
    for wanted in split:
        data.protocol.split(wanted)
    console.problems(data.problems)
    console.say(f"{data.protocol.title}, {data.origin}" + (f" in {data.folder}" if data.folder else ""))
    console.say(counts_table(data))
    for note in data.notes:
        console.warn(note)
    result = _run(data, out, split, variant, settings, console, resume=resume, overwrite=overwrite)
    console.say(f"\nRank-1 / mAP in percent, window by window:\n{result.table()}")
    if recordings := result.recording_table():
        console.say(f"\nRecording by recording:\n{recordings}")
    if views := result.view_table():
        console.say(f"\nBy view of the probe (all levels of what was trained):\n{views}")
    for note in result.notes:
        console.warn(note)
    console.say(f"wrote {out}: benchmark.md, benchmark.json, and a folder of its own for each training")
    console.result(result.to_dict())
    return console.exit_code


def _load(
    name: str,
    root: Path | None,
    train_on: str | None,
    train_root: Path | None,
    layout: str | None,
    settings: Settings,
    console: Console,
) -> BenchmarkSet:
    """Load what is tested, and what is trained on where that is another data set."""
    from himpc.errors import ConfigError
    from himpc.research import find_protocol, in_layout, load_benchmark, trained_on

    if train_root is not None and train_on is None:
        raise ConfigError("--train-root is the folder of --train-on: name that data set too")
    tested, other = find_protocol(name), None if train_on is None else find_protocol(train_on)
    window_length = settings.given.get("window_length")
    data = load_benchmark(tested, root, window_length=window_length, seed=settings.seed, progress=console.progress)
    data = data if layout is None else in_layout(data, layout)
    if other is None:
        return data
    length = data.train.windows.length
    source = load_benchmark(other, train_root, window_length=length, seed=settings.seed, progress=console.progress)
    return trained_on(data, source)


def _run(
    data: BenchmarkSet,
    out: Path,
    splits: tuple[str, ...],
    variants: tuple[str, ...],
    settings: Settings,
    console: Console,
    **how: Any,
) -> BenchmarkResult | Comparison:
    """Train and ask, with a bar; say how to go on where it is stopped."""
    from himpc.research import compare_variants, run_benchmark

    with EpochBar(console, settings, "clean") as bar:
        learner = settings.learner("clean", callbacks=(bar,))
        how |= {"splits": splits, "preset": learner.preset, "settings": learner.settings, "seed": learner.seed}
        how |= {"device": learner.device, "callbacks": learner.callbacks}
        try:
            if not variants:
                return run_benchmark(data, out, **how)
            return compare_variants(data, out, variants, tell=lambda name: console.say(f"training {name}"), **how)
        except KeyboardInterrupt:
            if any(out.glob("**/split.json")):
                console.warn(f"{out} keeps the epochs that are done: the same command with --resume goes on from there")
            raise
