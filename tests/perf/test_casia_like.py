"""perf/casia_like.py from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import casia_like
from himpc.cli import main
from himpc.research import load_benchmark
from himpc.research.datasets.casia_b import CONDITIONS, VIEWS
from himpc.simulation import Sensor, simulate

WALK = simulate(1, 1, seconds=3, fps=25, layout="mediapipe-33", sensor=Sensor())[0]
SMALL = {"hidden": 16, "heads": 2, "max_epochs": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people who train and two who are tested, in three views: 3 takes of nm, 2 of bg, 1 of cl."""
    place = tmp_path_factory.mktemp("casia")
    takes = {"nm": 3, "bg": 2, "cl": 1}
    assert casia_like.write_joints(place, 2, views=("000", "054", "180"), takes=takes) == 4 * 3 * 6
    return place


def test_windows_have_40_frames(folder: Path) -> None:
    data = load_benchmark("CASIA_B", folder)
    parts = {"train": data.train, **data.tests}
    assert {part.windows.length for part in parts.values()} == {40}
    assert {name: len(part) for name, part in parts.items()} == {"train": 2 * 36, "nm": 18, "bg": 12, "cl": 6}
    first = data.train.windows.starts[data.train.windows.recording == 0]
    assert np.diff(first).tolist() == [20]  # training windows overlap by half
    for name, part in data.tests.items():
        assert part.conditions is not None
        assert part.cameras is not None
        assert set(part.conditions.tolist()) == {name}
        assert set(part.cameras.tolist()) == {"000", "054", "180"}
        assert set(part.persons.tolist()) == {"63", "64"}
    assert set(data.train.persons.tolist()) == {"1", "2"}
    assert not data.problems
    assert "views are 000, 054, 180, published are 000, 018" in " ".join(data.notes)


def test_every_split_is_measured(folder: Path, tmp_path: Path) -> None:
    results = casia_like.measure(folder, tmp_path / "run", **SMALL)
    assert {part: count["persons"] for part, count in results["counts"].items()} == {
        "train": 2, "nm": 2, "bg": 2, "cl": 2, "all": 4
    }  # fmt: skip
    cases = {"Nm-Nm": 18, "Bg-Bg": 12, "Cl-Cl": 6, "Cl-Nm": 6, "Bg-Nm": 12}
    for variant, method in (("clean", "Hi-MPC, MSMR"), ("tracklet", "Tracklet, MSMR")):
        splits = results["variants"][variant]
        assert {name: methods[method]["queries"] for name, methods in splits.items()} == cases
        for methods in splits.values():
            assert {"Bone lengths", "Raw pose", method} <= methods.keys()
            assert all(0 < score["map"] <= 1 for score in methods.values())
    assert results["left_out"] == 0


def test_sequence_is_never_its_own_match(folder: Path, tmp_path: Path) -> None:
    """A person with one sequence in a condition is a probe of other conditions only."""
    for path in folder.iterdir():
        if not (path.name.startswith("064-cl") and "054" not in path.name):
            (tmp_path / path.name).symlink_to(path)
    words = ["--root", str(tmp_path), "--out", str(tmp_path / "run"), "--hidden", "16", "--heads", "2"]
    assert main(["benchmark", "CASIA_B", *words, "--max-epochs", "1", "--quiet"]) == 0
    splits = json.loads((tmp_path / "run" / "benchmark.json").read_text())["splits"]
    for level in ("results", "recordings"):
        cases = {name: split[level]["Raw pose"]["queries"] for name, split in splits.items()}
        assert cases == {"Nm-Nm": 18, "Bg-Bg": 12, "Cl-Cl": 3, "Cl-Nm": 4, "Bg-Nm": 12}


def test_people_keep_their_bodies_and_turn_with_the_view() -> None:
    thighs: dict[str, float] = {}
    for name, walk in casia_like.walks(1, VIEWS, dict.fromkeys(CONDITIONS, 1), exact=True):
        at = {joint: walk.joints[:, walk.layout.index(joint)] for joint in ("left_hip", "right_hip", "left_knee")}
        across = (at["left_hip"] - at["right_hip"]).mean(axis=0)
        angle = np.radians(float(name[-3:]))  # 0 faces the camera, 90 shows the left side; x left, z ahead
        cosine = across @ [-np.cos(angle), 0, -np.sin(angle)] / np.linalg.norm(across)
        assert cosine > np.cos(np.radians(12)), name
        thigh = float(np.linalg.norm(at["left_hip"] - at["left_knee"], axis=1).mean())
        assert thigh == pytest.approx(thighs.setdefault(name[:3], thigh), abs=1e-3)
    assert len(thighs) == 2
