"""The height of the camera above the floor gives people their true size, where their feet are seen well enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import himpc
from crowd import Crowd, simulate_crowd
from himpc.cli import main
from himpc.errors import ConfigError, DataError, FormatError
from himpc.simulation import Camera
from himpc.skeleton import get_layout, stature
from himpc.video import CalibratedCamera, Detection, estimate
from lens import Lens

pytest.importorskip("av")
from clips import write

from mannequins import ExactEstimator

LAYOUT = get_layout("mediapipe-33")
CAMERA = Camera("hall", height=1.6, pitch=8.0, distance=5.0)
LENS = Lens(320, 180, 65)
FPS, SECONDS = 15, 6
FEET = [LAYOUT.index(f"{side}_{part}") for side in ("left", "right") for part in ("heel", "foot")]


class Assuming(ExactEstimator):
    """Sees true poses of an assumed size: every body is 1.70 m tall. Feet may be hidden, or poses be 2D."""

    feet_confidence = 1.0

    def detect(self, image, seconds) -> list[Detection]:
        found = []
        for each in super().detect(image, seconds):
            confidence = each.confidence.copy()
            confidence[FEET] = self.feet_confidence
            joints = each.joints * np.float32(1.70 / stature(each.joints[None], LAYOUT))
            found.append(Detection(each.points, confidence, joints if self.dimensions == 3 else None))
        return found


def crowd_of(scene: str, people: int = 2) -> Crowd:
    return simulate_crowd(people, SECONDS, FPS, scene=scene, camera=CAMERA, lens=LENS, seed=3)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "hall.mp4"
    grey = np.full((180, 320, 3), 90, np.uint8)
    return write(path, pictures=SECONDS * FPS, size=(320, 180), fps=FPS, look=lambda _: grey)


@pytest.fixture(scope="module")
def walkers() -> Crowd:
    """Two people who walk side by side towards the camera and back."""
    return crowd_of("beside")


def true_statures(crowd: Crowd) -> list[float]:
    return sorted(stature(joints[np.isfinite(joints).all(axis=(1, 2))], LAYOUT) for joints in crowd.joints)


def statures(recordings) -> list[float]:
    return sorted(stature(each.joints, each.layout) for each in recordings)


def calibrated(*, pose: bool = True, unit: float = 1.0) -> CalibratedCamera:
    """The camera of the films, calibrated in pictures of four times their size, with the origin on the floor."""
    matrix = np.array([[4 * LENS.focal_length, 0, 640], [0, 4 * LENS.focal_length, 360], [0, 0, 1]])
    rotation = np.array([[-1.0], [-1.0], [1.0]]) * CAMERA.axes
    translation = -rotation @ CAMERA.position / unit
    return CalibratedCamera(
        "hall", matrix, np.zeros(5), (1280, 720), rotation if pose else None, translation if pose else None
    )


def test_height_of_the_camera_gives_true_sizes(film, walkers) -> None:
    assumed = estimate(film, Assuming(walkers))
    assert not any(each.true_size for each in assumed.recordings)
    result = estimate(film, Assuming(walkers), camera_height=1.6)
    assert all(each.true_size for each in result.recordings)
    np.testing.assert_allclose(statures(result.recordings), true_statures(walkers), rtol=0.04)
    assert all("standard error of" in each.quality.notes[-1] for each in result.recordings)
    doubled = estimate(film, Assuming(walkers), camera_height=3.2)
    np.testing.assert_allclose(statures(doubled.recordings), 2 * np.array(statures(result.recordings)), rtol=1e-5)


def test_a_known_lens_and_pose_give_true_sizes(film, walkers) -> None:
    by_height = estimate(film, Assuming(walkers), camera_height=1.6, camera=calibrated(pose=False))
    np.testing.assert_allclose(statures(by_height.recordings), true_statures(walkers), rtol=0.04)
    by_pose = estimate(film, Assuming(walkers), camera=calibrated(unit=1e-3))
    np.testing.assert_allclose(statures(by_pose.recordings), true_statures(walkers), rtol=0.025)
    assert any("the camera is 1.60 m above the floor" in note for note in by_pose.notes)


def test_a_pose_tells_sizes_of_people_who_only_cross(film) -> None:
    crossing = crowd_of("crossing")
    with pytest.raises(DataError, match=r"is uncertain by \d+%, expected 6% at most"):
        estimate(film, Assuming(crossing), camera_height=1.6)
    result = estimate(film, Assuming(crossing), camera=calibrated())
    kept = [each for each in result.recordings if each.true_size]
    assert kept
    true = np.array(true_statures(crossing))
    assert all(np.abs(size / true - 1).min() < 0.03 for size in statures(kept))


def test_hidden_feet_are_refused(film, walkers) -> None:
    blind = Assuming(walkers)
    blind.feet_confidence = 0.2
    with pytest.raises(DataError, match="feet are not seen for long enough"):
        estimate(film, blind, camera_height=1.6)
    assumed = estimate(film, blind, camera=calibrated())
    assert not any(each.true_size for each in assumed.recordings)
    assert any("stays assumed: feet are not seen" in note for note in assumed.notes)


def test_a_lens_without_a_pose_leaves_sizes_assumed(film, walkers) -> None:
    result = estimate(film, Assuming(walkers), camera=calibrated(pose=False))
    assert not any(each.true_size for each in result.recordings)
    assert any("the calibration tells no height above the floor" in note for note in result.notes)


def test_contradictions_are_refused(film, walkers) -> None:
    with pytest.raises(ConfigError, match="both state the size"):
        estimate(film, Assuming(walkers), camera_height=1.6, person_height=1.8)
    flat = Assuming(walkers)
    flat.dimensions = 2
    with pytest.raises(ConfigError, match="2D and have no size"):
        estimate(film, flat, camera_height=1.6)
    upright = CalibratedCamera("phone", calibrated().matrix, np.zeros(0), (720, 1280))
    with pytest.raises(FormatError, match="expected the shape"):
        estimate(film, Assuming(walkers), camera_height=1.6, camera=upright)


def test_the_command_takes_the_height_and_a_calibration(film, walkers, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Assuming(walkers))
    assert main(["pose", str(film), "--camera-height", "1.6", "--out", str(tmp_path / "out")]) == 0
    assert all(each.true_size for each in himpc.read(tmp_path / "out" / "recordings"))
    focal = 4 * LENS.focal_length
    calibration = tmp_path / "lens.toml"
    calibration.write_text(f"size = [1280, 720]\nmatrix = [[{focal}, 0, 640], [0, {focal}, 360], [0, 0, 1]]\n")
    command = ["info", str(film), "--camera-height", "1.6", "--calibration", str(calibration)]
    assert main(command) == 0
    assert "with a standard error of" in capsys.readouterr().out
    assert main(["info", str(film), "--camera-height", "0.1"]) != 0
