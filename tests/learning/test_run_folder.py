"""The folder of a run: resumed to the same bits, never overwritten unasked, errors that say what to do."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from himpc.errors import ModelError, RunFolderError
from himpc.learning import Callback, train
from himpc.model import Model, read_note, write_tensors

from .conftest import make_recordings


class StopAfter(Callback):
    """What Ctrl-C does, after some epoch, or in the middle of it."""

    def __init__(self, epoch, within=False):
        self.epoch, self.within = epoch, within

    def on_epoch(self, record):
        if record.epoch == self.epoch and not self.within:
            raise KeyboardInterrupt

    def on_batch(self, epoch, done, total):
        if epoch == self.epoch and done == 1 and self.within:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def unbroken(windows, config, tmp_path_factory):
    """Return the folder of a run that was never stopped, and its model."""
    folder = tmp_path_factory.mktemp("unbroken")
    return folder, train(windows, config, out=folder).model


@pytest.mark.parametrize("stop", [StopAfter(2), StopAfter(3, within=True), StopAfter(1, within=True)])
def test_a_resumed_run_ends_with_the_same_bits(windows, config, tmp_path, unbroken, stop):
    whole, model = unbroken
    with pytest.raises(KeyboardInterrupt):
        train(windows, config, out=tmp_path / "broken", callbacks=[stop])
    assert not (tmp_path / "broken" / "model.json").exists()
    resumed = train(windows, config, out=tmp_path / "broken", resume=True)
    assert resumed.model.fingerprint == model.fingerprint
    written = [(folder / "model.safetensors").read_bytes() for folder in (tmp_path / "broken", whole)]
    assert written[0] == written[1]
    lines = [json.loads(line) for line in (tmp_path / "broken" / "history.jsonl").read_text().splitlines()]
    expected = [json.loads(line) for line in (whole / "history.jsonl").read_text().splitlines()]
    assert [line | {"seconds": 0} for line in lines] == [line | {"seconds": 0} for line in expected]


@pytest.mark.parametrize("stop", [StopAfter(1), StopAfter(3, within=True), StopAfter(3)])
def test_a_resumed_run_with_a_score_ends_with_the_same_bits(windows, config, tmp_path, stop):
    def score(model):  # highest in the second epoch
        return -abs(float(model.network.encoder("joint").b2.detach().norm()) - target)

    norms = []
    target = 0.0
    train(windows, config, score=lambda model: norms.append(-score(model)) or 0.0)
    target = norms[1]
    unbroken = train(windows, config, out=tmp_path / "unbroken", score=score)
    assert unbroken.history.best.epoch == 2
    with pytest.raises(KeyboardInterrupt):
        train(windows, config, out=tmp_path / "broken", callbacks=[stop], score=score)
    with pytest.raises(ModelError, match="was written with a score that chooses the checkpoint"):
        train(windows, config, out=tmp_path / "broken", resume=True)
    for _ in range(2):  # the second time it is finished
        resumed = train(windows, config, out=tmp_path / "broken", resume=True, score=score)
        assert resumed.model.fingerprint == unbroken.model.fingerprint
    assert Model.load(tmp_path / "broken").fingerprint == unbroken.model.fingerprint


def test_a_finished_run_is_unchanged_by_resume_and_replaced_by_overwrite(windows, config, tmp_path):
    first = train(windows, config, out=tmp_path)
    assert train(windows, config, out=tmp_path, resume=True).model.fingerprint == first.model.fingerprint
    with pytest.raises(RunFolderError, match="already contains a run; choose another folder, or pass resume=True or "):
        train(windows, config, out=tmp_path)
    other = train(windows, config.with_(seed=9), out=tmp_path, overwrite=True)
    assert Model.load(tmp_path).fingerprint == other.model.fingerprint != first.model.fingerprint
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"checkpoint.safetensors", "config.json", "history.jsonl", "model.json", "model.safetensors"}
    assert json.loads((tmp_path / "config.json").read_text())["config"]["seed"] == 9


def test_resume_without_a_run_and_unwritable_folders_raise(windows, config, tmp_path):
    with pytest.raises(RunFolderError, match="contains no run to resume"):
        train(windows, config, out=tmp_path / "none", resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot be written"):
        train(windows, config, out=tmp_path / "file" / "run")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_raises_before_training(windows, config, tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(RunFolderError, match="cannot be written"):
        train(windows, config, out=tmp_path, callbacks=[StopAfter(1)])


def test_a_checkpoint_of_another_run_raises(windows, config, tmp_path):
    train(windows, config, out=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(ModelError, match=r"was written with eps = 0\.6, now it is 0\.5"):
        train(windows, config.with_(eps=0.5), out=tmp_path, resume=True)
    from himpc.recordings import Windows

    others = Windows.cut(make_recordings(people=5), length=6, stride=3)
    with pytest.raises(ModelError, match="was written for other recordings"):
        train(others, config, out=tmp_path, resume=True)
    note = json.loads(read_note(path))
    for changed, message in (
        ({"version": 99}, "of version 99"),
        ({"config": None}, "has no settings"),
        ({"history": 3}, "is damaged or is no checkpoint"),
        ({}, "is absent, expected F32"),
    ):
        write_tensors(path, {}, json.dumps(note | changed))
        with pytest.raises(ModelError, match=message):
            train(windows, config, out=tmp_path, resume=True)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="is damaged or was not written by himpc"):
        train(windows, config, out=tmp_path, resume=True)


KILLED = """
import sys, time
from tests.learning.conftest import make_recordings
from himpc.recordings import Windows
from himpc.learning import Callback, Config, train

class Slow(Callback):
    def on_epoch(self, record):
        print(record.epoch, flush=True)
        time.sleep(0.5)

windows = Windows.cut(make_recordings(), length=6, stride=3)
settings = dict(hidden=16, heads=3, batch_size=40, max_epochs=4, eps=0.6, k1=10, seed=7)
train(windows, Config(**settings), out=sys.argv[1], callbacks=[Slow()])
"""


@pytest.mark.slow
def test_a_killed_process_resumes_with_the_same_bits(windows, config, unbroken, tmp_path, request):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")], cwd=request.config.rootpath, stdout=subprocess.PIPE
    )
    for line in process.stdout:
        if line.strip() == b"2":
            break
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "model.json").exists()
    resumed = train(windows, config, out=tmp_path / "killed", resume=True)
    assert resumed.model.fingerprint == unbroken[1].fingerprint
