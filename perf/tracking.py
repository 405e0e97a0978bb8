"""Tracking apart from pose estimation: exact joints of simulated crowds, and joints with errors.

    python perf/tracking.py follow   # switches, splits and merges by scene
    python perf/tracking.py reid     # re-identification after people crossed, by tracker

Writes its part of perf/results/tracking.json.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowd import Crowd, simulate_crowd
from himpc.recordings import Recording
from himpc.video import MIN_FRAMES, Detection, Track, Tracker, TrackingRules, clean_track, estimate_up
from himpc.video.tracking import find_joins, first_number, join_tracks
from scenes import SCENES
from tracking_metrics import TrackingScore, score_tracks

OUT = Path(__file__).parent / "results" / "tracking.json"
HIDDEN = 0.5
"""A person of whom more than this share of the joints is occluded is not detected."""

NEVER_AMBIGUOUS = TrackingRules(ambiguity_margin=1e-9, max_bone_change=1e9, max_occlusion=1.0, max_outside=1.0)
"""A tracker that only assigns the nearest detection."""


@dataclass(frozen=True)
class TrackedCrowd:
    """A crowd and its tracks.

    Attributes
    ----------
    crowd : Crowd
    tracks : list of Track
        As the tracker ended them.
    persons, frames, numbers : int array ``(n,)``
        Person, frame and track of each detection; track 0 if it is ambiguous.
    bodies : list of Detection
        The detections.
    missed : int
        Number of detections that are missing.
    fps : float
        Frames per second of the tracker.
    """

    crowd: Crowd
    tracks: list[Track]
    persons: NDArray[np.int64]
    frames: NDArray[np.int64]
    numbers: NDArray[np.int64]
    bodies: list[Detection]
    missed: int
    fps: float

    def score(self, joined: bool = True) -> TrackingScore:
        """Score the tracks, joined or not."""
        return score_tracks(self.persons, self._numbers(joined), self.missed)

    def recordings(self, joined: bool = True) -> list[Recording]:
        """Return clean recordings of the tracks, each named after its most frequent person."""
        joins = find_joins(self.tracks, self.crowd.layout) if joined else {}
        numbers = self._numbers(joined)
        owners = {n: int(np.bincount(self.persons[numbers == n]).argmax()) for n in np.unique(numbers).tolist() if n}
        return self._clean(join_tracks(self.tracks, joins), owners)

    def true_recordings(self) -> list[Recording]:
        """Return clean recordings of perfect tracks."""
        tracks = []
        for person in np.unique(self.persons).tolist():
            mine = np.flatnonzero(self.persons == person)
            bodies = [self.bodies[i] for i in mine.tolist()]
            points, confidence = np.stack([b.points for b in bodies]), np.stack([b.confidence for b in bodies])
            joints = np.stack([np.asarray(b.joints) for b in bodies])
            frames = self.frames[mine]
            tracks.append(Track(person + 1, 1, frames, frames / self.crowd.fps, points, confidence, joints, "left"))
        return self._clean(tracks, {track.number: track.number - 1 for track in tracks})

    def _numbers(self, joined: bool) -> NDArray[np.int64]:
        joins = find_joins(self.tracks, self.crowd.layout) if joined else {}
        return np.array([first_number(number, joins) for number in self.numbers.tolist()], dtype=np.int64)

    def _clean(self, tracks: list[Track], owners: dict[int, int]) -> list[Recording]:
        layout, fps = self.crowd.layout, self.crowd.fps
        long = [track for track in tracks if len(track) >= MIN_FRAMES]
        up = estimate_up([track.joints for track in long if track.joints is not None], layout)
        names = {number: self.crowd.persons[person] for number, person in owners.items()}
        return [
            part.recording.with_(person=names[track.number])
            for track in long
            for part in clean_track(track, layout, fps, source=f"{names[track.number]}#{track.number}", up=up)
            if len(part.recording) >= MIN_FRAMES
        ]


def track_crowd(
    crowd: Crowd, *, noise: float = 0.0, missed: float = 0.0, rules: TrackingRules | None = None, seed: int = 0
) -> TrackedCrowd:
    """Track a crowd.

    Parameters
    ----------
    noise : float
        Standard deviation of each joint: in metres for joints, and as many metres in the picture for points.
    missed : float
        Share of people who are not detected.
    """
    rng = np.random.default_rng(seed)
    tracker = Tracker(crowd.layout, fps=crowd.fps, rules=rules)
    picture = (crowd.lens.width, crowd.lens.height)
    tracks: list[Track] = []
    seen: list[tuple[int, int, int]] = []
    all_bodies: list[Detection] = []
    lost, count, start = 0, crowd.joints.shape[1], time.perf_counter()
    for frame in range(count):
        there = crowd.present[:, frame]
        found = there & (crowd.occluded[:, frame].mean(axis=1) <= HIDDEN) & (rng.random(len(there)) >= missed)
        lost += int(there.sum() - found.sum())
        who = rng.permutation(np.flatnonzero(found)).tolist()
        bodies = [noisy_detection(crowd, person, frame, noise, rng) for person in who]
        numbers = tracker.update(frame, frame / crowd.fps, bodies, picture)
        seen += [(person, frame, number) for person, number in zip(who, numbers, strict=True)]
        all_bodies += bodies
        tracks += tracker.pop_finished()
    seconds = time.perf_counter() - start
    tracker.finish()
    persons, frames, numbers_ = np.array(seen, dtype=np.int64).reshape(-1, 3).T
    return TrackedCrowd(
        crowd, tracks + tracker.pop_finished(), persons, frames, numbers_, all_bodies, lost, count / seconds
    )


def noisy_detection(crowd: Crowd, person: int, frame: int, noise: float, rng: np.random.Generator) -> Detection:
    """Return a person's detection with an error of `noise` metres."""
    joints: NDArray[np.float64] = crowd.joints[person, frame].astype(np.float64)
    hips = [crowd.layout.index("left_hip"), crowd.layout.index("right_hip")]
    body = (joints - joints[hips].mean(axis=0)) * (-1, 1, -1)
    body += noise * rng.standard_normal(body.shape)
    pixels_per_metre = crowd.lens.focal_length / joints[:, 2:]
    points = crowd.points[person, frame] + noise * pixels_per_metre * rng.standard_normal((len(body), 2))
    confidence = np.where(crowd.occluded[person, frame], 0.2, 0.95).astype(np.float32)
    return Detection(points.astype(np.float32), confidence, body.astype(np.float32))


def measure_tracking() -> list[dict[str, Any]]:
    """Measure switches, splits and merges by scene, each the mean of three seeds."""
    rows: list[dict[str, Any]] = []
    for noise, missed in ((0.0, 0.0), (0.03, 0.05)):
        for scene in SCENES:
            for rules in (None, NEVER_AMBIGUOUS):
                crowds = [simulate_crowd(6, 16, 25, scene=scene, seed=seed) for seed in range(3)]
                runs = [
                    track_crowd(crowd, noise=noise, missed=missed, rules=rules, seed=i)
                    for i, crowd in enumerate(crowds)
                ]
                for joined in (True, False) if rules is None else (False,):
                    scores = [asdict(run.score(joined)) for run in runs]
                    means = {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
                    row = {"scene": scene, "noise": noise, "missed": missed, "doubts": rules is None, "joined": joined}
                    rows.append({**row, **means, "fps": float(np.median([run.fps for run in runs]))})
                    print({k: round(v, 4) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    return rows


def measure_reid() -> list[dict[str, Any]]:
    """Measure the re-identification of people who crossed, by tracker.

    Ten people walk past one at a time, and a model is trained on that video without names. In two other videos they
    cross in fives, and each track is a probe against the recordings of the first. "truth" are perfect tracks.
    """
    import himpc

    rows: list[dict[str, Any]] = []
    for noise in (0.0, 0.03, 0.06):
        found: dict[str, list[tuple[float, ...]]] = {}
        for seed in range(3):
            alone = track_crowd(simulate_crowd(10, 100, 25, scene="alone", seed=seed), noise=noise, seed=seed)
            gallery = alone.recordings()
            learner = himpc.HiMPC(seed=seed, settings={"max_epochs": 10}).fit(gallery)
            crowds = [
                simulate_crowd(seconds=20, fps=25, scene="crossing", seed=seed, persons=persons)
                for persons in (range(5), range(5, 10))
            ]
            by_default = [track_crowd(crowd, noise=noise, seed=seed) for crowd in crowds]
            never_ambiguous = [track_crowd(crowd, noise=noise, rules=NEVER_AMBIGUOUS, seed=seed) for crowd in crowds]
            probes = {
                "truth": ([run.true_recordings() for run in by_default], 0.0),
                "ambiguities, joined": ([run.recordings() for run in by_default], _wrong(by_default, True)),
                "ambiguities": ([run.recordings(joined=False) for run in by_default], _wrong(by_default, False)),
                "never ambiguous": (
                    [run.recordings(joined=False) for run in never_ambiguous],
                    _wrong(never_ambiguous, False),
                ),
            }
            for name, (videos, wrong) in probes.items():
                probe = [recording for video in videos for recording in video]
                result = himpc.evaluate(learner.model_, gallery=gallery, probe=probe)
                of_all = result.recording.ranking
                windows = result.window.ranking
                takes = float(of_all.n_queries)
                found.setdefault(name, []).append((takes, wrong, of_all.rank[1], of_all.mAP, windows.rank[1]))
        for name, values in found.items():
            means = dict(
                zip(
                    ("probes", "wrong", "rank_1", "mAP", "window_rank_1"), np.mean(values, axis=0).tolist(), strict=True
                )
            )
            rows.append({"noise": noise, "followed": name, **means})
            print({k: round(v, 4) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    return rows


def _wrong(runs: list[TrackedCrowd], joined: bool) -> float:
    return float(np.mean([run.score(joined).impurity for run in runs]))


def main() -> None:
    results: dict[str, Any] = json.loads(OUT.read_text()) if OUT.is_file() else {}
    for part in sys.argv[1:] or ("follow", "reid"):
        results[part] = {"follow": measure_tracking, "reid": measure_reid}[part]()
        OUT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
