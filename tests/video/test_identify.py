"""From a film of known people to their names, once for a file and live."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import himpc
from himpc.cli import main
from himpc.reading import VideoOptions
from himpc.recordings import Recording, save
from himpc.simulation import Crowd, Lens, Sensor, simulate, simulate_crowd
from himpc.skeleton import get_layout
from himpc.video import Detection, PoseEstimator

pytest.importorskip("av")
pytest.importorskip("norfair")
pytest.importorskip("cv2")
pytest.importorskip("lancedb")

FPS = 25


class Exact(PoseEstimator):
    """An estimator that knows where everybody is: the time says which frame it is."""

    name, dimensions = "exact", 3

    def __init__(self, crowd: Crowd) -> None:
        super().__init__()
        self.crowd, self.layout = crowd, crowd.layout

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        frame = min(round(seconds * FPS), self.crowd.joints.shape[1] - 1)
        found = []
        for person in np.flatnonzero(self.crowd.present[:, frame]):
            joints = self.crowd.joints[person, frame] * np.array([-1, 1, -1], dtype=np.float32)
            joints = joints - joints[[23, 24]].mean(axis=0)
            found.append(Detection(self.crowd.points[person, frame], np.full(33, 0.9, np.float32), joints))
        return found


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return simulate_crowd(2, 10, FPS, scene="alone", lens=Lens(320, 180, 65), seed=3)


@pytest.fixture(scope="module")
def film(crowd: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from himpc.video.encoding import VideoWriter
    from mannequins import render_crowd

    path = tmp_path_factory.mktemp("film") / "hall.mp4"
    with VideoWriter(path, 320, 180, FPS) as out:
        for picture in render_crowd(crowd):
            out.add(picture)
    return path


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two people of the film and four others, as perfect sensors saw them on the same day."""
    from himpc.gallery import Gallery

    folder = tmp_path_factory.mktemp("gallery")
    walks = simulate(6, 6, seconds=6, fps=FPS, layout="mediapipe-33", seed=3, difficulty="easy", sessions=1,
                     cameras=3, sensor=Sensor())  # fmt: skip
    turned = [_as_seen(walk) for walk in walks]
    save(turned, folder / "walks.npz")
    model = himpc.HiMPC(settings={"max_epochs": 3, "hidden": 16}).fit(turned).model_
    with Gallery.create(folder / "gallery", model) as made:
        made.enroll(turned)
    return folder / "gallery"


def _as_seen(walk: Recording) -> Recording:
    joints = walk.joints * np.array([-1, 1, -1], dtype=np.float32)
    return walk.with_(joints=joints - joints[:, [23, 24]].mean(axis=1, keepdims=True))


@pytest.fixture(autouse=True)
def _exact(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Exact(crowd))


def test_people_of_a_film_get_their_names(
    film: Path, gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = main(
        ["identify", str(film), "--gallery", str(gallery), "--out", str(out), "--overlay", "--json", "--fmr", "0.2"]
    )
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    nearest = [answer["matches"][0]["person"] for answer in document["answers"]]
    assert set(nearest) <= {"person-000", "person-001"}
    assert len(set(nearest)) == 2
    assert {path.name for path in out.iterdir()} == {"identified.csv", "identified.png", "hall.mp4.overlay.mp4"}
    assert all(0 <= start < end <= 10.1 for start, end in document["times"].values())


def test_an_overlay_holds_no_picture_unless_asked(film: Path, crowd: Crowd, tmp_path: Path) -> None:
    from himpc.video import Video, estimate
    from himpc.video.overlay import write_overlay

    people = estimate(film, Exact(crowd))
    write_overlay(tmp_path / "plain.mp4", people)
    write_overlay(tmp_path / "pictures.mp4", people, pictures=True)
    with Video(tmp_path / "plain.mp4") as plain, Video(film) as original, Video(tmp_path / "pictures.mp4") as over:
        for drawn, seen, both in zip(plain, original, over, strict=True):
            assert np.median(drawn.image) < 60  # an empty ground
            assert abs(float(np.median(both.image)) - float(np.median(seen.image))) < 30


def _searches(location: Path) -> list[int]:
    """Return the number of recordings in each search of the audit log."""
    from himpc.gallery import Gallery

    with Gallery.open(location) as gallery:
        return [event.recordings for event in gallery.audit() if event.action == "searched"]


def test_live_tells_who_is_there(film: Path, gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _searches(gallery)
    code = main(
        ["identify", "--live", str(film), "--gallery", str(gallery), "--fmr", "0.2", "--seconds", "4", "--json"]
    )
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["live"]["looked_at"] > 20
    assert document["live"]["p50"] < 1
    assert set(document["tracks"].values()) <= {"person-000", "person-001", "unknown"}
    assert document["tracks"]
    searched = _searches(gallery)[len(before) :]
    assert len(searched) >= len(document["tracks"])
    assert set(searched) == {1}  # each is of one track, and the validation of --fmr is none


def test_whoever_is_slow_tells_who_is_there_too(
    film: Path, crowd: Crowd, gallery: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = Exact(crowd)

    def detect(image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        time.sleep(0.15)
        return Exact.detect(slow, image, seconds)

    monkeypatch.setattr(slow, "detect", detect)
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: slow)
    assert (
        main(["identify", "--live", str(film), "--gallery", str(gallery), "--fmr", "0.2", "--seconds", "5", "--json"])
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["live"]["dropped"] > document["live"]["looked_at"]
    assert document["tracks"]


def test_videos_or_live_not_both(film: Path, gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["identify", "--gallery", str(gallery)]) == 1
    assert main(["identify", str(film), "--live", "webcam:0", "--gallery", str(gallery)]) == 1
    said = capsys.readouterr().err
    assert "found neither" in said
    assert "found both" in said


def test_group_takes_videos(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "g"
    code = main(["group", str(film), "--model", "body", "--people", "2", "--out", str(out), "--overlay", "--json"])
    assert code == 0, capsys.readouterr().err
    assert json.loads(capsys.readouterr().out)["people"] == 2
    assert {path.name for path in out.iterdir()} == {"groups.csv", "groups.png", "map.png", "hall.mp4.overlay.mp4"}


def test_films_of_one_name_do_not_overwrite_each_other(film: Path, crowd: Crowd, tmp_path: Path) -> None:
    from himpc.video import estimate
    from himpc.video.overlay import Label, write_overlays

    videos = [estimate(film, Exact(crowd), name=f"{folder}/hall.mp4") for folder in "ab"]
    films = write_overlays(tmp_path, videos, {"a/hall.mp4#1": Label("somebody", 0.5)})
    assert [each.name for each in films] == ["hall.mp4.overlay.mp4", "hall.mp4-2.overlay.mp4"]
    assert all(each.stat().st_size > 1000 for each in films)


def test_layouts_are_those_of_the_estimator(film: Path, crowd: Crowd) -> None:
    found = himpc.read(film, name="{camera}.mp4", video=VideoOptions(estimator=Exact(crowd)))
    assert {each.layout for each in found} == {get_layout("mediapipe-33")}
    assert {each.camera for each in found} == {"hall"}
    assert all(each.source.startswith(f"{film}#") for each in found)
