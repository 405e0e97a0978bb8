"""File by file is as all in one go, to the bit; what is done is not done again; one bad file stops no other."""

from dataclasses import fields, replace

import numpy as np
import pytest

from himpc.api import embed
from himpc.archive import EmbeddingTable, embed_archive
from himpc.archive.tasks import run_sequentially
from himpc.errors import DataError
from himpc.model import BASELINES
from himpc.reading import ReadOptions, plan, read


def same(a: EmbeddingTable, b: EmbeddingTable) -> None:
    for field in fields(EmbeddingTable):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)
        assert getattr(a, field.name).dtype == getattr(b, field.name).dtype


def at_once(model, walks, **how) -> EmbeddingTable:
    recordings = read(walks, labels=walks / "people.csv")
    return EmbeddingTable.of(embed(model, recordings, **how), recordings)


@pytest.mark.parametrize("how", [{}, {"level": "limb"}])
def test_file_by_file_is_as_all_in_one_go(model, walks, tmp_path, how):
    table, problems = embed_archive(model, plan(walks, ReadOptions(labels=walks / "people.csv")), tmp_path, **how)
    same(table, at_once(model, walks, **how))
    assert table.short == ["short", "other"]
    assert list(table.person).count("Ada") == 2
    assert [problem.path.name for problem in problems] == ["walk10.npz", "people.csv"]


def test_baselines_too(walks, tmp_path):
    table, _ = embed_archive(BASELINES["body"], plan(walks), tmp_path, window_length=5)
    recordings = read(walks)
    same(table, EmbeddingTable.of(embed(BASELINES["body"], recordings, window_length=5), recordings))


def test_what_is_done_is_not_done_again(model, walks, tmp_path):
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
    same(embed_archive(model, archive, tmp_path, run=run)[0], at_once(model, walks))
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


def test_nothing_to_embed_says_why(model, walks, tmp_path):
    with pytest.raises(DataError, match=r"no recording of 6 frames or more.*the first .*walk10\.npz"):
        embed_archive(model, plan([walks / "walk8.npz", walks / "walk10.npz"]), tmp_path)


def test_taking_all_recordings_changes_nothing_and_some_are_those_asked_for(model, walks):
    table = at_once(model, walks)
    same(table.take(range(len(table.recordings))), table)
    some = table.take([5, 2])
    assert list(some.source) == [table.source[5], table.source[2]]
    np.testing.assert_array_equal(some.windows[some.window_recording == 0], table.windows[table.window_recording == 5])
    np.testing.assert_array_equal(some.windows[some.window_recording == 1], table.windows[table.window_recording == 2])


def test_a_saved_table_comes_back(model, walks, tmp_path):
    table = replace(at_once(model, walks))
    table.save(tmp_path / "table.npz")
    same(EmbeddingTable.load(tmp_path / "table.npz"), table)
