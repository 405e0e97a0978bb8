"""Models embed windows, are saved and loaded; damaged and untrusted files raise ModelError."""

import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.errors import ConfigError, HimpcError, ModelError
from himpc.model import Model, Network, resolve_device, window_features
from himpc.model.array_inference import BLOCK_FRAMES, BLOCK_ROWS, ArrayInference
from himpc.model.inference import Inference
from himpc.recordings import Recording, Windows
from himpc.skeleton import LEVELS, get_layout

KINECT = get_layout("kinect-v1")


@pytest.fixture
def windows():
    rng = np.random.default_rng(0)
    recordings = [Recording(rng.normal(size=(n, 20, 3)), KINECT) for n in (9, 20)]
    return Windows.cut(recordings, length=6, stride=2)


@pytest.fixture
def model():
    return Model(Network(KINECT, LEVELS, hidden=8, heads=3, seed=1), KINECT, window_length=6, settings={"seed": 1})


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path)
    return tmp_path


def test_embedding_equals_the_plain_formula_for_every_block_size(model, windows, monkeypatch):
    parts = []
    for level in LEVELS:
        encoder = model.network.encoder(level)
        nodes = model.network.pool(torch.from_numpy(windows[:]).flatten(0, 1), level)
        features = encoder(nodes.flatten(start_dim=1)).unflatten(0, (len(windows), 6)).mean(dim=1)
        np.testing.assert_allclose(model.embed_level(windows, level), features.detach(), rtol=1e-4, atol=1e-5)
        parts.append(torch.stack([features @ head for head in encoder.heads]).mean(dim=0))
    expected = torch.cat(parts, dim=1).detach()
    for frames in (1, 20, 10_000):
        monkeypatch.setitem(BLOCK_FRAMES, "cpu", frames)
        embedded = model.embed(windows)
        assert embedded.dtype == np.float32
        np.testing.assert_allclose(embedded, expected, rtol=1e-4, atol=1e-4)


def test_every_frame_is_encoded_once(model, monkeypatch):
    rows = []
    for kind in (Inference, ArrayInference):
        encode_frames = kind.encode_frames
        monkeypatch.setattr(
            kind,
            "encode_frames",
            lambda self, joints, encode=encode_frames: rows.append(len(joints)) or encode(self, joints),
        )
    recording = Recording(np.random.default_rng(0).normal(size=(600, 20, 3)), KINECT)
    windows = Windows.cut([recording], length=6, stride=1)
    model.embed(windows)
    model.embed_level(windows, "limb")
    window_features(model.network, windows)
    assert rows == [3 * BLOCK_ROWS] * 3  # 600 frames, padded


@given(st.integers(0, 2**10), st.data())
def test_embedding_does_not_depend_on_other_windows(model, seed, data):
    joints = np.random.default_rng(seed).normal(size=(90, 20, 3))
    together = model.embed(Windows.cut([Recording(joints, KINECT)], 6))
    start = data.draw(st.integers(0, 14))
    stop = data.draw(st.integers(start + 1, 15))
    alone = model.embed(Windows.cut([Recording(joints[6 * start : 6 * stop], KINECT)], 6))
    np.testing.assert_array_equal(alone, together[start:stop])


def test_inference_cache_follows_changes_of_weights(model, windows):
    before = model.embed(windows)
    assert model._inference() is model._inference()
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.mul_(2)
    changed = model.embed(windows)
    assert not np.allclose(changed, before)
    model.network.load_state_dict(Network(KINECT, LEVELS, hidden=8, heads=3, seed=1).state_dict())
    np.testing.assert_array_equal(model.embed(windows), before)


def test_loaded_model_equals_the_saved_one(model, saved, windows):
    for path in (saved, saved / "model.json", saved / "model.safetensors"):
        loaded = Model.load(path)
        assert loaded.fingerprint == model.fingerprint
        assert loaded.settings == {"seed": 1}
        np.testing.assert_array_equal(loaded.embed(windows), model.embed(windows))
    assert sorted(p.name for p in saved.iterdir()) == ["model.json", "model.safetensors"]


def test_model_from_file_contents_equals_the_saved_one(model, saved, windows):
    files = model.to_files()
    assert files == {path.name: path.read_bytes() for path in saved.iterdir()}
    loaded = Model.from_files(files, "here")
    np.testing.assert_array_equal(loaded.embed(windows), model.embed(windows))
    with pytest.raises(ModelError, match=r"here: has no model\.safetensors"):
        Model.from_files({"model.json": files["model.json"]}, "here")
    with pytest.raises(ModelError, match="is a file, expected the folder of a model"):
        Model.load(saved / "model.json" / "model.json")


def test_saved_model_embeds_without_torch(saved, model, windows, tmp_path):
    np.save(tmp_path / "one.npy", windows.frames[:9])
    script = (
        "import sys, numpy, himpc; model = himpc.Model.load(sys.argv[1])\n"
        "one = himpc.Recording(numpy.load(sys.argv[2]), model.layout)\n"
        "windows = himpc.recordings.Windows.cut([one], 6)\n"
        "vectors = [model.embed(windows)[0], model.stream().push(windows[:][0, 0])]\n"
        "assert 'torch' not in sys.modules; numpy.save(sys.argv[3], vectors[0])"
    )
    arguments = [str(each) for each in (saved, tmp_path / "one.npy", tmp_path / "out.npy")]
    subprocess.run([sys.executable, "-c", script, *arguments], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), model.embed(windows)[0], rtol=1e-4, atol=1e-4)


def test_model_saved_by_an_earlier_version_loads():
    model = Model.load(Path(__file__).parent / "data" / "saved-model")
    assert model.fingerprint == "279afd95c311ef07ccdeeeacceb3ae7d57fd8e56fdb47fbdacf307fe3ed72942"
    assert (model.levels, model.align, model.whitened, model.training) == (("limb", "joint"), True, True, {"epochs": 2})
    joints = np.random.default_rng(0).normal(size=(8, 20, 3))
    embeddings = model.embed(Windows.cut([Recording(joints, KINECT)], 4))
    np.testing.assert_allclose(embeddings, [[-0.7516, -1.9394, 0, 0], [0.8248, 1.9328, 0, 0]], atol=1e-4)


def test_fingerprint_depends_on_weights_and_window_length(model):
    same = Model(Network(KINECT, LEVELS, 8, 3, seed=1), KINECT, 6)
    others = [
        Model(Network(KINECT, LEVELS, 8, 3, seed=2), KINECT, 6),
        Model(Network(KINECT, LEVELS, 8, 3, seed=1), KINECT, 7),
    ]
    assert same.fingerprint == model.fingerprint
    assert model.fingerprint not in {other.fingerprint for other in others}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", "other", "is no himpc model card"),
        ("version", 2, "format version 2"),
        ("hidden", 10**9, "hidden should be less than or equal to 65536, found 1000000000"),
        ("hidden", 65536, "expected F32 [1024, 65536, 65536]|expected F32 [65536]"),
        ("heads", True, "heads should be a valid integer, found True"),
        ("levels", ["joint", "joint"], "levels: must be some of joint, component, limb, each once"),
        ("levels", ["joint"], "expected absent"),
        ("dimensions", 4, "dimensions should be less than or equal to 3, found 4"),
        ("layout", {"name": "x"}, "layout: root is missing"),
        ("training", 3, "training should be a table, found 3"),
        ("window_length", 7, "do not belong together"),
    ],
)
def test_invalid_card_raises(saved, key, value, message):
    card = saved / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {key: value}))
    with pytest.raises(ModelError, match="|".join(map(re.escape, message.split("|")))):
        Model.load(saved)


def test_missing_files_raise(saved, tmp_path):
    with pytest.raises(ModelError, match="there is no model here"):
        Model.load(tmp_path / "nothing")
    (saved / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors: there is no such file"):
        Model.load(saved)


@settings(max_examples=60)
@given(st.data())
def test_damaged_files_raise_or_give_the_same_model(model, tmp_path, data):
    model.save(tmp_path)
    path = tmp_path / data.draw(st.sampled_from(["model.json", "model.safetensors"]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    files = {name: (tmp_path / name).read_bytes() for name in ("model.json", "model.safetensors")}
    for load in (lambda: Model.load(tmp_path), lambda: Model.from_files(files, "a file")):
        with suppress(HimpcError):
            assert load().fingerprint == model.fingerprint


def test_unsuitable_windows_raise_a_hint(model):
    def cut(layout, length, dimensions=3):
        joints = np.random.default_rng(0).normal(size=(20, len(layout), 3))
        return Windows.cut([Recording(joints, layout, dimensions=dimensions)], length)

    with pytest.raises(ModelError, match="convert the recordings with layout='kinect-v1'"):
        model.embed(cut(get_layout("kinect-v2"), 6))
    with pytest.raises(ModelError, match="windows of 6 frames, found 5"):
        model.embed(cut(KINECT, 5))
    with pytest.raises(ModelError, match="3D skeletons, the windows are 2D"):
        model.embed_level(cut(KINECT, 6, dimensions=2), "joint")


def test_missing_level_raises(windows):
    model = Model(Network(KINECT, ("limb",), 8, 2), KINECT, 6)
    assert model.embed(windows).shape == (len(windows), 8)
    with pytest.raises(ModelError, match="no level 'joint': it was trained with limb"):
        model.embed_level(windows, "joint")


def test_resolve_device():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ConfigError, match="cuda:99"):
        resolve_device("cuda:99")
    with pytest.raises(ConfigError, match="must be auto, cpu"):
        resolve_device("gpu")
