"""Share of tracks that are known again, by their score (`himpc.video.CleanedTrack.score`).

    python perf/track_scores.py

Twenty simulated people. Probes are tracks of one day, of 1 to 6 s, with joint errors of 0.2 to 4 cm and missing
frames; the confidence of all joints is 0.9, so that the score follows from the joints and times alone. Each is compared
with recordings of other days, whose errors are 0.2 cm, by the identity prior.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

import himpc
from himpc.evaluation import pool_recordings
from himpc.recordings import Recording
from himpc.simulation import Sensor, simulate
from himpc.video import MIN_FRAMES, CleanedTrack, Track, clean_track

PEOPLE, DAYS, FPS, SECONDS = 20, 3, 25, 6.0
ERRORS = (0.002, 0.005, 0.01, 0.02, 0.04)
SEEDS = 3


def simulate_tracks(error: float, seed: int) -> list[Recording]:
    """Simulate two recordings of each person and day, whose joints have errors in metres."""
    sensor = Sensor(jitter=error, drift=error, bias=error / 2)
    return list(
        simulate(
            PEOPLE, 2 * DAYS, seconds=SECONDS, fps=FPS, layout="mediapipe-33", seed=seed, sensor=sensor, sessions=DAYS
        )
    )


def clean(walk: Recording, rng: np.random.Generator | None = None) -> CleanedTrack | None:
    """Clean a walk as the longest part of a track; with a generator, one that is shortened and lacks frames."""
    joints = walk.joints * np.float32([-1, 1, -1])
    frames = np.arange(len(joints))
    if rng is not None:
        frames = frames[: round(FPS * rng.uniform(1.0, SECONDS))]
        frames = frames[rng.random(len(frames)) >= rng.uniform(0.0, 0.3)]
    points = 300 * joints[frames, :, :2]
    confidence = np.full(points.shape[:2], 0.9, np.float32)
    track = Track(1, 1, frames, frames / FPS, points, confidence, joints[frames], "left")
    parts = clean_track(track, walk.layout, FPS, source=walk.source)
    best = max(parts, key=lambda part: len(part.recording), default=None)
    return (
        None
        if best is None or len(best.recording) < MIN_FRAMES
        else best.with_recording(best.recording.with_(person=walk.person, session=walk.session))
    )


def measure(seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the score of each probe, and whether the nearest recording of another day shows its person."""
    rng = np.random.default_rng(seed)
    first = simulate_tracks(ERRORS[0], seed)
    last_day = max(str(walk.session) for walk in first)
    enrolled = [part for walk in first if walk.session != last_day and (part := clean(walk)) is not None]
    probes = [
        part
        for error in ERRORS
        for walk in simulate_tracks(error, seed)
        if walk.session == last_day and (part := clean(walk, rng)) is not None
    ]
    recordings = [each.recording for each in (*enrolled, *probes)]
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(recordings).model_
    embedded = himpc.embed(model, recordings)
    vectors = pool_recordings(embedded.vectors, embedded.windows.recording, len(recordings), model.scoring.pose_scale)
    persons = np.array([each.person for each in recordings])
    gallery, asked = vectors[: len(enrolled)], vectors[len(enrolled) :]
    nearest = ((asked[:, None] - gallery) ** 2).sum(axis=2).argmin(axis=1)
    return np.array([each.score for each in probes]), persons[: len(enrolled)][nearest] == persons[len(enrolled) :]


def main() -> None:
    scores, right = (np.concatenate(each) for each in zip(*map(measure, range(SEEDS)), strict=True))
    ranks = rankdata(scores)
    known, others = right.sum(), (~right).sum()
    auc = (ranks[right].sum() - known * (known + 1) / 2) / (known * others)
    print(f"{len(scores)} tracks, {right.mean():.2f} known again; the score of one that is known again is higher than "
          f"that of one that is not with probability {auc:.2f}")  # fmt: skip
    print("| score | tracks | known again |\n|---|---:|---:|")
    fifths = np.array_split(np.argsort(scores), 5)
    for members in fifths:
        low, high = scores[members[0]], scores[members[-1]]
        print(f"| {low:.2f} to {high:.2f} | {len(members)} | {right[members].mean():.2f} |")


if __name__ == "__main__":
    main()
