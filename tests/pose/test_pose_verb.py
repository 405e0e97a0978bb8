"""`himpc pose` on a batch: files that are broken are told, the others are done, and nothing is done twice."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

import himpc
from himpc.cli import main
from himpc.data.simulation import Lens, simulate_crowd

pytest.importorskip("av")
pytest.importorskip("norfair")
sys.path.insert(0, str(Path(__file__).parent))
from clips import write
from test_identify import Exact


class Nobody(Exact):
    def detect(self, image, seconds):
        return []


@pytest.fixture
def crowd():
    return simulate_crowd(2, 6, 25, scene="alone", lens=Lens(128, 96, 65), seed=3)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for folder in ("a", "b"):
        (tmp_path / "films" / folder).mkdir(parents=True)
        write(tmp_path / "films" / folder / "hall.mp4", pictures=150, size=(128, 96))
    (tmp_path / "films" / "text.mp4").write_text("no")
    return tmp_path / "films"


def test_a_batch_goes_on_and_is_not_done_twice(films, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.pose.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    assert main(["pose", str(films), "--out", str(out), "--json"]) == 3
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert "left out" in said.err
    assert "text.mp4" in said.err
    assert len(document["videos"]) == 2
    names = {path.relative_to(out).as_posix() for path in out.rglob("*")}
    assert {"recordings/hall.mp4.npz", "recordings/hall.mp4-2.npz", "hall.mp4.json", "tracks.csv"} <= names
    walks = himpc.read(out / "recordings")
    assert not walks.problems
    assert all(walk.layout.name == "mediapipe-33" and walk.fps == 25 and walk.confidence is not None for walk in walks)
    assert {walk.source.partition("#")[0] for walk in walks} == {"a/hall.mp4", "b/hall.mp4"}
    with (out / "tracks.csv").open() as file:
        assert len(list(csv.DictReader(file))) >= len(walks)
    before = {path.name: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    monkeypatch.setattr("himpc.pose.estimate", None)  # would fail if it were called
    assert main(["pose", str(films / "a"), str(films / "b"), "--out", str(out), "--quiet"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.rglob("*.npz")} == before


def test_paths_within_a_folder_tell_who_is_in_videos(films, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.pose.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    assert main(["pose", str(films), "--name", "{person}/*.mp4", "--out", str(out)]) == 0
    assert {walk.person for walk in himpc.read(out / "recordings")} == {"a", "b"}
    read = himpc.pose.read_videos([films], Exact(crowd), name="{person}/*.mp4")
    assert {walk.person for walk in read} == {"a", "b"}


def test_nobody_in_it_is_told(films, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.pose.open_estimator", lambda *_, **__: Nobody(crowd))
    assert main(["pose", str(films / "a"), "--out", str(tmp_path / "out")]) == 3
    assert "shows nobody in 150 pictures" in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.npz"))


def test_no_video_at_all(tmp_path, capsys) -> None:
    assert main(["pose", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "there is no video in it" in capsys.readouterr().err


def test_standing_can_be_left_out(tmp_path) -> None:
    from himpc.pose import MendingRules, estimate

    frozen = simulate_crowd(1, 4, 25, scene="crowd", lens=Lens(1280, 720, 65), seed=1)
    stands = Exact(frozen)
    stands.detect = lambda image, seconds: Exact.detect(stands, image, 0.0)
    people = estimate(write(tmp_path / "a.mp4", pictures=80), stands)
    assert people.cleaned[0].share("standing") == 1
    left = estimate(tmp_path / "a.mp4", stands, mending=MendingRules(leave_out=("standing",)))
    assert not left.cleaned
    assert left.short
