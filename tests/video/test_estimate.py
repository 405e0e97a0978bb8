"""Pose estimation on a whole video, in constant memory."""

from __future__ import annotations

import resource
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from crowd import simulate_crowd
from himpc.video import Detection, PoseCleaningRules, PoseEstimator, estimate
from lens import Lens
from mannequins import ExactEstimator

pytest.importorskip("av")
from clips import write


@pytest.mark.slow
@pytest.mark.long
def test_memory_stays_constant(tmp_path: Path) -> None:
    """Frames are not stored, and joints take 0.8 kB a frame, and as much again when they are cleaned."""
    greys = [np.full((64, 96, 3), grey, np.uint8) for grey in (100, 101, 102)]
    path = write(tmp_path / "a.avi", pictures=2_700, size=(96, 64), codec="mpeg4", fps=3, look=lambda i: greys[i % 3])
    walk = simulate_crowd(1, 20, 3, scene="crowd", lens=Lens(96, 64, 65), seed=1)
    used_mb: dict[int, float] = {}

    class Walker(PoseEstimator):
        """A person who is visible for 50 s of each minute."""

        name, dimensions, layout = "walker", 3, walk.layout

        def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
            number = round(seconds * 3)
            used_mb[number] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            if seconds % 60 > 50:
                return []
            turn = number % 120  # there and back
            frame = min(turn, 119 - turn)
            joints = walk.joints[0, frame] * np.array([-1, 1, -1], dtype=np.float32)
            joints = joints - joints[[23, 24]].mean(axis=0)
            return [Detection(walk.points[0, frame], np.ones(33, np.float32), joints)]

    import_module("scipy.signal")  # takes 60 MB, at the first smoothing
    result = estimate(path, Walker())
    assert result.seconds == pytest.approx(900, abs=1)
    assert len(result.cleaned) == 15
    assert used_mb[2_699] - used_mb[540] < 18  # stored frames would take 40 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - used_mb[540] < 60


def test_standing_can_be_left_out(tmp_path: Path) -> None:
    estimator = ExactEstimator(simulate_crowd(1, 4, 25, scene="crowd", lens=Lens(1280, 720, 65), seed=1))
    detect = estimator.detect
    estimator.detect = lambda image, seconds: detect(image, 0.0)
    path = write(tmp_path / "a.mp4", pictures=80)
    result = estimate(path, estimator)
    assert result.cleaned[0].share("standing") == 1
    without = estimate(path, estimator, cleaning=PoseCleaningRules(leave_out=("standing",)))
    assert not without.cleaned
    assert without.dropped


def test_body_that_jumps_to_and_fro_gives_no_recording(tmp_path: Path) -> None:
    """So do bodies that an estimator makes of two people who overlap."""

    class Jumping(ExactEstimator):
        def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
            (person,) = super().detect(image, seconds)
            shift = np.float32([0.2 * np.ptp(person.points[:, 1]) * (round(25 * seconds) % 4 < 2), 0])
            return [Detection(person.points + shift, person.confidence, person.joints)]

    crowd = simulate_crowd(1, 4, 25, scene="crowd", lens=Lens(1280, 720, 65), seed=1)
    result = estimate(
        write(tmp_path / "a.mp4", pictures=80, look=lambda _: np.zeros((48, 64, 3), np.uint8)), Jumping(crowd)
    )
    assert not result.cleaned
    assert result.ambiguous == 80
    assert result.reason_empty == "no person is visible apart from others: 80 detections ambiguous"
