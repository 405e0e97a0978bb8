"""`himpc pose` processes every readable video once and reports the others."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

import himpc
from crowd import simulate_crowd
from himpc.cli import main
from lens import Lens

pytest.importorskip("av")
from clips import write

from mannequins import ExactEstimator


class Blind(ExactEstimator):
    def detect(self, image, seconds):
        return []


FRAMES = 75


@pytest.fixture(scope="module")
def crowd():
    return simulate_crowd(2, 6, 25, scene="alone", lens=Lens(128, 96, 65), seed=3)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for folder in ("a", "b"):
        (tmp_path / "videos" / folder).mkdir(parents=True)
        write(tmp_path / "videos" / folder / "hall.mp4", pictures=FRAMES, size=(128, 96))
    (tmp_path / "videos" / "text.mp4").write_text("no")
    return tmp_path / "videos"


def test_batch_continues_after_errors_and_is_not_repeated(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    assert main(["pose", str(videos), "--out", str(out), "--json"]) == 3
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert "skipped" in output.err
    assert "text.mp4" in output.err
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
    assert main(["pose", str(videos / "a"), str(videos / "b"), "--out", str(out), "--quiet"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.rglob("*.npz")} == before


def test_paths_within_a_folder_label_videos(videos, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    assert main(["pose", str(videos), "--name", "{person}/*.mp4", "--out", str(out)]) == 0
    assert {walk.person for walk in himpc.read(out / "recordings")} == {"a", "b"}
    read = himpc.read(videos, name="{person}/*.mp4")
    assert {walk.person for walk in read} == {"a", "b"}


def test_recordings_are_read_as_they_were_written(videos, crowd, tmp_path, monkeypatch) -> None:
    """Also after an error of the estimator: recordings are cleaned once, not twice."""
    glitch = ExactEstimator(crowd, confidence=0.9)
    detect_exactly = glitch.detect

    def detect(image, seconds):
        detections = detect_exactly(image, seconds)
        for each in detections if 0.9 < seconds < 1.1 else ():
            each.joints[[13, 15]] *= 8
        return detections

    glitch.detect = detect
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: glitch)
    out = tmp_path / "out"
    assert main(["pose", str(videos / "a"), "--out", str(out)]) == 0
    read_directly = himpc.read(videos / "a")
    assert len(read_directly) > 0
    for written, seen in zip(himpc.read(out / "recordings"), read_directly, strict=True):
        assert written.source == seen.source
        assert (written.joints == seen.joints).all()
        assert float(abs(written.joints).max()) < 2.5
    with (out / "tracks.csv").open() as file:
        assert sum(int(row["impossible"] or 0) for row in csv.DictReader(file)) > 0


def test_damaged_report_and_missing_overlay_are_written_again(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    command = ["pose", str(videos / "a"), "--out", str(out), "--overlay"]
    assert main(command) == 0
    assert f"Wrote {out / 'hall.mp4.overlay.mp4'}" in capsys.readouterr().out
    report, overlay = out / "hall.mp4.json", out / "hall.mp4.overlay.mp4"
    whole = json.loads(report.read_text())
    for damage in ("", "[]", "{}", json.dumps(whole | {"recordings": 3}), json.dumps({**whole, "notes": None})):
        report.write_text(damage)
        assert main(command) == 0
        assert json.loads(report.read_text()) == whole
    overlay.unlink()
    assert main(command) == 0
    assert overlay.is_file()
    assert main([*command, "--pictures"]) == 0
    assert json.loads(report.read_text())["overlay"] == "pictures"


def test_videos_of_equal_names_get_their_own_recordings(videos, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    (videos / "b" / "hall.mp4").write_bytes((videos / "b" / "hall.mp4").read_bytes() + b"\0" * 8)
    assert main(["pose", str(videos / "a" / "hall.mp4"), "--out", str(out)]) == 0
    assert main(["pose", str(videos / "b" / "hall.mp4"), "--out", str(out)]) == 0
    assert {path.name for path in (out / "recordings").iterdir()} == {"hall.mp4.npz", "hall.mp4-2.npz"}
    with (out / "tracks.csv").open() as file:
        assert len({row["recording"].partition("#")[0] for row in csv.DictReader(file)}) == 2


def test_other_settings_repeat_the_estimation(videos, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    for field in ("session", "person"):
        assert main(["pose", str(videos), "--name", f"{{{field}}}/hall.mp4", "--out", str(out)]) == 0
        assert {getattr(walk, field) for walk in himpc.read(out / "recordings")} == {"a", "b"}
    assert len(list((out / "recordings").iterdir())) == 2


def test_overlays_are_not_read_as_videos(videos, crowd, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    monkeypatch.chdir(videos / "a")
    for _ in range(2):
        assert main(["pose", ".", "--overlay", "--pictures"]) == 0
    assert [path.name for path in Path("poses").glob("*.mp4")] == ["hall.mp4.overlay.mp4"]
    assert len(list(Path("poses/recordings").iterdir())) == 1


def test_long_name_and_blocked_target_do_not_end_a_batch(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    (videos / "a" / "hall.mp4").rename(videos / "a" / f"{'x' * 240}.mp4")
    (out / "recordings" / "hall.mp4.npz").mkdir(parents=True)
    (videos / "a" / "hall.mp4").write_bytes((videos / "b" / "hall.mp4").read_bytes())
    assert main(["pose", str(videos / "a"), "--out", str(out)]) == 3
    assert "is a folder" in capsys.readouterr().err
    (long,) = (path for path in (out / "recordings").iterdir() if path.is_file())
    assert long.name.startswith("x" * 40)


def test_videos_beside_recordings_are_not_read(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    folder = videos / "a"
    (folder / "hall.mp4").rename(folder / "hall.webm")
    (folder / "who.csv").write_text("path,person\nhall.webm,Ada\n")
    assert main(["info", str(folder), "--labels", str(folder / "who.csv"), "--json"]) == 0
    assert "Ada" in capsys.readouterr().out
    himpc.recordings.save(himpc.simulate(1, 1, seconds=2), folder / "walk.npz")
    (folder / "who.csv").unlink()
    assert main(["info", str(folder)]) == 0
    assert "holds recordings; 1 video not read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "no video is given"),
        (["https://example.org/a.mp4"], "is an address, expected a file or folder; watch a stream with himpc identify"),
    ],
)
def test_other_arguments_are_refused(arguments, why, tmp_path, capsys) -> None:
    assert main(["pose", *arguments, "--out", str(tmp_path / "out")]) == 1
    assert why in capsys.readouterr().err


def test_standard_input_is_named_so_everywhere(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    out = tmp_path / "out"
    content = (videos / "a" / "hall.mp4").read_bytes()
    for data, code in ((content, 0), (b"no video", 1), (b"", 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(["pose", "-", "--out", str(out)]) == code
    shown = capsys.readouterr()
    assert shown.out.startswith("stdin: 3 recordings, ")
    assert "skipped stdin: is not a video" in shown.err
    assert "skipped stdin: is empty" in shown.err
    assert "/stdin" not in shown.err
    walks = himpc.read(out / "recordings" / "stdin.npz")
    assert [walk.source.partition("#")[0] for walk in walks] == 3 * ["stdin"]
    assert (out / "tracks.csv").read_text().splitlines()[1].startswith("stdin#1,kept")


def test_unreadable_folder_is_reported(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    scandir = os.scandir

    def closed(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert main(["pose", str(videos), "--out", str(tmp_path / "out")]) == 3
    assert "Permission denied" in capsys.readouterr().err
    assert main(["pose", str(videos / "b"), "--out", str(tmp_path / "out")]) == 1
    assert "Permission denied" in capsys.readouterr().err


def test_video_without_people_is_reported(videos, crowd, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Blind(crowd))
    for _ in range(2):  # the second time from the report
        assert main(["pose", str(videos / "a"), "--out", str(tmp_path / "out")]) == 3
        assert f"no person was detected in {FRAMES} frames" in capsys.readouterr().err
        monkeypatch.setattr("himpc.video.reader.estimate", None)
    assert not list((tmp_path / "out").rglob("*.npz"))


def test_folder_without_videos_is_refused(tmp_path, capsys) -> None:
    assert main(["pose", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "there is no video in it" in capsys.readouterr().err


def test_video_of_one_frame_is_reported(tmp_path, monkeypatch, capsys) -> None:
    crowd = simulate_crowd(1, 0.04, scene="crowd", lens=Lens(128, 96, 65))
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))
    write(tmp_path / "one.mp4", pictures=1, size=(128, 96))
    assert main(["pose", str(tmp_path / "one.mp4"), "--out", str(tmp_path / "out")]) == 3
    assert "1 track too short" in capsys.readouterr().err
