"""After training, `himpc train` says in words how far the model can be believed."""

import json

import pytest

from himpc.cli import main

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


def test_next_is_to_group_by_the_prior_where_training_was_chosen_to_rank(walks, tmp_path, capsys):
    assert main(["train", walks, "--out", str(tmp_path / "auto")]) == 0
    printed = capsys.readouterr().out
    assert "show one activity" in printed
    assert printed.rstrip().endswith(f"Next: himpc group {walks}")
    assert main(["train", walks, "--out", str(tmp_path / "none"), "--prior", "none", "--max-epochs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "show one activity" not in printed
    assert printed.rstrip().endswith(f"--model {tmp_path / 'none'}")
