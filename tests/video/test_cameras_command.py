"""`himpc pose` makes one recording of each person before several calibrated cameras, from videos and from 2D poses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import himpc
from crowd import Crowd, simulate_crowd
from himpc.cli import main
from himpc.simulation import Camera
from lens import Lens

pytest.importorskip("av")
from clips import write

from mannequins import ExactEstimator

LENS = Lens(1280, 720, 65)
CAMERAS = (Camera("left", angle=-30.0, pitch=5.0), Camera("right", angle=40.0, pitch=10.0, height=2.0))
FPS, FRAMES = 25, 50


def film(layout: str, lens: Lens) -> list[Crowd]:
    """The same two people before both cameras."""
    return [simulate_crowd(2, FRAMES / FPS, FPS, scene="crowd", camera=camera, lens=lens, seed=3, layout=layout)
            for camera in CAMERAS]  # fmt: skip


def write_calibration(path: Path) -> Path:
    tables = []
    for camera in CAMERAS:
        rotation = np.array([[-1.0], [-1.0], [1.0]]) * camera.axes
        translation = -rotation @ camera.position
        focal = LENS.focal_length
        tables.append(
            f'[{camera.name}]\nname = "{camera.name}"\nsize = [1280, 720]\ndistortions = [0.0, 0.0, 0.0, 0.0]\n'
            f"matrix = [[{focal}, 0, 640], [0, {focal}, 360], [0, 0, 1]]\n"
            f"rotation = {rotation.tolist()}\ntranslation = {(1000 * translation).tolist()}\n"
        )
    path.write_text("\n".join(tables))
    return path


def truth(crowd: Crowd) -> np.ndarray:
    """Joints ``(people, frames, J, 3)`` in the world, metres."""
    return crowd.joints @ crowd.camera.axes + crowd.camera.position


def check(out: Path, true: np.ndarray, limit: float) -> None:
    walks = himpc.read(out / "recordings")
    assert len(walks) == 2
    who = []
    for walk in walks:
        assert walk.true_size
        first = round(walk.start * FPS)
        apart = np.linalg.norm(walk.joints - true[:, first : first + len(walk)], axis=-1)
        errors = 1e3 * np.nanmedian(apart, axis=(1, 2))
        who.append(int(errors.argmin()))
        assert errors.min() < limit
    assert sorted(who) == [0, 1]


def test_videos_of_two_cameras_give_one_recording_a_person(tmp_path, monkeypatch, capsys) -> None:
    crowds = film("mediapipe-33", Lens(320, 180, 65))  # a quarter of the calibrated size

    class Estimator(ExactEstimator):
        """Sees the crowd of the first camera in the first video, and that of the second in the second."""

        films = iter(crowds)

        def reset(self) -> None:
            self.crowd = next(self.films)

    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: Estimator(crowds[0]))
    grey = np.full((180, 320, 3), 90, np.uint8)
    for camera in CAMERAS:
        write(tmp_path / f"{camera.name}.mp4", pictures=FRAMES, size=(320, 180), look=lambda _: grey)
    calibration = write_calibration(tmp_path / "calib.toml")
    videos = [str(tmp_path / f"{camera.name}.mp4") for camera in CAMERAS]
    assert main(["pose", *videos, "--calibration", str(calibration), "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["people"]) == 2
    assert any("read in mm" in note for note in document["notes"])
    check(tmp_path / "out", truth(crowds[0]), 10)
    assert json.loads((tmp_path / "out" / "left+right.json").read_text())["people"] == document["people"]
    assert main(["pose", str(tmp_path), "--calibration", str(calibration), "--overlay"]) == 1
    assert "are of one camera" in capsys.readouterr().err
    assert main(["pose", *videos, "--calibration", str(calibration), "--camera-height", "1.6"]) == 1
    assert "leave out --person-height and --camera-height" in capsys.readouterr().err


def test_poses_of_two_cameras_on_disk_give_one_recording_a_person(tmp_path, capsys) -> None:
    crowds = film("coco-17", LENS)
    rng = np.random.default_rng(0)
    for camera, crowd in zip(CAMERAS, crowds, strict=True):
        folder = tmp_path / camera.name
        folder.mkdir()
        points = crowd.points + rng.normal(scale=1.5, size=crowd.points.shape)
        for frame in range(FRAMES):
            people = [
                {
                    "person_id": [number],
                    "pose_keypoints_2d": np.insert(points[number, frame], 2, 0.9, axis=1).ravel().tolist(),
                }
                for number in rng.permutation(2).tolist()
            ]
            (folder / f"x_{frame:012d}_keypoints.json").write_text(json.dumps({"people": people}))
    calibration = write_calibration(tmp_path / "calib.toml")
    folders = [str(tmp_path / camera.name) for camera in CAMERAS]
    command = ["pose", *folders[::-1], "--calibration", str(calibration), "--out", str(tmp_path / "out"), "--fps", "25"]
    assert main(command) == 0
    output = capsys.readouterr().out
    assert "camera right" in output
    assert "error mm" in output
    check(tmp_path / "out", truth(crowds[0]), 25)
    assert main(["pose", *folders, folders[0], "--calibration", str(calibration)]) == 1
    assert "cannot be assigned to the cameras" in capsys.readouterr().err
