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
from himpc.learning.callbacks import notify
from himpc.learning.clustering.windows import prototypes
from himpc.learning.config import Config
from himpc.learning.distributed import SINGLE_PROCESS, ProcessGroup
from himpc.learning.history import EpochRecord
from himpc.learning.losses import get_loss
from himpc.learning.losses.contrast import features_to_compare, prototypes_to_compare
from himpc.learning.masking import mask
from himpc.learning.pseudo_labels import compute_pseudo_labels, stability
from himpc.learning.reproducibility import shuffle
from himpc.learning.state import State
from himpc.model import Network
from himpc.recordings import Windows
from himpc.skeleton import Level

MAX_CLUSTER_SHARE = 0.5
"""Share of the windows in one cluster above which a warning is given: one person hardly has half of them, so the
cluster joins people."""


def train_epoch(
    state: State,
    windows: Windows,
    config: Config,
    callbacks: Sequence[object] = (),
    external_labels: NDArray[np.int64] | None = None,
    processes: ProcessGroup = SINGLE_PROCESS,
) -> EpochRecord:
    """Train one epoch, which updates weights, moments and pseudo-labels of the state, and return its record.

    If no window has a cluster at every level, or no level has two clusters, there is nothing to learn from: no step is
    taken, and the loss of the record is None. `external_labels` replace the pseudo-labels. Each of the `processes`
    encodes its share of the windows, and of every batch.

    Raises
    ------
    RunFolderError
        If features or loss are not finite, or another process has ended.
    """
    start = time.perf_counter()
    epoch = len(state.history) + 1
    windows = mask(windows, config.mask, config.seed, epoch)
    local = state.frame_inputs(windows).window_features(windows.part(processes.share(len(windows))))
    features = {level: processes.gather(local[level], len(windows)) for level in config.levels}
    _check_finite(features, epoch, config)
    labels = compute_pseudo_labels(state.network, features, windows, config, external_labels, processes)
    targets = {
        level: prototypes_to_compare(prototypes(features[level], labels[level]), config) for level in config.levels
    }
    is_clustered = torch.stack([labels[level] >= 0 for level in config.levels]).all(dim=0)
    order = _training_order(is_clustered.cpu().numpy(), config, epoch)
    similarity = None if epoch == 1 else stability(labels, state.labels)
    for level in config.levels:
        state.labels[level].copy_(labels[level])
    losses: dict[str, float] = {}
    if len(order) and max(len(centres) for centres in targets.values()) > 1:
        losses = _train_batches(state, windows, config, order, labels, targets, callbacks, processes)
    return EpochRecord(
        epoch=epoch,
        loss=sum(losses.values()) / len(losses) if losses else None,
        losses=losses,
        clusters={level: len(centres) for level, centres in targets.items()},
        noise={level: int((values < 0).sum()) for level, values in labels.items()},
        trained=len(order),
        stability=similarity,
        seconds=time.perf_counter() - start,
        warnings=_describe_problems(labels, int(is_clustered.sum()), len(order), config),
    )


def _training_order(is_clustered: NDArray[np.bool_], config: Config, epoch: int) -> NDArray[np.int64]:
    """Return the indices of the windows to train on, in the order of training."""
    if config.shuffle == "once":
        order = shuffle(np.arange(len(is_clustered)), config.seed, 0)
        order = order[is_clustered[order]]
    else:
        order = shuffle(np.flatnonzero(is_clustered), config.seed, epoch)
    return order[: len(order) // config.batch_size * config.batch_size] if config.drop_last else order


def _train_batches(
    state: State,
    windows: Windows,
    config: Config,
    order: NDArray[np.int64],
    labels: Mapping[Level, Tensor],
    targets: Mapping[Level, Tensor],
    callbacks: Sequence[object],
    processes: ProcessGroup,
) -> dict[str, float]:
    """Take one step of Adam per batch, and return the mean loss of each level."""
    device = next(state.network.parameters()).device
    epoch = len(state.history) + 1
    batches = np.split(order, np.arange(config.batch_size, len(order), config.batch_size))
    sums = torch.zeros(len(config.levels), device=device)
    for step, batch in enumerate(batches):
        notify(callbacks, "on_batch", epoch, step, len(batches))
        state.optimiser.zero_grad()
        local = batch[processes.share(len(batch))]
        if len(local):
            frames = state.frame_inputs(windows).encode(windows, local)
            losses = _compute_losses(state.network, frames, local, config, labels, targets)
            (losses.mean() * (len(local) / len(batch))).backward()  # type: ignore[no-untyped-call]
            sums += losses.detach() * len(local)
        processes.sum_gradients(state.network.parameters())
        state.optimiser.step()
    notify(callbacks, "on_batch", epoch, len(batches), len(batches))
    means = {
        str(level): value / len(order) for level, value in zip(config.levels, processes.sum(sums).tolist(), strict=True)
    }
    if not all(math.isfinite(mean) for mean in means.values()):
        raise _not_finite("the loss", epoch, config)
    return means


def _compute_losses(
    network: Network,
    frames: Mapping[Level, Tensor],
    rows: NDArray[np.int64],
    config: Config,
    labels: Mapping[Level, Tensor],
    targets: Mapping[Level, Tensor],
) -> Tensor:
    """Return the loss of each level, given the features ``(B, F, H)`` of the frames of a batch of windows."""
    index = torch.from_numpy(rows).to(network.device)
    loss = get_loss(config.loss)
    losses = []
    for level in config.levels:
        features = features_to_compare(frames[level], config)
        value = loss(features, targets[level], network.encoder(level).heads, labels[level][index], config)
        losses.append(value * (config.joint_weight if level == "joint" else 1.0))
    return torch.stack(losses)


def _check_finite(features: Mapping[Level, Tensor], epoch: int, config: Config) -> None:
    for level, values in features.items():
        if not bool(values.isfinite().all()):
            raise _not_finite(f"features of level {level!r}", epoch, config)


def _not_finite(name: str, epoch: int, config: Config) -> RunFolderError:
    return RunFolderError(
        f"epoch {epoch}: {name} became infinite or NaN",
        hint=f"try {{learning_rate}} below {config.learning_rate}, and check that the recordings are in metres",
    )


def _describe_problems(labels: Mapping[Level, Tensor], clustered: int, trained: int, config: Config) -> tuple[str, ...]:
    """Describe levels with no cluster, or one very large one, and what to try."""
    messages = []
    larger, smaller = f"a larger eps (now {config.eps}), ", f"a smaller eps (now {config.eps}) or k1"
    if config.clustering == "hdbscan":
        larger, smaller = "", "a smaller k1"
    for level, values in labels.items():
        largest = int(torch.bincount(values[values >= 0], minlength=1).max())
        if largest == 0:
            messages.append(
                f"level {level!r}: all {len(values)} windows are noise; try {larger}a smaller min_samples (now "
                f"{config.min_samples}), more recordings, or shorter windows"
            )
        elif largest > MAX_CLUSTER_SHARE * len(values):
            messages.append(
                f"level {level!r}: more than half of the windows are in one cluster; try {smaller} (now {config.k1}, "
                f"for {len(values)} windows), or recordings of more people"
            )
    if clustered and not trained:
        messages.append(
            f"{clustered} windows have a cluster at every level, fewer than a batch, and drop_last drops them; "
            f"try a smaller batch_size (now {config.batch_size})"
        )
    if not clustered and not messages:
        messages.append(f"no window has a cluster at every level; try {larger}fewer levels")
    return tuple(messages)
