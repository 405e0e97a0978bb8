"""``himpc benchmark``: published data sets, your own by a recipe, or simulated walkers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from himpc.cli.console import Console
from himpc.cli.options import Output
from himpc.cli.training import EpochBar, Settings

if TYPE_CHECKING:
    from himpc.benchmarks import BenchmarkResult, BenchmarkSet, Conventions


def benchmark(
    name: str,
    *,
    root: Path | None = None,
    out: Path,
    split: tuple[str, ...] = (),
    balance_identities: bool | None = None,
    probe_checkpoint: bool | None = None,
    drop_last_test: bool | None = None,
    self_match_in_map: bool | None = None,
    resume: bool = False,
    overwrite: bool = False,
    settings: Settings = Settings(),
    output: Output = Output(),
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
    balance_identities
        Not label-free: before training, draw as many windows of each person. On in preset paper, but for KGBD.
    probe_checkpoint
        Not label-free: Rank-1 on the probe set chooses the epoch that is tested. On in preset paper.
    drop_last_test
        Leave out the windows of gallery and probe that fill no batch. On in preset paper.
    self_match_in_map
        Where a set is asked for among itself, mAP counts the query as its own match. On in preset paper.
    resume
        Go on with the training in the folder, to the same bits as an unbroken one.
    overwrite
        Replace the run in the folder.
    """
    from himpc.benchmarks import Conventions, Recipe, counts_table, find_protocol, load_benchmark

    console = output.console()
    found = find_protocol(name)
    protocol = found.protocol if isinstance(found, Recipe) else found
    for wanted in split:
        protocol.split(wanted)
    data = load_benchmark(
        found, root, window_length=settings.window_length, seed=settings.seed, progress=console.progress
    )
    console.problems(data.problems)
    console.say(f"{protocol.title}, {data.origin}" + (f" in {data.folder}" if data.folder else ""))
    console.say(counts_table(data))
    for note in data.notes:
        console.warn(note)
    habits = {
        "balance_identities": balance_identities,
        "probe_checkpoint": probe_checkpoint,
        "drop_last_test": drop_last_test,
        "self_match_in_map": self_match_in_map,
    }
    conventions = Conventions.preset(settings.preset, data.name).with_(**habits)
    result = _run(data, out, split, settings, console, conventions, resume=resume, overwrite=overwrite)
    console.say(f"\nRank-1 / mAP in percent, window by window:\n{result.table()}")
    if result.recordings:
        console.say(f"\nRecording by recording:\n{result.recording_table()}")
    if result.views:
        console.say(f"\nBy view of the probe (Hi-MPC, MSMR):\n{result.view_table()}")
    for note in result.notes:
        console.warn(note)
    console.say(f"wrote {out}: benchmark.md, benchmark.json, split.json and the models")
    console.result(result.to_dict())
    return console.exit_code


def _run(
    data: BenchmarkSet,
    out: Path,
    splits: tuple[str, ...],
    settings: Settings,
    console: Console,
    conventions: Conventions,
    **how: bool,
) -> BenchmarkResult:
    """Train and ask, with a bar; say how to go on where it is stopped."""
    from himpc.benchmarks import run_benchmark

    with EpochBar(console, settings) as bar:
        learner = settings.learner(callbacks=(bar,))
        try:
            return run_benchmark(
                data,
                out,
                splits=splits,
                preset=learner.preset,
                conventions=conventions,
                settings=learner.settings,
                seed=learner.seed,
                device=learner.device,
                callbacks=learner.callbacks,
                **how,
            )
        except KeyboardInterrupt:
            if (out / "split.json").exists():
                console.warn(f"{out} keeps the epochs that are done: the same command with --resume goes on from there")
            raise
