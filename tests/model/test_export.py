"""Exported models give the embeddings of himpc in onnxruntime."""

import json
import sys

import numpy as np
import pytest

from himpc.cli import main
from himpc.errors import DependencyError
from himpc.model import Model, Network, export_onnx
from himpc.recordings import Recording, Windows
from himpc.skeleton import LEVELS, get_layout

pytest.importorskip("onnx", reason="the extra onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def make(layout: str = "kinect-v1", levels=LEVELS, heads: int = 8, length: int = 6, **switches) -> Model:
    of_network = {name: switches.pop(name) for name in ("normalise", "distances", "whiten") if name in switches}
    network = Network(get_layout(layout), levels, 64, heads, seed=2, **of_network)
    return Model(network, get_layout(layout), length, **switches)


@pytest.mark.parametrize(
    "model",
    [
        make(),
        make("kinect-v2", ("limb",)),
        make("openpose-14", heads=0, normalise=True),
        make(align=True),
        make(normalise=True),
        make(levels=("component", "joint"), heads=0),
        make(dimensions=2),
        make(distances=True, levels=("limb", "joint")),
        make(align=True, distances=True, whiten=True, normalise=True, heads=0),
        make("kinect-v2", whiten=True),
    ],
    ids=[
        "plain",
        "one level",
        "normalised without heads",
        "aligned",
        "normalised",
        "without heads",
        "2D",
        "distances",
        "tracklet",
        "whitened",
    ],
)
def test_onnxruntime_gives_equal_embeddings(model, tmp_path):
    path = tmp_path / "model.onnx"
    export_onnx(model, path)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for windows, frames in ((1, 6), (5, 6), (3, 1), (2, 40)):
        joints = rng.normal(size=(windows * frames, len(model.layout), 3)).astype(np.float32) + 2
        joints[0] *= (0, 1, 0)  # a body whose sides are one above the other
        joints[..., 2] *= model.dimensions == 3
        model.window_length = frames
        recording = Recording(joints, model.layout, dimensions=model.dimensions)
        expected = model.embed(Windows.cut([recording], frames))
        (found,) = session.run(None, {"joints": joints.reshape(windows, frames, -1, 3)})
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_file_has_shapes_and_metadata(tmp_path, capsys):
    model = make()
    model.save(tmp_path / "run")
    assert main(["export", str(tmp_path / "run"), "--out", str(tmp_path / "model.onnx"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == model.size
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    assert session.get_inputs()[0].shape == ["windows", "frames", 20, 3]
    assert session.get_outputs()[0].shape == ["windows", 192]
    about = session.get_modelmeta().custom_metadata_map
    assert about["fingerprint"] == model.fingerprint
    assert json.loads(about["joints"]) == list(model.layout.joints)
    assert about["window_length"] == "6"


def test_missing_onnx_raises_a_hint(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(DependencyError, match=r"pip install 'himpc\[onnx\]'"):
        export_onnx(make(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
