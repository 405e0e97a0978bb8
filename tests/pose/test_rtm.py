"""rtmlib with weights of one's own: from a picture to points in it, and clear words where a file is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from himpc.errors import ConfigError, DataError, ModelError
from himpc.pose import open_estimator

pytest.importorskip("rtmlib")

DATA = Path(__file__).parent / "data"
WEIGHTS = [DATA / "detector.onnx", DATA / "pose.onnx"]  # made by make_networks.py


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


def test_a_missing_file_says_where_to_get_it_and_what_its_licence_is(tmp_path: Path) -> None:
    for weights in ([], [tmp_path / "none.onnx", WEIGHTS[1]], [Path("https://x.org/a.onnx"), WEIGHTS[1]]):
        with pytest.raises(ConfigError, match=r"(?s)github\.com/open-mmlab.*Apache-2\.0.*--weights"):
            open_estimator("rtmlib", weights)


def test_what_is_no_such_network_is_one_clear_line(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    with pytest.raises(ModelError, match="is no ONNX network"):
        open_estimator("rtmlib", [text, WEIGHTS[1]])
    with pytest.raises(ModelError, match="expected the two SimCC outputs"):
        open_estimator("rtmlib", [WEIGHTS[0], WEIGHTS[0]])


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(DataError, match="a picture must be uint8"):
        open_estimator("rtmlib", WEIGHTS).detect(np.zeros((4, 4), dtype=np.uint8), 0.0)
