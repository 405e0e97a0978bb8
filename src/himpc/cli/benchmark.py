"""``himpc benchmark``: the published benchmarks on your copy of their data sets."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import Output
from himpc.cli.training import EpochBar, Settings


def benchmark(
    name: str,
    *,
    root: Path,
    out: Path,
    split: tuple[str, ...] = (),
    resume: bool = False,
    overwrite: bool = False,
    settings: Settings = Settings(),
    output: Output = Output(),
) -> int:
    """Train on a published data set without labels, and set the results beside the published ones.

    Settings that are not given are those published for the split.

    Parameters
    ----------
    name
        BIWI, IAS, KGBD, KS20 or CASIA_B.
    root
        Your copy: the folder of the raw files as their owner distributes them, or of the authors' preprocessed arrays.
    out
        The run folder: models, the split, and the results as JSON and Markdown.
    split
        Which test sets to ask, such as BIWI-S or Still; all if not given; repeatable.
    resume
        Go on with the training in the folder, to the same bits as an unbroken one.
    overwrite
        Replace the run in the folder.
    """
    from himpc.benchmarks import counts_table, get_benchmark, load_benchmark, run_benchmark

    console = output.console()
    protocol = get_benchmark(name)
    for wanted in split:
        protocol.split(wanted)
    data = load_benchmark(
        name, root, window_length=settings.window_length, seed=settings.seed, progress=console.progress
    )
    console.problems(data.problems)
    console.say(f"{protocol.title}, {'raw files' if data.form == 'raw' else 'preprocessed arrays'} in {data.folder}")
    console.say(counts_table(protocol, data))
    for note in data.notes:
        console.warn(note)
    learner = settings.learner()
    with EpochBar(console, settings) as bar:
        result = run_benchmark(
            data,
            out,
            splits=split,
            preset=learner.preset,
            settings=learner.settings,
            seed=learner.seed,
            device=learner.device,
            resume=resume,
            overwrite=overwrite,
            callbacks=(bar,),
        )
    console.say(f"\nRank-1 / mAP in percent, window by window:\n{result.table()}")
    if result.views:
        console.say(f"\nBy view of the probe (Hi-MPC, MSMR):\n{result.view_table()}")
    for note in result.notes:
        console.warn(note)
    console.say(f"wrote {out}: benchmark.md, benchmark.json, split.json and the models")
    console.result(result.to_dict())
    return console.exit_code
