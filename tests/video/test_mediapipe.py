"""MediaPipe detects drawn people where they are, and refuses what is not a person."""

from __future__ import annotations

import io
import os
import statistics
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from crowd import simulate_crowd
from himpc.errors import ConfigError, DataError, ModelError
from himpc.video import open_estimator
from himpc.video.estimators.pose_landmarker import bundled_model
from lens import Lens
from mannequins import OUTFITS, draw_people, render_crowd

pytest.importorskip("mediapipe")


@pytest.fixture(scope="module")
def estimator():
    return open_estimator()


@pytest.fixture(scope="module")
def scene():
    crowd = simulate_crowd(2, 2, 5, scene="crossing", seed=1, lens=Lens(960, 540, 65))
    return crowd, list(render_crowd(crowd))


def test_first_frame_is_like_any_other(scene, capfd: pytest.CaptureFixture[str]) -> None:
    """The warm-up takes what MediaPipe does and logs when it first detects a person."""
    _, images = scene
    estimator = open_estimator()
    results, seconds = [], []
    for _ in range(6):
        estimator.reset()
        start = time.process_time()
        results.append(estimator.detect(images[0], 0.0))
        seconds.append(time.process_time() - start)
    estimator.close()
    assert len(results[0]) > 0
    for detection, later in zip(results[0], results[-1], strict=True):
        np.testing.assert_array_equal(detection.points, later.points)
        np.testing.assert_array_equal(detection.joints, later.joints)
    assert seconds[0] < 3 * statistics.median(seconds[1:])
    assert capfd.readouterr() == ("", "")


def test_people_are_detected_where_they_are(estimator, scene) -> None:
    crowd, pictures = scene
    estimator.reset()
    found = [estimator.detect(picture, i / 5) for i, picture in enumerate(pictures)]
    assert np.mean([len(each) for each in found]) > 1.5
    errors = []
    for i, detections in enumerate(found):
        for each in detections:
            assert each.points.shape == (33, 2)
            assert np.asarray(each.joints).shape == (33, 3)
            assert (each.confidence >= 0).all()
            assert (each.confidence <= 1).all()
            heights = np.ptp(crowd.points[:, i, :, 1], axis=1)
            off = np.linalg.norm(crowd.points[:, i] - each.points, axis=2).mean(axis=1) / heights
            errors.append(off.min())
            joints = np.asarray(each.joints)
            assert joints[0, 1] > joints[23, 1] > joints[27, 1]  # nose above hip above ankle
            assert np.abs(joints[[23, 24]].mean(axis=0)).max() < 0.05
    assert np.median(errors) < 0.06  # of the height
    assert max(errors) < 0.25


def test_people_side_by_side_are_found_in_each_frame(estimator) -> None:
    """A detector that finds the person who fills most of a crop loses the neighbour."""
    crowd = simulate_crowd(4, 4, 15, scene="beside", seed=4, lens=Lens(1280, 720, 65))
    estimator.reset()
    for frame in range(42, 50):
        people = estimator.detect(draw_people(crowd.joints[:, frame], crowd.lens, list(OUTFITS[:4])), frame / 15)
        nearest = [
            np.linalg.norm(crowd.points[:, frame] - each.points, axis=2).mean(axis=1).argmin() for each in people
        ]
        assert sorted(nearest) == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
def test_small_person_is_found_by_a_second_look(estimator, scene, size: tuple[int, int]) -> None:
    crowd, _ = scene
    lens = Lens(*size, 65)
    body = crowd.joints[0, 0] - np.nanmean(crowd.joints[0, 0], axis=0) + [0.5, 0.0, 1.75 * lens.focal_length / 130]
    picture = draw_people(body[None], lens, [OUTFITS[1]])
    estimator.reset()
    looks = (estimator.detect(picture, 0.3 * look) for look in range(8))  # small tiles take turns
    (found,) = next(people for people in looks if people)
    assert np.nanmean(np.linalg.norm(found.points - lens.project(body), axis=1)) < 13
    whole_frames = open_estimator(tiles=0)
    assert whole_frames.detect(picture, 0.0) == []
    whole_frames.close()


def test_empty_room_gives_no_detection(estimator) -> None:
    estimator.reset()
    assert estimator.detect(np.full((480, 640, 3), 200, np.uint8), 0.0) == []


def test_small_people_are_refused_and_counted(estimator, scene, monkeypatch) -> None:
    _, pictures = scene
    estimator.reset()
    before = estimator.refused["too small"]
    monkeypatch.setattr("himpc.video.estimators.mediapipe.MIN_HEIGHT", 10_000.0)
    assert estimator.detect(pictures[0], 0.0) == []
    assert estimator.refused["too small"] > before


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (64, 64, 3)])
def test_tiny_and_elongated_images_are_accepted(estimator, shape) -> None:
    estimator.reset()
    assert isinstance(estimator.detect(np.zeros(shape, np.uint8), 0.0), list)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_other_arrays_are_refused(estimator, image) -> None:
    with pytest.raises(DataError, match="an image must be uint8"):
        estimator.detect(image, 0.0)


def test_task_file_works_like_the_bundled_model(estimator, scene, tmp_path: Path) -> None:
    task = tmp_path / "own.task"
    task.write_bytes(bundled_model())
    _, pictures = scene
    estimator.reset()
    given = open_estimator(weights=[task])
    for one, other in zip(estimator.detect(pictures[0], 0.0), given.detect(pictures[0], 0.0), strict=True):
        assert np.allclose(one.points, other.points, atol=0.5)
    given.close()
    given.close()


def test_joints_agree_with_the_former_interface(estimator, scene, monkeypatch) -> None:
    """The former interface of the same wheel detects the same body."""
    import mediapipe

    crowd, pictures = scene
    person = int(np.argmax(np.ptp(crowd.points[:, 0, :, 1], axis=1)))  # the one who is larger in the picture
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as old:
        marks = old.process(pictures[0]).pose_world_landmarks
    world = np.array([[mark.x, -mark.y, -mark.z] for mark in marks.landmark])
    estimator.reset()
    monkeypatch.setattr(estimator, "_find_joints", lambda *_: None)  # which uses another square than the detector
    found = estimator.detect(pictures[0], 0.0)
    nearest = min(found, key=lambda each: float(np.linalg.norm(each.points - crowd.points[person, 0], axis=1).mean()))
    assert np.linalg.norm(np.asarray(nearest.joints) - world, axis=1).mean() < 0.05


def test_wrong_weights_are_refused_in_one_line(estimator, tmp_path: Path) -> None:
    text, empty = tmp_path / "a.task", tmp_path / "b.task"
    text.write_text("no")
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("x", "y")
    os.mkfifo(tmp_path / "pipe.task")
    swapped = tmp_path / "swapped.task"
    with zipfile.ZipFile(io.BytesIO(bundled_model())) as whole, zipfile.ZipFile(swapped, "w") as archive:
        one, other = whole.namelist()
        archive.writestr(one, whole.read(other))
        archive.writestr(other, whole.read(one))
    for path, kind, why in (
        (tmp_path / "pipe.task", ModelError, "is a folder, a device or a pipe"),
        (tmp_path, ModelError, "is a folder, a device or a pipe"),
        (swapped, ModelError, "cannot be used as a pose landmarker"),
        (text, ModelError, "is no .task file"),
        (empty, ModelError, "lacks 'pose_detector.tflite'"),
        (tmp_path / "none.task", ConfigError, "Apache-2.0"),
    ):
        with pytest.raises(kind, match=why) as raised:
            open_estimator(weights=[path])
        assert "\n" not in str(raised.value)


def test_networks_as_they_come_work_like_the_bundled_model(estimator, scene, tmp_path: Path) -> None:
    import mediapipe

    modules = Path(mediapipe.__file__).parent / "modules"
    landmarks, detector = (modules / name for name in (
        "pose_landmark/pose_landmark_full.tflite", "pose_detection/pose_detection.tflite"
    ))  # fmt: skip
    for weights in ([landmarks], [detector, landmarks]):
        other = open_estimator(weights=weights)
        estimator.reset()
        for one, two in zip(estimator.detect(scene[1][0], 0.0), other.detect(scene[1][0], 0.0), strict=True):
            np.testing.assert_array_equal(one.joints, two.joints)
        other.close()
    with pytest.raises(ConfigError, match=r"is a second pose_detector\.tflite"):
        open_estimator(weights=[detector, detector])
    for content in (b"", b"TFL3" * 4, detector.read_bytes()[:1000], b"\0\0\0\0TFL3" + bytes(100)):
        (tmp_path / "a.tflite").write_bytes(content)
        with pytest.raises(ModelError, match=r"a\.tflite: (is no|takes|cannot)"):
            open_estimator(weights=[tmp_path / "a.tflite"])
