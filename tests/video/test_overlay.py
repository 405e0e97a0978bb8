"""Overlays show skeletons on a plain background, and frames only on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crowd import simulate_crowd
from himpc.skeleton import get_layout
from himpc.video import (
    Label,
    LabelledPose,
    Video,
    VideoResult,
    VideoWriter,
    draw,
    estimate,
    write_overlay,
    write_overlays,
)
from lens import Lens
from mannequins import ExactEstimator, render_crowd

pytest.importorskip("av")
pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> VideoResult:
    """Two seconds of two people."""
    crowd = simulate_crowd(2, 2, 25, scene="crowd", lens=Lens(320, 180, 65), seed=3)
    path = tmp_path_factory.mktemp("clip") / "hall.mp4"
    with VideoWriter(path, 320, 180, 25) as video:
        for image in render_crowd(crowd):
            video.add(image)
    return estimate(path, ExactEstimator(crowd), name="a/hall.mp4")


def test_overlay_contains_no_frames_unless_requested(result: VideoResult, tmp_path: Path) -> None:
    assert result.tracks
    write_overlay(tmp_path / "plain.mp4", result)
    write_overlay(tmp_path / "pictures.mp4", result, pictures=True)
    with (
        Video(tmp_path / "plain.mp4") as plain,
        Video(result.path) as original,
        Video(tmp_path / "pictures.mp4") as over,
    ):
        for drawn, frame, drawn_over in zip(plain, original, over, strict=True):
            assert np.median(drawn.image) < 60  # the background
            assert abs(float(np.median(drawn_over.image)) - float(np.median(frame.image))) < 30


def test_overlays_of_equal_names_do_not_overwrite_each_other(result: VideoResult, tmp_path: Path) -> None:
    paths = write_overlays(tmp_path, [result, result], {"a/hall.mp4#1": Label("Ada", 0.5)})
    assert [path.name for path in paths] == ["hall.mp4.overlay.mp4", "hall.mp4-2.overlay.mp4"]
    assert all(path.stat().st_size > 1000 for path in paths)


@pytest.mark.parametrize("spread", [0.0, 4.0, 30.0])
def test_labels_do_not_cover_each_other(spread: float) -> None:
    """Four people close together, also at the right edge: every label is drawn in full and by itself."""
    layout = get_layout("coco-17")
    for right in (100.0, 315.0):
        people = [
            LabelledPose(
                np.full((17, 2), (right - number * spread, 90.0 + number), np.float32),
                np.ones(17, np.float32),
                Label(f"track {number}"),
            )
            for number in range(4)
        ]
        together = draw(np.zeros((180, 320, 3), np.uint8), layout, people).any(axis=2).sum()
        alone = sum(draw(np.zeros((180, 320, 3), np.uint8), layout, [each]).any(axis=2).sum() for each in people)
        assert alone - together < 30  # the points of bodies may coincide
