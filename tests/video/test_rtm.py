"""rtmlib with weights of one's own: from a picture to points in it, and clear words where a file is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError, ModelError
from himpc.skeleton import get_layout
from himpc.video import open_estimator
from himpc.video.estimators.metric_scale import to_metres

pytest.importorskip("rtmlib")

DATA = Path(__file__).parent / "data"
WEIGHTS = [DATA / "detector.onnx", DATA / "pose.onnx"]  # made by make_networks.py
IN_3D = [DATA / "detector.onnx", DATA / "pose3d.onnx"]


@pytest.mark.parametrize(("x", "y"), [(20, 30), (33, 12), (12, 50)])
def test_a_bright_point_in_the_box_is_found(x: int, y: int, capsys: pytest.CaptureFixture[str]) -> None:
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    (found,) = open_estimator("rtmlib", WEIGHTS).detect(image, 0.0)
    assert found.joints is None
    assert found.points.shape == (17, 2)
    assert np.abs(found.points - [x, y]).max() < 2
    assert (found.confidence > 0).all()
    assert capsys.readouterr().out == ""


def test_it_is_marked_as_flat() -> None:
    estimator = open_estimator("rtmlib", WEIGHTS)
    assert estimator.dimensions == 2
    assert estimator.layout.name == "coco-17"
    estimator.close()


def test_a_model_in_3d_gives_metres_of_somebody_of_assumed_stature() -> None:
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


@given(st.floats(0.2, 500), st.floats(-5, 5), st.integers(0, 2**32 - 1))
def test_metres_do_not_depend_on_the_camera(scale: float, away: float, seed: int) -> None:
    layout = get_layout("coco-17")
    rng = np.random.default_rng(seed)
    points, depth = rng.normal(size=(17, 2)), 0.05 * rng.normal(size=17)
    sure = np.ones(17)
    one, other = to_metres(points, depth, sure, layout), to_metres(scale * points + 100, depth + away, sure, layout)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(("depth", "confidence"), [(10.0, 1.0), (0.0, 0.1)])
def test_what_is_no_body_is_none(depth: float, confidence: float) -> None:
    layout, rng = get_layout("coco-17"), np.random.default_rng(0)
    points = rng.normal(size=(17, 2))
    assert to_metres(points, depth * rng.normal(size=17), np.full(17, confidence), layout) is None


def test_a_missing_file_says_where_to_get_it_and_what_its_licence_is(tmp_path: Path) -> None:
    for weights in ([], [tmp_path / "none.onnx", WEIGHTS[1]], [Path("https://x.org/a.onnx"), WEIGHTS[1]]):
        with pytest.raises(ConfigError, match=r"(?s)github\.com/open-mmlab.*Apache-2\.0.*weights="):
            open_estimator("rtmlib", weights)


def test_what_is_no_such_network_is_one_clear_line(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    with pytest.raises(ModelError, match="is no ONNX network"):
        open_estimator("rtmlib", [text, WEIGHTS[1]])
    with pytest.raises(ModelError, match="expected the SimCC outputs"):
        open_estimator("rtmlib", [WEIGHTS[0], WEIGHTS[0]])


def test_networks_for_something_else_are_one_clear_line() -> None:
    with pytest.raises(ModelError, match="does not work as a YOLOX detector"):
        open_estimator("rtmlib", [WEIGHTS[1], WEIGHTS[1]])


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(DataError, match="an image must be uint8"):
        open_estimator("rtmlib", WEIGHTS).detect(np.zeros((4, 4), dtype=np.uint8), 0.0)
