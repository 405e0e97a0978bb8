"""The pseudo-labels of an epoch, computed by all processes of a training together (docs/method.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning.clustering.neighbours import choose_method, nearest_neighbours
from himpc.learning.clustering.recordings import cluster_recordings
from himpc.learning.clustering.windows import cluster_windows
from himpc.learning.config import Config
from himpc.learning.distributed import ALONE, Processes
from himpc.model import Network
from himpc.recordings import Windows
from himpc.skeleton import Level

__all__ = ["compute_pseudo_labels", "stability"]


def compute_pseudo_labels(
    network: Network,
    features: Mapping[Level, Tensor],
    windows: Windows,
    config: Config,
    known: NDArray[np.int64] | None = None,
    processes: Processes = ALONE,
) -> dict[Level, Tensor]:
    """Compute the pseudo-label of each window at each level, int64 ``(N,)``.

    Parameters
    ----------
    network : Network
    features : mapping of level to tensor ``(N, H)``
        Features of all windows, in every process.
    windows : Windows
        With ``grouped="recordings"``, the recording of each window is used.
    config : Config
    known : int64 array ``(N,)``, optional
        Labels from outside, which are returned.
    processes : Processes
        Each finds the neighbours of its share of the windows, and clusters every n-th level. Recordings are clustered
        by the first process.
    """
    if known is None and config.grouped == "windows":
        return _cluster_levels(features, config, processes)
    device = features[config.levels[0]].device
    if known is None and processes.is_first:
        known = cluster_recordings(network.msmr(features).detach().cpu().numpy(), windows.whole_recording)
    labels = processes.broadcast(_labels_or_buffer(known, len(windows), device))
    return dict.fromkeys(config.levels, labels)


def stability(labels: Mapping[Level, Tensor], before: Mapping[Level, Tensor]) -> float:
    """Compute how similar two sets of pseudo-labels are: at most 1, and about 0 by chance.

    It is the mean over levels of the adjusted Rand index (Hubert and Arabie 1985), with noise as one cluster. Its
    correction for chance takes linear time, unlike that of mutual information.

    Parameters
    ----------
    labels, before : mapping of level to int64 tensor ``(N,)``
    """
    from sklearn.metrics import adjusted_rand_score

    return float(np.mean([adjusted_rand_score(labels[level].cpu(), before[level].cpu()) for level in labels]))


def _cluster_levels(features: Mapping[Level, Tensor], config: Config, processes: Processes) -> dict[Level, Tensor]:
    ranks = {level: _shared_neighbours(features[level], config, processes) for level in config.levels}
    labels = {}
    for turn, level in enumerate(config.levels):
        is_own = turn % processes.world == processes.rank
        found = _cluster(features[level], ranks[level], config) if is_own else None
        labels[level] = _labels_or_buffer(found, len(features[level]), features[level].device)
    for turn, level in enumerate(config.levels):
        processes.broadcast(labels[level], turn % processes.world)
    return labels


def _shared_neighbours(features: Tensor, config: Config, processes: Processes) -> Tensor | None:
    """Return all neighbours, each process having searched those of its share; None if the search cannot be shared."""
    if processes.world == 1 or choose_method(features, config.k1, config.neighbours) == "approximate":
        return None
    n = len(features)
    return processes.gather(nearest_neighbours(features, config.k1, "exact", processes.share(n)), n)


def _cluster(features: Tensor, ranks: Tensor | None, config: Config) -> NDArray[np.int64]:
    names = ("k1", "k2", "eps", "min_samples", "clustering", "neighbours")
    return cluster_windows(features, ranks=ranks, **{name: getattr(config, name) for name in names})


def _labels_or_buffer(labels: NDArray[np.int64] | None, n: int, device: torch.device) -> Tensor:
    """Return labels as a tensor, or an empty tensor for those of another process."""
    return torch.empty(n, dtype=torch.int64, device=device) if labels is None else torch.from_numpy(labels).to(device)
