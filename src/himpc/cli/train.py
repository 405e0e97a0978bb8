"""``himpc train``: train a model, without labels."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from himpc._schema import to_plain
from himpc.cli.console import Console
from himpc.cli.distributed import SilentConsole, join_processes
from himpc.cli.options import InputOptions
from himpc.cli.output_options import FigureOptions, OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions, draw_history
from himpc.errors import count_noun

if TYPE_CHECKING:
    from himpc.estimator import HiMPC
    from himpc.learning import Diagnosis
    from himpc.reading import Recordings


def train(
    *paths: Path,
    out: Path,
    resume: bool = False,
    overwrite: bool = False,
    source: InputOptions = InputOptions(),
    settings: TrainingOptions = TrainingOptions(),
    output: OutputOptions = OutputOptions(),
    drawn: FigureOptions = FigureOptions(),
) -> int:
    """Train a model on recordings, without labels.

    The identity prior is adapted to 3D recordings of bodies. If twelve or more all show one activity, such as walking,
    a network is trained, too, by which `himpc evaluate` ranks. --prior identity only adapts, --prior none only trains.
    Under torchrun (`torchrun --nproc-per-node 2 -m himpc train ...`), several processes share the work.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        Run folder to write: checkpoint, history, settings and model; after epochs of training also a figure of them.
    resume
        Resume the run in the folder; on a CPU the result is bitwise identical to that of an uninterrupted run.
    overwrite
        Overwrite the run in the folder.
    """
    with join_processes(settings.device) as processes:
        console = output.console() if processes.is_first else SilentConsole()
        recordings = source.read(paths, console)
        with EpochBar(console, settings) as bar:
            learner = settings.learner(callbacks=(bar,))
            try:
                learner.fit(recordings, out=out, resume=resume, overwrite=overwrite, processes=processes)
            except KeyboardInterrupt:
                if (out / "checkpoint.safetensors").exists():
                    console.warn(f"{out} contains the finished epochs; repeat the command with --resume to continue")
                raise
        if processes.is_first:
            next_options = shlex.join([*map(str, paths), *source.to_arguments()])
            _report(learner, recordings, out, next_options, console, drawn.figures)
    return console.exit_code


def _report(
    learner: HiMPC, recordings: Recordings, out: Path, command_options: str, console: Console, figures: Sequence[str]
) -> None:
    from himpc.recordings import count_recordings

    history = learner.history_
    last = history.epochs[-1] if history.epochs else None
    picture = [path.name for path in draw_history(history, out, figures)] if last else []
    diagnosis = _diagnose(learner, recordings)
    number = count_recordings(recordings)
    if learner.model_.scoring:
        console.print(f"Adapted the identity prior to {number}" + ("" if last else ", without epochs of training"))
    elif not last:
        console.print(f"Fitted the shapes of segments to {number}, without epochs of training")
    if last:
        also = ", by which himpc evaluate ranks, too" if learner.model_.scoring else ""
        console.print(f"Trained {count_noun(last.epoch, 'epoch')} on {number}{also}; {history.stopped}")
    for sentence in diagnosis.advice if diagnosis else ():
        console.print(sentence)
    console.print(f"Wrote {out}: {', '.join(['model.safetensors', 'model.json', 'history.jsonl', *picture])}")
    console.print(f"Next: himpc group {command_options} --model {shlex.quote(str(out))}")
    console.result(
        {
            "out": str(out),
            "recordings": len(recordings),
            "epochs": len(history),
            "stopped": history.stopped,
            "last": last and to_plain(last),
            "diagnosis": diagnosis and diagnosis.to_dict(),
            "left_out": console.skipped_files,
        }
    )


def _diagnose(learner: HiMPC, recordings: Recordings) -> Diagnosis | None:
    """Compute the self-diagnostics; None for pseudo-labels of windows, for which they were not validated."""
    from himpc.api import unify_layouts
    from himpc.learning import diagnose
    from himpc.recordings import Windows

    config = learner.config
    if config.grouped != "recordings":
        return None
    windows = Windows.cut(unify_layouts(recordings), config.window_length, config.training_stride)
    return diagnose(learner.model_, windows)
