"""Training: features, pseudo-labels and prototypes, then batches, epoch by epoch (docs/method.md, section 6).

Training uses no labels: it stops when the stability of pseudo-labels does not rise, and the last epoch is the result.
The released code chooses its checkpoint by the labels of the probe set; for that, pass a `Score`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from himpc._schema import to_plain
from himpc.errors import ConfigError, DataError, RunFolderError, count_noun
from himpc.learning.adaptation import adapt
from himpc.learning.callbacks import notify, warn
from himpc.learning.config import Config
from himpc.learning.distributed import SINGLE_PROCESS, ProcessGroup
from himpc.learning.epoch import train_epoch
from himpc.learning.history import History
from himpc.learning.prior_selection import resolve_prior
from himpc.learning.reproducibility import deterministic_algorithms, fingerprint, matmul_precision
from himpc.learning.run_folder import RunFolder
from himpc.learning.state import Identity, State
from himpc.learning.whitening import fit_whitening
from himpc.model import IdentityPrior, Model, load_prior, resolve_device
from himpc.recordings import Windows
from himpc.skeleton import has_side_lines, independent_part

Score = Callable[[Model], float]
"""Compute a score of a model; higher is better. The function must not change the model."""


@dataclass(frozen=True)
class TrainingResult:
    """The trained model, on the device of the training, and the history of its epochs."""

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
    external_labels: NDArray[np.int64] | None = None,
    notes: Mapping[str, str] | None = None,
    processes: ProcessGroup = SINGLE_PROCESS,
    prefer_prior: bool = False,
) -> TrainingResult:
    """Train a model on windows, without labels.

    Parameters
    ----------
    windows : Windows
        At least two. With fewer than `k1`, all are neighbours; with fewer than `batch_size`, an epoch is one step.
    config : Config, optional
        The settings; the preset ``clean`` if not given.
    out : path, optional
        A run folder: config.json, history.jsonl, checkpoint.safetensors after every epoch, and finally the model.
    device : str
        "auto", "cpu", "cuda" or "cuda:N". On a CPU one seed gives one result, bit for bit.
    resume : bool
        Continue the run in `out`, to the result of an uninterrupted run. A finished run is returned unchanged.
    overwrite : bool
        Replace the run in `out`.
    callbacks : sequence
        Called with batches, epochs and warnings (see `himpc.learning.Callback`).
    score : function, optional
        Called after every epoch. The result is then the first epoch with the highest score instead of the last epoch,
        and training stops when the score has not risen for `patience` epochs.
    external_labels : int64 array ``(N,)``, optional
        Labels that replace the pseudo-labels, 0 to K - 1, each at least once. The true people give the supervised
        upper bound. Training is label-free only without it.
    notes : mapping of str to str, optional
        Entries about data and score for the model card, such as ``labels_used``.
    processes : ProcessGroup
        The processes that share the work. Each passes the same arguments and gets the same model, which equals that of
        one process within float tolerance. Only the first uses `out`, `score` and the callbacks.
    prefer_prior : bool
        With ``prior="auto"``, adapt the identity prior to many recordings of one activity, too (`resolve_prior`).

    Raises
    ------
    ConfigError
        If the device is missing, or the settings do not fit the windows.
    DataError
        If there are fewer than two windows.
    ModelError
        If the checkpoint to resume is damaged, or belongs to another run.
    RunFolderError
        If `out` cannot be written or contains another run, if the loss or the score is not finite, if the processes
        have different windows or settings, or if another process has ended.
    """
    is_label_free = external_labels is None and score is None
    config, prior, about = _resolve_start(
        config or Config(), windows, is_label_free=is_label_free, prefer_prior=prefer_prior
    )
    windows = windows if prior is None else windows.to(prior.layout)
    config, ignore_heading, warning = _resolve_alignment(config, windows)
    if warning and processes.is_first:
        warn(callbacks, warning)
    torch_device = resolve_device(device)
    _check_arguments(windows, config, out, resume)
    external_labels = None if external_labels is None else _check_labels(external_labels, windows)
    identity = Identity(config, fingerprint(windows, external_labels), len(windows), score is not None)
    processes.check_equal(identity.fingerprint)
    inputs = windows.aligned() if config.align else windows
    state = State.start(windows.layout, len(windows), config, torch_device, scored=score is not None)
    folder = None
    if out is not None and processes.is_first:
        folder = RunFolder.open(Path(out), identity, resume=resume, overwrite=overwrite)
    if folder and resume:
        state.restore(folder.path, identity)
    else:
        _fit_start(state, inputs, config, prior, ignore_heading=ignore_heading)
    if folder and not resume:
        folder.save(state)
    state.synchronise(processes)
    callbacks = callbacks if processes.is_first else ()
    with deterministic_algorithms(torch_device), matmul_precision(torch_device, config.precision):
        while not state.history.stopped:
            record = train_epoch(state, inputs, config, callbacks, external_labels, processes)
            if score:
                value = score(_build_model(state, windows, identity, {})) if processes.is_first else 0.0
                record = replace(record, score=_share_score(value, record.epoch, processes))
            state.finish_epoch(record, config)
            if folder:
                folder.save(state)
            if processes.is_first:
                _report_epoch(state.history, callbacks)
    state.restore_best()
    state.network.requires_grad_(False)
    about = {**(notes or {}), **about}
    model = _build_model(state, windows, identity, about, has_external_labels=external_labels is not None)
    if folder:
        model.save(folder.path)
    return TrainingResult(model, state.history)


def _resolve_start(
    config: Config, windows: Windows, *, is_label_free: bool, prefer_prior: bool
) -> tuple[Config, IdentityPrior | None, dict[str, Any]]:
    """Resolve ``prior="auto"``; return the settings, the prior to adapt, and the layouts for the card of the model.

    Raises
    ------
    ConfigError
        As `resolve_prior`, and if the identity prior is to be adapted with labels or a score.
    """
    if not is_label_free and config.prior == "auto":
        config = config.with_(prior="none")
    config = resolve_prior(config, windows, prefer_prior=prefer_prior)
    layouts: dict[str, Any] = {"layout": windows.layout.name}
    prior = None
    if config.prior == "identity":
        if not is_label_free:
            raise ConfigError("the identity prior is adapted without labels or a score", hint="set {prior=none}")
        prior = load_prior().for_layout(windows.layout)
        assert prior is not None  # `resolve_prior` checks it
        if (part := independent_part(windows.layout, prior.layout)) != prior.layout:
            layouts["input_layout"] = part.to_dict()
    return config, prior, layouts


def _resolve_alignment(config: Config, windows: Windows) -> tuple[Config, bool, str | None]:
    """Turn `align` off for poses that cannot be turned to face one direction.

    Returns
    -------
    config : Config
    ignore_heading : bool
        True if poses are 3D, but their layout does not show which way a body faces.
    warning : str or None
        What `align` being off means for the user.
    """
    if not config.align:
        return config, False, None
    if windows.dimensions != 3:
        warning = "2D poses cannot be turned to face one direction: walks seen from different sides differ"
        return config.with_(align=False), False, warning
    if has_side_lines(windows.layout):
        return config, False, None
    used = "heights and distances between points" if config.whiten else "frames with their headings"
    warning = f"layout {windows.layout.name!r} does not show which way a body faces: {used} are used"
    return config.with_(align=False), True, warning


def _fit_start(
    state: State, inputs: Windows, config: Config, prior: IdentityPrior | None, *, ignore_heading: bool
) -> None:
    """Fit what precedes the first epoch; end the training if it takes no epochs."""
    if prior is not None:
        adapt(state.network, inputs, prior, seed=config.seed)
        state.history.stopped = "the identity prior was adapted, which takes no epochs"
    elif config.prior == "segments":
        fit_whitening(state.network, inputs, within_segments=True, seed=config.seed)
        state.history.stopped = "shapes of rigid segments are compared, which takes no epochs"
    elif config.whiten:
        fit_whitening(state.network, inputs, align=config.align, ignore_heading=ignore_heading, seed=config.seed)


def _check_arguments(windows: Windows, config: Config, out: str | Path | None, resume: bool) -> None:
    if len(windows) < 2:
        raise DataError(
            f"found {count_noun(len(windows), 'window')}, expected at least two to train",
            hint="add more or longer recordings",
        )
    if windows.length != config.window_length:
        raise ConfigError(f"window_length is {config.window_length}, but the windows have {windows.length} frames")
    if resume and out is None:
        raise ConfigError("no run folder to resume", hint="pass it as {out}")


def _check_labels(external_labels: NDArray[np.int64], windows: Windows) -> NDArray[np.int64]:
    expected = np.arange(external_labels.max(initial=-1) + 1)
    if external_labels.shape != (len(windows),) or not np.array_equal(np.unique(external_labels), expected):
        raise ConfigError(
            f"external_labels should have a label for each of the {len(windows)} windows, 0 to K - 1, each at "
            f"least once; found shape {external_labels.shape}, labels {external_labels.min(initial=0)} to "
            f"{external_labels.max(initial=0)}"
        )
    return external_labels.astype(np.int64)


def _report_epoch(history: History, callbacks: Sequence[object]) -> None:
    """Report the last epoch, and those of its warnings that are new."""
    last = history.epochs[-1]
    earlier = {message for record in history.epochs[:-1] for message in record.warnings}
    for message in last.warnings:
        if message not in earlier:
            warn(callbacks, message)
    notify(callbacks, "on_epoch", last)


def _share_score(score: float, epoch: int, processes: ProcessGroup) -> float:
    """Return the score of the first process in all processes, or raise `RunFolderError` if it is not finite."""
    score = float(processes.broadcast(torch.tensor(score, dtype=torch.float64)))
    if not math.isfinite(score):
        raise RunFolderError(f"epoch {epoch}: the score is {score}, expected a finite number")
    return score


def _build_model(
    state: State,
    windows: Windows,
    identity: Identity,
    notes: Mapping[str, Any],
    *,
    has_external_labels: bool = False,
) -> Model:
    history, config = state.history, identity.config
    external_source = "an external score chose the checkpoint" if identity.scored else ""
    if has_external_labels:
        external_source = "external labels were given"
    best = history.best
    return Model(
        network=state.network,
        layout=windows.layout,
        window_length=windows.length,
        dimensions=windows.dimensions,
        align=config.align,
        settings=to_plain(config),
        training={
            "labels_used": f"unknown: {external_source}" if external_source else "none",
            **({"prior": "identity prior of other people; see docs/method.md"} if config.prior == "identity" else {}),
            "checkpoint": f"epoch {best.epoch}, the highest score ({best.score:.6g})" if best else "the last epoch",
            "epochs": len(history),
            "stopped": history.stopped,
            "windows": len(windows),
            "recordings": windows.n_recordings,
            "data": identity.data,
            **({} if windows.body_size == "true" else {"body_size": windows.body_size}),
            **notes,
        },
    )
