"""Training: features, pseudo-labels and prototypes, then batches, epoch by epoch (docs/method.md, section 6).

No label is seen: training ends when the pseudo-labels have stopped becoming stabler from one epoch to the next, and the
last epoch is the result. The released code chooses its checkpoint by the labels of the probe set; whoever wants that
gives a score, from outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from himpc._schema import to_plain
from himpc.errors import ConfigError, DataError, RunFolderError
from himpc.learning.callbacks import tell, warn
from himpc.learning.config import Config
from himpc.learning.epoch import train_epoch
from himpc.learning.history import History, stop_reason
from himpc.learning.processes import ALONE, Processes
from himpc.learning.reproducible import deterministic, fingerprint
from himpc.learning.run_folder import RunFolder
from himpc.learning.state import Identity, State
from himpc.learning.whitening import fit_whitening
from himpc.model import Model, resolve_device
from himpc.recordings.windows import Windows

__all__ = ["Score", "Trained", "train"]

Score = Callable[[Model], float]
"""Says how good a model is, higher is better. It must not change the model."""


@dataclass(frozen=True)
class Trained:
    """What training gives: the model, on the device it was trained on, and what happened."""

    model: Model
    history: History


def train(
    windows: Windows,
    config: Config | None = None,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[object] = (),
    score: Score | None = None,
    known: NDArray[np.int64] | None = None,
    notes: Mapping[str, str] | None = None,
    processes: Processes = ALONE,
) -> Trained:
    """Train a model on windows; nothing here knows whose they are.

    Parameters
    ----------
    windows : Windows
        At least two. With fewer than `k1`, all of them are neighbours; with fewer than `batch_size`, one step is an
        epoch.
    config : Config, optional
        The settings; preset ``clean`` if not given.
    out : path, optional
        A run folder: config.json, history.jsonl, checkpoint.safetensors after every epoch, and the model at the end.
    device : str
        "auto", "cpu", "cuda" or "cuda:N". On the CPU one seed gives one result, bit for bit.
    resume : bool
        Go on with the run in `out`; the result is that of an unbroken run. A finished run is returned as it is.
    overwrite : bool
        Start anew in `out` though it holds a run.
    callbacks : sequence
        Told of batches, epochs and warnings (`himpc.learning.Callback`).
    score : function, optional
        Asked after every epoch. Then the result is the epoch with the highest score, the first of several, instead of
        the last; and training stops when the score has not risen for `patience` epochs, instead of by the
        pseudo-labels. The checkpoint holds the best weights so far.
    known : int64 array ``(N,)``, optional
        The group of each window, from outside, 0 to K - 1, each at least once, in place of pseudo-labels: with
        the true people, it shows what the best pseudo-labels would give. Training is label-free without it only.
    notes : mapping of str to str, optional
        What the caller knows of the data and the score, for the model's card: ``labels_used`` above all.
    processes : Processes
        Those that share the work. Each is given the same arguments and gets the same model, that of one process within
        float tolerance. Only the first reads and writes `out`, asks for the score and tells the callbacks.

    Raises
    ------
    ConfigError
        If the device is not there, or the settings do not fit the windows.
    DataError
        If there are fewer than two windows, or 2D ones are to be aligned.
    LayoutError
        If windows are to be aligned whose layout has no sides.
    ModelError
        If the checkpoint to resume is damaged, or of another run.
    RunFolderError
        If `out` cannot be written or holds another run, or the loss or the score is not finite, or the processes do
        not all have the same windows and settings, or one of them has ended.
    """
    config = config or Config()
    where = resolve_device(device)
    _check(windows, config, out, resume)
    known = None if known is None else _checked(known, windows)
    identity = Identity(config, fingerprint(windows, known), len(windows), score is not None)
    processes.check_same(identity.fingerprint)
    seen = windows.aligned() if config.align else windows
    state = State.start(windows.layout, len(windows), config, where, scored=score is not None)
    folder = None
    if out is not None and processes.first:
        folder = RunFolder.open(Path(out), identity, resume=resume, overwrite=overwrite)
    if folder and resume:
        state.restore(folder.path, identity)
    elif config.whiten:
        fit_whitening(state.network, seen, align=config.align, seed=config.seed)
    if folder and not resume:
        folder.save(state)
    state.take_from_first(processes)
    callbacks = callbacks if processes.first else ()
    with deterministic(where):
        while not state.history.stopped:
            record = train_epoch(state, seen, config, callbacks, known, processes)
            if score:
                found = score(_model(state, windows, identity)) if processes.first else 0.0
                found = float(processes.broadcast(torch.tensor(found, dtype=torch.float64)))
                record = replace(record, score=_finite(found, record.epoch))
            state.history.epochs.append(record)
            if state.history.best is record:
                state.keep()
            state.history.stopped = stop_reason(state.history, config)
            if folder:
                folder.save(state)
            if processes.first:
                _tell(state.history, callbacks)
    state.go_back()
    state.network.requires_grad_(False)
    model = _model(state, windows, identity, notes, known=known is not None)
    if folder:
        model.save(folder.path)
    return Trained(model, state.history)


def _check(windows: Windows, config: Config, out: str | Path | None, resume: bool) -> None:
    if len(windows) < 2:
        raise DataError(f"training needs at least two windows, found {len(windows)}: give more or longer recordings")
    if windows.length != config.window_length:
        raise ConfigError(f"window_length is {config.window_length}, but the windows hold {windows.length} frames")
    if resume and out is None:
        raise ConfigError("resume needs out, the folder of the run to go on with")


def _checked(known: NDArray[np.int64], windows: Windows) -> NDArray[np.int64]:
    if known.shape != (len(windows),) or not np.array_equal(np.unique(known), np.arange(known.max(initial=-1) + 1)):
        raise ConfigError(
            f"known must give each of the {len(windows)} windows a group, 0 to K - 1, each at least once; found shape "
            f"{known.shape}, groups {known.min(initial=0)} to {known.max(initial=0)}"
        )
    return known.astype(np.int64)


def _tell(history: History, callbacks: Sequence[object]) -> None:
    """Tell the last epoch, and those of its warnings that no epoch before had."""
    last = history.epochs[-1]
    before = {message for record in history.epochs[:-1] for message in record.warnings}
    for message in last.warnings:
        if message not in before:
            warn(callbacks, message)
    tell(callbacks, "on_epoch", last)


def _finite(score: float, epoch: int) -> float:
    if not math.isfinite(score):
        raise RunFolderError(f"epoch {epoch}: the score is {score}, expected a finite number: look at what computes it")
    return float(score)


def _model(
    state: State, windows: Windows, identity: Identity, notes: Mapping[str, str] | None = None, *, known: bool = False
) -> Model:
    history, config = state.history, identity.config
    outside = "an outside score chose the checkpoint" if identity.scored else ""
    outside = "groups were given from outside" if known else outside
    chosen = history.best
    return Model(
        network=state.network,
        layout=windows.layout,
        window_length=windows.length,
        dimensions=windows.dimensions,
        align=config.align,
        settings=to_plain(config),
        training={
            "labels_used": f"unknown: {outside}" if outside else "none",
            "checkpoint": f"epoch {chosen.epoch}, the highest score ({chosen.score:.6g})"
            if chosen
            else "the last epoch",
            "epochs": len(history),
            "stopped": history.stopped,
            "windows": len(windows),
            "recordings": windows.n_recordings,
            "data": identity.data,
            **(notes or {}),
        },
    )
