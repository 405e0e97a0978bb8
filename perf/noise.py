"""Measure accuracy on motion capture with simulated errors of a depth camera: ``python perf/noise.py --data DIR``.

Each recording of ``c3d-walking`` is seen by a random camera, with the errors of the simulator's sensors (depth noise,
jitter, drift, a bias per recording, hidden, swapped and lost joints). The preset ``tracklet`` is trained on Straight,
without the prior, and Turn is searched in Straight.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import himpc
from himpc.evaluation import markdown_table
from himpc.model import BASELINES
from himpc.recordings import Recording, clean, select
from himpc.simulation import CAMERAS, Sensor, get_difficulty
from himpc.skeleton import side_lines


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="the folder that holds c3d-walking")
    arguments.add_argument("--seeds", type=int, default=3)
    options = arguments.parse_args()
    walks = himpc.read(options.data / "c3d-walking", name="{person}/{session}/*.c3d")
    rows = []
    for difficulty in ("easy", "medium", "hard"):
        scores = [measure(walks, get_difficulty(difficulty).sensor, seed) for seed in range(options.seeds)]
        for method in scores[0]:
            values = 100 * np.array([score[method] for score in scores])
            cells = [f"{m:.1f} ± {s:.1f}" for m, s in zip(values.mean(axis=0), values.std(axis=0, ddof=1), strict=True)]
            names = ("window Rank-1", "window mAP", "recording Rank-1", "recording mAP")
            rows.append({"sensor": difficulty, "method": method, **dict(zip(names, cells, strict=True))})
    print(markdown_table(rows))


def measure(walks: Sequence[Recording], sensor: Sensor, seed: int) -> dict[str, tuple[float, ...]]:
    """Measure Rank-1 and mAP of windows and of recordings, by method."""
    seen = [part for number, walk in enumerate(walks) for part in clean(see(walk, sensor, seed, number))]
    straight, turn = select(seen, ["session=Straight"]), select(seen, ["session=Turn"])
    learner = himpc.HiMPC("tracklet", settings={"prior": "none"}, seed=seed).fit(straight)
    results = {}
    for method, model in (("tracklet", learner.model_), ("raw pose", BASELINES["raw"]), ("bones", BASELINES["bones"])):
        result = himpc.evaluate(model, straight, turn)
        results[method] = tuple(
            value for level in (result.window, result.recording) for value in scores_of(level.ranking)
        )
    return results


def scores_of(ranking: himpc.evaluation.RankingResult) -> Iterator[float]:
    yield ranking.rank[1]
    yield ranking.mAP


def see(walk: Recording, sensor: Sensor, seed: int, number: int) -> Recording:
    """Return a recording with the errors of a sensor, seen by a random camera."""
    rng = np.random.default_rng([seed, number])
    joints = walk.joints.astype(np.float64)
    joints[..., [0, 2]] -= joints[..., [0, 2]].mean(axis=(0, 1))
    ends = side_lines(walk.layout)
    left = (joints[:, ends[:, 0]] - joints[:, ends[:, 1]]).mean(axis=1)[:, [0, 2]]
    across, along = (left / np.linalg.norm(left, axis=1, keepdims=True)).T
    axes = np.zeros((len(joints), 3, 3))
    axes[:, 0, 0], axes[:, 2, 0], axes[:, 1, 1] = across, along, 1.0
    axes[:, 0, 2], axes[:, 2, 2] = -along, across
    camera = CAMERAS[int(rng.integers(len(CAMERAS)))]
    measured = sensor.measure(
        camera.to_camera_axes(joints), walk.layout, fps=walk.fps or 100.0, turned=camera.axes @ axes, rng=rng
    )
    return replace(walk, joints=measured.astype(np.float32), camera=camera.name)


if __name__ == "__main__":
    main()
