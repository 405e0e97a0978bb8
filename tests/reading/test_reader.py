"""Reading files and folders: what is found, how it is named, what is reported, what is refused."""

import os
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.errors import ConfigError, DataError, FormatError, HimpcError, LayoutError
from himpc.reading import Format, Problem, ReadOptions, read
from himpc.reading.formats import FORMATS, find_format, get_format
from himpc.recordings import CleaningRules, Origin, Recording, Windows, number_whole_recordings, save
from himpc.skeleton import get_layout

KINECT = get_layout("kinect-v1")


def test_format_is_recognised_by_content_and_source_is_the_given_path(write, tmp_path: Path, monkeypatch):
    path = write(tmp_path / "no-suffix")
    assert find_format(path) is get_format("kinect-cells")
    (recording,) = read(path)
    assert (recording.source, len(recording), recording.layout) == (str(path), 10, KINECT)
    monkeypatch.chdir(tmp_path)
    assert read("no-suffix")[0].source == "no-suffix"


def test_bad_files_are_problems_and_the_others_are_used(write, tmp_path: Path):
    write(tmp_path / "good.csv")
    (tmp_path / "bad.csv").write_text("hello")
    (tmp_path / "empty.csv").write_bytes(b"")
    found = read(tmp_path)
    assert [recording.source for recording in found] == ["good.csv"]
    assert [problem.path.name for problem in found.problems] == ["bad.csv", "empty.csv"]
    assert str(found.problems[1]) == f"{tmp_path / 'empty.csv'}: is empty, expected a recording"
    assert "1 recording, 10 frames, kinect-v1" in found.summary()
    assert found.summary().endswith("2 problems")


def test_single_file_raises_its_own_error_and_several_raise_a_count(tmp_path: Path):
    (tmp_path / "a.csv").write_text("hello")
    with pytest.raises(FormatError, match=r"a\.csv: is a text file of no known format .it begins 'hello'.*left_hip_x"):
        read(tmp_path / "a.csv")
    with pytest.raises(FormatError, match=r"a\.csv: is a text file"):
        read(tmp_path)
    for name in "bcde":
        (tmp_path / f"{name}.csv").write_bytes(b"\0" * 99)
    with pytest.raises(
        DataError,
        match=r"none of 5 recordings could be used: .*a\.csv: .*; .*b\.csv: is a binary file.*left_hip_z",
    ):
        read(tmp_path)


def test_path_without_recordings_raises_an_error(tmp_path: Path):
    with pytest.raises(DataError, match="no such file or folder"):
        read(tmp_path / "none")
    with pytest.raises(DataError, match="there is no recording in it"):
        read(tmp_path)
    with pytest.raises(DataError, match="no path is given"):
        read([])
    with pytest.raises(DataError, match="does not exist"):
        read("k\0")
    with pytest.raises(ConfigError, match="path is 3"):
        read(3)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="neither a file nor a folder"):
        read(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
def test_unreadable_file_is_a_problem(write, tmp_path: Path):
    write(tmp_path / "good.csv")
    write(tmp_path / "closed.csv").chmod(0)
    assert "cannot be opened: Permission denied" in read(tmp_path).problems[0].message


def test_file_that_cannot_be_opened_is_a_problem(write, tmp_path: Path, monkeypatch):
    write(tmp_path / "good.csv")
    closed = write(tmp_path / "closed.csv")
    opened = Path.open

    def refuse(self, *args, **kwargs):
        if self == closed:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    assert read(tmp_path).problems == (Problem(closed, "cannot be opened: Permission denied"),)


def test_file_above_the_size_limit_is_not_read(write, tmp_path: Path):
    path = write(tmp_path / "large.csv")
    with path.open("ab") as file:
        file.truncate(2**30 + 1)
    with pytest.raises(FormatError, match="larger than 1 GiB"):
        read(path)


def test_pattern_selects_and_labels(write, tmp_path: Path):
    write(tmp_path / "data" / "Ann" / "s1" / "1.csv")
    write(tmp_path / "data" / "Bob" / "s2" / "1.csv")
    write(tmp_path / "data" / "stray.csv")
    (tmp_path / "data" / "Ann" / "s1" / "notes.txt").write_text("hello")
    found = read(tmp_path / "data", name="{person}/{session}/*.csv")
    assert [(recording.person, recording.session) for recording in found] == [("Ann", "s1"), ("Bob", "s2")]
    assert found.problems == ()
    assert read(tmp_path / "data" / "Ann" / "s1", name="{person}/{session}/*.csv")[0].person == "Ann"
    with pytest.raises(DataError, match=r"no recording in it whose path fits '\{person\}\.c3d'"):
        read(tmp_path, name="{person}.c3d")
    with pytest.raises(ConfigError, match="unknown field"):
        read(tmp_path, name="{name}.csv")


def test_table_wins_over_pattern_and_is_not_read_as_a_recording(write, tmp_path: Path):
    write(tmp_path / "Ann_1.csv")
    write(tmp_path / "Bob_2.csv")
    (tmp_path / "people.csv").write_text("path,person,camera\nAnn_1.csv,Anna,left\nCy.csv,Cy,\n")
    found = read(tmp_path, name="{person}_{session}.csv", labels=tmp_path / "people.csv")
    assert [(r.person, r.session, r.camera) for r in found] == [("Anna", "1", "left"), ("Bob", "2", None)]
    assert found.problems == (Problem(tmp_path / "people.csv", "1 of its rows fit no recording: 'Cy.csv'"),)


def test_recordings_are_cleaned_by_default(standing, tmp_path: Path):
    joints = standing(KINECT, 40, 0)
    joints[10:20] = np.nan
    save([Recording(joints, KINECT, source="a.csv")], tmp_path / "x.npz")
    assert [recording.source for recording in read(tmp_path / "x.npz")] == ["a.csv#part1", "a.csv#part2"]
    assert [len(recording) for recording in read(tmp_path / "x.npz", clean=False)] == [40]
    assert [len(recording) for recording in read(tmp_path, clean=CleaningRules(max_gap_frames=10))] == [40]


def test_files_of_one_name_in_two_folders_stay_apart(standing, tmp_path: Path):
    """Read separately, both are called walk.npz; each is split at a gap, and they show two people."""
    for number, day in enumerate(("monday", "tuesday")):
        joints = standing(KINECT, 40, number)
        joints[15:25] = np.nan
        (tmp_path / day).mkdir()
        save([Recording(joints, KINECT)], tmp_path / day / "walk.npz")
    both = [*read(tmp_path / "monday"), *read(tmp_path / "tuesday")]
    assert [each.source for each in both] == ["walk.npz#1#part1", "walk.npz#1#part2"] * 2
    assert [each.origin for each in both[1:3]] == [
        Origin(tmp_path / "monday" / "walk.npz", body=1, part=2),
        Origin(tmp_path / "tuesday" / "walk.npz", body=1, part=1),
    ]
    assert number_whole_recordings(both).tolist() == [0, 0, 1, 1]
    assert Windows.cut(both, 6).whole_recording.tolist() == [0] * 4 + [1] * 4
    save(both, tmp_path / "both.npz")
    assert number_whole_recordings(read(tmp_path / "both.npz")).tolist() == [0, 0, 1, 1]


def test_bodies_of_a_format_without_origins_stay_apart(standing, tmp_path: Path, monkeypatch):
    joints = standing(KINECT, 40, 0)
    joints[15:25] = np.nan
    bodies = [Recording(joints, KINECT, source=f"{tmp_path / 'a.toy'}#{number}") for number in "xy"]
    toy = SimpleNamespace(recognise=lambda path, head: path.suffix == ".toy", read=lambda path, options: bodies)
    monkeypatch.setitem(sys.modules, "toy", toy)
    monkeypatch.setattr("himpc.reading.formats.FORMATS", [Format("toy", "A toy", "toy")])
    (tmp_path / "a.toy").write_text("toy")
    found = read(tmp_path / "a.toy")
    assert [each.source for each in found][1:3] == [f"{tmp_path}/a.toy#1#part2", f"{tmp_path}/a.toy#2#part1"]
    assert number_whole_recordings(found).tolist() == [0, 0, 1, 1]


def test_bad_bodies_are_problems_and_the_others_are_used(standing, tmp_path: Path):
    good, bad = Recording(standing(KINECT, 9, 0), KINECT), Recording(np.zeros((9, 20, 3)), KINECT)
    save([bad, good], tmp_path / "x.npz")
    found = read(tmp_path)
    assert [recording.source for recording in found] == ["x.npz#2"]
    assert found.problems[0].message == "x.npz#1: all 9 frames are empty: no joint is seen, or all are at the origin"


def test_recordings_are_converted_to_the_layout(standing, tmp_path: Path):
    v2 = get_layout("kinect-v2")
    save([Recording(standing(v2, 9, 0), v2)], tmp_path / "x.npz")
    assert read(tmp_path, layout="kinect-v1")[0].layout == KINECT
    with pytest.raises(LayoutError, match="cannot become 'coco-17'"):
        read(tmp_path, layout="coco-17")
    with pytest.raises(LayoutError, match="unknown layout"):
        read(tmp_path, layout="kinect-9")


def test_progress_wraps_the_files(write, tmp_path: Path):
    for number in range(3):
        write(tmp_path / f"{number}.csv")
    seen = []

    def progress(files, total, description):
        seen.append((total, description))
        return files

    assert len(read(tmp_path, progress=progress)) == 3
    assert seen == [(3, "reading")]


def test_format_names_are_unique():
    assert len({known.name for known in FORMATS}) == len(FORMATS)
    with pytest.raises(ConfigError, match="unknown format 'fbx': choose one of smpl, arrays, npz"):
        get_format("fbx")


def test_real_files_are_recognised_by_one_format(shared_data: Path):
    expected = {"c3d": "c3d", "csv": "kinect-cells", "trc": "trc", "amc": "amc"}
    for suffix, name in expected.items():
        for path in shared_data.rglob(f"*.{suffix}"):
            assert find_format(path).name == name
            found = {known.name for known in FORMATS if known.recognise(path, path.read_bytes()[:4096])}
            assert found - {"csv-frames"} == {name}  # a reader of any program's tables, which comes last


@pytest.mark.parametrize("front_door", ["python", "command line"])
def test_each_folder_table_and_recording_is_processed_once(write, tmp_path: Path, monkeypatch, front_door):
    """Two files of one body each: one walk of the folder, one read of the labels, one validation a recording."""
    for name in ("a.csv", "b.csv"):
        write(tmp_path / "walks" / name)
    labels = tmp_path / "walks" / "people.csv"
    labels.write_text("path,person\na.csv,Ann\nb.csv,Bob\n")
    counts = Counter()

    def count(name: str) -> None:
        module, _, function = name.rpartition(".")
        called = getattr(import_module(module), function)

        def counted(*args, **kwargs):
            counts[function] += 1
            return called(*args, **kwargs)

        monkeypatch.setattr(name, counted)

    for name in ("reading.discovery._walk", "reading.reader.read_labels", "recordings.recording._check_values"):
        count(f"himpc.{name}")
    if front_door == "python":
        assert {walk.person for walk in himpc.read(tmp_path / "walks", labels=labels)} == {"Ann", "Bob"}
    else:
        assert main(["info", str(tmp_path / "walks"), "--labels", str(labels), "--quiet"]) == 0
    assert counts == {"_walk": 1, "read_labels": 1, "_check_values": 2}


def test_real_folders(shared_data: Path):
    walks = read(shared_data / "c3d-walking", name="{person}/{session}/*.c3d")
    assert {recording.session for recording in walks} == {"Static", "Straight", "Turn"}
    assert len({recording.person for recording in walks}) == 16
    assert len(read(shared_data / "amc-sample")) == 2
    everything = read([shared_data / name for name in ("amc-sample", "c3d-walking/HC002D", "kinect-v1-actions")])
    assert {recording.layout.name for recording in everything} == {"kinect-v1", "cmu"}
    with pytest.raises(HimpcError, match="no recording"):
        read(shared_data / "video", ReadOptions(video=None))


def test_common_reason_of_many_files_is_reported_once(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("wing_x,wing_y,wing_z\n1,2,3\n")
    with pytest.raises(DataError, match="none of 3 recordings") as caught:
        read(tmp_path)
    assert str(caught.value).count("wing") == 1
    assert str(caught.value).count("a.csv") == 1
