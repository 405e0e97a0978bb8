"""Re-identification against errors of pose estimation, and pose estimation of drawn people.

    python perf/video_proof.py noise       # a curve: docs/images/noise-curve.png
    python perf/video_proof.py rendered    # mannequins, detected by MediaPipe and tracked
    python perf/video_proof.py known       # mannequins, re-identified in another video

Writes its part of perf/results/video-proof.json.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import himpc
from crowd import Crowd, simulate_crowd
from himpc.recordings import Recording
from himpc.simulation import Sensor, simulate
from lens import Lens

if TYPE_CHECKING:
    from himpc.video import PoseCleaningRules

HERE = Path(__file__).parent
OUT = HERE / "results" / "video-proof.json"
NOISE = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)
SEEDS = 3


def noise() -> list[dict[str, Any]]:
    """Measure re-identification across days by the error of the joints, and by cleaning."""
    from himpc.video import DEFAULT_STEPS, STEPS, PoseCleaningRules

    ways = {
        "not cleaned": None,
        "cleaned": PoseCleaningRules(steps=DEFAULT_STEPS),
        "cleaned, constant bones": PoseCleaningRules(steps=STEPS),
    }
    rows = []
    for size in NOISE:
        for name, rules in ways.items():
            scores = []
            for seed in range(SEEDS):
                sensor = Sensor(jitter=size, drift=size, bias=size / 2)
                walks = simulate(8, 6, seconds=4, fps=25, layout="mediapipe-33", seed=seed, sensor=sensor, cameras=3)
                used = list(walks) if rules is None else [_cleaned(walk, rules) for walk in walks]
                learner = himpc.HiMPC(seed=seed, settings={"max_epochs": 10}).fit(used)
                found = himpc.evaluate(learner.model_, gallery=used, exclude="session").recording.ranking
                scores.append((found.rank[1], found.mAP))
            rank1, mean_ap = np.mean(scores, axis=0).tolist()
            spread = float(np.std([score[0] for score in scores], ddof=1))
            rows.append({"metres": size, "cleaned": name, "rank1": rank1, "map": mean_ap, "spread": spread})
            print(f"noise {size:.2f} m, {name}: Rank-1 {rank1:.3f} +- {spread:.3f}, mAP {mean_ap:.3f}", flush=True)
    _draw(rows)
    return rows


def _cleaned(walk: Recording, rules: PoseCleaningRules) -> Recording:
    from himpc.video import Track, clean_track

    joints = walk.joints * np.array([-1, 1, -1], dtype=np.float32)
    count = len(joints)
    sure = np.full((count, len(walk.layout)), 0.9, np.float32)
    track = Track(1, 1, np.arange(count), np.arange(count) / 25, joints[..., :2], sure, joints, "left")
    clean = clean_track(track, walk.layout, 25, source=walk.source, rules=rules)[0].recording
    return clean.with_(person=walk.person, session=walk.session, camera=walk.camera)


def _draw(rows: list[dict[str, Any]]) -> None:
    from himpc.reporting.figures import new_figure, save_figure

    figure = new_figure(6, 3.6)
    axes = figure.add_subplot()
    for name in dict.fromkeys(row["cleaned"] for row in rows):
        line = [row for row in rows if row["cleaned"] == name]
        metres, rank1, spread = (np.array([row[key] for row in line]) for key in ("metres", "rank1", "spread"))
        axes.errorbar(100 * metres, rank1, spread, marker="o", capsize=3, label=name)
    axes.set(xlabel="error of a trunk joint, cm", ylabel="Rank-1 of recordings, other day", ylim=(0, 1.05))
    axes.legend(frameon=False)
    figure.tight_layout()
    save_figure(figure, HERE.parent / "docs" / "images" / "noise-curve.png")


def rendered() -> list[dict[str, Any]]:
    """Measure detection, tracking and joint error of drawn people."""
    from himpc.video import Detection, Track, Tracker, open_estimator
    from himpc.video.tracking import find_joins, first_number, remove_jitter
    from mannequins import render_crowd
    from tracking_metrics import score_tracks

    rows = []
    for scene, people in (
        ("alone", 3),
        ("leaving", 3),
        ("crossing", 2),
        ("crossing", 4),
        ("passing", 2),
        ("beside", 4),
    ):
        crowd = simulate_crowd(people, 10, 15, scene=scene, seed=4, lens=Lens(1280, 720, 65))
        estimator, tracker = open_estimator(), Tracker(crowd.layout, fps=15)
        tracks: list[Track] = []
        bodies: list[tuple[int, Detection]] = []
        persons, errors, seen = [], [], 0
        start = time.perf_counter()
        for frame, image in enumerate(render_crowd(crowd)):
            found = estimator.detect(image, frame / 15)
            who = [_nearest(each.points, crowd.points[:, frame], crowd.present[:, frame]) for each in found]
            persons += who
            bodies += [(frame, each) for each in found]
            tracker.update(frame, frame / 15, found, (1280, 720))
            tracks += tracker.pop_finished()
            seen += int((crowd.present[:, frame] & (crowd.occluded[:, frame].mean(axis=1) < 0.5)).sum())
            known = [(each.joints, p) for each, p in zip(found, who, strict=True) if p >= 0]
            errors += [_error(joints, crowd.joints[p, frame]) for joints, p in known]
        seconds = time.perf_counter() - start
        tracker.finish()
        tracks, _ = remove_jitter(tracks + tracker.pop_finished(), tracker.rules)
        joins = find_joins(tracks, crowd.layout)
        number_of = {
            (frame, points.tobytes()): first_number(track.number, joins)
            for track in tracks
            for frame, points in zip(track.frames.tolist(), track.points, strict=True)
        }
        joined = np.array([number_of.get((frame, each.points.tobytes()), 0) for frame, each in bodies])
        missed = max(0, seen - sum(p >= 0 for p in persons))
        score = score_tracks(np.array(persons), joined, missed)
        error = 1000 * float(np.median(errors))
        row = {"scene": scene, "fps": (frame + 1) / seconds, "error_mm": error, **asdict(score)}
        rows.append(row)
        print({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}, flush=True)
    return rows


def known() -> list[dict[str, Any]]:
    """Measure re-identification of drawn people in two videos, from two heights, who walk past one at a time.

    A model is trained on both without names. The recordings of the second video are probes against those of the first,
    and all are grouped, also with a given number of people; by MediaPipe's joints and by the exact ones.
    """
    from tempfile import TemporaryDirectory

    from himpc.evaluation import grouping_agreement
    from himpc.model import BASELINES
    from himpc.simulation import Camera
    from himpc.video import VideoWriter, estimate, open_estimator
    from mannequins import ExactEstimator, render_crowd

    people, fps = 8, 15
    cameras = (Camera("front"), Camera("high", height=2.4, pitch=16.0))
    crowds = [simulate_crowd(people, 80, fps, scene="alone", camera=each, lens=Lens(1280, 720, 65)) for each in cameras]
    sides: dict[str, list[list[Recording]]] = {"MediaPipe": [], "exact joints": []}
    with TemporaryDirectory() as folder:
        for crowd in crowds:
            path = Path(folder) / f"{crowd.camera.name}.mp4"
            with VideoWriter(path, 1280, 720, fps) as video:
                for image in render_crowd(crowd):
                    video.add(image)
            for name, estimator in (("MediaPipe", open_estimator()), ("exact joints", ExactEstimator(crowd))):
                found = estimate(path, estimator, name=crowd.camera.name)
                sides[name].append([_named(each.recording, each.start, each.end, crowd) for each in found.cleaned])
    rows = []
    for name, (first, second) in sides.items():
        learner = himpc.HiMPC(settings={"max_epochs": 10}).fit([*first, *second])
        result = himpc.evaluate(learner.model_, gallery=first, probe=second, without_match="skip")
        all_recordings = [*first, *second]
        persons = [each.person for each in all_recordings]
        ways = {
            "": (learner.model_, None),
            "_known_number": (learner.model_, people),
            "_bones_known_number": (BASELINES["bones"], people),
        }
        groupings = {way: himpc.group(all_recordings, by, people=number) for way, (by, number) in ways.items()}
        rows.append({
            "joints": name, "gallery": len(first), "probes": len(second), "rank1": result.recording.ranking.rank[1],
            "map": result.recording.ranking.mAP, "people": people, "groups": groupings[""].people,
            **{f"ari{way}": grouping_agreement(made.groups, persons).ari for way, made in groupings.items()},
        })  # fmt: skip
        print(
            {key: round(value, 3) if isinstance(value, float) else value for key, value in rows[-1].items()}, flush=True
        )
    return rows


def _named(recording: Recording, start: float, end: float, crowd: Crowd) -> Recording:
    """Name a recording after the person who was present for most of it."""
    during = (crowd.seconds >= start) & (crowd.seconds <= end)
    return recording.with_(person=crowd.persons[int(crowd.present[:, during].sum(axis=1).argmax())])


def _nearest(points: NDArray[Any], truth: NDArray[Any], present: NDArray[np.bool_]) -> int:
    """Return the person whose joints are nearest, within a quarter of the body size; -1 if there is none."""
    apart = [float(np.nanmean(np.linalg.norm(points - each, axis=1))) / np.ptp(each, axis=0).max() if there else np.inf
             for each, there in zip(truth, present, strict=True)]  # fmt: skip
    return int(np.argmin(apart)) if np.min(apart) < 0.25 else -1


def _error(joints: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the mean distance of joints from the truth, both relative to the hips, metres."""
    body = truth * np.array([-1, 1, -1])
    return float(np.linalg.norm(joints - (body - body[[23, 24]].mean(axis=0)), axis=1).mean())


if __name__ == "__main__":
    results: dict[str, Any] = json.loads(OUT.read_text()) if OUT.is_file() else {}
    for part in sys.argv[1:] or ("noise", "rendered", "known"):
        results[part] = {"noise": noise, "rendered": rendered, "known": known}[part]()
        OUT.write_text(json.dumps(results, indent=1) + "\n")
