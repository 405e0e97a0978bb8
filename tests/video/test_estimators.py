"""MediaPipe finds the people who are drawn, where they are, and says what it does not take for people."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError, ModelError
from himpc.simulation import Lens, simulate_crowd
from himpc.video import Detection, open_estimator
from himpc.video.estimators.multi_person import DUPLICATE_DISTANCE, deduplicate, tile_boxes
from himpc.video.estimators.pose_landmarker import bundled_model


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 8))
def test_tiles_cover_a_picture_and_stay_in_it(height: int, width: int, rows: int) -> None:
    tiles = tile_boxes(height, width, rows)
    covered_rows, covered_columns = np.zeros(height, bool), np.zeros(width, bool)
    for top, left, bottom, right in tiles:
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width
        covered_rows[top:bottom] = covered_columns[left:right] = True
    assert not tiles or (covered_rows.all() and covered_columns.all())
    assert tile_boxes(height, width, 0) == []


@given(st.floats(0, 2 * DUPLICATE_DISTANCE), st.integers(1, 3))
def test_one_body_is_one_detection(apart: float, most: int) -> None:
    points = np.random.default_rng(0).uniform(0, 100, (33, 2)).astype(np.float32)
    size = np.ptp(points, axis=0).max()
    one = Detection(points, np.full(33, 0.9, np.float32))
    other = Detection(points + np.float32([apart * size, 0]), np.full(33, 0.5, np.float32))
    kept = deduplicate([other, one], most)
    assert kept[0] is one
    if abs(apart - DUPLICATE_DISTANCE) > 1e-3:
        assert len(kept) == (1 if apart < DUPLICATE_DISTANCE else min(2, most))


@pytest.fixture(scope="module")
def estimator():
    pytest.importorskip("mediapipe")
    return open_estimator()


@pytest.fixture(scope="module")
def scene():
    from mannequins import film_crowd

    crowd = simulate_crowd(2, 2, 5, scene="crossing", seed=1, lens=Lens(960, 540, 65))
    return crowd, list(film_crowd(crowd))


class TestMediaPipe:
    def test_people_are_found_where_they_are(self, estimator, scene) -> None:
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

    def test_an_empty_room_shows_nobody(self, estimator) -> None:
        estimator.reset()
        assert estimator.detect(np.full((480, 640, 3), 200, np.uint8), 0.0) == []

    def test_what_is_too_small_is_refused_and_counted(self, estimator, scene, monkeypatch) -> None:
        _, pictures = scene
        estimator.reset()
        before = estimator.refused["too small"]
        monkeypatch.setattr("himpc.video.estimators.mediapipe.MIN_HEIGHT", 10_000.0)
        assert estimator.detect(pictures[0], 0.0) == []
        assert estimator.refused["too small"] > before

    @pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (64, 64, 3)])
    def test_odd_pictures_are_no_trouble(self, estimator, shape) -> None:
        estimator.reset()
        assert isinstance(estimator.detect(np.zeros(shape, np.uint8), 0.0), list)

    @pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
    def test_what_is_no_picture_is_refused(self, estimator, image) -> None:
        with pytest.raises(DataError, match="an image must be uint8"):
            estimator.detect(image, 0.0)

    def test_a_task_file_works_like_the_model_that_is_carried(self, estimator, scene, tmp_path: Path) -> None:
        task = tmp_path / "own.task"
        task.write_bytes(bundled_model())
        _, pictures = scene
        estimator.reset()
        given = open_estimator(weights=[task])
        for one, other in zip(estimator.detect(pictures[0], 0.0), given.detect(pictures[0], 0.0), strict=True):
            assert np.allclose(one.points, other.points, atol=0.5)
        given.close()
        given.close()

    def test_joints_are_those_of_the_old_interface(self, estimator, scene) -> None:
        """One person, one picture: the old interface of the same wheel sees the same body."""
        import mediapipe

        crowd, pictures = scene
        person = int(np.argmax(np.ptp(crowd.points[:, 0, :, 1], axis=1)))  # the one who is larger in the picture
        with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as old:
            marks = old.process(pictures[0]).pose_world_landmarks
        world = np.array([[mark.x, -mark.y, -mark.z] for mark in marks.landmark])
        estimator.reset()
        found = estimator.detect(pictures[0], 0.0)
        nearest = min(
            found, key=lambda each: float(np.linalg.norm(each.points - crowd.points[person, 0], axis=1).mean())
        )
        assert np.linalg.norm(np.asarray(nearest.joints) - world, axis=1).mean() < 0.05

    def test_wrong_weights_are_one_clear_line(self, estimator, tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"name": "alphapose"}, "unknown estimator"), ({"people": 0}, "people is 0"), ({"tiles": 9}, "tiles is 9")],
)
def test_unknown_settings_are_refused(arguments, why) -> None:
    with pytest.raises(ConfigError, match=why):
        open_estimator(**arguments)
