"""``himpc sweep``: many settings on one set of recordings."""

from __future__ import annotations

import shlex
from pathlib import Path

from himpc.cli import SKIPPED
from himpc.cli.hints import recipe_hints, translate_recipe_entry
from himpc.cli.output_options import FigureOptions, OutputOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import count_noun


def sweep(
    grid: Path,
    *,
    root: Path | None = None,
    out: Path,
    jobs: WholeNumber | None = None,
    threads: WholeNumber | None = None,
    device: str = "auto",
    output: OutputOptions = OutputOptions(),
    drawn: FigureOptions = FigureOptions(),
) -> int:
    """Train and measure with many settings in parallel; after an interruption, the same command continues.

    Parameters
    ----------
    grid
        A .toml file: the data, the preset, the seeds, and the settings to vary (docs/sweep.md).
    root
        The folder of the recordings, if the grid does not name it.
    out
        The folder of the sweep: results.csv, summary.md, the figure sweep, and a file per run.
    jobs
        Runs at once; default: the number of cores.
    threads
        Threads per run; default: the cores divided by the jobs.
    device
        auto, cpu or cuda.
    """
    from himpc.research.sweep import Grid, Plan, Row, load_data, run_sweep

    console = output.console()
    spec = Grid.read(grid)
    with recipe_hints():
        data = load_data(spec, root, console.progress)
    console.problems(data.problems, translate_recipe_entry)
    for note in data.notes:
        console.warn(note)
    plan = Plan(spec, data, out, jobs=jobs, threads=threads, device=device)
    total, pending = len(spec.runs), len(plan.pending)
    console.print(
        f"{count_noun(total, 'run')}, {total - pending} done, {pending} to do: {plan.jobs} at once, "
        f"{count_noun(plan.threads, 'thread')} each"
    )
    choices = plan.result.choices
    with console.bar() as bar:
        task = bar.add_task("sweep", total=pending)

        def on_run(row: Row) -> None:
            bar.advance(task)
            name = f"{choices[row.key].name}, seed {row.settings['seed']}"
            if row.failed:
                console.warn(f"{name} failed: {row.failed}")
            else:
                console.print(f"{name}: {count_noun(row.epochs, 'epoch')}, {row.seconds:.0f} s")

        try:
            result = run_sweep(plan, on_run)
        except KeyboardInterrupt:
            console.warn(f"{shlex.quote(str(out))} contains the finished runs; repeat the command to continue")
            raise
    file_names = result.write(out, drawn.figures)
    console.print(f"\n{result.table()}")
    console.print(f"Wrote {out}: {', '.join(file_names)}")
    console.result(result.to_dict() | {"left_out": console.skipped_files})
    return SKIPPED if result.failed else console.exit_code
