"""``himpc sweep``: many settings on one set of recordings."""

from __future__ import annotations

import shlex
from pathlib import Path

from himpc.cli import SKIPPED
from himpc.cli.options import OutputOptions


def sweep(
    grid: Path,
    *,
    root: Path | None = None,
    out: Path,
    jobs: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    output: OutputOptions = OutputOptions(),
) -> int:
    """Train and measure with many settings, several at once; the same command goes on where it was stopped.

    Parameters
    ----------
    grid
        A .toml file: the data, the preset, the seeds, and the settings to vary; docs/sweep.md describes it.
    root
        The folder of the recordings, where the grid does not say it.
    out
        The folder of the sweep: results.csv, summary.md, sweep.png, and a file a run.
    jobs
        Runs at once; as many as there are cores if not given.
    threads
        Threads of each run; its share of the cores if not given.
    device
        auto, cpu or cuda.
    """
    from himpc.research.sweep import Grid, Plan, Row, load_data, run_sweep

    console = output.console()
    declared = Grid.read(grid)
    data = load_data(declared, root, console.progress)
    console.problems(data.problems)
    for note in data.notes:
        console.warn(note)
    plan = Plan(declared, data, out, jobs=jobs, threads=threads, device=device)
    total = len(declared.runs)
    console.say(
        f"{total} runs, {total - len(plan.waiting)} done, {len(plan.waiting)} to do: {plan.jobs} at once, "
        f"{plan.threads} thread{'s' if plan.threads > 1 else ''} each"
    )
    names = plan.result.variants
    with console.bar() as bar:
        task = bar.add_task("sweep", total=len(plan.waiting))

        def tell(row: Row) -> None:
            bar.advance(task)
            name = f"{names[row.key].name}, seed {row.settings['seed']}"
            if row.failed:
                console.warn(f"{name} failed: {row.failed}")
            else:
                console.say(f"{name}: {row.epochs} epochs, {row.seconds:.0f} s")

        try:
            result = run_sweep(plan, tell)
        except KeyboardInterrupt:
            console.warn(f"{shlex.quote(str(out))} keeps what is done: the same command goes on from there")
            raise
    written = result.write(out)
    console.say(f"\n{result.table()}")
    console.say(f"wrote {out}: {', '.join(written)}")
    console.result(result.to_dict() | {"left_out": console.left_out})
    return SKIPPED if result.failed else console.exit_code
