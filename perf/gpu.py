"""Measure training on a GPU beside the lower bound of its arithmetic and memory traffic.

    python perf/gpu.py --windows 200000 --json gpu.json

Times are the minimum of several, between CUDA events. Before, each stage runs once while its operations are counted:
multiplications and additions of all matrix products, the bytes that each operation reads and writes, and the
synchronisations of the host. The lower bound is the longer of the two times that products and bytes take at the rates
measured here, with large float32 products and large copies.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from himpc.evaluation import markdown_table
from himpc.learning import Config
from himpc.learning._fast.tensor_clustering import tensor_dbscan, tensor_jaccard_distances
from himpc.learning.clustering.neighbours import nearest_neighbours
from himpc.learning.epoch import train_epoch
from himpc.learning.state import State
from himpc.model import window_features
from himpc.recordings import Windows
from measurement import simulate_windows, timed

GATHERS = ("aten::index", "aten::index_select", "aten::gather", "aten::embedding")
SCATTERS = ("aten::scatter_", "aten::scatter_add_", "aten::index_add_", "aten::index_put_", "aten::_index_put_impl_")
ALLOCATIONS = ("aten::empty", "aten::empty_like", "aten::empty_strided", "aten::new_empty", "aten::new_empty_strided")
SYNCHRONISATIONS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::unique_consecutive", "aten::equal")


@dataclass(frozen=True)
class Rates:
    """Peak rates of the device: operations per second in float32 products, bytes per second in copies."""

    operations: float
    bytes: float


@dataclass(frozen=True)
class Stage:
    """One stage: seconds, operations of its products, bytes moved, peak bytes, and synchronisations of the host."""

    name: str
    seconds: float
    operations: float
    bytes: float
    peak: int
    waits: int

    def floor(self, rates: Rates) -> float:
        """Return the lower bound of its seconds, by products or bytes."""
        return max(self.operations / rates.operations, self.bytes / rates.bytes)


class Traffic(TorchDispatchMode):
    """Counts the bytes that operations read and write, each tensor once per operation, and host synchronisations."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.waits = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        name = func.name().split(".")[0]
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        made = [leaf for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]
        if not func.is_view and name not in ALLOCATIONS:
            self.bytes += _moved(name, [_size(tensor) for tensor in inputs], sum(map(_size, made)))
        back = any(tensor.is_cuda for tensor in inputs) and any(not tensor.is_cuda for tensor in made)
        self.waits += name in SYNCHRONISATIONS or back
        return results


def _moved(name: str, inputs: list[int], written: int) -> int:
    """Return the bytes that an operation reads and writes; gathers and scatters count only the elements they touch."""
    if name in GATHERS:
        return min(inputs[0], written) + sum(inputs[1:]) + written
    if name in SCATTERS:
        return 2 * sum(inputs[1:])
    return sum(inputs) + written


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="a file for the numbers and the machine")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("perf/gpu.py: there is no CUDA GPU to measure", file=sys.stderr)
        sys.exit(2)
    device = torch.device("cuda")
    rates = rates_of(device, 2**13)
    results = stages(simulate_windows(options.windows), Config(), device, options.repeats)
    machine = {"gpu": torch.cuda.get_device_name(device), "torch": torch.__version__, "windows": options.windows}
    print(", ".join(map(str, machine.values())), end=" windows; ")
    print(f"{rates.operations / 1e12:.1f} TFLOP/s, {rates.bytes / 1e9:.0f} GB/s\n\n{table(results, rates)}")
    if options.json:
        document = machine | {"rates": asdict(rates), "stages": [asdict(stage) for stage in results]}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def rates_of(device: torch.device, size: int) -> Rates:
    """Measure the best of ten square products of a size, and of ten copies of a matrix."""
    a, b = torch.randn(size, size, device=device), torch.empty(size, size, device=device)
    product = min(seconds(lambda: a @ a, device) for _ in range(10))
    copy = min(seconds(lambda: b.copy_(a), device) for _ in range(10))
    return Rates(2 * size**3 / product, 2 * _size(a) / copy)


def stages(windows: Windows, config: Config, device: torch.device, repeats: int) -> list[Stage]:
    """Measure features, the clustering of each level step by step, and whole epochs."""
    state = State.start(windows.layout, len(windows), config, device)
    n = len(windows)
    results = [measure("features", lambda: window_features(state.network, windows), device, repeats)]
    for level, features in window_features(state.network, windows).items():
        ranks = nearest_neighbours(features, config.k1, "exact")
        entries = tensor_jaccard_distances(features, ranks, config.k2, config.eps)
        works: dict[str, Callable[[], object]] = {
            "neighbours": lambda f=features: nearest_neighbours(f, config.k1, "exact"),
            "Jaccard": lambda f=features, r=ranks: tensor_jaccard_distances(f, r, config.k2, config.eps),
            "DBSCAN": lambda e=entries: tensor_dbscan(e, n, eps=config.eps, min_samples=config.min_samples),
        }
        results += [measure(f"{name}, {level}", work, device, repeats) for name, work in works.items()]
    return [*results, measure("epoch", lambda: _epoch(state, windows, config), device, repeats)]


def _epoch(state: State, windows: Windows, config: Config) -> None:
    state.history.epochs.append(train_epoch(state, windows, config))


def measure(name: str, work: Callable[[], object], device: torch.device, repeats: int) -> Stage:
    """Run a stage once to count its operations, and several times to measure it."""
    traffic, products = Traffic(), FlopCounterMode(display=False)
    with countable_products(), products, traffic:
        work()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    least = min(seconds(work, device) for _ in range(repeats))
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    return Stage(name, least, products.get_total_flops(), traffic.bytes, peak, traffic.waits)


@contextmanager
def countable_products() -> Iterator[None]:
    """Compute all products by public operations of torch on one thread, as on a GPU, so that they are counted."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.backends.mkldnn.flags(enabled=False):  # type: ignore[no-untyped-call]
            yield
    finally:
        torch.set_num_threads(threads)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that a function takes: between events on a GPU, by the clock on a CPU."""
    if device.type != "cuda":
        return timed(work)[0]
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start.record()
    work()
    end.record()
    torch.cuda.synchronize(device)
    return start.elapsed_time(end) / 1000


def table(results: list[Stage], rates: Rates) -> str:
    """Return the stages as a table."""
    rows = [
        {
            "stage": stage.name,
            "s": f"{stage.seconds:.3f}",
            "lower bound, s": f"{stage.floor(rates):.3f}",
            "ratio": f"{stage.seconds / stage.floor(rates):.1f}",
            "TFLOP": f"{stage.operations / 1e12:.3f}",
            "GB moved": f"{stage.bytes / 1e9:.1f}",
            "peak GB": f"{stage.peak / 1e9:.1f}",
            "host waits": str(stage.waits),
        }
        for stage in results
    ]
    return markdown_table(rows)


if __name__ == "__main__":
    main()
