"""himpc's .npz: what was saved comes back exactly; what was not saved by himpc is one clear error."""

import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError, FormatError, RunFolderError
from himpc.recordings import Origin, Quality, Recording, load, number_whole_recordings, save
from himpc.skeleton import get_layout, layout_names

texts = st.text(st.characters(exclude_characters="\0"), max_size=6)
counts = st.integers(0, 2**40)
SIZES = ((True, False), (False, False), (False, True))


@st.composite
def recordings(draw):
    layout = get_layout(draw(st.sampled_from(layout_names())))
    frames = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    joints = rng.normal(size=(frames, len(layout), 3)).astype(np.float32)
    joints[rng.random(joints.shape[:2]) < draw(st.sampled_from([0, 0.3, 1]))] = np.nan
    return Recording(
        joints,
        layout,
        fps=draw(st.none() | st.floats(1, 1e4)),
        person=draw(st.none() | texts),
        session=draw(st.none() | texts),
        camera=draw(st.none() | texts),
        source=draw(texts),
        confidence=rng.random(joints.shape[:2]) if draw(st.booleans()) else None,
        dimensions=draw(st.sampled_from([2, 3])),
        quality=Quality(*(draw(counts) for _ in range(7)), notes=tuple(draw(st.lists(texts, max_size=2)))),
        **dict(zip(("true_size", "equal_size"), draw(st.sampled_from(SIZES)), strict=True)),
    )


@given(st.lists(recordings(), min_size=1, max_size=4))
def test_round_trip_is_exact(tmp_path_factory, saved):
    path = tmp_path_factory.mktemp("store") / "all.npz"
    save(saved, path)
    loaded = load(path)
    assert len(loaded) == len(saved)
    for before, after in zip(saved, loaded, strict=True):
        for name in (
            "layout",
            "fps",
            "person",
            "session",
            "camera",
            "dimensions",
            "quality",
            "true_size",
            "equal_size",
        ):
            assert getattr(before, name) == getattr(after, name)
        assert after.source == (before.source or str(after.origin))
        assert before.joints.tobytes() == after.joints.tobytes()
        assert (before.confidence is None) == (after.confidence is None)
        if before.confidence is not None:
            np.testing.assert_array_equal(before.confidence, after.confidence)


def parts() -> list[Recording]:
    """Return two parts of one recording, a recording of the same name, and two parts of a third."""
    joints, kinect = np.zeros((3, 20, 3)), get_layout("kinect-v1")
    a, b = Origin(body="a", whole_source="w.csv"), Origin(body="b", whole_source="w.csv")
    origins = [replace(a, part=1), replace(a, part=2), None, replace(b, part=1), replace(b, part=2)]
    return [Recording(joints, kinect, source=o.text("w.csv") if o else "w.csv", origin=o) for o in origins]


def test_parts_survive_a_round_trip(tmp_path: Path):
    save(parts(), tmp_path / "x.npz")
    loaded = load(tmp_path / "x.npz")
    assert number_whole_recordings(loaded).tolist() == [0, 0, 1, 2, 2]
    assert loaded[1].origin == Origin(tmp_path / "x.npz", body=1, part=2)
    assert [each.whole_source for each in loaded] == ["w.csv"] * 5


def test_files_without_sizes_hold_true_sizes_unless_from_video(tmp_path: Path):
    video = one().with_(quality=Quality(cleaned=True))
    save([one(), video], tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as archive:
        np.savez(tmp_path / "x.npz", **{n: archive[n] for n in archive if n not in ("true_size", "equal_size")})
    assert [(each.true_size, each.equal_size) for each in load(tmp_path / "x.npz")] == [(True, False), (False, False)]


def test_files_of_two_sizes_are_refused(tmp_path: Path):
    save([one()], tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as archive:
        np.savez(
            tmp_path / "x.npz", **{n: archive[n] for n in archive if n != "equal_size"}, equal_size=np.array([True])
        )
    with pytest.raises(FormatError, match="both of true size and scaled"):
        load(tmp_path / "x.npz")


def test_files_of_earlier_versions_are_migrated(tmp_path: Path):
    some = [one().with_(source=source) for source in ("w.csv#2#part1", "w.csv#2#part2", "w.csv#1", "#part1")]
    some[2] = some[2].with_(quality=Quality(notes=("skeletons from video, made clean",)))
    save(some, tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as archive:
        old = {name: archive[name] for name in archive if name not in ("cleaned", "whole", "part", "whole_source")}
    np.savez(tmp_path / "x.npz", **old)
    loaded = load(tmp_path / "x.npz")
    assert [each.origin and each.origin.part for each in loaded] == [1, 2, None, 1]
    assert number_whole_recordings(loaded).tolist() == [0, 0, 1, 2]
    assert (loaded[0].source, loaded[0].whole_source) == ("w.csv#2#part1", "w.csv#2")
    assert [each.quality.cleaned for each in loaded] == [False, False, True, False]


def one() -> Recording:
    return Recording(np.zeros((3, 20, 3)), get_layout("kinect-v1"), person="a", source="x.csv")


def test_the_same_recordings_make_the_same_bytes(tmp_path: Path):
    save([one()], tmp_path / "a.npz")
    save([one()], tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_an_error_leaves_the_old_file_unchanged(tmp_path: Path):
    save([one()], tmp_path / "a.npz")
    before = (tmp_path / "a.npz").read_bytes()
    with pytest.raises(DataError, match="NUL"):
        save([one().with_(person="a\0")], tmp_path / "a.npz")
    with pytest.raises(DataError, match="no recordings"):
        save([], tmp_path / "a.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (tmp_path / "a.npz").read_bytes() == before


def test_an_unwritable_path_raises_a_run_folder_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none" / "a.npz", tmp_path / "file" / "a.npz"):
        with pytest.raises(RunFolderError, match=r"a\.npz: cannot be written"):
            save([one()], path)


def rewrite(path: Path, **changes) -> None:
    """Write a valid file with some arrays changed; None takes one away."""
    save([one(), one()], path)
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez(path, allow_pickle=False, **{name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"himpc_version": None}, "is not himpc's: it holds 'joints'"),
        ({"himpc_version": np.array(9)}, "version 9, expected 1; update himpc"),
        ({"himpc_version": np.array(9), "fps": None}, "version 9, expected 1; update himpc"),
        ({"himpc_version": np.array("1")}, "'himpc_version' is <U1"),
        ({"fps": None}, "lacks the array 'fps'"),
        ({"fps": np.ones(3)}, "'fps' has 3"),
        ({"fps": np.array([-1.0, 1.0])}, "fps is -1"),
        ({"joints": np.zeros((120, 2), np.float32)}, "expected 3 columns"),
        ({"joints": np.zeros((120, 3), "U2")}, "'joints' is <U2"),
        ({"joints": np.zeros((119, 3), np.float32)}, "'offsets' does not divide"),
        ({"offsets": np.array([0, 130, 120])}, "backwards"),
        ({"offsets": np.array([0, 61, 120])}, "is damaged"),
        ({"layout": np.array([0, 1])}, "a layout that is not in the file"),
        ({"layout": np.array([0, -1])}, "a layout that is not in the file"),
        ({"layouts": np.array(["{}"])}, "its layout: name is missing"),
        ({"layouts": np.array(["[" * 100_000])}, "is damaged"),
        ({"layouts": np.array(["3"])}, "not a JSON table"),
        ({"notes": np.array(["3", "[]"])}, "not a JSON list"),
        ({"dimensions": np.array([3, 4])}, "dimensions is 4"),
        ({"quality": np.full((2, 7), -1)}, "'quality' holds negative numbers"),
        ({"clock": np.array([-1, 0])}, "'clock' holds negative numbers"),
        ({"clock": np.array([1, 1]), "start": np.array([0.0, 1e300])}, "start is 1e"),
        ({"has_confidence": np.array([True, False])}, "'confidence' does not have"),
        ({"confidence": np.ones(3, np.float32)}, "'confidence' does not have"),
        ({"person": np.ones((2, 2), "U1")}, "'person' is <U1 with shape"),
    ],
)
def test_inconsistent_arrays_raise_a_format_error(tmp_path: Path, changes, complaint):
    rewrite(tmp_path / "x.npz", **changes)
    with pytest.raises(FormatError, match=f"x.npz: .*{complaint}"):
        load(tmp_path / "x.npz")


def npy(header: bytes, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


@pytest.mark.parametrize(
    "member",
    [
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (10**12, 3), }\n"),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3), }\n"),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-120, 3), }\n", bytes(1440)),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1000000000000), }\n"),
        npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (120, 3), }\n", pickle.dumps([1])),
        npy(b"{'descr': '<f4'" + b"(" * 5000),
        npy(b"\xff" * 40),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
)
def test_wrong_declared_sizes_and_types_raise_a_format_error(tmp_path: Path, member):
    save([one(), one()], tmp_path / "x.npz")
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        for name, content in {**members, "joints.npy": member}.items():
            archive.writestr(name, content)
    with pytest.raises(FormatError, match=r"x\.npz: array 'joints'|x\.npz: is damaged"):
        load(tmp_path / "x.npz")


def test_a_zip_bomb_is_refused(tmp_path: Path):
    save([one()], tmp_path / "x.npz")
    bomb = io.BytesIO()
    np.save(bomb, np.zeros((1_000_000, 3), np.float32))
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**members, "joints.npy": bomb.getvalue()}.items():
            archive.writestr(name, content)
    with pytest.raises(FormatError, match="is compressed"):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"hello"])
def test_other_files_raise_a_format_error(tmp_path: Path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(FormatError, match=r"x\.npz"):
        load(tmp_path / "x.npz")
    with pytest.raises(FormatError, match="cannot be read"):
        load(tmp_path / "none.npz")


@pytest.mark.parametrize("fps", [0.2, 20_000.0])
def test_rates_of_earlier_versions_that_are_no_longer_allowed_are_ignored_and_noted(tmp_path, monkeypatch, fps):
    monkeypatch.setattr("himpc.recordings.recording.MIN_FPS", 0.01)
    monkeypatch.setattr("himpc.recordings.recording.MAX_FPS", 1e6)
    layout = get_layout("kinect-v1")
    save([Recording(np.ones((4, 20, 3), np.float32), layout, fps=fps, source="a")], tmp_path / "x.npz")
    monkeypatch.undo()
    (restored,) = load(tmp_path / "x.npz")
    assert restored.fps is None
    assert restored.quality.notes[-1].startswith(f"the file states {fps:g} frames a second")
