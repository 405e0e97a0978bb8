"""After training, `himpc train` says in words how far the model can be believed."""

import json

import pytest

from himpc.cli import main
from himpc.model import Model

SMALL = ["--hidden", "16", "--max-epochs", "1"]


@pytest.fixture(scope="module")
def walks(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("walks") / "walkers.npz"
    arguments = ["--people", "5", "--recordings", "4", "--seconds", "2", "--difficulty", "easy"]
    assert main(["simulate", *arguments, "--out", str(path), "--quiet"]) == 0
    return str(path)


def test_advice_is_printed_and_in_the_document(walks, tmp_path, capsys):
    assert main(["train", walks, "--out", str(tmp_path), *SMALL]) == 0
    printed = capsys.readouterr().out
    assert main(["train", walks, "--out", str(tmp_path), "--resume", "--json", *SMALL]) == 0
    diagnosis = json.loads(capsys.readouterr().out)["diagnosis"]
    assert diagnosis["recordings"] == 20
    assert "people are distinguished" in diagnosis["advice"][0]
    assert all(sentence in printed for sentence in diagnosis["advice"])


def test_nothing_is_said_where_windows_were_grouped(walks, tmp_path, capsys):
    assert main(["train", walks, "--out", str(tmp_path), "--preset", "clean", "--json", *SMALL]) == 0
    assert json.loads(capsys.readouterr().out)["diagnosis"] is None


def test_a_network_is_trained_beside_the_adapted_prior_unless_a_prior_is_stated(walks, tmp_path, capsys):
    assert main(["train", walks, "--out", str(tmp_path / "auto")]) == 0
    printed = capsys.readouterr().out
    assert "Adapted the identity prior to 20 recordings" in printed
    assert "by which himpc evaluate ranks, too" in printed
    assert Model.load(tmp_path / "auto").ranking_network is not None
    for prior, options in (("none", ["--max-epochs", "1"]), ("identity", [])):
        assert main(["train", walks, "--out", str(tmp_path / prior), "--prior", prior, *options]) == 0
        assert "himpc evaluate" not in capsys.readouterr().out
        assert Model.load(tmp_path / prior).ranking_network is None
