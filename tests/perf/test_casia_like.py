"""perf/casia_like.py from end to end."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from himpc.cli import main
from himpc.research import load_benchmark
from himpc.research.datasets.casia_b import CONDITIONS, VIEWS
from himpc.simulation import Sensor, simulate

SCRIPT = Path(__file__).parents[2] / "perf" / "casia_like.py"
WALK = simulate(1, 1, seconds=3, fps=25, layout="mediapipe-33", sensor=Sensor())[0]
SMALL = {"hidden": 16, "heads": 2, "max_epochs": 1}


@pytest.fixture(scope="module")
def casia_like() -> ModuleType:
    spec = importlib.util.spec_from_file_location("casia_like", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["casia_like"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(casia_like: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


def test_every_split_is_measured(casia_like: ModuleType, folder: Path, tmp_path: Path) -> None:
    found = casia_like.measure(folder, tmp_path / "run", **SMALL)
    assert {part: count["persons"] for part, count in found["counts"].items()} == {
        "train": 2, "nm": 2, "bg": 2, "cl": 2, "all": 4
    }  # fmt: skip
    asked = {"Nm-Nm": 18, "Bg-Bg": 12, "Cl-Cl": 6, "Cl-Nm": 6, "Bg-Nm": 12}
    for variant, method in (("clean", "Hi-MPC, MSMR"), ("tracklet", "Tracklet, MSMR")):
        splits = found["variants"][variant]
        assert {name: methods[method]["queries"] for name, methods in splits.items()} == asked
        for methods in splits.values():
            assert {"Bone lengths", "Raw pose", method} <= methods.keys()
            assert all(0 < score["map"] <= 1 for score in methods.values())
    assert found["left_out"] == 0


def test_sequence_is_never_its_own_match(folder: Path, tmp_path: Path) -> None:
    """A person with one sequence in a condition is a probe of other conditions only."""
    for path in folder.iterdir():
        if not (path.name.startswith("064-cl") and "054" not in path.name):
            (tmp_path / path.name).symlink_to(path)
    words = ["--root", str(tmp_path), "--out", str(tmp_path / "run"), "--hidden", "16", "--heads", "2"]
    assert main(["benchmark", "CASIA_B", *words, "--max-epochs", "1", "--quiet"]) == 0
    splits = json.loads((tmp_path / "run" / "benchmark.json").read_text())["splits"]
    for level in ("results", "recordings"):
        asked = {name: split[level]["Raw pose"]["queries"] for name, split in splits.items()}
        assert asked == {"Nm-Nm": 18, "Bg-Bg": 12, "Cl-Cl": 3, "Cl-Nm": 4, "Bg-Nm": 12}


def test_people_keep_their_bodies_and_turn_with_the_view(casia_like: ModuleType) -> None:
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
