"""Profile one epoch: seconds of each stage, and the rate of its matrix products: ``python perf/profile_epoch.py``.

The stages are timed on one thread and do not overlap: a stage excludes other
stages that it calls. The epoch is also timed on all threads, without the profiler. On a machine with other load,
compare CPU seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch

import himpc
from himpc.evaluation import markdown_table
from himpc.learning import Config, EpochRecord, train
from himpc.model import matmul
from himpc.recordings import Windows, clean
from measurement import timed

STAGES = {
    "features of all windows": ["himpc.learning.frame_inputs.window_features"],
    "neighbours": ["himpc.learning.clustering.windows.nearest_neighbours"],
    "Jaccard distances": ["himpc.learning.clustering.windows.jaccard_distances"],
    "DBSCAN": ["himpc.learning.clustering.windows.dbscan"],
    "windows to batches": ["himpc.recordings.windows.Windows.__getitem__"],
    "encoder, forwards": ["himpc.model.encoder.Network.forward"],
    "encoder, backwards": ["torch.Tensor.backward"],
    "loss and gradients, but for products": ["himpc.learning._fast.hi_mpc.hi_mpc"],
    "Adam": ["himpc.learning.optimiser.Adam.step"],
}
OTHER = "the rest"


@dataclass
class Clock:
    """Clock and CPU seconds and multiply-adds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    multiply_adds: dict[str, int] = field(default_factory=dict)
    running: list[str] = field(default_factory=lambda: [OTHER])
    last: tuple[float, float] = (0.0, 0.0)

    def start(self) -> None:
        """Reset all counts."""
        for counts in (self.seconds, self.cpu, self.multiply_adds):
            counts.clear()
        self.last = time.perf_counter(), time.process_time()

    def tick(self) -> None:
        """Add the time since the last tick to the running stage."""
        now, stage = (time.perf_counter(), time.process_time()), self.running[-1]
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now[0] - self.last[0]
        self.cpu[stage] = self.cpu.get(stage, 0.0) + now[1] - self.last[1]
        self.last = now

    def timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """Return a function whose time is added to a stage."""

        @functools.wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            self.tick()
            self.running.append(stage)
            try:
                return function(*arguments, **options)
            finally:
                self.tick()
                self.running.pop()

        return call

    def counted(self, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Compute a product as a stage of its own, named after the calling stage."""
        stage = f"{self.running[-1].removesuffix(', but for products')}: products"
        results = self.timed(matmul, stage)(rows, columns)
        self.multiply_adds[stage] = self.multiply_adds.get(stage, 0) + results.numel() * rows.shape[-1]
        return results  # type: ignore[no-any-return]


@contextlib.contextmanager
def profiled(clock: Clock) -> Iterator[None]:
    """Time the stages inside the context."""
    with contextlib.ExitStack() as stack:
        for stage, names in STAGES.items():
            for name in names:
                owner, _, attribute = name.rpartition(".")
                original = getattr(_find(owner), attribute)
                stack.enter_context(mock.patch(name, clock.timed(original, stage)))
        for module in [module for name, module in sys.modules.items() if name.startswith("himpc.")]:
            if getattr(module, "matmul", None) is matmul:
                stack.enter_context(mock.patch.object(module, "matmul", clock.counted))
        yield


def _find(name: str) -> Any:
    from pkgutil import resolve_name

    return resolve_name(name)


class EachEpoch:
    """Resets the clock after the first epoch, which compiles, and keeps the record of the second."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.record: EpochRecord | None = None

    def on_epoch(self, record: EpochRecord) -> None:
        self.clock.tick()
        self.record = record
        if record.epoch == 1:
            self.clock.start()


def product_rate(rows: int, groups: int, hidden: int, multiply: Callable[..., torch.Tensor]) -> float:
    """Measure the best rate of 50 products of the training's shape, in GFLOP/s."""
    a, b = torch.randn(rows, hidden), torch.randn(groups, hidden)
    best = min(timed(lambda: multiply(a, b))[0] for _ in range(50))
    return 2 * rows * groups * hidden / best / 1e9


def main() -> None:
    """Train two epochs on simulated walkers, twice, and print the second of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40, help="simulated walkers; 40 make about 12,000 windows")
    parser.add_argument("--recordings", type=int, default=8, help="of each; with 9 people, 42 make about 185 groups")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of the second training")
    options = parser.parse_args()
    walks = himpc.simulate(people=options.people, recordings=options.recordings, seconds=4.0, seed=0)
    windows = Windows.cut([part for walk in walks for part in clean(walk)], 6, 3)
    clock, config = Clock(), Config(max_epochs=2)
    torch.set_num_threads(1)
    with profiled(clock):
        record = second_epoch(windows, config, clock)
    print(f"{len(windows)} windows, of which {record.trained} train, groups {record.clusters}\n")
    print(profile_table(clock))
    torch.set_num_threads(options.threads)
    print(f"\nOn {options.threads} threads: {second_epoch(windows, config, Clock()).seconds:.2f} s")
    shape = config.batch_size * windows.length, sum(record.clusters.values()) // len(record.clusters), config.hidden
    print(f"A product of {shape}: {product_rate(*shape, matmul):.0f} GFLOP/s; torch's own ", end="")
    print(f"{product_rate(*shape, lambda a, b: a @ b.T):.0f} GFLOP/s")


def second_epoch(windows: Windows, config: Config, clock: Clock) -> EpochRecord:
    """Train with the clock reset for the second epoch, and return the record of that."""
    each = EachEpoch(clock)
    train(windows, config, callbacks=[each])
    assert each.record is not None
    return each.record


def profile_table(clock: Clock) -> str:
    """Return the stages as a table, longest first."""
    total = sum(clock.seconds.values())
    rows = []
    for stage in sorted(clock.seconds, key=clock.seconds.__getitem__, reverse=True):
        flop = 2e-9 * clock.multiply_adds.get(stage, 0)
        seconds, cpu = clock.seconds[stage], clock.cpu[stage]
        row = {"stage": stage, "s": f"{seconds:.2f}", "CPU s": f"{cpu:.2f}", "%": f"{100 * seconds / total:.0f}"}
        rows.append(row | ({"GFLOP": f"{flop:.0f}", "GFLOP per CPU s": f"{flop / cpu:.0f}"} if flop else {}))
    everything = {"stage": "**epoch**", "s": f"{total:.2f}", "CPU s": f"{sum(clock.cpu.values()):.2f}", "%": "100"}
    columns = ["stage", "s", "CPU s", "%", "GFLOP", "GFLOP per CPU s"]
    return markdown_table([{column: row.get(column, "") for column in columns} for row in [*rows, everything]])


if __name__ == "__main__":
    main()
