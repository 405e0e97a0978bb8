"""Measure CASIA-B's protocol on simulated people: three conditions, eleven views, windows of 40 frames.

    python perf/casia_like.py joints    # joints with an estimator's errors
    python perf/casia_like.py videos    # mannequins estimated by MediaPipe; needs the extra `video`

This tests the protocol and compares the conditions; it does not predict results on CASIA-B:

- nm: speed and mood differ slightly between recordings.
- bg: the simulator's bag, in one hand or on the back, which keeps an arm still or leans the trunk.
- cl: the simulator has no clothes. For joints, the shoes differ and the estimator's error is larger, in particular its
  constant part. That part is drawn per recording, while a real coat has the same effect in all views of a walk. For
  videos, the mannequin wears a coat that hides hips and thighs.
- Each view is a separate walk; CASIA-B films one walk from eleven sides.

The results are written into perf/results/casia-like.json.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from himpc.recordings import Recording, save
from himpc.research import BenchmarkResult, compare_variants, counts_table, load_benchmark
from himpc.research.datasets.casia_b import TRAINING_PERSONS, VIEWS
from himpc.simulation import Camera, Difficulty, Sensor, simulate
from lens import Lens

OUT = Path(__file__).parent / "results" / "casia-like.json"
VARIANTS = ("clean", "tracklet")
EPOCHS = 15
"""Maximum epochs; preset `clean` would take up to 50."""

FPS, SECONDS = 25.0, 3.0
"""75 frames give one test window of 40 per sequence, so no window matches another of its own sequence."""

LENS = Lens(640, 480, 50.0)


@dataclass(frozen=True)
class Condition:
    """The walkers, the estimator's errors and the drawn outfit of one of the three conditions."""

    recordings: int
    walk: Difficulty
    sensor: Sensor
    outfit: Mapping[str, bool]


DEFAULT_SENSOR = Sensor(jitter=0.01, drift=0.02, bias=0.01)
CONDITIONS = {
    "nm": Condition(4, Difficulty(speed=0.03, mood=0.3), DEFAULT_SENSOR, {}),
    "bg": Condition(2, Difficulty(speed=0.03, mood=0.3, load=1.0), DEFAULT_SENSOR, {"bag": True}),
    "cl": Condition(
        2,
        Difficulty(speed=0.03, mood=0.3, footwear=1.0),
        Sensor(jitter=0.01, drift=0.03, bias=0.03),
        {"coat": True},
    ),
}


def walks(
    people: int, views: Sequence[str] = VIEWS, takes: Mapping[str, int] | None = None, *, exact: bool = False
) -> Iterator[tuple[str, Recording]]:
    """Yield names as in CASIA-B, such as ``063-bg-01-054``, with recordings of people who walk straight.

    Parameters
    ----------
    people : int
        Number of people to train on, from 001, and of people to test, from 063.
    views : sequence of str
        Degrees.
    takes : mapping, optional
        Recordings of each person in each view, by condition.
    exact : bool
        Leave out the errors of an estimator.
    """
    takes = takes or {name: condition.recordings for name, condition in CONDITIONS.items()}
    cameras = [Camera(view, angle=float(view), distance=7.0, height=1.1, pitch=0.0) for view in views]
    days = sum(takes.values())  # one per recording; the first session has no bag, so nm comes first
    first = 0
    for name, condition in CONDITIONS.items():
        result = simulate(
            2 * people, days * len(views), seconds=SECONDS, fps=FPS, layout="mediapipe-33", seed=0, cameras=cameras,
            sessions=days, difficulty=condition.walk, sensor=Sensor() if exact else condition.sensor,
        )  # fmt: skip
        for number, walk in enumerate(result):
            person, take = number // (days * len(views)), number % days - first + 1
            if 1 <= take <= takes[name]:
                called = person + 1 if person < people else person - people + TRAINING_PERSONS + 1
                yield f"{called:03d}-{name}-{take:02d}-{walk.camera}", walk
        first += takes[name]


def write_joints(folder: Path, people: int, **how: Any) -> int:
    """Save sequences that are labelled by file name only; return their number. `how` as in `walks`."""
    count = 0
    for name, walk in walks(people, **how):
        save([walk.with_(person=None, session=None, camera=None, source="")], folder / f"{name}.npz")
        count += 1
    return count


def measure(root: Path, out: Path, variants: Sequence[str] = VARIANTS, **settings: Any) -> dict[str, Any]:
    """Run the benchmark on a folder, and return Rank-1 and mAP of windows by variant, split and method.

    Parameters
    ----------
    root, out : Path
        The sequences, and the folder of the run.
    variants : sequence of str
    **settings
        Of training.
    """
    data = load_benchmark("CASIA_B", root)
    print(counts_table(data), *data.notes, *map(str, data.problems), sep="\n", flush=True)
    result = compare_variants(data, out, variants, settings=settings, on_variant=lambda name: print("training", name))
    print(f"{result.table()}\n\nBy view of the probe:\n{result.view_table()}", flush=True)
    counts = {part: asdict(count) for part, count in data.counts.items()}
    scores = {name: _scores(run) for name, run in result.runs.items()}
    return {"settings": settings, "counts": counts, "left_out": len(data.problems), "variants": scores}


def _scores(run: BenchmarkResult) -> dict[str, Any]:
    return {
        split: {
            method: {"rank1": score.ranking.rank[1], "map": score.ranking.mAP, "queries": score.ranking.n_queries}
            for method, score in methods.items()
        }
        for split, methods in run.results.items()
    }


def joints(folder: Path) -> dict[str, Any]:
    """Measure 12 people by condition, with a model trained on 12 others."""
    (folder / "joints").mkdir()
    print(f"{write_joints(folder / 'joints', 12)} sequences; at most {EPOCHS} epochs a training")
    return measure(folder / "joints", folder / "run", max_epochs=EPOCHS)


def film(folder: Path, people: int, views: Sequence[str], takes: Mapping[str, int]) -> int:
    """Draw sequences as videos, and return their number."""
    from himpc.video import VideoWriter
    from mannequins import OUTFITS, Outfit, draw_people

    count = 0
    for name, walk in walks(people, views, takes, exact=True):
        person, condition, *_ = name.split("-")
        worn = Outfit(**{**vars(OUTFITS[int(person) % len(OUTFITS)]), **CONDITIONS[condition].outfit})
        with VideoWriter(folder / f"{name}.mp4", LENS.width, LENS.height, FPS) as out:
            for body in walk.joints:
                out.add(draw_people(body[None], LENS, [worn]))
        count += 1
    return count


def videos(folder: Path) -> dict[str, Any]:
    """Measure the protocol on videos of 4 people."""
    from himpc.cli import main

    (folder / "videos").mkdir()
    drawn = film(folder / "videos", 2, ("054", "090"), dict.fromkeys(CONDITIONS, 2))
    stdout, start = io.StringIO(), time.perf_counter()
    with redirect_stdout(stdout):
        main(["pose", str(folder / "videos"), "--out", str(folder / "poses"), "--json"])
    seconds = time.perf_counter() - start
    tracks = [[each["frames"] for each in video["recordings"]] for video in json.loads(stdout.getvalue())["videos"]]
    result = {
        "videos": drawn,
        "with_a_recording": sum(map(bool, tracks)),
        "with_a_window": sum(max(frames, default=0) >= 40 for frames in tracks),
        "with_several_tracks": sum(len(frames) > 1 for frames in tracks),
        "pictures_a_second": drawn * FPS * SECONDS / seconds,
    }
    print(result, flush=True)
    return {**result, **measure(folder / "poses", folder / "run", max_epochs=EPOCHS)}


if __name__ == "__main__":
    results: dict[str, Any] = json.loads(OUT.read_text()) if OUT.is_file() else {}
    for part in sys.argv[1:] or ("joints",):
        begin = time.perf_counter()
        with TemporaryDirectory() as place:
            results[part] = {"joints": joints, "videos": videos}[part](Path(place))
        results[part]["seconds"] = round(time.perf_counter() - begin)
        print(f"{part}: {results[part]['seconds']} s")
        OUT.write_text(json.dumps(results, indent=1) + "\n")
