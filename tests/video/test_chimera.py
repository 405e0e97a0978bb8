"""A track of one person's trunk and another's legs gives no recording, and says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from walks import LAYOUT

from crowd import simulate_crowd
from himpc.video import Detection, PoseCleaningRules, estimate
from lens import Lens
from mannequins import ExactEstimator

pytest.importorskip("av")
from clips import write

LEGS = [LAYOUT.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle", "heel")]


class Mixing(ExactEstimator):
    """Detects one person, with the knees and feet of another who walks at some distance beside."""

    def __init__(self, distance: float) -> None:
        super().__init__(simulate_crowd(1, 3, 25, scene="crowd", lens=Lens(1280, 720, 65), seed=1))
        self.distance = distance

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        (person,) = super().detect(image, seconds)
        joints = person.joints.copy()
        joints[LEGS] += np.float32([self.distance, 0, 0])
        return [Detection(person.points, person.confidence, joints)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    grey = np.full((720, 1280, 3), 100, np.uint8)  # other films of `write` have cuts
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    return write(path, pictures=75, size=(1280, 720), look=lambda _: grey)


def test_mixed_person_is_dropped_with_the_reason(film: Path) -> None:
    result = estimate(film, Mixing(0.8))
    assert not result.cleaned
    assert {each.reason for each in result.dropped} == {"impossible"}
    assert sum(each.frames for each in result.dropped) == 75


@pytest.mark.parametrize("rules", [PoseCleaningRules(steps=()), PoseCleaningRules(max_impossible=1.0)])
def test_mixed_person_is_kept_on_request(film: Path, rules: PoseCleaningRules) -> None:
    assert len(estimate(film, Mixing(0.8), cleaning=rules).cleaned) >= 1


@pytest.mark.parametrize("distance", [0.0, 0.1])
def test_one_person_is_kept_in_spite_of_errors(film: Path, distance: float) -> None:
    result = estimate(film, Mixing(distance))
    assert len(result.cleaned) == 1
    assert not result.dropped
