"""Training: one seed one result, no label seen, clean ends, clear errors."""

import ast
import dataclasses
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import himpc.learning
import himpc.model
from himpc._schema import parse
from himpc.errors import ConfigError, DataError, RunFolderError
from himpc.learning import Callback, Config, train
from himpc.learning.distributed import ProcessGroup
from himpc.learning.epoch import _training_order
from himpc.learning.history import EpochRecord, History
from himpc.learning.trainer import _report_epoch, _resolve_start
from himpc.model import Model
from himpc.recordings import Recording, Windows
from himpc.skeleton import get_layout

from .conftest import KINECT, make_recordings


class Recorder(Callback):
    def __init__(self):
        self.batches, self.epochs, self.warnings = [], [], []

    def on_batch(self, epoch, done, total):
        self.batches.append((epoch, done, total))

    def on_epoch(self, record):
        self.epochs.append(record)

    def on_warning(self, message):
        self.warnings.append(message)


def without_seconds(history):
    return [dataclasses.replace(record, seconds=0) for record in history.epochs]


def test_one_seed_gives_one_result_and_keeps_global_state(windows, config):
    torch.manual_seed(1)
    before = torch.get_rng_state(), torch.are_deterministic_algorithms_enabled()
    first = train(windows, config)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.are_deterministic_algorithms_enabled()
    torch.manual_seed(2)
    again, other = train(windows, config), train(windows, config.with_(seed=8))
    assert first.model.fingerprint == again.model.fingerprint != other.model.fingerprint
    assert without_seconds(first.history) == without_seconds(again.history)


def test_training_lowers_the_loss(windows, config):
    recorder = Recorder()
    trained = train(windows, config.with_(max_epochs=15), callbacks=[recorder])
    assert recorder.epochs == trained.history.epochs
    assert trained.history.epochs[-1].loss < trained.history.epochs[0].loss
    steps = [b for b in recorder.batches if b[0] == 1]
    assert [done for _, done, _ in steps] == list(range(steps[0][2] + 1))
    assert steps[0][2] == -(-trained.history.epochs[0].trained // config.batch_size)  # the partial batch is used
    assert trained.model.embed(windows).shape == (len(windows), 3 * 16)


@pytest.mark.parametrize("names", ["true", "shuffle"])
def test_names_of_persons_do_not_change_a_bit(config, train_once, names):
    people = [f"person {n % 4}" for n in range(8)]
    if names == "shuffle":
        np.random.default_rng(0).shuffle(people)
    named = Windows.cut(make_recordings(names=people), length=6, stride=3)
    assert train(named, config).model.fingerprint == train_once(config).model.fingerprint


@pytest.mark.parametrize("package", [himpc.learning, himpc.model])
def test_learning_has_no_access_to_recordings_or_persons(package):
    for path in Path(package.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("himpc.recordings") for alias in node.names), path
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("himpc.recordings"):
                assert {alias.name for alias in node.names} <= {"BodySize", "Windows", "iter_blocks"}, path
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("person", "persons"), f"{path}:{node.lineno}"
    assert not {"person", "persons"} & {field.name for field in dataclasses.fields(Windows)}
    assert "recordings" not in inspect.signature(train).parameters


def test_default_result_equals_that_without_switches(config, train_once):
    """Numbers of an earlier version, with room for how other processors round."""
    trained = train_once(config)
    losses = [record.loss for record in trained.history.epochs]
    assert losses == pytest.approx([4.32999393, 3.98781941, 3.64656497, 3.27946570], rel=1e-4)
    weights = sum(parameter.double().abs().sum().item() for parameter in trained.model.network.parameters())
    assert weights == pytest.approx(2334.13725, rel=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"heads": 0},
        {"mining": "off"},
        {"mining_gradient": False},
        {"normalise": True},
        {"align": True},
        {"clustering": "hdbscan"},
        {"joint_weight": 3.0},
        {"shuffle": "once"},
        {"drop_last": True},
    ],
    ids=str,
)
def test_a_switch_changes_the_model_and_survives_saving(windows, config, train_once, change, tmp_path):
    before = train_once(config).model
    model = train(windows, config.with_(**change), out=tmp_path, callbacks=[Recorder()]).model
    assert model.fingerprint != before.fingerprint
    np.testing.assert_array_equal(Model.load(tmp_path).embed(windows), model.embed(windows))
    resumed = train(windows, config.with_(**change), out=tmp_path, resume=True)
    assert resumed.model.fingerprint == model.fingerprint


def test_windows_are_shuffled_every_epoch_or_once():
    kept = np.arange(50) % 7 > 0
    for shuffle, same in (("epoch", False), ("once", True)):
        config = Config(shuffle=shuffle, seed=3)
        first, second = (_training_order(kept, config, epoch) for epoch in (1, 2))
        assert (first.tolist() == second.tolist()) == same
        assert sorted(first) == np.flatnonzero(kept).tolist()
    fewer = _training_order(kept & (np.arange(50) != first[5]), config, 3)
    assert fewer.tolist() == np.delete(first, 5).tolist()  # what is noise in one epoch only leaves a gap


def test_drop_last_leaves_out_the_last_batch(windows, config, train_once):
    recorder = Recorder()
    whole = train_once(config).history.epochs[0].trained
    history = train(windows, config.with_(drop_last=True), callbacks=[recorder]).history
    assert 0 < history.epochs[0].trained == whole // 40 * 40 < whole
    assert {total for epoch, _, total in recorder.batches if epoch == 1} == {whole // 40}
    history = train(windows, config.with_(drop_last=True, batch_size=500), callbacks=[recorder]).history
    assert "fewer than a batch, and drop_last drops them; try a smaller batch_size (now 500)" in history.stopped


class Scores:
    """A score with given values, which records the models that it rates."""

    def __init__(self, *values):
        self.values, self.seen = list(values), []

    def __call__(self, model):
        self.seen.append(model.fingerprint)
        return self.values[len(self.seen) - 1]


@pytest.mark.parametrize("rank", [0, 1])
def test_only_the_first_process_warns_that_poses_are_not_aligned(rank):
    flat = [each.with_(joints=each.joints * (1, 1, 0), dimensions=2) for each in make_recordings()]
    windows, recorder = Windows.cut(flat, length=6, stride=3), Recorder()

    class Alone(ProcessGroup):
        """The process of a rank, which stops where it would wait for others."""

        def check_equal(self, value):
            raise RunFolderError("other processes are missing")

    with pytest.raises(RunFolderError, match="are missing"):
        train(windows, Config(align=True), callbacks=[recorder], processes=Alone(rank, 2))
    assert [message.split(" to face")[0] for message in recorder.warnings] == ["2D poses cannot be turned"] * (
        rank == 0
    )


@pytest.mark.parametrize(("is_label_free", "prior"), [(True, "identity"), (False, "none")])
def test_the_prior_is_adapted_only_without_labels_and_score(windows, is_label_free, prior):
    tracklet = Config.preset("tracklet")
    config, adapted, _ = _resolve_start(tracklet, windows, is_label_free=is_label_free, prefer_prior=False)
    assert (config.prior, adapted is not None) == (prior, is_label_free)


def test_a_warning_of_several_epochs_is_reported_once():
    recorder, history = Recorder(), History()
    for number in (1, 2, 3):
        warnings = ("all windows are in one cluster", *(["few clusters"] if number == 3 else []))
        history.epochs.append(EpochRecord(number, None, {}, {}, {}, 0, None, 0.0, warnings))
        _report_epoch(history, [recorder])
    assert recorder.warnings == ["all windows are in one cluster", "few clusters"]
    assert [record.epoch for record in recorder.epochs] == [1, 2, 3]


def test_stated_prior_with_labels_is_refused(windows):
    stated = Config.preset("tracklet").with_(prior="identity")
    with pytest.raises(ConfigError, match="adapted without labels or a score"):
        train(windows, stated, external_labels=windows.recording % 4)


def test_a_score_chooses_the_checkpoint_and_stops_training(windows, config):
    score = Scores(0.2, 0.7, 0.7, 0.1, 0.6)
    trained = train(windows, config.with_(max_epochs=50, patience=3), score=score, notes={"score": "Rank-1"})
    assert trained.model.fingerprint == score.seen[1]
    assert len(set(score.seen)) == 5
    assert [record.score for record in trained.history.epochs] == score.values
    assert trained.history.stopped == "the score has not risen for 3 epochs"
    card = trained.model.training
    assert card["checkpoint"] == "epoch 2, the highest score (0.7)"
    assert (card["labels_used"], card["score"]) == ("unknown: an external score chose the checkpoint", "Rank-1")
    last = train(windows, config.with_(max_epochs=5, patience=50))
    assert last.model.fingerprint == score.seen[4]  # asking changes nothing
    with pytest.raises(RunFolderError, match="epoch 1: the score is nan"):
        train(windows, config, score=Scores(float("nan")))


def test_without_heads_the_representation_is_the_features(windows, config):
    model = train(windows, config.with_(heads=0)).model
    features = np.concatenate([model.embed_level(windows, level) for level in model.levels], axis=1)
    np.testing.assert_array_equal(model.embed(windows), features)


def test_aligned_embeddings_do_not_depend_on_heading(windows, config, train_once):
    turned = windows.frames.copy()
    angle = np.random.default_rng(0).uniform(0, 6, len(turned)).astype(np.float32)[:, None]
    turned[..., 0] = np.cos(angle) * windows.frames[..., 0] + np.sin(angle) * windows.frames[..., 2]
    turned[..., 2] = -np.sin(angle) * windows.frames[..., 0] + np.cos(angle) * windows.frames[..., 2]
    others = dataclasses.replace(windows, frames=turned)
    model = train(windows, config.with_(align=True)).model
    np.testing.assert_allclose(model.embed(others), model.embed(windows), atol=1e-3)
    np.testing.assert_allclose(model.embed_level(others, "limb"), model.embed_level(windows, "limb"), atol=1e-4)
    assert abs(train_once(config).model.embed(others) - model.embed(windows)).max() > 0.1
    with pytest.warns(UserWarning, match="cannot be turned"):
        flat = train(dataclasses.replace(windows, dimensions=2), config.with_(align=True, max_epochs=1))
    assert not flat.model.align


def test_training_stops_when_stability_does_not_rise(windows, config):
    trained = train(windows, config.with_(max_epochs=50, patience=2, learning_rate=1e-9))
    assert "stability of pseudo-labels has not risen for 2 epochs" in trained.history.stopped
    assert trained.history.epochs[-1].stability == 1
    assert len(trained.history) == 4  # the second epoch is as stable as can be, two more did not rise


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"min_samples": 1000}, "windows are noise; try a larger eps"), ({"eps": 1.0}, "are in one cluster")],
)
def test_training_without_clusters_stops_with_advice(windows, config, changes, message, tmp_path):
    recorder = Recorder()
    if "min_samples" not in changes:
        windows = Windows.cut(make_recordings(people=1, each=8), length=6, stride=3)
    trained = train(windows, config.with_(k1=60, **changes), out=tmp_path / "run", callbacks=[recorder])
    assert message in trained.history.stopped
    assert all(message in warning for warning in recorder.warnings)
    assert len(recorder.warnings) == 3  # one per level, once
    assert trained.history.epochs[-1].loss is None
    assert trained.model.embed(windows).shape == (len(windows), 48)
    assert (tmp_path / "run" / "model.json").exists()


def test_warnings_are_python_warnings_without_a_callback(config):
    alike = Windows.cut(make_recordings(people=1), length=6)
    with pytest.warns(UserWarning, match="are in one cluster"):
        train(alike, config.with_(eps=1.0))


def test_two_windows_are_enough_and_one_is_not(config):
    two = Windows.cut([Recording(np.random.default_rng(0).normal(size=(12, 20, 3)), KINECT)], length=6)
    assert train(two, config, callbacks=[Recorder()]).history.stopped
    with pytest.raises(DataError, match="found 1 window, expected at least two to train"):
        train(dataclasses.replace(two, starts=two.starts[:1]), config)


def test_settings_that_do_not_fit_raise(windows, config, tmp_path):
    with pytest.raises(ConfigError, match="window_length is 5, but the windows have 6"):
        train(windows, config.with_(window_length=5))
    with pytest.raises(ConfigError, match="no run folder to resume; pass it as out"):
        train(windows, config, resume=True)


def test_an_infinite_loss_raises_with_advice(windows, config, tmp_path):
    huge = dataclasses.replace(windows, frames=windows.frames * np.float32(3e18))  # distances are finite, losses not
    with pytest.raises(RunFolderError, match=r"became infinite or NaN; try learning_rate below 0\.\d+, .* in metres"):
        train(huge, config, out=tmp_path)
    assert not (tmp_path / "model.json").exists()


def test_2d_windows_and_other_layouts_train_too(config):
    layout = get_layout("coco-17")
    rng = np.random.default_rng(0)
    joints = rng.normal(size=(3, 1, 17, 3)) + 0.1 * rng.normal(size=(3, 30, 17, 3))
    joints[..., 2] = 0
    windows = Windows.cut([Recording(j, layout, dimensions=2) for j in joints], length=6, stride=2)
    model = train(windows, config, callbacks=[Recorder()]).model
    assert (model.dimensions, model.layout) == (2, layout)


def test_card_describes_the_training(windows, config):
    trained = train(windows, config)
    assert parse(Config, trained.model.settings) == config
    assert trained.model.training["labels_used"] == "none"
    assert trained.model.training["checkpoint"] == "the last epoch"
    assert trained.model.training["stopped"] == trained.history.stopped
    json.dumps(trained.model.training)


def test_external_labels_replace_pseudo_labels(windows):
    labels = windows.recording % 3
    trained = train(windows, Config(hidden=8, heads=1, max_epochs=2), external_labels=labels)
    assert [set(record.clusters.values()) for record in trained.history.epochs] == [{3}, {3}]
    assert trained.model.training["labels_used"] == "unknown: external labels were given"
    with pytest.raises(ConfigError, match="external_labels should have a label for each of the"):
        train(windows, Config(hidden=8, heads=1, max_epochs=2), external_labels=labels + 1)
