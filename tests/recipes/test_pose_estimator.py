"""The recipe "Add a pose estimator" of CONTRIBUTING.md, followed for a toy estimator."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import himpc
from himpc.cli import main
from himpc.errors import ConfigError, DependencyError
from himpc.skeleton import get_layout
from himpc.video import ESTIMATORS, Detection, EstimatorEntry, PoseEstimator, VideoWriter, estimate, open_estimator

pytest.importorskip("av")

WIDTH, HEIGHT, FPS = 160, 120, 25


# Step 1 of the recipe: one module with a subclass of PoseEstimator.
class BrightFigure(PoseEstimator):
    """Takes the bright pixels for one standing person, seen in 2D."""

    name = "bright-figure"
    dimensions = 2

    _UPRIGHT = np.array(
        [
            *[(0.5, 0.05), (0.55, 0.03), (0.45, 0.03), (0.6, 0.05), (0.4, 0.05)],
            *[(0.8, 0.2), (0.2, 0.2), (0.9, 0.35), (0.1, 0.35), (0.9, 0.5), (0.1, 0.5)],
            *[(0.65, 0.5), (0.35, 0.5), (0.65, 0.75), (0.35, 0.75), (0.65, 1.0), (0.35, 1.0)],
        ],
        dtype=np.float32,
    )

    def __init__(self, *, brightness: int = 128) -> None:
        super().__init__()
        self.layout = get_layout("coco-17")
        self._brightness = brightness

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Detect the bright figure."""
        rows, columns = np.nonzero(image.mean(axis=2) >= self._brightness)
        if not len(rows):
            self.refused["too dark"] += 1
            return []
        size = np.array([np.ptp(columns), np.ptp(rows)], dtype=np.float32)
        points = np.array([columns.min(), rows.min()], dtype=np.float32) + size * self._UPRIGHT
        return [Detection(points, np.ones(17, dtype=np.float32))]


@pytest.fixture(autouse=True)
def _register(monkeypatch: pytest.MonkeyPatch) -> None:
    # Step 2 of the recipe: one row of the table.
    entry = EstimatorEntry(f"{__name__}:BrightFigure", "a bright figure in 2D")
    monkeypatch.setitem(ESTIMATORS, "bright-figure", entry)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright rectangle that moves to the right for a second, then darkness."""
    path = tmp_path_factory.mktemp("clip") / "hall.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, FPS) as video:
        for number in range(FPS + 5):
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            if number < FPS:
                image[20:100, 20 + 2 * number : 52 + 2 * number] = 255
            video.add(image)
    return path


def test_estimator_gives_a_recording(clip: Path) -> None:
    result = estimate(clip, open_estimator("bright-figure"))
    (recording,) = result.recordings
    assert (recording.dimensions, recording.layout.name, recording.fps) == (2, "coco-17", FPS)
    assert len(recording) == FPS
    movement = np.diff(recording.joints[:, :, 0].mean(axis=1))
    assert np.abs(movement[5:-5] - 2).max() < 0.5
    assert result.refused == {"too dark": 5}


def test_command_line_uses_the_estimator(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "poses"
    assert main(["pose", str(clip), "--estimator", "bright-figure", "--out", str(out), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)["videos"]
    assert report["tracks"] == 1
    (recording,) = himpc.read(out / "recordings")
    assert recording.layout == get_layout("coco-17")


def test_options_are_the_parameters_of_the_constructor(clip: Path) -> None:
    assert not estimate(clip, open_estimator("bright-figure", brightness=256)).tracks
    with pytest.raises(ConfigError, match="bright-figure has no option 'tiles', expected some of brightness"):
        open_estimator("bright-figure", tiles=2)
    open_estimator("bright-figure", tiles=0)  # an empty option is none


def test_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_estimator.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ESTIMATORS, "bright-figure", EstimatorEntry("toy_estimator:BrightFigure", ""))
    with pytest.raises(DependencyError, match=r"no_such_package.*himpc\[video\]"):
        open_estimator("bright-figure")
