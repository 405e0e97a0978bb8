"""CASIA-B by file names: what a name says, which track is the walker, and perf/casia_like.py from end to end."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from himpc.cli import main
from himpc.errors import DataError
from himpc.recordings import Origin, Recording, save
from himpc.research import load_benchmark
from himpc.research.datasets.casia_b import CASIA_B, CONDITIONS, VIEWS
from himpc.research.partition import RawSet, Read
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


def write(place: Path, name: str, source: str = "", frames: int = 75, parts: int = 1) -> None:
    """Save the first frames of a walk, in equal parts; sources are numbered where there are several."""
    joints = np.array_split(WALK.joints[:frames], parts)
    origins = [Origin(body="a", part=number if parts > 1 else None) for number in range(1, parts + 1)]
    save([_walk(each, source, origin) for each, origin in zip(joints, origins, strict=True)], place / name)


def _walk(joints: NDArray[np.floating], source: str, origin: Origin) -> Recording:
    own = replace(origin, whole_source=source)
    return Recording(joints, WALK.layout, source=own.text(source), origin=own)


def read(place: Path) -> RawSet:
    return CASIA_B.read_raw(Read(place))


def everyone(found: RawSet) -> list[Recording]:
    return [*found.train, *(walk for walks in found.tests.values() for walk in walks)]


@settings(max_examples=8)  # of 33 files each
@given(
    person=st.integers(1, 124),
    number=st.integers(1, 6),
    between=st.sampled_from("-_"),
    upper=st.booleans(),
    ending=st.sampled_from(["", ".avi", ".mp4.npz", ".avi-2"]),
)
def test_all_views_and_conditions_come_from_names(
    tmp_path_factory: pytest.TempPathFactory, person: int, number: int, between: str, upper: bool, ending: str
) -> None:
    place = tmp_path_factory.mktemp("names")
    for condition, view in product(CONDITIONS, VIEWS):
        name = between.join([f"{person:03d}", condition.upper() if upper else condition, f"{number:02d}", view])
        write(place, f"{name}{ending}.npz", frames=2)
    found = read(place)
    expected = {(str(person), f"{condition}-{number:02d}", view) for condition, view in product(CONDITIONS, VIEWS)}
    walks = found.train if person <= 62 else [walk for name in CONDITIONS for walk in found.tests[name]]
    assert len(everyone(found)) == len(walks) == 33
    assert {(walk.person, walk.session, walk.camera) for walk in walks} == expected
    for name in CONDITIONS:
        assert all(str(walk.session).startswith(name) for walk in found.tests[name])
    assert not found.problems
    assert not any("views" in note for note in found.notes)


def test_windows_are_of_40_frames(folder: Path) -> None:
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


def test_every_split_is_asked(casia_like: ModuleType, folder: Path, tmp_path: Path) -> None:
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


def test_a_sequence_is_never_its_own_match(folder: Path, tmp_path: Path) -> None:
    """Who has one sequence in a condition is not asked for in it; between conditions he is."""
    for path in folder.iterdir():
        if not (path.name.startswith("064-cl") and "054" not in path.name):
            (tmp_path / path.name).symlink_to(path)
    words = ["--root", str(tmp_path), "--out", str(tmp_path / "run"), "--hidden", "16", "--heads", "2"]
    assert main(["benchmark", "CASIA_B", *words, "--max-epochs", "1", "--quiet"]) == 0
    splits = json.loads((tmp_path / "run" / "benchmark.json").read_text())["splits"]
    for level in ("results", "recordings"):
        asked = {name: split[level]["Raw pose"]["queries"] for name, split in splits.items()}
        assert asked == {"Nm-Nm": 18, "Bg-Bg": 12, "Cl-Cl": 3, "Cl-Nm": 4, "Bg-Nm": 12}


def test_a_bystander_is_not_labelled_as_the_walker(tmp_path: Path) -> None:
    def part(count: int, source: str, number: int | None = None) -> Recording:
        return _walk(WALK.joints[:count], source, Origin(body=source, part=number))

    name = "063-bg-01-054.avi"
    save([part(30, f"{name}#1"), part(42, f"{name}#2", 1), part(20, f"{name}#2", 2), part(60, f"{name}#4")],
         tmp_path / f"{name}.npz")  # fmt: skip
    found = read(tmp_path)
    assert [walk.source for walk in found.tests["bg"]] == [f"{name}#2#part1", f"{name}#2#part2"]
    assert [problem.path for problem in found.problems] == [tmp_path / f"{name}.npz"] * 2
    assert f"{name}#1 (30 frames)" in found.problems[0].message
    assert f"{name}#4 (60 frames), for its sequence is taken from {name}#2 (62 frames)" in found.problems[1].message


def test_a_sequence_that_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    """A copy in the gallery would be everybody's nearest."""
    write(tmp_path, "063-nm-01-054.avi.npz", "063-nm-01-054.avi#1")
    write(tmp_path, "063-nm-01-054.mp4.npz", "063-nm-01-054.mp4#1")
    found = read(tmp_path)
    assert len(found.tests["nm"]) == len(found.problems) == 1


def test_the_file_says_it_or_else_the_recording(tmp_path: Path) -> None:
    write(tmp_path, "001-cl-02-090.npz", "simulated/person-000")
    write(tmp_path, "all.npz", "films/064-bg-01-018.avi#1")
    write(tmp_path, "other.npz", "films/hall.avi#1")
    walks = everyone(read(tmp_path))
    assert {(walk.person, walk.session, walk.camera) for walk in walks} == {
        ("1", "cl-02", "090"), ("64", "bg-01", "018")
    }  # fmt: skip


def test_too_short_ones_are_told(tmp_path: Path) -> None:
    write(tmp_path, "063-nm-01-054.npz", "a#1", frames=39)
    write(tmp_path, "063-nm-02-054.npz", "b#1", frames=40)
    write(tmp_path, "063-nm-03-054.npz", "c#1", frames=75, parts=2)
    (note,) = (note for note in read(tmp_path).notes if "too short" in note)
    assert note == "2 of 3 sequences are too short for the published window of 40 frames: a#1 (39), c#1 (75)"


def test_what_pose_leaves_is_read_and_videos_say_what_to_do(tmp_path: Path) -> None:
    videos, poses = tmp_path / "videos", tmp_path / "poses"
    (poses / "recordings").mkdir(parents=True)
    videos.mkdir()
    (videos / "001-nm-01-090.avi").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"himpc pose .*videos --out poses' makes recordings: give --root poses"):
        load_benchmark("CASIA_B", videos)
    write(poses / "recordings", "001-nm-01-090.avi.npz", "001-nm-01-090.avi#1")
    (poses / "001-nm-01-090.avi.json").write_text("{}")
    found = read(poses)
    assert len(found.train) == 1
    assert not found.problems


def test_a_missing_condition_is_named(tmp_path: Path) -> None:
    for name in ("001-nm-01-090", "063-nm-01-090", "063-bg-01-090"):
        write(tmp_path, f"{name}.npz")
    with pytest.raises(DataError, match="no recording of CASIA-B for 'cl' could be used"):
        load_benchmark("CASIA_B", tmp_path)


def test_people_are_the_same_and_turned_by_the_view(casia_like: ModuleType) -> None:
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
