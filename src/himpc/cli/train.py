"""``himpc train``: a model from recordings, without labels."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from himpc.cli.console import Console
from himpc.cli.launch import Silent, launched
from himpc.cli.options import InputOptions, OutputOptions
from himpc.cli.training import EpochBar, Settings, draw_history

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
    settings: Settings = Settings(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Train a model on recordings, without labels.

    Started by torchrun (`torchrun --nproc-per-node 2 -m himpc train ...`), several processes share the work.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        The run folder: checkpoint, history, settings, model and a picture of the training.
    resume
        Go on with the run in the folder, to the same bits as an unbroken one.
    overwrite
        Replace the run in the folder.
    """
    with launched(settings.device) as processes:
        console = output.console() if processes.first else Silent()
        recordings = source.read(paths, console)
        with EpochBar(console, settings) as bar:
            learner = settings.learner(callbacks=(bar,))
            try:
                learner.fit(recordings, out=out, resume=resume, overwrite=overwrite, processes=processes)
            except KeyboardInterrupt:
                if (out / "checkpoint.safetensors").exists():
                    console.warn(
                        f"{out} keeps the epochs that are done: the same command with --resume goes on from there"
                    )
                raise
        if processes.first:
            _report(learner, recordings, out, shlex.join([*map(str, paths), *source.words()]), console)
    return console.exit_code


def _report(learner: HiMPC, recordings: Recordings, out: Path, words: str, console: Console) -> None:
    picture = draw_history(learner.history_, out)
    last = learner.history_.epochs[-1]
    diagnosis = _diagnosis(learner, recordings)
    console.say(f"trained {last.epoch} epochs on {len(recordings)} recordings; {learner.history_.stopped}")
    for sentence in diagnosis.advice if diagnosis else ():
        console.say(sentence)
    console.say(f"wrote {out}: model.safetensors, model.json, history.jsonl, {picture.name}")
    console.say(f"next: himpc group {words} --model {shlex.quote(str(out))}")
    console.result(
        {
            "out": str(out),
            "recordings": len(recordings),
            "epochs": last.epoch,
            "stopped": learner.history_.stopped,
            "last": last.to_dict(),
            "diagnosis": diagnosis and diagnosis.to_dict(),
            "left_out": console.left_out,
        }
    )


def _diagnosis(learner: HiMPC, recordings: Recordings) -> Diagnosis | None:
    """Return how far the model can be believed, where it learned from recordings: the words were measured for that."""
    from himpc.learning import diagnose
    from himpc.recordings import Windows

    config = learner.config
    if config.grouped != "recordings":
        return None
    return diagnose(learner.model_, Windows.cut(recordings, config.window_length, config.training_stride))
