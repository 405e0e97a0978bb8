"""Embedding file by file equals embedding all at once; finished files are cached; one bad file stops no other."""

import signal
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from himpc.api import embed
from himpc.archive import EmbeddingTable, embed_archive
from himpc.archive.tasks import Task, run_sequentially
from himpc.errors import DataError
from himpc.model import BASELINES
from himpc.reading import ReadOptions, plan, read
from himpc.recordings import mapped_arrays


def assert_same(a: EmbeddingTable, b: EmbeddingTable) -> None:
    for field in fields(EmbeddingTable):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)
        assert getattr(a, field.name).dtype == getattr(b, field.name).dtype


def at_once(model, walks, **how) -> EmbeddingTable:
    recordings = read(walks, labels=walks / "people.csv")
    return EmbeddingTable.from_recordings(embed(model, recordings, **how), recordings)


@pytest.mark.parametrize(("how", "mapped"), [({}, False), ({"level": "limb"}, True)])
def test_archive_equals_embedding_all_at_once(model, walks, tmp_path, how, mapped, monkeypatch):
    if mapped:
        monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    table, problems = embed_archive(model, plan(walks, ReadOptions(labels=walks / "people.csv")), tmp_path, **how)
    assert_same(table, at_once(model, walks, **how))
    assert table.short == ["short", "other"]
    assert list(table.person).count("Ada") == 2
    assert [problem.path.name for problem in problems] == ["walk10.npz", "people.csv"]


def test_archive_of_a_baseline_equals_embedding_all_at_once(walks, tmp_path):
    table, _ = embed_archive(BASELINES["body"], plan(walks), tmp_path, window_length=5)
    recordings = read(walks)
    assert_same(
        table, EmbeddingTable.from_recordings(embed(BASELINES["body"], recordings, window_length=5), recordings)
    )


def test_finished_files_are_not_embedded_again(model, walks, tmp_path):
    done = []

    def run(task, sources):
        for place, outcome in run_sequentially(task, sources):
            done.append(sources[place].name)
            yield place, outcome

    def stops_after_three(items, total, description):
        for count, item in enumerate(items):
            if count == 3:
                raise KeyboardInterrupt
            yield item

    archive = plan(walks, ReadOptions(labels=walks / "people.csv"))
    with pytest.raises(KeyboardInterrupt):
        embed_archive(model, archive, tmp_path, run=run, progress=stops_after_three)
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert_same(embed_archive(model, archive, tmp_path, run=run)[0], at_once(model, walks))
    assert done[:4] == ["walk0.npz", "walk2.npz", "walk4.npz", "walk6.npz"], "the fourth was not kept"
    assert done[4:] == ["walk6.npz", "walk8.npz", "walk9.npz", "walk10.npz"]
    done.clear()
    embed_archive(model, archive, tmp_path, run=run)
    assert not done
    some = next(path for path in tmp_path.glob("*.npz"))
    some.write_bytes(some.read_bytes()[:100])
    (walks / "walk10.npz").touch()
    embed_archive(model, archive, tmp_path, run=run)
    assert len(done) == 2, "the damaged part, and the file that changed"
    done.clear()
    embed_archive(model, archive, tmp_path, run=run, level="joint")
    assert len(done) == 7


@pytest.mark.parametrize(
    "change", [{"clean": False}, {"unit": "cm"}, {"name": "{person}.npz"}], ids=lambda c: next(iter(c))
)
def test_files_are_embedded_again_with_other_options(model, walks, change):
    """A cached embedding of other options would be a wrong result without a word."""
    keys = []
    for options in (ReadOptions(), ReadOptions(), ReadOptions(**change)):
        archive = plan(walks, options)
        source = next(source for source in archive.sources if source.path.name == "walk0.npz")
        keys.append(Task(model, archive, 6, None).key(source))
    assert keys[0] == keys[1] != keys[2]


KILLED = """
import os, signal, sys
from himpc.archive import embed_archive
from himpc.model import Model
from himpc.reading import plan

def kill_after_three(items, total, description):
    for count, item in enumerate(items):
        if count == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

embed_archive(Model.load(sys.argv[1]), plan(sys.argv[2]), sys.argv[3], progress=kill_after_three)
"""


@pytest.mark.slow
def test_an_archive_whose_process_was_killed_is_resumed(model, walks, tmp_path):
    model.save(tmp_path / "model")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "model"), str(walks), str(tmp_path / "parts")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "parts").glob("*.json"))) == 3
    done = []

    def run(task, sources):
        for place, outcome in run_sequentially(task, sources):
            done.append(sources[place].name)
            yield place, outcome

    table, _ = embed_archive(model, plan(walks), tmp_path / "parts", run=run)
    assert done == ["walk4.npz", "walk6.npz", "walk8.npz", "walk9.npz", "walk10.npz"], "people.csv is a file as well"
    recordings = read(walks)
    assert_same(table, EmbeddingTable.from_recordings(embed(model, recordings), recordings))


def test_archive_without_usable_recordings_raises(model, walks, tmp_path):
    with pytest.raises(DataError, match=r"no recording of 6 frames or more.*the first .*walk10\.npz"):
        embed_archive(model, plan([walks / "walk8.npz", walks / "walk10.npz"]), tmp_path)
