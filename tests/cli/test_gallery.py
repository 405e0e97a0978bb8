"""The verb ``himpc gallery``: each command, and its error messages."""

import json

import pytest

import himpc.gallery
from himpc.cli import main
from himpc.recordings import save

pytest.importorskip("lancedb")


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "gallery")


@pytest.fixture
def enrolled(tmp_path, place, walks, walkers_model, capsys):
    """A gallery of three people, and files of new recordings of one of them and of another."""
    walkers_model.save(tmp_path / "model")
    save(walks("a", "b", "c"), tmp_path / "known.npz")
    save([walk.with_(person=None) for walk in walks("a", days=("3",))], tmp_path / "new.npz")
    code = main(
        ["gallery", "enroll", str(tmp_path / "known.npz"), "--gallery", place, "--model", str(tmp_path / "model")]
    )
    output = capsys.readouterr().out
    assert code == 0
    assert "Enrolled 12 recordings of 3 people: a, b, c" in output
    return tmp_path


def run_json(capsys, *command):
    code = main(["gallery", *map(str, command), "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out) if captured.out else captured.err


def test_enroll_calibrates_only_models_that_were_trained(tmp_path, place, walks, capsys):
    save(walks("a", "b", "c", "d"), tmp_path / "known.npz")
    command = ["gallery", "enroll", str(tmp_path / "known.npz"), "--gallery"]
    assert main([*command, place, "--prior", "identity"]) == 0
    output = capsys.readouterr().out
    assert "Calibrating" not in output
    assert "Next: himpc gallery search" in output
    trained = ["--max-epochs", "1", "--hidden", "16", "--folds", "2"]
    assert main([*command, str(tmp_path / "trained"), *trained]) == 0
    assert "Calibrating by 2 more trainings" in capsys.readouterr().out


def test_search_identifies_people(enrolled, place, capsys):
    code, document = run_json(capsys, "search", enrolled / "new.npz", "--gallery", place)
    assert code == 0
    assert [answer["matches"][0]["person"] for answer in document["answers"]] == ["a", "a"]
    assert main(["gallery", "search", str(enrolled / "new.npz"), "--gallery", place]) == 0
    output = capsys.readouterr().out
    assert "Unknown beyond the threshold" in output
    assert "FMR of" in output


def test_all_verbs_in_sequence(enrolled, place, capsys):
    def run(*command):
        code, document = run_json(capsys, *command, "--gallery", place)
        assert code == 0, document
        return document

    assert [person["name"] for person in run("list")["people"]] == ["a", "b", "c"]
    ids = [recording["id"] for recording in run("show", "a")["recordings"]]
    assert len(ids) == 4
    assert run("rename", "a", "Ann")["person"] == "Ann"
    assert run("move", ids[0], ids[1])["person"] == "unnamed-1"
    assert run("merge", "Ann", "unnamed-1")["moved"] == 2
    assert run("export", enrolled / "all.safetensors")["recordings"] == 12
    assert run("remove", "b", "--recording", ids[0], "--yes") == {"people": ["b"], "recordings": 5}
    assert run("verify")["wrong"] == []
    assert {event["action"] for event in run("audit")["events"]} >= {
        "created",
        "enrolled",
        "named",
        "merged",
        "removed",
    }
    code, document = run_json(capsys, "import", enrolled / "all.safetensors", "--gallery", enrolled / "other")
    assert (code, document) == (0, {"recordings": 12, "already": 0})


def test_errors_say_what_to_do(enrolled, place, capsys, tmp_path):
    for command, words in (
        (("list", "--gallery", tmp_path / "none"), "himpc gallery enroll creates one"),
        (("enroll", enrolled / "new.npz", "--gallery", place), "--unnamed"),
        (("show", "unknown", "--gallery", place), "himpc gallery list"),
        (("remove", "--gallery", place), "name the people to erase"),
        (("search", enrolled / "new.npz", "--gallery", place, "--fmr", "1e-9"), "smallest rate"),
        (("search", enrolled / "absent.npz", "--gallery", place), "absent.npz"),
        (("import", enrolled / "new.npz", "--gallery", place), "cannot be read as a gallery"),
        (("import", enrolled, "--gallery", place), "is a folder, expected a file"),
        (("list", "--gallery", "postgresql://unknown@127.0.0.1:1/none"), "server"),
        (("enroll", enrolled / "known.npz", "--gallery", enrolled), "choose a new folder"),
    ):
        code, output = run_json(capsys, *command)
        assert code == 1, command
        assert words in output
        assert output.count("\n") == 1
        assert "Traceback" not in output


def test_another_model_is_refused(enrolled, place, walkers, capsys):
    import himpc

    himpc.HiMPC(settings={"max_epochs": 1, "hidden": 8}).fit(walkers).save(enrolled / "other-model")
    command = ("enroll", enrolled / "known.npz", "--gallery", place, "--model", enrolled / "other-model")
    code, output = run_json(capsys, *command)
    assert code == 1
    assert "cannot be compared" in output


def test_damaged_gallery_is_reported(enrolled, place, capsys):
    from pathlib import Path

    (Path(place) / "catalogue.sqlite").write_bytes(b"nothing of the kind" * 100)
    code, output = run_json(capsys, "list", "--gallery", place)
    assert code == 1
    assert "damaged" in output


def test_names_that_look_like_markup_or_options_are_shown_as_they_are(enrolled, place, capsys):
    for old, new in (("a", "[/x] :smile: [red]"), ("b", "--gallery")):
        assert main(["gallery", "rename", "--gallery", place, "--", old, new]) == 0
    assert main(["gallery", "list", "--gallery", place]) == 0
    output = capsys.readouterr().out
    assert "[/x] :smile: [red]" in output
    assert "--gallery" in output


def test_removal_is_confirmed(enrolled, place, capsys, monkeypatch):
    people = ("list", "--gallery", place)
    code, output = run_json(capsys, "remove", "a", "--gallery", place)  # not interactive
    assert (code, "--yes" in output, "a (4 recordings)" in output) == (1, True, True)
    assert main(["gallery", "remove", "a", "--gallery", place]) == 1
    assert "--yes" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, expected in (("", 1), ("n", 1), ("yes", 0)):
        monkeypatch.setattr("builtins.input", lambda question, answer=answer: asked.append(question) or answer)
        assert len(run_json(capsys, *people)[1]["people"]) == 3
        assert main(["gallery", "remove", "a", "--gallery", place]) == expected
    capsys.readouterr()
    assert asked == ["Erase a (4 recordings) for good? [y/N] "] * 3
    assert len(run_json(capsys, *people)[1]["people"]) == 2


def test_remove_is_all_or_nothing_and_counts_each_once(enrolled, place, capsys):
    number = run_json(capsys, "show", "b", "--gallery", place)[1]["recordings"][0]["id"]
    assert run_json(capsys, "remove", "a", "unknown", "--gallery", place)[0] == 1
    assert run_json(capsys, "remove", "a", "--recording", str(2**70), "--gallery", place)[0] == 1
    assert len(run_json(capsys, "list", "--gallery", place)[1]["people"]) == 3
    twice = ("remove", "a", "a", "--recording", number, "--recording", number, "--yes", "--gallery", place)
    assert run_json(capsys, *twice) == (0, {"people": ["a"], "recordings": 5})


@pytest.mark.parametrize("command", [["move"], ["move", "--person", "x"], ["merge", "a"], ["move", str(2**70)]])
def test_incomplete_move_or_merge_is_refused(enrolled, place, capsys, command):
    code, output = run_json(capsys, *command, "--gallery", place)
    assert code == 1
    assert output.count("\n") == 1


def test_more_people_than_enrolled_may_be_requested(enrolled, place, capsys):
    code, found = run_json(capsys, "search", enrolled / "new.npz", "--gallery", place, "--people", 10**30)
    assert code == 0
    assert len(found["answers"][0]["matches"]) == 3


def test_verify_finds_a_damaged_log_and_enroll_an_unfinished_catalog(enrolled, place, capsys, tmp_path):
    (tmp_path / "gallery" / "searches.sqlite").write_bytes(b"nothing of the kind" * 100)
    code, document = run_json(capsys, "verify", "--gallery", place)
    assert code == 1
    assert "searches.sqlite" in document["wrong"][0]
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / "catalogue.sqlite").touch()
    known = tmp_path / "known.npz"
    code, output = run_json(capsys, "enroll", known, "--gallery", tmp_path / "killed", "--model", tmp_path / "model")
    assert code == 1
    assert "creation was interrupted" in output


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:/u:SECRET@h/db",
        "PostgreSQL://u:SECRET@h/db",
        "mysql://u:SECRET@h/db",
        "postgresql://u:S@SECRET@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=u&password=SECRET",
    ],
)
def test_a_password_is_shown_nowhere(enrolled, capsys, address, monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.chdir(enrolled)
    for command in (["list"], ["enroll", "known.npz", "--model", "model"]):
        assert main(["gallery", *command, "--gallery", address]) == 1
        captured = capsys.readouterr()
        assert "SECRET" not in captured.out + captured.err
    assert not any(":" in path.name for path in enrolled.iterdir())


def test_missing_names_are_reported_before_training(enrolled, tmp_path, capsys):
    code, output = run_json(capsys, "enroll", enrolled / "new.npz", "--gallery", tmp_path / "fresh")
    assert code == 1
    assert "--unnamed" in output
    assert not (tmp_path / "fresh").exists()


def test_folder_of_another_program_is_refused(enrolled, tmp_path, capsys):
    (tmp_path / "theirs" / "vectors").mkdir(parents=True)
    (tmp_path / "theirs" / "vectors" / "mine").write_text("")
    command = ("enroll", enrolled / "known.npz", "--gallery", tmp_path / "theirs", "--model", enrolled / "model")
    code, output = run_json(capsys, *command)
    assert code == 1
    assert "vectors/mine" in output


def test_gallery_that_another_process_creates_meanwhile_is_used(enrolled, place, capsys, monkeypatch):
    looks = iter([False, True])
    monkeypatch.setattr(himpc.gallery, "gallery_exists", lambda location: next(looks))
    files = [str(enrolled / "known.npz"), "--model", str(enrolled / "model")]
    assert main(["gallery", "enroll", *files, "--gallery", place]) == 0
    assert "12 recordings enrolled already" in capsys.readouterr().out
