"""A sweep does each run once, through interruptions and in parallel."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import himpc
from himpc.cli import main
from himpc.errors import ConfigError, DataError
from himpc.evaluation import grouping_agreement
from himpc.research.sweep import Grid, Plan, load_data
from himpc.research.sweep.results import MEASURES
from himpc.simulation import CAMERAS

pytestmark = pytest.mark.xdist_group("sweep")  # one worker runs the sweep that they share

GRID = """
seeds = [0, 1, 2, 3, 4, 5, 6, 7]
[data.recipe]
name = "mine"
title = "Mine"
train = ["source=*-0"]
gallery = ["source=*-1"]
probe = ["source=*-2"]
simulation = {people = 3, recordings = 3, seconds = 1, difficulty = "easy"}
[settings]
hidden = 8
heads = 1
max_epochs = 1
"""


def records(out):
    """Return the rows of the table, without what the clock says."""
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def test_run_equals_train_evaluate_and_group(finished):
    _, result = finished
    row = next(iter(result.rows.values()))
    front = [camera for camera in CAMERAS if camera.name == "front"]
    walks = himpc.simulate(people=3, recordings=3, seconds=1, difficulty="easy", cameras=front, sessions=2)
    train, gallery, probe = (
        [clean for walk in walks if walk.source.endswith(f"-{take}") for clean in himpc.recordings.clean(walk)]
        for take in range(3)
    )
    learner = himpc.HiMPC("clean", settings={"hidden": 8, "heads": 1, "max_epochs": 1}, device="cpu").fit(train)
    found = himpc.evaluate(learner.model_, gallery, probe)
    groups = himpc.group([*gallery, *probe], learner.model_)
    agreement = grouping_agreement(groups.groups, [walk.person for walk in [*gallery, *probe]])
    assert row.measures == pytest.approx(
        {
            "window_rank_1": found.window.ranking.rank[1],
            "window_mAP": found.window.ranking.mAP,
            "recording_rank_1": found.recording.ranking.rank[1],
            "recording_mAP": found.recording.ranking.mAP,
            "ari": agreement.ari,
            "ami": agreement.ami,
            "purity": agreement.purity,
        },
        rel=1e-6,
    )


def test_table_has_a_row_per_run_and_reasons_of_failures(finished):
    out, result = finished
    rows = records(out)
    assert [(row["varied"], row["value"], row["seed"]) for row in rows] == [
        *[("", "preset", "0"), ("", "preset", "1"), ("levels", "joint", "0"), ("levels", "joint", "1")],
        *[("window_length", "100", "0"), ("window_length", "100", "1")],
    ]
    assert all("use a shorter window" in row["failed"] and row["ari"] == "" for row in rows[4:])
    assert all(
        row["failed"] == "" and 0 <= float(row[name]) <= 1
        for row in rows[:4]
        for name in MEASURES
        if name not in ("ari", "ami")
    )
    assert len(result.failed) == 2
    summary = (out / "summary.md").read_text()
    assert (
        summary.index("| preset ") < summary.index("| levels = joint ") < summary.index("- window_length = 100, seed 0")
    )
    assert (out / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert [path.suffix for path in (out / "runs").iterdir()] == [".json"] * 6


def test_parallel_runs_give_the_same_table(finished, table, sweep_of, tmp_path):
    del table["vary"]["window_length"]
    sweep_of(table, tmp_path, jobs=2)
    assert records(tmp_path) == records(finished[0])[:4]


def test_only_missing_runs_are_done(finished, table, sweep_of, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "sweep")
    keys = list(finished[1].rows)
    (out / "runs" / f"{keys[0]}.json").unlink()
    damaged = out / "runs" / f"{keys[2]}.json"
    damaged.write_text(damaged.read_text()[:-40])
    del table["vary"]["window_length"]
    table["vary"]["mining"] = ["off"]
    table["seeds"] = [0]
    result, done = sweep_of(table, out, jobs=2)
    new = [key for key in result.rows if key not in keys]
    assert len(new) == 1
    assert sorted(done) == sorted([keys[0], keys[2], *new])
    assert [row.settings["mining"] for row in result.rows.values()] == ["hard", "hard", "off"]
    assert result.rows[keys[0]].measures == finished[1].rows[keys[0]].measures


def test_failed_runs_are_pending(finished, table):
    out, result = finished
    grid = Grid.from_table(table)
    assert [run.key for run in Plan(grid, load_data(grid), out).pending] == [row.key for row in result.failed]


def test_dead_process_is_a_failed_row(table, tmp_path):
    grid = Grid.from_table(table)
    plan = Plan(grid, load_data(grid), tmp_path)
    assert "signal 9" in plan.finish(plan.pending[0], -9).failed
    assert "code 1" in plan.finish(plan.pending[1], 1).failed
    assert [row["failed"][:11] for row in records(tmp_path)] == ["its process"] * 2


def test_jobs_share_the_cores(table, tmp_path, monkeypatch):
    monkeypatch.setattr("himpc.research.sweep.plan.count_cores", lambda: 16)
    grid = Grid.from_table(table)
    data = load_data(grid)
    shares = {
        jobs: (plan.jobs, plan.threads) for jobs in (None, 1, 4) for plan in [Plan(grid, data, tmp_path, jobs=jobs)]
    }
    assert shares == {None: (6, 2), 1: (1, 16), 4: (4, 4)}
    with pytest.raises(ConfigError, match="jobs must be 1 or more"):
        Plan(grid, data, tmp_path, jobs=0)


def test_unusable_data_stop_the_sweep_at_once(table, sweep_of, tmp_path):
    table["data"]["recipe"]["probe"] = ["source=*-1"]
    with pytest.raises(DataError, match="are in gallery and probe"):
        sweep_of(table, tmp_path, jobs=1)
    assert not list(tmp_path.iterdir())


def test_interrupted_sweep_continues(tmp_path, capsys):
    """It is interrupted after a run, killed after another one, and then finished."""
    grid, out = tmp_path / "grid.toml", tmp_path / "out"
    grid.write_text(GRID)
    command = ["sweep", str(grid), "--out", str(out), "--threads", "1"]
    written: dict[Path, int] = {}
    for number in (signal.SIGINT, signal.SIGKILL):
        words = [sys.executable, "-m", "himpc", *command, "--jobs", "1"]
        # tests that run in the background of a shell ignore SIGINT, which their processes would inherit
        heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        with subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=heed) as process:
            while len(list(out.glob("runs/[!.]*.json"))) == len(written):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(number)
            stderr = process.communicate(timeout=600)[1].decode()
        if number is signal.SIGINT:
            assert process.returncode == 130
            assert "repeat the command to continue" in stderr
            assert "Traceback" not in stderr
        assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in written.items())
        written = {path: path.stat().st_mtime_ns for path in out.glob("runs/[!.]*.json")}
        assert len(written) < 8
    assert main([*command, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["runs"]) == len(records(out)) == 8
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in written.items())


def test_interrupted_run_continues_from_its_checkpoint(finished, table, tmp_path):
    from himpc.learning import train
    from himpc.recordings import Windows
    from himpc.research.sweep.runs import perform

    class Stop(Exception):
        pass

    class StopAfterOne:
        def on_epoch(self, record):
            raise Stop

    table["settings"] |= {"max_epochs": 3, "eps": 0.3, "k1": 5}
    table["data"]["recipe"]["simulation"]["seconds"] = 2
    grid = Grid.from_table(table)
    plan = Plan(grid, load_data(grid), tmp_path)
    run = plan.pending[0]
    windows = Windows.cut(plan.data.train, run.config.window_length, run.config.training_stride)
    with pytest.raises(Stop):
        train(windows, run.config, out=run.folder / run.key, device=run.device, callbacks=(StopAfterOne(),))
    resumed = perform(run, plan.data)
    assert resumed.epochs == 3
    shutil.rmtree(run.folder / run.key)
    assert perform(run, plan.data).measures == resumed.measures
