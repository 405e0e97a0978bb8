"""The preset `tracklet`: no name is seen, one seed one result, all ways of embedding agree, odd input ends sanely."""

import dataclasses

import numpy as np
import pytest
import torch

from himpc.errors import DataError, LayoutError
from himpc.learning import Callback, Config, train
from himpc.model import Model, export_onnx
from himpc.recordings import Recording, Windows
from himpc.skeleton import get_layout

from .conftest import KINECT, make_recordings

TRACKLET = Config.preset("tracklet").with_(hidden=16, max_epochs=3, batch_size=40, seed=7)
FLAT = TRACKLET.with_(align=False)


class Interrupt(Callback):
    """Ends training as Ctrl-C does, in the midst of an epoch."""

    def on_batch(self, epoch, done, total):
        if (epoch, done) == (2, 1):
            raise KeyboardInterrupt


class Silent(Callback):
    def on_warning(self, message):
        self.said = message


@pytest.fixture(scope="module")
def trained(windows):
    return train(windows, TRACKLET)


def is_sane(trained, windows):
    """Whether all numbers of a model and its embeddings are finite, and every frame's part has length 1 or 0."""
    vectors = trained.model.embed(windows)
    finite = np.isfinite(vectors).all() and all(v.isfinite().all() for v in trained.model.network.state_dict().values())
    lengths = np.linalg.norm(vectors.reshape(len(vectors), 3, -1), axis=2)
    return bool(finite and (np.isclose(lengths, 1, atol=1e-4) | np.isclose(lengths, 0, atol=1e-4)).all())


def test_persons_are_found_and_the_loss_falls(trained, windows):
    assert is_sane(trained, windows)
    assert all(list(record.clusters.values()) == [4, 4, 4] for record in trained.history.epochs)
    assert all(list(record.noise.values()) == [0, 0, 0] for record in trained.history.epochs)
    assert trained.history.epochs[-1].loss < trained.history.epochs[0].loss
    assert trained.model.training["labels_used"] == "none"


@pytest.mark.parametrize("names", ["true", "shuffle"])
def test_names_of_persons_do_not_change_a_bit(trained, names):
    people = [f"person {n % 4}" for n in range(8)]
    if names == "shuffle":
        np.random.default_rng(0).shuffle(people)
    named = Windows.cut(make_recordings(names=people), length=6, stride=3)
    assert train(named, TRACKLET).model.fingerprint == trained.model.fingerprint


def test_results_depend_only_on_the_seed(trained, windows):
    assert train(windows, TRACKLET).model.fingerprint == trained.model.fingerprint
    assert train(windows, TRACKLET.with_(seed=8)).model.fingerprint != trained.model.fingerprint


def test_a_run_that_was_interrupted_is_resumed_to_the_same_bits(trained, windows, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(windows, TRACKLET, out=tmp_path, callbacks=[Interrupt()])
    assert not (tmp_path / "model.json").exists()
    assert train(windows, TRACKLET, out=tmp_path, resume=True).model.fingerprint == trained.model.fingerprint


def test_saved_and_streamed_models_embed_alike(trained, tmp_path):
    recording = make_recordings(frames=30)[3]
    windows = Windows.cut([recording], length=6, stride=1)
    expected = trained.model.embed(windows)
    trained.model.save(tmp_path)
    np.testing.assert_array_equal(Model.load(tmp_path).embed(windows), expected)
    stream = trained.model.stream()
    streamed = [vector for frame in recording.joints if (vector := stream.push(frame)) is not None]
    np.testing.assert_allclose(streamed, expected, atol=1e-5)
    by_level = np.concatenate([trained.model.embed_level(windows, level) for level in trained.model.levels], axis=1)
    np.testing.assert_allclose(by_level, expected, atol=1e-6)  # without heads the representation is the features


def test_an_exported_model_embeds_alike(trained, windows, tmp_path):
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    export_onnx(trained.model, tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    given = session.run(None, {"joints": windows[:]})[0]
    np.testing.assert_allclose(given, trained.model.embed(windows), atol=1e-4)


def test_embeddings_ignore_heading_and_place(trained, windows):
    turned = windows.frames.copy()
    turned[..., 0], turned[..., 2] = windows.frames[..., 2], -windows.frames[..., 0]
    seen = dataclasses.replace(windows, frames=turned)
    np.testing.assert_allclose(trained.model.embed(seen), trained.model.embed(windows), atol=1e-4)
    taller = dataclasses.replace(windows, frames=windows.frames * np.float32(1.1))
    assert abs(trained.model.embed(taller) - trained.model.embed(windows)).max() > 0.1


def image_plane(layout):
    rng = np.random.default_rng(0)
    joints = 100 * (rng.normal(size=(6, 1, len(layout), 3)) + 0.1 * rng.normal(size=(6, 30, len(layout), 3)))
    joints[..., 2] = 0
    return Windows.cut([Recording(j, layout, dimensions=2) for j in joints], length=6, stride=3)


def test_2d_skeletons_train_without_align():
    windows = image_plane(get_layout("coco-17"))
    silent = Silent()
    flat = train(windows, TRACKLET, callbacks=[silent])
    assert is_sane(flat, windows)
    assert flat.model.dimensions == 2
    assert not flat.model.align
    assert silent.said.startswith("2D poses cannot be turned to face one direction")
    np.testing.assert_array_equal(flat.model.embed(windows), train(windows, FLAT).model.embed(windows))


def test_embeddings_of_a_layout_without_sides_ignore_heading(windows):
    joints = tuple(name.replace("left_", "near_").replace("right_", "far_") for name in KINECT.joints)
    sideless = dataclasses.replace(KINECT, name="sideless", joints=joints, pairs=())
    windows = dataclasses.replace(windows, layout=sideless)
    with pytest.warns(UserWarning, match="'sideless' does not show which way a body faces: heights and distances"):
        trained = train(windows, TRACKLET)
    assert is_sane(trained, windows)
    assert not trained.model.align
    x, y, z = np.moveaxis(windows.frames, -1, 0)
    turned = dataclasses.replace(windows, frames=np.stack([0.6 * x + 0.8 * z, y, 0.6 * z - 0.8 * x], axis=-1))
    np.testing.assert_allclose(trained.model.embed(turned), trained.model.embed(windows), atol=1e-4)
    with pytest.raises(LayoutError, match="'sideless' has no left and right joints"):
        windows.aligned()


def test_one_recording_raises():
    windows = Windows.cut(make_recordings(people=1, each=1), length=6)
    with pytest.raises(
        DataError, match=r"found 1 recording as long as a window, expected at least two to train; add recordings"
    ):
        train(windows, TRACKLET)
    unwhitened = train(windows, TRACKLET.with_(whiten=False), callbacks=[Silent()])
    assert unwhitened.history.stopped.startswith("nothing to learn from")


@pytest.mark.parametrize(("people", "each"), [(2, 1), (1, 2), (3, 1), (1, 6)])
def test_few_recordings_or_one_person_give_finite_results(people, each):
    windows = Windows.cut(make_recordings(people=people, each=each), length=6)
    trained = train(windows, TRACKLET, callbacks=[Silent()])
    assert is_sane(trained, windows)
    if people * each < 4:
        assert list(trained.history.epochs[-1].clusters.values()) == [people * each] * 3


@pytest.mark.parametrize("bodies", ["one pose", "one pose a recording", "no body"])
def test_equal_frames_give_finite_results(bodies):
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(5, 1, 20, 3)) * (bodies != "no body")
    poses = poses[:1].repeat(5, axis=0) if bodies == "one pose" else poses
    windows = Windows.cut([Recording(pose.repeat(12, axis=0), KINECT) for pose in poses], length=6)
    assert is_sane(train(windows, TRACKLET, callbacks=[Silent()]), windows)


def test_windows_of_one_frame_and_batches_of_one_train():
    windows = Windows.cut(make_recordings(frames=3), length=1)
    config = TRACKLET.with_(window_length=1, batch_size=1, max_epochs=1)
    assert is_sane(train(windows, config), windows)


def test_global_random_state_is_unchanged(windows):
    before = torch.get_rng_state()
    train(windows, TRACKLET.with_(max_epochs=1))
    assert torch.equal(before, torch.get_rng_state())
