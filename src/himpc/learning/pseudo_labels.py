"""Compute the pseudo-labels of an epoch in all processes of a training (docs/method.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning.clustering.neighbours import choose_method, nearest_neighbours
from himpc.learning.clustering.recordings import cluster_recordings, means_by_label
from himpc.learning.clustering.windows import cluster_windows, split_clusters
from himpc.learning.config import Config
from himpc.learning.distributed import SINGLE_PROCESS, ProcessGroup
from himpc.learning.statistics import adjusted_rand_index
from himpc.model import Network
from himpc.recordings import Windows
from himpc.skeleton import Level


def compute_pseudo_labels(
    network: Network,
    features: Mapping[Level, Tensor],
    windows: Windows,
    config: Config,
    external_labels: NDArray[np.int64] | None = None,
    processes: ProcessGroup = SINGLE_PROCESS,
) -> dict[Level, Tensor]:
    """Compute the pseudo-label of each window at each level, int64 ``(N,)``.

    Parameters
    ----------
    network : Network
    features : mapping of level to tensor ``(N, H)``
        Features of all windows, in every process.
    windows : Windows
        With ``grouped="recordings"``, the recording of each window is used. Windows of two people
        (`Windows.cannot_link`) never get one label, and so are contrasted.
    config : Config
    external_labels : int64 array ``(N,)``, optional
        Labels that replace the pseudo-labels.
    processes : ProcessGroup
        Each searches the neighbours of its share of the windows, and clusters every n-th level. The first process
        clusters recordings.
    """
    if external_labels is None and config.grouped == "windows":
        return _cluster_levels(features, windows, config, processes)
    device = features[config.levels[0]].device
    if external_labels is None and processes.is_first:
        embeddings = network.msmr(features).detach().cpu().numpy()
        external_labels = cluster_recordings(embeddings, windows.whole_recording, windows.cannot_link)
    labels = processes.broadcast(_labels_or_buffer(external_labels, len(windows), device))
    return dict.fromkeys(config.levels, labels)


def stability(labels: Mapping[Level, Tensor], previous: Mapping[Level, Tensor]) -> float:
    """Compute the similarity of two sets of pseudo-labels: at most 1, and about 0 by chance.

    It is the mean over levels of the adjusted Rand index (Hubert and Arabie 1985), with noise as one cluster. Its
    correction for chance takes linear time, unlike that of mutual information.

    Parameters
    ----------
    labels, previous : mapping of level to int64 tensor ``(N,)``
    """
    return float(
        np.mean([adjusted_rand_index(labels[level].cpu().numpy(), previous[level].cpu().numpy()) for level in labels])
    )


def _cluster_levels(
    features: Mapping[Level, Tensor], windows: Windows, config: Config, processes: ProcessGroup
) -> dict[Level, Tensor]:
    ranks = {level: _shared_neighbours(features[level], config, processes) for level in config.levels}
    labels = {}
    for index, level in enumerate(config.levels):
        is_own = index % processes.world_size == processes.rank
        level_labels = _cluster(features[level], ranks[level], windows, config) if is_own else None
        labels[level] = _labels_or_buffer(level_labels, len(features[level]), features[level].device)
    for index, level in enumerate(config.levels):
        processes.broadcast(labels[level], index % processes.world_size)
    return labels


def _shared_neighbours(features: Tensor, config: Config, processes: ProcessGroup) -> Tensor | None:
    """Search neighbours in all processes, each for its share; return None if the search cannot be divided."""
    if processes.world_size == 1 or choose_method(features, config.neighbours) == "approximate":
        return None
    n = len(features)
    return processes.gather(nearest_neighbours(features, config.k1, "exact", processes.share(n)), n)


def _cluster(features: Tensor, ranks: Tensor | None, windows: Windows, config: Config) -> NDArray[np.int64]:
    names = ("k1", "k2", "eps", "min_samples", "clustering", "neighbours")
    labels = cluster_windows(features, ranks=ranks, **{name: getattr(config, name) for name in names})

    def means_of(rows: NDArray[np.int64], member: NDArray[np.int64]) -> NDArray[np.float64]:
        return means_by_label(features.detach()[torch.from_numpy(rows)].cpu().numpy(), member)

    return split_clusters(labels, windows.whole_recording, windows.cannot_link, means_of)


def _labels_or_buffer(labels: NDArray[np.int64] | None, n: int, device: torch.device) -> Tensor:
    """Return the labels as a tensor, or an empty tensor to receive those of another process."""
    return torch.empty(n, dtype=torch.int64, device=device) if labels is None else torch.from_numpy(labels).to(device)
