"""The group of each window at each level, found by all processes of a training together (docs/method.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning.config import Config
from himpc.learning.neighbours import method_for, nearest
from himpc.learning.processes import ALONE, Processes
from himpc.learning.pseudo_labels import pseudo_labels
from himpc.learning.recording_labels import recording_labels
from himpc.model import Network
from himpc.recordings.windows import Windows
from himpc.skeleton import Level

__all__ = ["find_labels"]


def find_labels(
    network: Network,
    features: Mapping[Level, Tensor],
    windows: Windows,
    config: Config,
    known: NDArray[np.int64] | None = None,
    processes: Processes = ALONE,
) -> dict[Level, Tensor]:
    """Return the group of each window at each level, int64 ``(N,)``: known, or found in recordings or windows.

    Parameters
    ----------
    network : Network
    features : mapping of level to tensor ``(N, H)``
        Window features of all windows, in every process.
    windows : Windows
        Which recording each is of, is looked at where recordings are grouped.
    config : Config
    known : int64 array ``(N,)``, optional
        Groups from outside.
    processes : Processes
        Each finds the neighbours of its share of the windows. The rest is done for one level by one process, for the
        next level by the next; recordings are grouped by the first.
    """
    if known is None and config.grouped == "windows":
        return _of_windows(features, config, processes)
    device = features[config.levels[0]].device
    if known is None and processes.first:
        known = recording_labels(network.msmr(features).detach().cpu().numpy(), windows.whole_recording)
    labels = processes.broadcast(_labels(known, len(windows), device))
    return dict.fromkeys(config.levels, labels)


def _of_windows(features: Mapping[Level, Tensor], config: Config, processes: Processes) -> dict[Level, Tensor]:
    ranks = {level: _neighbours(features[level], config, processes) for level in config.levels}
    labels = {}
    for turn, level in enumerate(config.levels):
        own = turn % processes.world == processes.rank
        found = _pseudo_labels(features[level], ranks[level], config) if own else None
        labels[level] = _labels(found, len(features[level]), features[level].device)
    for turn, level in enumerate(config.levels):
        processes.broadcast(labels[level], turn % processes.world)
    return labels


def _neighbours(features: Tensor, config: Config, processes: Processes) -> Tensor | None:
    """Return all neighbours, each process having found those of its share; None where that cannot be shared."""
    if processes.world == 1 or method_for(features, config.k1, config.neighbours) == "approximate":
        return None
    n = len(features)
    return processes.gather(nearest(features, config.k1, "exact", processes.share(n)), n)


def _pseudo_labels(features: Tensor, ranks: Tensor | None, config: Config) -> NDArray[np.int64]:
    return pseudo_labels(
        features,
        k1=config.k1,
        k2=config.k2,
        eps=config.eps,
        min_samples=config.min_samples,
        clustering=config.clustering,
        neighbours=config.neighbours,
        ranks=ranks,
    )


def _labels(found: NDArray[np.int64] | None, n: int, device: torch.device) -> Tensor:
    """Return labels as a tensor, or room for those that another process finds."""
    return torch.empty(n, dtype=torch.int64, device=device) if found is None else torch.from_numpy(found).to(device)
