"""Faults of the way from film to people that an issue listed, each with what the same situation gives today.

    python perf/video_faults.py                 # the table; films, overlays and groups of the first row in build/faults
    python perf/video_faults.py views memory    # some rows

The clips of the issue are not public to us: drawn people, simulated people and the shared recordings stand in for them.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import himpc
from crowd import simulate_crowd
from himpc.evaluation import grouping_agreement
from himpc.recordings import Recording, cannot_link, mean_direction
from lens import Lens
from mannequins import render_crowd

HERE = Path(__file__).parent
FILMS = HERE.parent / "build" / "faults"
FILM_SECONDS, FPS, PEOPLE = 5, 15, 4


def joined() -> str:
    """Group the people of three films, in each of which four walk side by side, by ``himpc pose`` and ``group``."""
    from himpc.cli import main
    from himpc.video import VideoWriter

    FILMS.mkdir(parents=True, exist_ok=True)
    paths = [FILMS / f"{number}.mp4" for number in range(3)]
    for seed, path in enumerate(paths):
        lens = Lens(1280, 720, 65)
        crowd = simulate_crowd(PEOPLE, FILM_SECONDS, FPS, scene="beside", seed=seed, lens=lens)
        with VideoWriter(path, lens.width, lens.height, FPS) as video:
            for image in render_crowd(crowd):
                video.add(image)
    poses = FILMS / "poses"
    main(["pose", *map(str, paths), "--out", str(poses), "--overlay", "--quiet"])
    main(["group", str(poses / "recordings"), "--out", str(FILMS / "groups"), "--quiet"])
    recordings = list(himpc.read(poses / "recordings"))
    with (FILMS / "groups" / "groups.csv").open(newline="") as file:
        group_of = {row["recording"]: row["group"] for row in csv.DictReader(file)}
    pairs = cannot_link(recordings)
    wrong = sum(group_of[recordings[a].source] == group_of[recordings[b].source] != "0" for a, b in pairs.tolist())
    return f"{len(recordings)} tracks; {wrong} of {len(pairs)} pairs of people seen at one time in one group"


def views() -> str:
    """Group four people seen once each from the front, a side and behind, as MediaPipe sees them."""
    from views import people_from_sides

    return _describe(people_from_sides(4, (0.0, 90.0, 180.0), seed=0, takes=1))


def missed() -> str:
    """Detect a person 360 and 450 pixels tall who walks alone, in frames of 1280 x 720 and 720 x 1280."""
    from detection import FILM, FRAMES, drawn, real
    from himpc.video import open_estimator

    estimator, shares = open_estimator(), []
    for size in FRAMES.values():
        for height in (360, 450):
            estimator.reset()
            frames = (real if FILM.exists() else drawn)(height, size)
            shares.append(np.mean([bool(estimator.detect(image, n / 10)) for n, image in enumerate(frames)]))
    return f"found in {min(shares):.0%} to {max(shares):.0%} of frames"


def near_and_far() -> str:
    """Group real walkers who are near and far, by the tracks of the default tiles."""
    from himpc.recordings import load
    from views import WALKERS

    return _describe(load(WALKERS)) if WALKERS.is_file() else "the shared recordings are absent"


def memory() -> str:
    """Process 60 clips, most of them of 1080p, in one process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        used = pool.apply(_measure_memory)
    return f"{used[0]:.0f} MB after the first of {len(used)} clips, {max(used):.0f} MB at most"


def _measure_memory() -> list[float]:
    from pose_speed import clips, write_clips

    with TemporaryDirectory() as folder:
        return clips(write_clips(Path(folder)), 60)


def size() -> str:
    """Read a film without a stated size, and with the height of its person."""
    from himpc.skeleton import stature
    from himpc.video import VideoWriter, estimate
    from mannequins import ExactEstimator

    crowd = simulate_crowd(1, 2, FPS, scene="crowd", lens=Lens(320, 240, 65), seed=1)
    with TemporaryDirectory() as folder:
        with VideoWriter(film := Path(folder) / "a.mp4", 320, 240, FPS) as video:
            for image in render_crowd(crowd):
                video.add(image)
        estimator = ExactEstimator(crowd)
        assumed, stated = (estimate(film, estimator, person_height=h).recordings[0] for h in (None, 1.93))
    words = {True: "true", False: "assumed"}
    shown = f"{words[stated.true_size]}, {stature(stated.joints, stated.layout):.2f} m"
    return f"size {words[assumed.true_size]}; with a stated height of 1.93 m {shown}"


def heading() -> str:
    """Average the headings of a person who faces left and then right."""
    mean, spread = mean_direction(np.repeat([-90.0, 90.0], 20))
    return f"mean {mean:g} degrees, spread {spread:.1f}"


def _describe(recordings: list[Recording]) -> str:
    grouping = himpc.group(recordings)
    agreement = grouping_agreement(
        np.where(grouping.groups > 0, grouping.groups, -1), [str(r.person) for r in recordings]
    )
    verdict = (
        "" if grouping.views is None or grouping.views.verdict == "people" else f", warning: {grouping.views.verdict}"
    )
    people = len({each.person for each in recordings})
    return (
        f"{len(recordings)} recordings: {grouping.people} groups for {people} people, ARI {agreement.ari:.2f}{verdict}"
    )


def run_tests(*tests: str) -> Callable[[], str]:
    """Return a function that runs tests and returns pytest's last line."""

    def run() -> str:
        """Run the tests of this fault."""
        command = [sys.executable, "-m", "pytest", "-p", "no:randomly", *tests]
        lines = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False).stdout
        return f"`pytest {' '.join(tests)}`: {lines.strip().splitlines()[-1]}"

    return run


FAULTS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "joined": ("people seen at one time are joined", "one group held all four people of three films", joined),
    "views": ("views are grouped, not people", "four people: ARI -0.13, each view a group, no warning", views),
    "missed": ("visible people are missed", "found in 10 to 50 % of pictures", missed),
    "near-far": ("better tracks are grouped worse", "22 groups for 10 people, ARI 0.52", near_and_far),
    "memory": ("memory grows", "4.4 GB after 60 clips", memory),
    "size": ("metres have no size", "every adult 1.70 to 1.73 m, not marked", size),
    "posture": (
        "postures are wrong",
        "seated people walking 0.98",
        run_tests("tests/video/test_posture.py"),
    ),
    "chimera": (
        "chimeras are kept",
        "15 of 15 frames impossible, kept",
        run_tests("tests/video/test_chimera.py"),
    ),
    "inputs": (
        "inputs get unhelpful errors",
        "pictures, JPEG, `-`, mistyped URL",
        run_tests("tests/video/test_inputs.py", "tests/video/test_pose_command.py"),
    ),
    "heading": ("left and right are averaged", "-5 degrees", heading),
    "plural": ('"1 tracks"', "1 tracks", lambda: himpc.errors.count_noun(1, "track")),
}


def main() -> None:
    """Print a row for each fault."""
    warnings.simplefilter("ignore")
    print("| fault | before | today |\n|---|---|---|")
    for name in sys.argv[1:] or FAULTS:
        fault, before, measure = FAULTS[name]
        print(f"| {fault} | {before} | {measure()} |", flush=True)


if __name__ == "__main__":
    main()
