"""A person who is alone is followed without the detector, to nearly the joints that the detector would give."""

from dataclasses import replace

import numpy as np
import pytest

from crowd import simulate_crowd
from himpc.video import Video, VideoWriter, open_estimator
from himpc.video.estimators.landmark_network import LocatedPerson, Square, square_of
from lens import Lens
from mannequins import render_crowd

pytest.importorskip("mediapipe")


def test_square_is_around_hips_and_turned_with_the_trunk() -> None:
    points = np.zeros((33, 2), np.float32)
    points[[11, 12]] = [30.0, 0.0]  # lying, head to the right
    points[27] = [-40.0, 0.0]
    square = Square.around(points)
    assert (square.x, square.y) == (0, 0)
    assert square.turn == pytest.approx(np.pi / 2)
    assert 2 * 40 < square.side < 3 * 40
    assert square.distance(replace(square, x=square.side / 4)) == pytest.approx(0.25)


def test_followed_person_has_the_joints_that_are_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = simulate_crowd(1, 0.6, 15, scene="crowd", seed=1, lens=Lens(640, 480, 65))
    images = list(render_crowd(crowd))
    estimator = open_estimator()
    followed = [estimator.detect(image, i / 15) for i, image in enumerate(images)]
    with monkeypatch.context() as patch:
        looks: list[object] = []
        patch.setattr(estimator, "_detect_near", lambda *given: looks.append(given) or [])
        assert len(estimator.detect(images[-1], len(images) / 15 - 0.01)) == 1  # no look is due
        assert not looks
    for image, people in zip(images, followed, strict=True):
        estimator.reset()
        (one,), (other,) = people, estimator.detect(image, 0.0)
        assert np.linalg.norm(one.points - other.points, axis=1).mean() < 0.05 * np.ptp(other.points[:, 1])
    estimator.close()


def test_square_is_that_of_the_network_also_where_people_are_detected() -> None:
    crowd = simulate_crowd(1, 0.6, 15, scene="crowd", seed=1, lens=Lens(640, 480, 65))
    estimator = open_estimator()
    for number, image in enumerate(render_crowd(crowd)):  # one is detected in the first frame, and after 0.3 s
        (person,) = estimator.detect(image, number / 15)
        assert isinstance(person, LocatedPerson)
        around = Square.around(person.points)
        assert square_of(person) == person.square != around
        assert around.distance(person.square) < 0.2
    estimator.close()


def test_faster_videos_are_read_at_the_rate_that_suffices(tmp_path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 48, 30) as writer:
        for shade in range(31):
            writer.add(np.full((48, 64, 3), 8 * shade, np.uint8))
    with Video(tmp_path / "a.mp4", min_rate=15) as video:
        frames = list(video)
    assert (video.step, video.fps, len(frames)) == (2, 15, 16)
    assert [frame.number for frame in frames] == list(range(16))
    assert [frame.seconds for frame in frames] == pytest.approx(np.arange(16) / 15, abs=0.001)
    assert [frame.image.mean() / 16 for frame in frames] == pytest.approx(np.arange(16), abs=0.3)
    for rate, step in ((10, 3), (16, 1), (29.97, 1), (1000, 1)):
        with Video(tmp_path / "a.mp4", min_rate=rate) as video:
            assert video.step == step
