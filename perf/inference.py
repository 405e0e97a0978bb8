"""Measure throughput and latency of embedding beside the bound of its arithmetic.

    python perf/inference.py --threads 2

Operations are counted for `himpc.model.inference`, and for the network frame by frame. The rate of the machine is
measured with products of the same shapes. Each time is the best of several; with one thread it is processor time, which
other programs do not change.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from himpc.model import Inference, Model, Network, linear
from himpc.recordings import Recording, Windows
from himpc.skeleton import LEVELS, get_layout

LAYOUT = get_layout("kinect-v1")
LENGTH, HIDDEN, HEADS = 6, 256, 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the throughput and latency of embedding.")
    parser.add_argument("--windows", type=int, default=200_000)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--json", type=Path, help="a file for the numbers and the machine")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = Model(Network(LAYOUT, LEVELS, HIDDEN, HEADS), LAYOUT, LENGTH).to(options.device)
    numbers = throughput(model, options.windows, options.repeats) | latency(model)
    numbers |= {"windows": options.windows, "threads": options.threads, "device": options.device}
    for name, value in numbers.items():
        print(f"{name:<44} {value:,.3f}" if isinstance(value, float) else f"{name:<44} {value}")
    if options.json:
        machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        options.json.write_text(json.dumps(numbers | machine, indent=2) + "\n", encoding="utf-8")


def throughput(model: Model, count: int, repeats: int) -> dict[str, float]:
    """Measure windows and operations per second, beside bare products of the same shapes."""
    joints = np.random.default_rng(0).normal(size=(count * LENGTH, len(LAYOUT), 3)).astype(np.float32)
    windows = Windows.cut([Recording(joints, LAYOUT)], LENGTH)
    levels, inputs = len(LEVELS), 3 * len(LAYOUT)
    first, last = 2 * LENGTH * inputs * levels * HIDDEN, 2 * levels * HIDDEN**2
    nodes = sum(len(LAYOUT.level(level)) for level in LEVELS)
    by_frame = 2 * LENGTH * (3 * nodes * HIDDEN + levels * HIDDEN**2) + 2 * levels * HIDDEN**2
    bare = best([lambda: products(model)], 100 * repeats) + best([lambda: model.embed(windows)], repeats)
    rate = (first + last) * BLOCK / LENGTH / bare[0]
    return {
        "embedding, windows a second": count / bare[1],
        "operations a window, million": (first + last) / 1e6,
        "operations a window frame by frame, million": by_frame / 1e6,
        "bare products, GFLOP/s": rate / 1e9,
        "embedding, GFLOP/s": (first + last) * count / bare[1] / 1e9,
        "embedding over bare products": (first + last) * count / bare[1] / rate,
        "windows a second that the products allow": rate / (first + last),
    }


BLOCK = 4092


def products(model: Model) -> None:
    """Compute only the products of a block of frames and of its windows."""
    inference = Inference(model.network)
    frames = torch.ones(BLOCK, 3 * len(LAYOUT), device=inference.device)
    means = torch.ones(BLOCK // LENGTH, HIDDEN, device=inference.device)
    linear(frames, *inference.first, relu=True)
    for last in inference.last:
        assert last is not None
        linear(means, *last)
    if inference.device.type == "cuda":
        torch.cuda.synchronize()


def latency(model: Model) -> dict[str, float]:
    """Measure the time of one window, and of one frame of a stream, in milliseconds."""
    joints = np.random.default_rng(0).normal(size=(LENGTH, len(LAYOUT), 3)).astype(np.float32)
    window = Windows.cut([Recording(joints, LAYOUT)], LENGTH)
    stream = model.stream()
    frame = joints[0]
    one, pushed = best([lambda: model.embed(window), lambda: stream.push(frame)], 300)
    return {"one window, ms": 1000 * one, "one frame of a stream, ms": 1000 * pushed}


def best(parts: list[Callable[[], object]], repeats: int) -> list[float]:
    """Return the minimum seconds of each part, measured alternately after one warm-up."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    least = [float("inf")] * len(parts)
    for turn in range(repeats + 1):
        for number, part in enumerate(parts):
            began = clock()
            part()
            if turn:
                least[number] = min(least[number], clock() - began)
    return least


if __name__ == "__main__":
    main()
