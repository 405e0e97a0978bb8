"""`himpc pose` on a batch: files that are broken are told, the others are done, and nothing is done twice."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

import himpc
from himpc.cli import main
from himpc.simulation import Lens, simulate_crowd

pytest.importorskip("av")
pytest.importorskip("norfair")
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
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    assert main(["pose", str(films), "--out", str(out), "--json"]) == 3
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert "skipped" in said.err
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
    monkeypatch.setattr("himpc.video.reader.estimate", None)  # would fail if it were called
    assert main(["pose", str(films / "a"), str(films / "b"), "--out", str(out), "--quiet"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.rglob("*.npz")} == before


def test_paths_within_a_folder_tell_who_is_in_videos(films, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    assert main(["pose", str(films), "--name", "{person}/*.mp4", "--out", str(out)]) == 0
    assert {walk.person for walk in himpc.read(out / "recordings")} == {"a", "b"}
    read = himpc.read(films, name="{person}/*.mp4")
    assert {walk.person for walk in read} == {"a", "b"}


def test_recordings_are_read_back_as_they_were_made(films, crowd, tmp_path, monkeypatch) -> None:
    """Also where the estimator made a mistake: one cleaning, not two."""
    glitch = Exact(crowd)

    def detect(image, seconds):
        found = Exact.detect(glitch, image, seconds)
        for each in found if 0.9 < seconds < 1.1 else ():
            each.joints[[13, 15]] *= 8
        return found

    glitch.detect = detect
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: glitch)
    out = tmp_path / "out"
    assert main(["pose", str(films / "a"), "--out", str(out)]) == 0
    straight = himpc.read(films / "a")
    assert len(straight) > 0
    for written, seen in zip(himpc.read(out / "recordings"), straight, strict=True):
        assert written.source == seen.source
        assert (written.joints == seen.joints).all()
        assert float(abs(written.joints).max()) < 2.5
    with (out / "tracks.csv").open() as file:
        assert sum(int(row["impossible"]) for row in csv.DictReader(file)) > 0


def test_a_damaged_report_and_a_film_that_is_gone_are_made_again(films, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    command = ["pose", str(films / "a"), "--out", str(out), "--overlay"]
    assert main(command) == 0
    report, film = out / "hall.mp4.json", out / "hall.mp4.overlay.mp4"
    whole = json.loads(report.read_text())
    for damage in ("", "[]", "{}", json.dumps(whole | {"recordings": 3}), json.dumps({**whole, "notes": None})):
        report.write_text(damage)
        assert main(command) == 0
        assert json.loads(report.read_text()) == whole
    film.unlink()
    assert main(command) == 0
    assert film.is_file()
    assert main([*command, "--pictures"]) == 0
    assert json.loads(report.read_text())["overlay"] == "pictures"


def test_another_video_of_the_same_name_is_kept_beside(films, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    (films / "b" / "hall.mp4").write_bytes((films / "b" / "hall.mp4").read_bytes() + b"\0" * 8)
    assert main(["pose", str(films / "a" / "hall.mp4"), "--out", str(out)]) == 0
    assert main(["pose", str(films / "b" / "hall.mp4"), "--out", str(out)]) == 0
    assert {path.name for path in (out / "recordings").iterdir()} == {"hall.mp4.npz", "hall.mp4-2.npz"}
    with (out / "tracks.csv").open() as file:
        assert len({row["recording"].partition("#")[0] for row in csv.DictReader(file)}) == 2


def test_what_is_asked_for_differently_is_done_again(films, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    for field in ("session", "person"):
        assert main(["pose", str(films), "--name", f"{{{field}}}/hall.mp4", "--out", str(out)]) == 0
        assert {getattr(walk, field) for walk in himpc.read(out / "recordings")} == {"a", "b"}
    assert len(list((out / "recordings").iterdir())) == 2


def test_our_own_films_are_no_videos_to_look_at(films, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    monkeypatch.chdir(films / "a")
    for _ in range(2):
        assert main(["pose", ".", "--overlay", "--pictures"]) == 0
    assert [path.name for path in Path("poses").glob("*.mp4")] == ["hall.mp4.overlay.mp4"]
    assert len(list(Path("poses/recordings").iterdir())) == 1


def test_a_long_name_and_a_place_that_is_taken_do_not_end_a_batch(films, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    out = tmp_path / "out"
    (films / "a" / "hall.mp4").rename(films / "a" / f"{'x' * 240}.mp4")
    (out / "recordings" / "hall.mp4.npz").mkdir(parents=True)
    (films / "a" / "hall.mp4").write_bytes((films / "b" / "hall.mp4").read_bytes())
    assert main(["pose", str(films / "a"), "--out", str(out)]) == 3
    assert "is a folder" in capsys.readouterr().err
    (long,) = (path for path in (out / "recordings").iterdir() if path.is_file())
    assert long.name.startswith("x" * 40)


def test_videos_beside_other_files(films, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    folder = films / "a"
    (folder / "hall.mp4").rename(folder / "hall.webm")
    (folder / "who.csv").write_text("path,person\nhall.webm,Ada\n")
    assert main(["info", str(folder), "--labels", str(folder / "who.csv"), "--json"]) == 0
    assert "Ada" in capsys.readouterr().out
    himpc.recordings.save(himpc.simulate(1, 1, seconds=2), folder / "walk.npz")
    (folder / "who.csv").unlink()
    assert main(["info", str(folder)]) == 0
    assert "holds recordings, so its 1 videos are not read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "no video is given"),
        (["https://example.org/a.mp4"], "is an address, expected a file or folder; watch a stream with himpc identify"),
    ],
)
def test_what_is_no_video_at_all_is_told(arguments, why, tmp_path, capsys) -> None:
    assert main(["pose", *arguments, "--out", str(tmp_path / "out")]) == 1
    assert why in capsys.readouterr().err


def test_a_folder_that_cannot_be_opened_is_told(films, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))
    scandir = os.scandir

    def closed(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert main(["pose", str(films), "--out", str(tmp_path / "out")]) == 3
    assert "Permission denied" in capsys.readouterr().err
    assert main(["pose", str(films / "b"), "--out", str(tmp_path / "out")]) == 1
    assert "Permission denied" in capsys.readouterr().err


def test_nobody_in_it_is_told(films, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Nobody(crowd))
    for _ in range(2):  # the second time it is known from the report
        assert main(["pose", str(films / "a"), "--out", str(tmp_path / "out")]) == 3
        assert "no person was detected in 150 frames" in capsys.readouterr().err
        monkeypatch.setattr("himpc.video.reader.estimate", None)
    assert not list((tmp_path / "out").rglob("*.npz"))


def test_no_video_at_all(tmp_path, capsys) -> None:
    assert main(["pose", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "there is no video in it" in capsys.readouterr().err


def test_standing_can_be_left_out(tmp_path) -> None:
    from himpc.video import PoseCleaningRules, estimate

    frozen = simulate_crowd(1, 4, 25, scene="crowd", lens=Lens(1280, 720, 65), seed=1)
    stands = Exact(frozen)
    stands.detect = lambda image, seconds: Exact.detect(stands, image, 0.0)
    people = estimate(write(tmp_path / "a.mp4", pictures=80), stands)
    assert people.cleaned[0].share("standing") == 1
    left = estimate(tmp_path / "a.mp4", stands, cleaning=PoseCleaningRules(leave_out=("standing",)))
    assert not left.cleaned
    assert left.short_tracks
