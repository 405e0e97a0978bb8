"""Every verb through the command line, on files, with small settings."""

import csv
import json
import os
import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

import himpc
from himpc import __version__
from himpc.cli import main
from himpc.cli.training import TrainingOptions
from himpc.learning import Config
from himpc.recordings import clean, load, save

SMALL = ["--hidden", "16", "--heads", "2", "--max-epochs", "2"]


@pytest.fixture(scope="module")
def walks(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("walks") / "walkers.npz"
    arguments = ["--people", "4", "--recordings", "4", "--seconds", "2", "--difficulty", "easy"]
    assert main(["simulate", *arguments, "--out", str(path), "--quiet"]) == 0
    return str(path)


@pytest.fixture(scope="module")
def run(walks, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("run") / "run"
    assert main(["train", walks, "--out", str(folder), "--quiet", *SMALL]) == 0
    return str(folder)


def document(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_settings_are_those_of_the_configuration():
    own = {"preset", "device"}
    assert {f.name for f in fields(TrainingOptions)} - own == {f.name for f in fields(Config)}


def test_info(walks, capsys):
    assert main(["info", walks, "--json"]) == 0
    rows = document(capsys)["recordings"]
    assert len(rows) == 16
    assert {row["person"] for row in rows} == {f"person-00{i}" for i in range(4)}
    assert main(["info", walks]) == 0
    assert "16 recordings" in capsys.readouterr().out


@pytest.mark.parametrize("axis", ["-x", "-y", "-z"])
def test_negative_axis_needs_no_equals_sign(walks, axis, capsys):
    assert main(["info", walks, "--up", axis, "--fps", "30", "--quiet"]) == 0
    assert main(["info", walks, "--up", "--quiet"]) == 2


def test_convert_writes_the_format_of_the_suffix(walks, tmp_path, capsys):
    assert main(["convert", walks, "--out", str(tmp_path / "set"), "--task", "walk", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert len(himpc.read(tmp_path / "set")) == len(files) == len(himpc.read(walks))
    assert all("_task-walk_" in file for file in files)
    assert main(["convert", walks, "--out", str(tmp_path / "walks.xlsx")]) == 1
    assert "does not write .xlsx files; expected .npz, .nc" in capsys.readouterr().err


def test_convert_keeps_what_it_was_given(walks, tmp_path):
    assert main(["convert", walks, "--out", str(tmp_path / "b.npz"), "--only", "person=person-001", "--quiet"]) == 0
    kept = load(tmp_path / "b.npz")
    assert {r.person for r in kept} == {"person-001"}
    assert len(kept) == 4


def test_train_leaves_a_run(walks, run, capsys):
    assert main(["train", walks, "--out", run, *SMALL]) == 1
    assert "already contains a run" in capsys.readouterr().err
    assert main(["train", walks, "--out", run, "--resume", "--json", *SMALL]) == 0
    assert document(capsys)["epochs"] == 2


def test_embed(walks, run, tmp_path):
    out = tmp_path / "embeddings.npz"
    assert main(["embed", walks, "--model", run, "--out", str(out), "--quiet"]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["recordings"].shape == (16, 48)
        assert arrays["windows"].shape == (len(arrays["window_recording"]), 48)
        assert arrays["window_start"].max() < 60
        assert arrays["person"][0] == "person-000"


def test_embed_writes_parquet(walks, tmp_path):
    pandas = pytest.importorskip("pandas", reason="the extra interchange is not installed")
    out = tmp_path / "embeddings.parquet"
    assert main(["embed", walks, "--model", "bones", "--out", str(out), "--quiet"]) == 0
    table = pandas.read_parquet(out)
    assert (len(table), table["person"][0]) == (16, "person-000")


@pytest.mark.parametrize("model", ["run", "bones", "d13", "d16", "raw", "body"])
def test_evaluate(walks, run, model, capsys):
    sides = ["--gallery", "session=session-1", "--probe", "session=session-2"]
    model = run if model == "run" else model
    assert main(["evaluate", walks, "--model", model, *sides, "--json"]) == 0
    result = document(capsys)
    assert result["recording"]["queries"] == 8
    assert 0 <= result["window"]["mAP"] <= result["window"]["rank_10"] <= 1


def test_what_is_not_asked_for_is_the_gallery(walks, capsys):
    probe = ["evaluate", walks, "--model", "bones", "--probe", "session=session-2", "--json"]
    assert main(probe) == 0
    result = document(capsys)
    assert (result["recording"]["queries"], result["recording"]["gallery"]) == (8, 8)
    assert main([*probe, "--gallery", "session=session-1,session-2"]) == 1
    assert "gallery and probe share" in capsys.readouterr().err


def test_group(walks, tmp_path, capsys):
    out = tmp_path / "groups"
    assert main(["group", walks, "--out", str(out), "--model", "bones", "--json"]) == 0
    result = document(capsys)
    assert result["agreement"]["ari"] > 0.9
    with (out / "groups.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["recording", "group", "confidence", "person"]
    assert [row["recording"] for row in rows] == [row["recording"] for row in result["recordings"]]
    for picture in ("groups.png", "map.png", "distances.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")


def test_group_by_training(walks, tmp_path, capsys):
    out = str(tmp_path / "groups")
    assert main(["group", walks, "--out", out, "--model", "train", "--people", "4", "--json", *SMALL]) == 0
    assert document(capsys)["people"] == 4


def test_demo(tmp_path, capsys):
    arguments = ["--people", "3", "--recordings", "4", "--difficulty", "easy", *SMALL]
    assert main(["demo", "--out", str(tmp_path / "demo"), *arguments]) == 0
    assert "groups.png" in capsys.readouterr().out
    assert (tmp_path / "demo" / "run" / "training.png").exists()


def test_one_bad_file_among_many_is_named_and_the_exit_code_tells(walks, tmp_path, capsys):
    shutil.copy(walks, tmp_path / "a.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    assert main(["info", str(tmp_path)]) == 3
    assert "skipped" in (printed := capsys.readouterr()).err
    assert "broken.npz" in printed.err
    assert "16 recordings" in printed.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["info", "nowhere"], 1, "nowhere"),
        (["info"], 1, "path"),
        (["evaluate", "WALKS", "--model", "nowhere"], 1, "nowhere"),
        (["evaluate", "WALKS", "--model", "bones", "--gallery", "season=1"], 1, "FIELD=VALUE"),
        (["evaluate", "WALKS", "--model", "bones", "--gallery", "session=9"], 1, "session-1"),
        (["group", "WALKS", "--people", "99", "--out", "OUT"], 1, "people should be"),
        (["group", "WALKS", "--model", "train", "--eps", "2", "--out", "OUT"], 1, "eps should be"),
        (["train", "WALKS", "--window-length", "1000", "--out", "OUT"], 1, "longest recording"),
        (["demo", "--recordings", "2", "--out", "OUT"], 1, "at least 4 recordings"),
        (["info", "WALKS", "--unit", "furlong"], 2, "furlong"),
        (["dance"], 2, "dance"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(walks, tmp_path, arguments, code, words, capsys):
    places = {"WALKS": walks, "OUT": str(tmp_path / "out")}
    assert main([places.get(argument, argument) for argument in arguments]) == code
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert printed.err.startswith("himpc: ")
    assert printed.err.count("\n") == 1


def test_info_names_the_file_of_a_note_about_one_of_several(tmp_path, capsys):
    walk = himpc.simulate(people=2, recordings=1, seconds=1.0)
    quality = replace(walk[0].quality, notes=("odd", "common"))
    noted = [walk[0].with_(quality=quality), walk[1].with_(quality=replace(quality, notes=("common",)))]
    himpc.recordings.save(noted, tmp_path / "walks.npz")
    assert main(["info", str(tmp_path)]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "note: common" in output
    assert f"note on {noted[0].whole_source}: odd" in output


def test_info_as_json_lists_what_was_left_out(walks, tmp_path, capsys):
    shutil.copy(walks, tmp_path / "good.npz")
    (tmp_path / "bad\n.txt").write_text("no recording")
    assert main(["info", str(tmp_path), "--json"]) == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out)["left_out"][0]["path"].endswith("bad\\n.txt")
    assert printed.err.count("\n") == 1


def test_names_that_are_no_text_are_grouped_and_written(walks, tmp_path):
    recordings = load(walks)
    (tmp_path / "in").mkdir()
    for number, name in enumerate([b"line\n.npz", b"byte\xff.npz"]):
        save([recordings[4 * number].with_(source="")], tmp_path / "in" / os.fsdecode(name))
    assert main(["group", str(tmp_path / "in"), "--people", "2", "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert len((tmp_path / "out" / "groups.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("verb", [["evaluate"], ["embed", "--out", "OUT"]])
def test_a_window_of_no_frames_is_refused(walks, tmp_path, verb, capsys):
    verb = [str(tmp_path / "e.npz") if word == "OUT" else word for word in verb]
    assert main([*verb, walks, "--model", "bones", "--window-length", "0"]) == 1
    assert "found 0" in capsys.readouterr().err


def test_a_path_that_the_system_refuses_is_one_line(walks, tmp_path, capsys):
    for arguments in (["info", "n" * 300], ["convert", walks, "--out", str(tmp_path / ("n" * 300))]):
        assert main(arguments) == 1
        assert "File name too long" in capsys.readouterr().err


def test_info_fits_a_narrow_terminal(walks, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["info", walks, "--raw"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "no frames were empty or frozen or impossible or filled" in lines


def test_options_have_no_negative_form(capsys):
    assert main(["train", "--help"]) == 0
    assert not {"--no-quiet", "--empty-only"} & set(capsys.readouterr().out.split())


def test_the_next_command_reads_the_files_the_same_way(walks, tmp_path, capsys):
    assert main(["train", walks, "--out", str(tmp_path / "my run"), "--fps", "30", *SMALL]) == 0
    assert f"Next: himpc group {walks} --fps 30.0 --model '{tmp_path}/my run'" in capsys.readouterr().out


def test_a_stopped_training_says_how_it_goes_on(walks, tmp_path, capsys, monkeypatch):
    def stop(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("himpc.estimator.HiMPC.fit", stop)
    assert main(["train", walks, "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "himpc: interrupted\n"
    (tmp_path / "checkpoint.safetensors").touch()
    assert main(["train", walks, "--out", str(tmp_path)]) == 130
    assert "--resume" in (printed := capsys.readouterr().err)
    assert printed.endswith("himpc: interrupted\n")


@pytest.mark.parametrize("verb", ["convert", "embed", "anonymize"])
def test_verbs_never_replace_an_input(verb, walks, tmp_path, capsys):
    data, labels = tmp_path / "data.npz", tmp_path / "labels.csv"
    shutil.copy(walks, data)
    labels.write_text("path,person\ndata.npz,ann\n")
    before = data.read_bytes()
    more = {"embed": ["--model", "body"], "anonymize": ["--method", "none"]}.get(verb, [])
    assert main([verb, str(data), *more, "--out", str(data)]) == 1
    assert "data.npz: is an input, which is never changed" in capsys.readouterr().err
    assert data.read_bytes() == before
    if verb == "anonymize":
        command = ["--labels", str(labels), "--key", str(labels), "--out", str(tmp_path / "shared.npz")]
        assert main([verb, str(data), *more, *command]) == 1
        assert "labels.csv: is an input" in capsys.readouterr().err
        assert labels.read_text().startswith("path,person")


@pytest.mark.parametrize("verb", ["group", "audit", "risk", "train", "pose", "demo", "identify"])
def test_a_failing_verb_leaves_no_output_folder(verb, tmp_path, capsys):
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    paths = ["--people", "0"] if verb == "demo" else [str(tmp_path / "notes.csv")]
    assert main([verb, *paths, "--out", str(tmp_path / "new" / "out")]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["notes.csv"]


@pytest.mark.parametrize(
    ("arguments", "name", "advice"),
    [
        (["view"], "page", "page: has no suffix, expected .html or .htm; name it page.html"),
        (["report"], "page.pdf", "has the suffix .pdf, expected .html or .htm; name it page.pdf.html"),
        (["embed", "--model", "bones"], "e.csv", "expected .npz or .parquet"),
        (["anonymize", "--method", "none"], "a", "expected .npz; name it a.npz"),
        (["view"], "missing/page.html", "there is no folder"),
    ],
)
def test_an_output_is_checked_before_the_inputs_are_read(arguments, name, advice, tmp_path, capsys):
    assert main([*arguments, str(tmp_path / "missing.csv"), "--out", str(tmp_path / name)]) == 1
    assert advice in capsys.readouterr().err


def test_a_warning_about_groups_names_the_option(tmp_path, capsys):
    walks = himpc.simulate(people=6, recordings=1, seconds=1.0, seed=1)
    himpc.save([part for walk in walks for part in clean(walk)], tmp_path / "walks.npz")
    assert main(["group", str(tmp_path / "walks.npz"), "--out", str(tmp_path / "out"), "--model", "bones"]) == 0
    assert "state the number of people with --people" in capsys.readouterr().out
