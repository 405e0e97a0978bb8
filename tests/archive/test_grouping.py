"""Grouping from a table of embeddings gives the groups of the recordings themselves."""

import csv

import numpy as np
import pytest

import himpc
from himpc.archive import EmbeddingTable, group_table, is_embedding_table
from himpc.cli import main
from himpc.errors import ModelError
from himpc.learning.statistics import adjusted_rand_index


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(people=4, recordings=3, seconds=1.5, difficulty="easy", seed=2)


@pytest.fixture(scope="module", params=["identity", "none"])
def model(request, walks):
    return (
        himpc.HiMPC(settings={"prior": request.param} | ({"max_epochs": 1} if request.param == "none" else {}))
        .fit(walks)
        .model_
    )


@pytest.fixture
def table(walks, model):
    return EmbeddingTable.from_recordings(himpc.embed(model, walks), walks)


def test_groups_equal_those_of_the_recordings(walks, model, table):
    grouping, expected = group_table(table, model), himpc.group(walks, model)
    assert adjusted_rand_index(grouping.groups, expected.groups) == 1
    np.testing.assert_allclose(grouping.confidence, expected.confidence, atol=1e-4)


def test_the_verb_groups_a_file_of_embeddings(tmp_path, model, table, capsys):
    table.save(tmp_path / "e.npz")
    model.save(tmp_path / "model")
    assert is_embedding_table(tmp_path / "e.npz")
    command = ["group", str(tmp_path / "e.npz"), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    assert "--model" in capsys.readouterr().err
    assert main([*command, "--model", str(tmp_path / "model")]) == 0
    with (tmp_path / "out" / "groups.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["recording"] for row in rows] == table.source.tolist()
    assert [int(row["group"]) for row in rows] == group_table(table, model).groups.tolist()


def test_embeddings_of_another_size_are_rejected(model):
    other = EmbeddingTable.without_windows([])
    with pytest.raises(ModelError, match="dimensions"):
        group_table(other, model)


def test_other_files_are_no_tables(tmp_path, walks):
    himpc.save(walks[:1], tmp_path / "walks.npz")
    (tmp_path / "text.npz").write_text("no archive")
    names = ("walks.npz", "text.npz", "missing.npz", "")
    assert [is_embedding_table(tmp_path / name) for name in names] == [False] * 4
