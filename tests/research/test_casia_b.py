"""CASIA-B by file names: labels from names, and the track of the walker."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.recordings import Origin, Recording, save
from himpc.research import load_benchmark
from himpc.research.datasets import ReadContext
from himpc.research.datasets.casia_b import CASIA_B, CONDITIONS, VIEWS
from himpc.research.partition import Partition
from himpc.simulation import Sensor, simulate

WALK = simulate(1, 1, seconds=3, fps=25, layout="mediapipe-33", sensor=Sensor())[0]


def write(place: Path, name: str, source: str = "", frames: int = 75, parts: int = 1) -> None:
    """Save the first frames of a walk, in equal parts; sources are numbered where there are several."""
    joints = np.array_split(WALK.joints[:frames], parts)
    origins = [Origin(body="a", part=number if parts > 1 else None) for number in range(1, parts + 1)]
    save([_walk(each, source, origin) for each, origin in zip(joints, origins, strict=True)], place / name)


def _walk(joints: NDArray[np.floating], source: str, origin: Origin) -> Recording:
    own = replace(origin, whole_source=source)
    return Recording(joints, WALK.layout, source=own.text(source), origin=own)


def read(place: Path) -> Partition:
    return CASIA_B.read_raw(ReadContext(place))


def everyone(found: Partition) -> list[Recording]:
    return [*found.train, *(walk for walks in found.tests.values() for walk in walks)]


@settings(max_examples=8)  # of 33 files each
@given(
    person=st.integers(1, 124),
    number=st.integers(1, 6),
    between=st.sampled_from("-_"),
    upper=st.booleans(),
    ending=st.sampled_from(["", ".avi", ".mp4.npz", ".avi-2"]),
)
def test_labels_come_from_file_names(
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


def test_only_the_longest_track_is_labelled(tmp_path: Path) -> None:
    def part(count: int, source: str, number: int | None = None) -> Recording:
        return _walk(WALK.joints[:count], source, Origin(body=source, part=number))

    name = "063-bg-01-054.avi"
    save([part(30, f"{name}#1"), part(42, f"{name}#2", 1), part(20, f"{name}#2", 2), part(60, f"{name}#4")],
         tmp_path / f"{name}.npz")  # fmt: skip
    found = read(tmp_path)
    assert [walk.source for walk in found.tests["bg"]] == [f"{name}#2#part1", f"{name}#2#part2"]
    assert [problem.path for problem in found.problems] == [tmp_path / f"{name}.npz"] * 2
    assert f"{name}#1 (30 frames)" in found.problems[0].message
    assert f"{name}#4 (60 frames): its sequence is read from {name}#2 (62 frames)" in found.problems[1].message


def test_duplicate_sequence_is_used_once(tmp_path: Path) -> None:
    """A copy in the gallery would be the nearest entry of each probe."""
    write(tmp_path, "063-nm-01-054.avi.npz", "063-nm-01-054.avi#1")
    write(tmp_path, "063-nm-01-054.mp4.npz", "063-nm-01-054.mp4#1")
    found = read(tmp_path)
    assert len(found.tests["nm"]) == len(found.problems) == 1


def test_labels_come_from_the_file_name_or_the_source(tmp_path: Path) -> None:
    write(tmp_path, "001-cl-02-090.npz", "simulated/person-000")
    write(tmp_path, "all.npz", "films/064-bg-01-018.avi#1")
    write(tmp_path, "other.npz", "films/hall.avi#1")
    walks = everyone(read(tmp_path))
    assert {(walk.person, walk.session, walk.camera) for walk in walks} == {
        ("1", "cl-02", "090"), ("64", "bg-01", "018")
    }  # fmt: skip


def test_too_short_sequences_are_noted(tmp_path: Path) -> None:
    write(tmp_path, "063-nm-01-054.npz", "a#1", frames=39)
    write(tmp_path, "063-nm-02-054.npz", "b#1", frames=40)
    write(tmp_path, "063-nm-03-054.npz", "c#1", frames=75, parts=2)
    (note,) = (note for note in read(tmp_path).notes if "too short" in note)
    assert note == "2 of 3 sequences are too short for the published window of 40 frames: a#1 (39), c#1 (75)"


def test_pose_folder_is_read_and_videos_give_a_hint(tmp_path: Path) -> None:
    videos, poses = tmp_path / "videos", tmp_path / "poses"
    (poses / "recordings").mkdir(parents=True)
    videos.mkdir()
    (videos / "001-nm-01-090.avi").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"run estimate\(\), and pass the folder of its output as root"):
        load_benchmark("CASIA_B", videos)
    write(poses / "recordings", "001-nm-01-090.avi.npz", "001-nm-01-090.avi#1")
    (poses / "001-nm-01-090.avi.json").write_text("{}")
    found = read(poses)
    assert len(found.train) == 1
    assert not found.problems


def test_missing_condition_is_named(tmp_path: Path) -> None:
    for name in ("001-nm-01-090", "063-nm-01-090", "063-bg-01-090"):
        write(tmp_path, f"{name}.npz")
    with pytest.raises(DataError, match="no recording of CASIA-B for 'cl' could be used"):
        load_benchmark("CASIA_B", tmp_path)


def test_labels_come_from_video_names(tmp_path: Path) -> None:
    walks = simulate(2, 3, seconds=2, layout="mediapipe-33", sessions=1, cameras=1, difficulty="easy")
    for walk, person in zip(walks, (1, 1, 1, 100, 100, 100), strict=True):
        number = sum(1 for path in tmp_path.iterdir() if path.name.startswith(f"{person:03d}"))
        name = f"{person:03d}-{('nm', 'bg', 'cl')[number]}-01-{18 * number:03d}.avi"
        joints = walk.joints.copy()
        joints = joints - joints[:, [23, 24]].mean(axis=1, keepdims=True)
        seen = walk.with_(
            joints=joints.astype(np.float32), person=None, session=None, camera=None, source=f"v/{name}#1"
        )
        save([seen], tmp_path / f"{name}.npz")
    assert CASIA_B.has_raw(tmp_path)
    found = CASIA_B.read_raw(ReadContext(tmp_path))
    assert {(walk.person, walk.session, walk.camera) for walk in found.train} == {
        ("1", "nm-01", "000"),
        ("1", "bg-01", "018"),
        ("1", "cl-01", "036"),
    }
    for number, condition in enumerate(("nm", "bg", "cl")):
        (walk,) = found.tests[condition]
        assert (walk.person, walk.camera) == ("100", f"{18 * number:03d}")
        assert walk.layout.name == "openpose-14"
    assert not found.problems
