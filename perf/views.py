"""People seen from several sides by an estimator that draws each side differently.

    python perf/views.py            # the table: Rank-1 on one side and across sides, groups, warnings
    python perf/views.py measure    # what MediaPipe does to drawn people by heading: perf/results/view-bias.json

Eight simulated people, two recordings from each side, in MediaPipe's joints. What MediaPipe adds to a body from that
side is added to the true joints: the mean over drawn people, in body axes, interpolated over the heading.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

import himpc
from himpc.evaluation import grouping_agreement
from himpc.recordings import Recording, load
from himpc.simulation import Camera, Difficulty, Sensor, get_difficulty, simulate
from himpc.simulation.kinematics import compute_stride, rotation_about_y
from himpc.simulation.walker import draw_walker
from himpc.skeleton import body_frame, centre, get_layout, headings, mirror

HERE = Path(__file__).parent
BIAS = HERE / "results" / "view-bias.json"
WALKERS = HERE.parent / ".." / "shared" / "data" / "video-walkers" / "recordings.npz"
LAYOUT = get_layout("mediapipe-33")
HEADINGS, DRAWN, FRAMES = range(0, 360, 30), 5, 10
SENSOR = Sensor(jitter=0.004, drift=0.006, bias=0.004)

Array = NDArray[np.float64]


def measure() -> None:
    """Let MediaPipe estimate mannequins from all sides, and write its mean error in body axes by heading."""
    from himpc.video import open_estimator
    from lens import Lens
    from mannequins import OUTFITS, draw_people

    lens, camera, difficulty = Lens(1280, 720, 50.0), Camera("front"), get_difficulty("easy")
    errors = np.zeros((len(HEADINGS), DRAWN, len(LAYOUT), 3))
    for person in range(DRAWN):
        walker = draw_walker(3, person, difficulty)
        stride = compute_stride(walker.body, walker.gait, walker.session(0, difficulty), LAYOUT.joints)
        bodies, _ = stride.sample(np.arange(FRAMES) / FRAMES)
        for number, heading in enumerate(HEADINGS):
            seen = camera.to_camera_axes(bodies @ rotation_about_y(np.radians([float(heading)]))[0].T)
            estimator = open_estimator()
            found = [
                estimator.detect(draw_people(each[None], lens, [OUTFITS[person]]), i / 15)
                for i, each in enumerate(seen)
            ]
            estimator.close()
            pairs = [(each, people[0].joints) for each, people in zip(seen, found, strict=True) if len(people) == 1]
            true, estimated = (np.stack(each).astype(np.float64) for each in zip(*pairs, strict=True))
            errors[number, person] = (_in_body_axes(estimated) - _in_body_axes(true * [-1, 1, -1])).mean(axis=0)
    mean = errors.mean(axis=1)
    mean = (mean + mirror(mean[(-np.arange(len(mean))) % len(mean)], LAYOUT)) / 2  # both sides alike
    BIAS.write_text(json.dumps({"headings": list(HEADINGS), "metres": np.round(mean, 4).tolist()}) + "\n")
    hips = [LAYOUT.index("left_hip"), LAYOUT.index("right_hip")]
    print(
        "added to the width of the hips, by heading:", np.round(mean[:, hips[0], 0] - mean[:, hips[1], 0], 3).tolist()
    )


def _in_body_axes(joints: Array) -> Array:
    return np.asarray(body_frame(centre(joints, LAYOUT), LAYOUT))


def people_from_sides(
    people: int, sides: Sequence[float], seed: int, *, effect: float = 1.0, takes: int = 2
) -> list[Recording]:
    """Simulate people who walk towards, away from and past a camera, as an estimator sees them.

    Parameters
    ----------
    people : int
        Number of people, who differ half as much as adults do: an estimator draws all towards one mean body.
    sides : sequence of float
        Angles of the camera in degrees: 0 for the front.
    seed : int
    effect : float
        Factor of what the estimator does to a body by heading; 0 for nothing.
    takes : int
        Recordings from each side, each of a session of its own.
    """
    difficulty = Difficulty(bodies=0.5, gaits=0.5, speed=0.03, mood=0.3, footwear=0.2, headings=10.0, sensor=SENSOR)
    cameras = [Camera(f"{side:g}", angle=side) for side in sides]
    walks = simulate(
        people, takes * len(cameras), layout=LAYOUT, seed=seed, difficulty=difficulty, cameras=cameras, sessions=takes
    )
    return [add_view_effect(walk, effect) for walk in walks]


def add_view_effect(walk: Recording, effect: float = 1.0) -> Recording:
    """Return a walk in the axes of an estimator, with what MediaPipe adds to a body by its heading."""
    joints = centre(walk.joints.astype(np.float64) * [-1, 1, -1], LAYOUT)
    angles = headings(joints, LAYOUT)
    table = np.fft.fft(np.array(json.loads(BIAS.read_text())["metres"]), axis=0)
    orders = np.arange(-3, 4)
    waves = np.exp(1j * angles[:, None] * orders)
    added = np.einsum("fk,kjc->fjc", waves, table[orders]).real / len(table)
    body = centre(_in_body_axes(joints) + effect * added, LAYOUT)
    turned = np.einsum("fab,fjb->fja", rotation_about_y(angles), body)
    return walk.with_(joints=turned, true_size=False)


def print_row(name: str, recordings: Sequence[Recording]) -> None:
    """Print a row of the table: without and with the removal of the effect of the side."""
    persons, cameras = [str(each.person) for each in recordings], [each.camera for each in recordings]
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(recordings).model_
    cells = []
    for grouping in (himpc.group(recordings, model), himpc.group(recordings)):
        ranks = [_rank_1(grouping.vectors, persons, cameras, across=across) for across in (False, True)]
        warned = "no" if grouping.views is None or grouping.views.verdict == "people" else grouping.views.verdict
        agreement = grouping_agreement(np.where(grouping.groups > 0, grouping.groups, -1), persons)
        cells += [*ranks, f"{agreement.n_groups}", f"{agreement.ari:.2f}", warned]
    print(f"| {name} | {len(set(persons))} |", " | ".join(cells), "|", flush=True)


def _rank_1(vectors: Array, persons: Sequence[str], cameras: Sequence[str | None], *, across: bool) -> str:
    """Return the share of recordings whose nearest one from the same side, or from another, is of their person."""
    side, person = (np.unique([str(each) for each in names], return_inverse=True)[1] for names in (cameras, persons))
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    np.fill_diagonal(distances, np.inf)
    distances[(side[:, None] == side) == across] = np.inf
    findable = (np.isfinite(distances) & (person[:, None] == person)).any(axis=1)
    right = person[distances.argmin(axis=1)] == person
    return f"{right[findable].mean():.2f}" if findable.any() else "-"


def main() -> None:
    warnings.simplefilter("ignore")
    measured = "Rank-1 | across sides | groups | ARI | warning"
    print(f"| seen from | people | as they are: {measured} | shipped: {measured} |\n|---|{'---:|' * 11}")
    front, back, three = (0.0,), (0.0, 180.0), (0.0, 90.0, 180.0)
    print_row("front, side and back", seen := people_from_sides(8, three, seed=0))
    print_row("each person from one of these", _one_side_each(seen))
    print_row("front and back", people_from_sides(8, back, seed=0))
    print_row("front, side and back, once each", people_from_sides(4, three, seed=0, takes=1))
    if WALKERS.is_file():
        print_row("front, near and far, real", load(WALKERS))
    print_row("front", people_from_sides(8, front, seed=0))
    print_row("front, side and back, exact", exact := people_from_sides(8, three, seed=0, effect=0.0))
    print_row("each person from one of these, exact", _one_side_each(exact))


def _one_side_each(walks: Sequence[Recording]) -> list[Recording]:
    """Return the recordings of each person from one side: the first from the first, and so on."""
    sides = list(dict.fromkeys(each.camera for each in walks))
    return [each for each in walks if int(str(each.person)[-1]) % len(sides) == sides.index(each.camera)]


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["measure"] else main()
