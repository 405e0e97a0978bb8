"""One epoch: features, pseudo-labels and prototypes of all windows, then batches (docs/method.md, section 6)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.errors import RunFolderError
from himpc.learning.callbacks import tell
from himpc.learning.config import Config
from himpc.learning.contrast import compared, compared_with
from himpc.learning.history import EpochRecord
from himpc.learning.labels import find_labels
from himpc.learning.masking import mask
from himpc.learning.objective import level_loss
from himpc.learning.processes import ALONE, Processes
from himpc.learning.pseudo_labels import prototypes, stability
from himpc.learning.reproducible import shuffled
from himpc.learning.state import State
from himpc.model import Network, window_features
from himpc.recordings.windows import Windows
from himpc.skeleton import Level

__all__ = ["train_epoch"]

LARGE_SHARE = 0.5
"""A group with more than this share of the windows is reported: one person would be in more than half of them."""


def train_epoch(
    state: State,
    windows: Windows,
    config: Config,
    callbacks: Sequence[object] = (),
    known: NDArray[np.int64] | None = None,
    processes: Processes = ALONE,
) -> EpochRecord:
    """Train one epoch, changing the state's weights, moments and pseudo-labels, and return what happened.

    If no window has a group at every level, or no level has two groups, there is nothing to learn from: no step is
    made, and the record's loss is None. Groups that are `known` take the place of pseudo-labels. Each of the
    `processes` encodes its share of the windows, and takes its share of every batch.

    Raises
    ------
    RunFolderError
        If features or loss are no longer finite, or another process has ended.
    """
    began = time.perf_counter()
    epoch = len(state.history) + 1
    windows = mask(windows, config.mask, config.seed, epoch)
    own = window_features(state.network, windows.part(processes.share(len(windows))))
    features = {level: processes.gather(own[level], len(windows)) for level in config.levels}
    _check_finite(features, epoch, config)
    labels = find_labels(state.network, features, windows, config, known, processes)
    targets = {level: compared_with(prototypes(features[level], labels[level]), config) for level in config.levels}
    kept = torch.stack([labels[level] >= 0 for level in config.levels]).all(dim=0)
    order = _order(kept.cpu().numpy(), config, epoch)
    steady = None if epoch == 1 else stability(labels, state.labels)
    for level in config.levels:
        state.labels[level].copy_(labels[level])
    losses: dict[str, float] = {}
    if len(order) and max(len(centres) for centres in targets.values()) > 1:
        losses = _steps(state, windows, config, order, labels, targets, callbacks, processes)
    return EpochRecord(
        epoch=epoch,
        loss=sum(losses.values()) / len(losses) if losses else None,
        losses=losses,
        clusters={level: len(centres) for level, centres in targets.items()},
        noise={level: int((found < 0).sum()) for level, found in labels.items()},
        trained=len(order),
        stability=steady,
        seconds=time.perf_counter() - began,
        warnings=_warnings(labels, int(kept.sum()), len(order), config),
    )


def _order(kept: NDArray[np.bool_], config: Config, epoch: int) -> NDArray[np.int64]:
    """Return the windows that train, in the order in which they do."""
    if config.shuffle == "once":
        order = shuffled(np.arange(len(kept)), config.seed, 0)
        order = order[kept[order]]
    else:
        order = shuffled(np.flatnonzero(kept), config.seed, epoch)
    return order[: len(order) // config.batch_size * config.batch_size] if config.drop_last else order


def _steps(
    state: State,
    windows: Windows,
    config: Config,
    order: NDArray[np.int64],
    labels: Mapping[Level, Tensor],
    targets: Mapping[Level, Tensor],
    callbacks: Sequence[object],
    processes: Processes,
) -> dict[str, float]:
    """Make one step of Adam a batch and return the mean loss of each level."""
    device = next(state.network.parameters()).device
    epoch = len(state.history) + 1
    batches = np.split(order, np.arange(config.batch_size, len(order), config.batch_size))
    sums = torch.zeros(len(config.levels), device=device)
    for done, batch in enumerate(batches):
        tell(callbacks, "on_batch", epoch, done, len(batches))
        state.optimiser.zero_grad()
        own = batch[processes.share(len(batch))]
        if len(own):
            losses = _losses(state.network, windows[own], own, config, labels, targets)
            (losses.mean() * (len(own) / len(batch))).backward()  # type: ignore[no-untyped-call]
            sums += losses.detach() * len(own)
        processes.sum_gradients(state.network.parameters())
        state.optimiser.step()
    tell(callbacks, "on_batch", epoch, len(batches), len(batches))
    means = {
        str(level): value / len(order)
        for level, value in zip(config.levels, processes.summed(sums).tolist(), strict=True)
    }
    if not all(math.isfinite(mean) for mean in means.values()):
        raise _diverged("the loss is", epoch, config)
    return means


def _losses(
    network: Network,
    joints: NDArray[np.float32],
    rows: NDArray[np.int64],
    config: Config,
    labels: Mapping[Level, Tensor],
    targets: Mapping[Level, Tensor],
) -> Tensor:
    """Return the loss of each level, for the joints ``(B, F, J, 3)`` of some windows."""
    device = next(network.parameters()).device
    frames = network(torch.from_numpy(joints).to(device).flatten(0, 1))
    where = torch.from_numpy(rows).to(device)
    losses = [
        level_loss(
            compared(frames[level].unflatten(0, joints.shape[:2]), config),
            targets[level],
            network.encoder(level).heads,
            labels[level][where],
            mining=config.mining,
            weight=config.joint_weight if level == "joint" else 1.0,
            mining_gradient=config.mining_gradient,
        )
        for level in config.levels
    ]
    return torch.stack(losses)


def _check_finite(features: Mapping[Level, Tensor], epoch: int, config: Config) -> None:
    for level, values in features.items():
        if not bool(values.isfinite().all()):
            raise _diverged(f"features of level {level!r} are", epoch, config)


def _diverged(what: str, epoch: int, config: Config) -> RunFolderError:
    return RunFolderError(
        f"epoch {epoch}: {what} no longer finite: try a learning_rate below {config.learning_rate}, and look with "
        "'himpc info' whether the recordings are in metres"
    )


def _warnings(labels: Mapping[Level, Tensor], kept: int, trained: int, config: Config) -> tuple[str, ...]:
    """Say which levels have nothing, or little, to tell apart, and what to try."""
    messages = []
    larger, smaller = f"a larger eps (now {config.eps}), ", f"a smaller eps (now {config.eps}) or k1"
    if config.clustering == "hdbscan":
        larger, smaller = "", "a smaller k1"
    for level, found in labels.items():
        largest = int(torch.bincount(found[found >= 0], minlength=1).max())
        if largest == 0:
            messages.append(
                f"level {level!r}: all {len(found)} windows are noise: try {larger}a smaller min_samples (now "
                f"{config.min_samples}), more recordings, or shorter windows"
            )
        elif largest > LARGE_SHARE * len(found):
            messages.append(
                f"level {level!r}: more than half of the windows fall into one group: try {smaller} (now {config.k1}, "
                f"for {len(found)} windows), or recordings of more people"
            )
    if kept and not trained:
        messages.append(
            f"{kept} windows have a group at every level, fewer than a batch, and drop_last leaves them out: try a "
            f"smaller batch_size (now {config.batch_size})"
        )
    if not kept and not messages:
        messages.append(f"no window has a group at every level: try {larger}fewer levels")
    return tuple(messages)
