"""Switches, splits and merges when the exact joints of simulated people are followed, and with noise.

    python benchmarks/tracking.py

The estimator has no part in it. Writes benchmarks/results/tracking.json.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.data.simulation import SCENES, Crowd, simulate_crowd
from himpc.evaluation.tracking import TrackingScore, score_tracks
from himpc.pose.detection import Detection
from himpc.pose.tracking import Tracker, TrackingRules

OUT = Path(__file__).parent / "results" / "tracking.json"
HIDDEN = 0.5
"""A body of which more than this share of the joints is behind somebody else is not found."""


def follow(
    crowd: Crowd, *, noise: float = 0.0, missed: float = 0.0, rules: TrackingRules | None = None, seed: int = 0
) -> tuple[TrackingScore, float]:
    """Return how well a crowd is followed, and the pictures a second.

    Parameters
    ----------
    noise : float
        Standard deviation of each joint: in metres for joints, and as many metres in the picture for points.
    missed : float
        Share of bodies that are not found.
    """
    rng = np.random.default_rng(seed)
    tracker = Tracker(crowd.layout, fps=crowd.fps, rules=rules)
    persons: list[int] = []
    numbers: list[int] = []
    lost, start = 0, time.perf_counter()
    for frame in range(crowd.joints.shape[1]):
        there = crowd.present[:, frame]
        seen = there & (crowd.hidden[:, frame].mean(axis=1) <= HIDDEN) & (rng.random(len(there)) >= missed)
        lost += int(there.sum() - seen.sum())
        who = rng.permutation(np.flatnonzero(seen))
        numbers += tracker.update(frame, frame / crowd.fps, [_found(crowd, p, frame, noise, rng) for p in who])
        persons += who.tolist()
    tracker.finish()
    return score_tracks(np.array(persons), np.array(numbers), lost), frame / (time.perf_counter() - start)


def _found(crowd: Crowd, person: int, frame: int, noise: float, rng: np.random.Generator) -> Detection:
    joints: NDArray[np.float64] = crowd.joints[person, frame].astype(np.float64)
    hips = [crowd.layout.index("left_hip"), crowd.layout.index("right_hip")]
    body = (joints - joints[hips].mean(axis=0)) * (-1, 1, -1)
    body += noise * rng.standard_normal(body.shape)
    points = crowd.points[person, frame] + noise * crowd.lens.focal / joints[:, 2:] * rng.standard_normal(
        (len(body), 2)
    )
    confidence = np.where(crowd.hidden[person, frame], 0.2, 0.95).astype(np.float32)
    return Detection(points.astype(np.float32), confidence, body.astype(np.float32))


def main() -> None:
    rows: list[dict[str, Any]] = []
    for noise, missed in ((0.0, 0.0), (0.03, 0.05)):
        for scene in SCENES:
            for doubts in (True, False):
                rules = None if doubts else TrackingRules(margin=1e-9, body=1e9, covered=1.0)
                runs = []
                for seed in range(3):
                    crowd = simulate_crowd(6, 16, 25, scene=scene, seed=seed)
                    runs.append(follow(crowd, noise=noise, missed=missed, rules=rules, seed=seed))
                row: dict[str, Any] = {"scene": scene, "noise": noise, "missed": missed, "doubts": doubts}
                for name in asdict(runs[0][0]):
                    row[name] = float(np.mean([getattr(score, name) for score, _ in runs]))
                row["fps"] = float(np.median([fps for _, fps in runs]))
                rows.append(row)
                print(
                    f"{noise:.2f} m {missed:4.0%} missed  {scene:10} doubts {'on ' if doubts else 'off'}  "
                    f"tracks {row['tracks']:5.1f} found {row['found']:.3f} switches {row['switches']:5.1f} "
                    f"splits {row['splits']:5.1f} merges {row['merges']:4.1f} wrong {row['wrong']:.4f} "
                    f"idf1 {row['idf1']:.3f}  {row['fps']:.0f}/s",
                    flush=True,
                )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
