"""Measure one stage at one size in this process: ``python perf/stage.py FOLDER STAGE N`` prints a line of JSON.

`perf/stages.py` starts this. The stage `prepare` writes frames of simulated walkers and their features into the folder;
other stages read the files of the stages before them.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import load_npz, save_npz

import reference
from himpc.learning import Config, clustering, train
from himpc.learning.clustering import cluster_windows, jaccard_distances, nearest_neighbours
from himpc.learning.losses import get_loss
from himpc.model import Model, Network, window_features
from himpc.recordings import Windows
from himpc.skeleton import LEVELS, get_layout
from measurement import LENGTH, simulate_windows

LAYOUT = get_layout("kinect-v1")
HIDDEN, HEADS = 256, 8
K1, K2, EPS, MIN_SAMPLES = 20, 6, 0.6, 2
BATCH, GROUPS = 256, 200


class Case:
    """The arguments of a stage, folder and N, and a clock."""

    def __init__(self, folder: Path, n: int) -> None:
        self.folder, self.n = folder, n
        self.seconds = self.cpu = 0.0

    def timed(self, work: Callable[[], Any]) -> Any:
        """Call a function and add its seconds, of the clock and of the processor."""
        began, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.seconds += time.perf_counter() - began
        self.cpu += time.process_time() - cpu
        return result

    def windows(self) -> Windows:
        """Return the first N windows, with memory-mapped frames."""
        starts = np.load(self.folder / "starts.npy")[: self.n]
        frames = np.load(self.folder / "frames.npy", mmap_mode="r")[: starts[-1] + LENGTH]
        return Windows(frames, starts, np.zeros(self.n, np.int64), LENGTH, LAYOUT, 1)

    def features(self) -> np.ndarray:
        """Return the features of the first N windows."""
        return np.load(self.folder / "features.npy", mmap_mode="r")[: self.n].copy()

    def path(self, what: str) -> Path:
        """Return the path of a result of this size."""
        return self.folder / f"{self.n}-{what}"


def network() -> Network:
    return Network(LAYOUT, LEVELS, HIDDEN, HEADS, seed=0)


def prepare(case: Case) -> None:
    """Simulate walkers, and encode their joints by a network with initial weights."""
    windows = case.timed(lambda: simulate_windows(case.n))
    np.save(case.folder / "frames.npy", windows.frames)
    np.save(case.folder / "starts.npy", windows.starts)
    joint = Network(LAYOUT, ["joint"], HIDDEN, HEADS, seed=0)
    np.save(case.folder / "features.npy", window_features(joint, case.windows())["joint"].numpy())


def features(case: Case) -> None:
    windows, net = case.windows(), network()
    case.timed(lambda: window_features(net, windows))


def reference_features(case: Case) -> None:
    windows, net = case.windows(), network()
    case.timed(lambda: [reference.features(net, windows, level) for level in LEVELS])


def embedding(case: Case) -> None:
    windows, model = case.windows(), Model(network(), LAYOUT, LENGTH)
    case.timed(lambda: model.embed(windows))


def _neighbours(case: Case, method: Any) -> None:
    rows = torch.from_numpy(case.features())
    nearest_neighbours(rows[:2000], K1, method)
    ranks = case.timed(lambda: nearest_neighbours(rows, K1, method)).numpy()
    np.save(case.path(f"ranks-{method}.npy"), ranks.astype(np.int32))


def exact(case: Case) -> None:
    _neighbours(case, "exact")


def approximate(case: Case) -> None:
    _neighbours(case, "approximate")


def compiling(case: Case) -> None:
    """Compute the first approximate neighbours of a process."""
    rows = torch.from_numpy(case.features())
    case.timed(lambda: nearest_neighbours(rows, K1, "approximate"))


def reference_neighbours(case: Case) -> None:
    rows = case.features()
    case.timed(lambda: reference.nearest(rows, K1))


def _ranks(case: Case) -> np.ndarray:
    path = case.path("ranks-approximate.npy")
    return np.load(path if path.exists() else case.path("ranks-exact.npy"))


def jaccard(case: Case) -> None:
    rows, ranks = case.features(), _ranks(case)
    jaccard_distances(rows[:100], ranks[:100] % 100, K2, EPS)
    save_npz(case.path("graph.npz"), case.timed(lambda: jaccard_distances(rows, ranks, K2, EPS)), compressed=False)


def reference_jaccard(case: Case) -> None:
    rows, ranks = case.features(), _ranks(case)
    np.save(case.path("matrix.npy"), case.timed(lambda: reference.jaccard(rows, ranks, K2)))


def dbscan(case: Case) -> None:
    graph = load_npz(case.path("graph.npz"))
    clustering.dbscan(graph[:100, :100], eps=EPS, min_samples=MIN_SAMPLES)
    case.timed(lambda: clustering.dbscan(graph, eps=EPS, min_samples=MIN_SAMPLES))


def reference_dbscan(case: Case) -> None:
    matrix = np.load(case.path("matrix.npy"))
    case.timed(lambda: reference.groups(matrix, EPS, MIN_SAMPLES))


def level(case: Case) -> None:
    """Cluster one level."""
    rows = torch.from_numpy(case.features())
    for method in ("exact", "approximate"):
        cluster_windows(rows[:2000], neighbours=method)
    case.timed(lambda: cluster_windows(rows, k1=K1, k2=K2, eps=EPS, min_samples=MIN_SAMPLES))


def levels(case: Case) -> None:
    """Cluster three levels."""
    every = window_features(network(), case.windows())
    cluster_windows(every["joint"][:2000], neighbours="exact")
    case.timed(
        lambda: [cluster_windows(rows, k1=K1, k2=K2, eps=EPS, min_samples=MIN_SAMPLES) for rows in every.values()]
    )


def hdbscan(case: Case) -> None:
    rows = torch.from_numpy(case.features())
    cluster_windows(rows[:200], clustering="hdbscan")
    case.timed(lambda: cluster_windows(rows, clustering="hdbscan"))


class _SecondEpoch:
    """Records clock and processor seconds of the second epoch and of its batches; the first one compiles."""

    def __init__(self) -> None:
        self.started = self.batches = self.ended = (0.0, 0.0)

    def on_batch(self, epoch: int, done: int, total: int) -> None:
        if not done:
            self.batches = _clocks()

    def on_epoch(self, record: Any) -> None:
        self.started, self.ended = self.ended, _clocks()


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _second_epoch(case: Case) -> _SecondEpoch:
    second = _SecondEpoch()
    train(case.windows(), Config(max_epochs=2), callbacks=[second])
    return second


def epoch(case: Case) -> None:
    second = _second_epoch(case)
    case.seconds, case.cpu = np.subtract(second.ended, second.started).tolist()


def steps(case: Case) -> None:
    second = _second_epoch(case)
    case.seconds, case.cpu = np.subtract(second.ended, second.batches).tolist()


def _loss(case: Case, function: Callable[..., torch.Tensor]) -> None:
    """Time forward and backward passes of one level's loss, one per batch of windows."""
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(BATCH, LENGTH, HIDDEN, generator=generator, requires_grad=True)
    heads = (torch.randn(HEADS, HIDDEN, HIDDEN, generator=generator) / 16).requires_grad_()
    prototypes = torch.randn(GROUPS, HIDDEN, generator=generator)
    labels = torch.randint(GROUPS, (BATCH,), generator=generator)
    function(frames, prototypes, heads, labels).backward()
    for _ in range(case.n // BATCH):
        case.timed(lambda: function(frames, prototypes, heads, labels).backward())


def loss(case: Case) -> None:
    fast = get_loss("hi_mpc")
    _loss(case, lambda *inputs: fast(*inputs, Config()))


def reference_loss(case: Case) -> None:
    _loss(case, reference.level_loss)


STAGES = (
    *(prepare, features, exact, approximate, compiling, jaccard, dbscan, level, levels, hdbscan, loss, steps, epoch),
    *(embedding, reference_features, reference_neighbours, reference_jaccard, reference_dbscan, reference_loss),
)


def main() -> None:
    """Run one stage and print its seconds, processor seconds and peak memory."""
    parser = argparse.ArgumentParser(description="Measure one stage at one size; perf/stages.py starts this.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("stage", choices=[stage.__name__ for stage in STAGES])
    parser.add_argument("n", type=int)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    case = Case(options.folder, options.n)
    next(stage for stage in STAGES if stage.__name__ == options.stage)(case)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    peak = kilobytes * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": case.seconds, "cpu": case.cpu, "peak": peak}))


if __name__ == "__main__":
    main()
