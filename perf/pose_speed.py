"""Speed and memory of pose estimation by resolution and number of people, and latency of a live source.

    python perf/pose_speed.py            # by resolution and people, on all processors or --cores 1
    python perf/pose_speed.py --live     # a file played at 30 frames per second
    python perf/pose_speed.py --clips    # memory over 1000 clips of five frames, or --clips 200

Mannequins stand in for people; MediaPipe detects both. Writes perf/results/pose-speed.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

import himpc
from crowd import simulate_crowd
from himpc.recordings import Recording
from himpc.simulation import Sensor, simulate
from himpc.video import LiveVideo, VideoWriter, estimate, open_estimator, watch_live
from lens import Lens
from mannequins import render_crowd

OUT = Path(__file__).parent / "results" / "pose-speed.json"
SIZES = {"432p": (768, 432), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
SECONDS, FPS = 2, 30


def write_video(path: Path, people: int, width: int, height: int, seconds: float, fps: float) -> None:
    """Write a video of walking mannequins."""
    crowd = simulate_crowd(max(people, 1), seconds, fps, scene="crowd", lens=Lens(width, height, 65), seed=1)
    with VideoWriter(path, width, height, fps) as out:
        for image in render_crowd(crowd):
            out.add(image if people else np.full_like(image, 200))


def measure(path: str) -> dict[str, Any]:
    """Measure seconds and processor seconds for a second of film, and the peak memory of this process, in MB."""
    estimator = open_estimator()
    estimate(path, estimator)  # imports and compiles
    start, spent = time.perf_counter(), time.process_time()
    result = estimate(path, estimator)
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = sum(len(track) for track in result.tracks) / result.frames
    return {
        "seconds": seconds / result.seconds,
        "processor_seconds": spent / result.seconds,
        "memory_mb": memory,
        "people_a_picture": found,
    }


def write_clips(folder: Path) -> list[Path]:
    """Write clips of five frames: of one, two and no people, in 1080p, upright 1080p and 720p."""
    kinds = ((1, 1920, 1080), (2, 1920, 1080), (1, 1080, 1920), (0, 1920, 1080), (1, 1280, 720))
    paths = [folder / f"{number}.mp4" for number in range(len(kinds))]
    for path, (people, width, height) in zip(paths, kinds, strict=True):
        write_video(path, people, width, height, 0.2, 25)
    return paths


def clips(paths: Sequence[Path], count: int, *, show: bool = False) -> list[float]:
    """Return the memory of this process after each of `count` videos, taken in turn, in MB."""
    estimator = open_estimator()
    used = []
    for number, path in zip(range(1, count + 1), cycle(paths), strict=False):
        estimate(path, estimator)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        used.append(pages * resource.getpagesize() / 2**20)
        if show and (number == 1 or number % 100 == 0):
            print(f"after {number} clips: {used[-1]:.0f} MB", flush=True)
    return used


def live(path: Path, folder: Path) -> dict[str, Any]:
    """Measure the latency of a file played at its own pace, while each track is searched in a gallery."""
    from himpc.gallery import Gallery

    walks = [
        _in_camera_axes(walk) for walk in simulate(20, 4, seconds=4, fps=25, layout="mediapipe-33", sensor=Sensor())
    ]
    model = himpc.HiMPC(settings={"max_epochs": 5}).fit(walks).model_
    latencies: list[float] = []
    named = 0
    with Gallery.create(folder / "gallery", model) as gallery, LiveVideo(str(path)) as video:
        gallery.enroll(walks)
        estimator = open_estimator()
        for view in watch_live(video, estimator, gallery):
            latencies.append(view.latency)
            named += any(person.label.answered for person in view.people.values())
        p50, p95 = np.percentile(latencies, [50, 95]).tolist()
        return {
            "came": video.seen, "looked_at": len(latencies), "with_answers": named, "dropped": video.dropped,
            "latency_p50": p50, "latency_p95": p95, "latency_longest": max(latencies),
            "longest_of_the_last_tenth": max(latencies[-len(latencies) // 10 :]),
        }  # fmt: skip


def _in_camera_axes(walk: Recording) -> Recording:
    """Return a walk in the axes of `himpc.video.Detection`."""
    joints = walk.joints * np.array([-1, 1, -1], dtype=np.float32)
    return walk.with_(joints=joints - joints[:, [23, 24]].mean(axis=1, keepdims=True))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--live", action="store_true")
    arguments.add_argument("--clips", type=int, nargs="?", const=1000, help="number of clips")
    arguments.add_argument("--cores", type=int)
    chosen = arguments.parse_args()
    if chosen.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.cores])
    results: dict[str, Any] = json.loads(OUT.read_text()) if OUT.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "video.mp4"
        if chosen.clips:
            used = clips(write_clips(Path(folder)), chosen.clips, show=True)
            results["clips"] = {
                "clips": len(used), "after_1_mb": used[0], "after_100_mb": used[:100][-1], "most_mb": max(used),
                "after_all_mb": used[-1],
            }  # fmt: skip
            print(json.dumps(results["clips"], indent=1))
        elif chosen.live:
            write_video(place, 2, 1280, 720, 30, 30)
            results["live"] = live(place, Path(folder))
            print(json.dumps(results["live"], indent=1))
        else:
            rows = []
            for name, (width, height) in SIZES.items():
                for people in (0, 1, 4):
                    write_video(place, people, width, height, SECONDS, FPS)
                    with multiprocessing.get_context("spawn").Pool(1) as pool:  # its own memory
                        row = pool.apply(measure, (str(place),))
                    rows.append({"size": name, "people": people, **row})
                    print(f"{name:6} people {people}: a second of film takes {row['processor_seconds']:.2f} s of "
                          f"processor time, {row['seconds']:.2f} s, {row['memory_mb']:5.0f} MB, "
                          f"{row['people_a_picture']:.2f} found", flush=True)  # fmt: skip
            results["by_size" if chosen.cores is None else f"by_size_{chosen.cores}"] = rows
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
