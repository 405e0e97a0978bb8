"""rtmlib with local weights: from a frame to points in it, and clear errors for other files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from himpc.errors import ConfigError, DataError, ModelError
from himpc.video import open_estimator

pytest.importorskip("rtmlib")

DATA = Path(__file__).parent / "data"
WEIGHTS = [DATA / "detector.onnx", DATA / "pose.onnx"]  # made by make_networks.py
IN_3D = [DATA / "detector.onnx", DATA / "pose3d.onnx"]


@pytest.mark.parametrize(("x", "y"), [(20, 30), (33, 12), (12, 50)])
def test_bright_point_in_the_box_is_detected(x: int, y: int, capsys: pytest.CaptureFixture[str]) -> None:
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    (found,) = open_estimator("rtmlib", WEIGHTS).detect(image, 0.0)
    assert found.joints is None
    assert found.points.shape == (17, 2)
    assert np.abs(found.points - [x, y]).max() < 2
    assert (found.confidence > 0).all()
    assert capsys.readouterr().out == ""


def test_rtmpose_is_2d() -> None:
    estimator = open_estimator("rtmlib", WEIGHTS)
    assert estimator.dimensions == 2
    assert estimator.layout.name == "coco-17"
    estimator.close()


def test_3d_model_gives_metres_for_the_assumed_stature() -> None:
    estimator = open_estimator("rtmlib", IN_3D)
    assert estimator.dimensions == 3
    assert "no size" in estimator.notes[0]
    (found,) = estimator.detect(np.zeros((64, 64, 3), dtype=np.uint8), 0.0)
    joints = found.joints
    assert joints is not None
    assert joints.shape == (17, 3)
    np.testing.assert_allclose(joints[[11, 12]].mean(axis=0), 0, atol=1e-6)
    assert joints[0, 1] > joints[11, 1] > joints[15, 1]  # y up
    # The left wrist is 12 of 72 bins, of 2 x 2.1744869 m, nearer to the camera; all else is in one plane.
    np.testing.assert_allclose(joints[9, 2], 12 / 36 * 2.1744869, rtol=1e-4)
    np.testing.assert_allclose(joints[[5, 6, 13, 16], 2], 0, atol=1e-6)
    bones = [(5, 7), (6, 8), (7, 9), (8, 10), (11, 13), (12, 14), (13, 15), (14, 16), (5, 11), (6, 12)]
    lengths = [float(np.linalg.norm(joints[a] - joints[b])) for a, b in bones]
    assert sum(lengths) == pytest.approx(2 * 1.70 * (0.186 + 0.146 + 0.245 + 0.246 + 0.288), rel=1e-4)


def test_missing_file_is_named_with_its_source_and_licence(tmp_path: Path) -> None:
    for weights in ([], [tmp_path / "none.onnx", WEIGHTS[1]], [Path("https://x.org/a.onnx"), WEIGHTS[1]]):
        with pytest.raises(ConfigError, match=r"(?s)github\.com/open-mmlab.*Apache-2\.0.*weights="):
            open_estimator("rtmlib", weights)


def test_other_files_and_networks_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    with pytest.raises(ModelError, match="is no ONNX network"):
        open_estimator("rtmlib", [text, WEIGHTS[1]])
    with pytest.raises(ModelError, match="expected the SimCC outputs"):
        open_estimator("rtmlib", [WEIGHTS[0], WEIGHTS[0]])


def test_pose_model_as_detector_is_refused() -> None:
    with pytest.raises(ModelError, match="does not work as a YOLOX detector"):
        open_estimator("rtmlib", [WEIGHTS[1], WEIGHTS[1]])


def test_other_arrays_are_refused() -> None:
    with pytest.raises(DataError, match="an image must be uint8"):
        open_estimator("rtmlib", WEIGHTS).detect(np.zeros((4, 4), dtype=np.uint8), 0.0)
