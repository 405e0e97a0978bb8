"""Measure each stage of the verbs beside the least time that its arithmetic or its memory takes: ``make bench``.

    python perf/floors.py [--people 36]

Simulated walks of three seconds, three of each person, and the adapted identity prior, on one thread. The floor of a
stage is the time of its products at the rate of a large product of NumPy, or that of reading its input and writing its
output once at the rate of a large copy, both measured in the same run. Imports are measured by `perf/verbs.py`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

import himpc
from himpc.evaluation import markdown_table
from himpc.gallery import Gallery
from himpc.learning import group_recordings
from himpc.recordings import Recording, Windows, clean, to_common_layout

T = TypeVar("T")

REPEATS = 3
PASSES_OF_ADAPTATION = 6
COVARIANCES = 3


def least_seconds(work: Callable[[], T]) -> tuple[float, T]:
    """Return the least processor seconds of some repetitions of a function, and its result."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        result = work()
        times.append(time.process_time() - began)
    return min(times), result


def measure_rates() -> tuple[float, float]:
    """Return multiply-adds per second of a product, and bytes per second of a copy, read and written."""
    square, large = np.ones((1024, 1024), dtype=np.float32), np.ones(2**25, dtype=np.float32)
    target = np.empty_like(large)
    product, _ = least_seconds(lambda: square @ square)
    copy, _ = least_seconds(lambda: np.copyto(target, large))
    return 1024**3 / product, 2 * large.nbytes / copy


def measure(people: int, folder: Path) -> list[dict[str, str]]:
    """Return a row for each stage."""
    product_rate, copy_rate = measure_rates()
    rows = []

    def stage(name: str, work: Callable[[], T], *, products: float = 0, moved: float = 0) -> T:
        seconds, result = least_seconds(work)
        floor = max(products / product_rate, moved / copy_rate)
        rows.append(
            {"stage": name, "ms": f"{1000 * seconds:.1f}", "floor, ms": f"{1000 * floor:.2f}",
             "floor of": "products" if products / product_rate >= moved / copy_rate else "memory"}
        )  # fmt: skip
        return result

    simulated = himpc.simulate(people=people, recordings=3, seconds=3.0)
    path = folder / "walks.npz"
    himpc.save(simulated, path)
    size = sum(walk.joints.nbytes for walk in simulated)
    walks: list[Recording] = stage("read", lambda: list(himpc.read(path)), moved=2 * size)
    stage("clean", lambda: [part for walk in simulated for part in clean(walk)], moved=2 * size)
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    inputs = 150
    frames = sum(map(len, walks))
    adaptation = PASSES_OF_ADAPTATION * COVARIANCES * frames * inputs**2
    settings = {"prior": "identity"}
    stage("adapt the prior", lambda: himpc.HiMPC(settings=settings).fit(walks), products=adaptation)

    def cut() -> Windows:
        return Windows.cut(to_common_layout(walks, model.input_layout, owner="the model")[0], model.window_length)

    windows = stage("convert and cut", cut, moved=2 * size)
    moved = 2 * windows.frames.nbytes + 4 * inputs * len(windows.frames)
    products = len(windows.frames) * inputs * model.size
    vectors = stage("align, describe and embed", lambda: model.embed(windows), products=products, moved=moved)
    recordings = windows.n_recordings

    def group() -> object:
        return group_recordings(vectors, windows.recording, recordings, whiten=False, scoring=model.scoring)

    stage("neighbours and groups", group, products=recordings**2 * model.size, moved=2 * vectors.nbytes)
    number = iter(range(REPEATS))

    def enroll() -> Gallery:
        gallery = Gallery.create(folder / f"gallery-{next(number)}", model)
        gallery.enroll(walks)
        return gallery

    gallery = stage("embed and write to a gallery", enroll, products=products, moved=2 * (size + vectors.nbytes))
    gallery.search(walks[:1])
    stage("search a gallery, one recording", lambda: gallery.search(walks[:1]), moved=recordings * model.size * 8)
    stage("write recordings", lambda: himpc.save(walks, folder / "out.npz"), moved=2 * size)
    rates = f"{2e-9 * product_rate:.0f} GFLOP/s in products, {1e-9 * copy_rate:.1f} GB/s in copies"
    print(f"{recordings} recordings, {frames} frames, {len(windows)} windows; {rates}, load {os.getloadavg()[0]:.1f}\n")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--people", type=int, default=36)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(markdown_table(measure(options.people, Path(folder))))


if __name__ == "__main__":
    main()
