"""People in videos and before a camera are identified and grouped by the command line."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import himpc
from crowd import Crowd, simulate_crowd
from himpc.cli import main
from himpc.gallery import Answer, Match
from himpc.reading import VideoOptions
from himpc.recordings import Recording, save
from himpc.simulation import Sensor, simulate
from himpc.skeleton import get_layout
from himpc.video import Detection, VideoWriter, label_of, watch_live
from himpc.video.live_video import LiveFrame
from lens import Lens
from mannequins import ExactEstimator, render_crowd

pytest.importorskip("av")
pytest.importorskip("cv2")
pytest.importorskip("lancedb")

pytestmark = pytest.mark.xdist_group("video gallery")  # one worker makes the gallery

FPS = 25


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return simulate_crowd(2, 10, FPS, scene="alone", lens=Lens(320, 180, 65), seed=3)


@pytest.fixture(scope="module")
def clip(crowd: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "hall.mp4"
    with VideoWriter(path, 320, 180, FPS) as video:
        for image in render_crowd(crowd):
            video.add(image)
    return path


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of the two people in the video and four others, recorded without errors on the same day."""
    from himpc.gallery import Gallery

    folder = tmp_path_factory.mktemp("gallery")
    walks = simulate(6, 6, seconds=6, fps=FPS, layout="mediapipe-33", seed=3, difficulty="easy", sessions=1,
                     cameras=3, sensor=Sensor())  # fmt: skip
    walks = [_in_camera_axes(walk) for walk in walks]
    save(walks, folder / "walks.npz")
    model = himpc.HiMPC(settings={"max_epochs": 3, "hidden": 16}).fit(walks).model_
    with Gallery.create(folder / "gallery", model) as made:
        made.enroll(walks)
    return folder / "gallery"


def _in_camera_axes(walk: Recording) -> Recording:
    joints = walk.joints * np.array([-1, 1, -1], dtype=np.float32)
    return walk.with_(joints=joints - joints[:, [23, 24]].mean(axis=1, keepdims=True))


@pytest.fixture(autouse=True)
def _use_exact_estimator(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: ExactEstimator(crowd, confidence=0.9))


def test_people_in_a_video_are_identified(
    clip: Path, gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = main(
        ["identify", str(clip), "--gallery", str(gallery), "--out", str(out), "--overlay", "--json", "--fmr", "0.2"]
    )
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    nearest = [answer["matches"][0]["person"] for answer in document["answers"]]
    assert set(nearest) <= {"person-000", "person-001"}
    assert len(set(nearest)) == 2
    assert {path.name for path in out.iterdir()} == {"identified.csv", "identified.png", "hall.mp4.overlay.mp4"}
    assert all(0 <= start < end <= 10.1 for start, end in document["times"].values())
    with (out / "identified.csv").open(newline="") as file:
        rows = [(row["answer"], row["reason"]) for row in csv.DictReader(file)]
    assert rows == [(answer["verdict"], answer["reason"]) for answer in document["answers"]]


@pytest.mark.parametrize(
    ("person", "probability", "text"),
    [
        ("anna", 0.93, "anna, match 93%"),
        ("anna", 0.4, "anna, unsure 40%"),
        (None, 0.7, "unsure"),
        (None, 0.1, "unknown"),
    ],
)
def test_label_has_the_word_of_the_answer(person: str | None, probability: float, text: str) -> None:
    match = Match("anna", 1.0, probability, 1.0, (), ())
    assert label_of(Answer("x", person, probability, 0.1, 0.5, 2.0, 9, (match,))).text == text


def _searches(location: Path) -> list[int]:
    """Return the number of recordings in each search of the audit log."""
    from himpc.gallery import Gallery

    with Gallery.open(location) as gallery:
        return [event.recordings for event in gallery.audit() if event.action == "searched"]


def test_people_in_a_live_source_are_identified(clip: Path, gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _searches(gallery)
    code = main(
        ["identify", "--live", str(clip), "--gallery", str(gallery), "--fmr", "0.2", "--seconds", "4", "--json"]
    )
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["live"]["looked_at"] > 20
    assert document["live"]["p50"] < 1
    assert set(document["tracks"].values()) <= {"person-000", "person-001", "unknown", "unsure"}
    assert document["tracks"]
    searched = _searches(gallery)[len(before) :]
    assert len(searched) >= len(document["tracks"])
    assert set(searched) == {1}  # each is of one track, and the validation of --fmr is none


class _Frames:
    """A live source that waits for its reader."""

    fps = float(FPS)

    def __init__(self, count: int) -> None:
        self._numbers = iter(range(count))

    def newest(self) -> LiveFrame | None:
        number = next(self._numbers, None)
        image = np.zeros((180, 320, 3), np.uint8)
        return None if number is None else LiveFrame(number, number / FPS, image, time.monotonic())


@pytest.mark.parametrize("twins", [False, True])
def test_two_people_before_a_camera_get_two_names(crowd: Crowd, gallery: Path, twins: bool) -> None:
    from himpc.gallery import Gallery

    estimator = ExactEstimator(crowd, confidence=0.9)
    detect_one = estimator.detect

    def detect(image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        found = detect_one(image, seconds)
        beside = [Detection(each.points + np.float32([150, 0]), each.confidence, each.joints) for each in found]
        return [*found, *beside] if twins else found

    estimator.detect = detect  # type: ignore[method-assign]
    with Gallery.open(gallery) as opened:
        views = list(watch_live(_Frames(5 * FPS), estimator, opened, fmr=0.2))  # type: ignore[arg-type]
    named = [[each.label.name for each in view.people.values() if each.label.known] for view in views]
    assert any(named)
    assert all(len(set(names)) == len(names) for names in named)
    assert max(len(view.people) for view in views) == 1 + twins


def test_slow_estimator_identifies_people_of_a_live_source(
    clip: Path, crowd: Crowd, gallery: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = ExactEstimator(crowd, confidence=0.9)

    detect_at_once = slow.detect

    def detect(image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        time.sleep(0.15)
        return detect_at_once(image, seconds)

    monkeypatch.setattr(slow, "detect", detect)
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: slow)
    assert (
        main(["identify", "--live", str(clip), "--gallery", str(gallery), "--fmr", "0.2", "--seconds", "5", "--json"])
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["live"]["dropped"] > document["live"]["looked_at"]
    assert document["tracks"]


def test_videos_and_live_source_exclude_each_other(
    clip: Path, gallery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["identify", "--gallery", str(gallery)]) == 1
    assert main(["identify", str(clip), "--live", "webcam:0", "--gallery", str(gallery)]) == 1
    errors = capsys.readouterr().err
    assert "found neither" in errors
    assert "found both" in errors


def test_people_in_a_video_are_grouped(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "g"
    code = main(["group", str(clip), "--model", "body", "--people", "2", "--out", str(out), "--overlay", "--json"])
    assert code == 0, capsys.readouterr().err
    assert json.loads(capsys.readouterr().out)["people"] == 2
    assert {path.name for path in out.iterdir()} == {
        "groups.csv",
        "groups.npz",
        "groups.png",
        "map.png",
        "distances.png",
        "hall.mp4.overlay.mp4",
    }


def test_recordings_have_the_layout_of_the_estimator(clip: Path, crowd: Crowd) -> None:
    recordings = himpc.read(
        clip, name="{camera}.mp4", video=VideoOptions(estimator=ExactEstimator(crowd, confidence=0.9))
    )
    assert {each.layout for each in recordings} == {get_layout("mediapipe-33")}
    assert {each.camera for each in recordings} == {"hall"}
    assert all(each.source.startswith(f"{clip}#") for each in recordings)
