"""Kinect SDK frame folders: BIWI and KS20 lines, several recordings in a folder, unseen joints, errors with lines."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

KINECT_SDK = get_format("kinect-sdk")

BIWI, KS20 = get_layout("kinect-v1"), get_layout("kinect-v2")


def biwi(joints: np.ndarray, states: list[int] | None = None) -> str:
    """Return one frame ``(20, 3)`` as BIWI writes it: id, x y z, x y in the image, state, quality, link, quaternion."""
    states = states or [2] * 20
    return "".join(
        f"3,{x:.6f},{y:.6f},{z:.6f},{310 + i},{220 - i},{states[i]},0,{i},{i},0.012,0.998,-0.021,0.043\n"
        for i, (x, y, z) in enumerate(joints)
    )


def ks20(joints: np.ndarray) -> str:
    return "".join(f"{i},{x:.6f},{y:.6f},{z:.6f}\n" for i, (x, y, z) in enumerate(joints))


@given(seed=st.integers(0, 2**32), n=st.integers(1, 12), old=st.booleans())
def test_written_joints_are_read_back(tmp_path_factory, standing, seed: int, n: int, old: bool) -> None:
    folder = tmp_path_factory.mktemp("frames")
    joints = standing(BIWI if old else KS20, n, seed)
    for i, frame in enumerate(joints):
        (folder / f"frame{i}_skel.txt").write_text((biwi if old else ks20)(frame))
    (folder / "frame0_rgb.txt").write_text("something else")
    assert KINECT_SDK.recognise(folder, b"")
    (recording,) = KINECT_SDK.read(folder, FileOptions(fps=10))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-6)
    assert recording.layout == (BIWI if old else KS20)
    assert (recording.source, recording.fps, recording.quality.frames_read) == (str(folder), 10, n)
    assert (recording.confidence is None) == (not old)


def test_tracking_states_are_confidence_and_0_is_unseen(tmp_path: Path, standing) -> None:
    (tmp_path / "000_skel.txt").write_text(biwi(standing(BIWI, 1, 0)[0], [0, 1] + [2] * 18))
    (recording,) = KINECT_SDK.read(tmp_path, FileOptions())
    assert recording.confidence[0, :3].tolist() == [0, 0.5, 1]
    assert np.isnan(recording.joints[0, :, 0]).tolist() == [True] + [False] * 19


def test_an_empty_file_is_an_unseen_frame(tmp_path: Path, standing) -> None:
    (tmp_path / "000_skel.txt").write_text("")
    (tmp_path / "001_skel.txt").write_text(biwi(standing(BIWI, 1, 0)[0]))
    assert KINECT_SDK.recognise(tmp_path, b"")
    (recording,) = KINECT_SDK.read(tmp_path, FileOptions())
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [True, False]


def test_an_upside_down_body_is_turned(tmp_path: Path, standing) -> None:
    joints = standing(BIWI, 4, 0)
    for i, frame in enumerate(joints):
        (tmp_path / f"{i}_skel.txt").write_text(biwi(frame * (1, -1, -1)))
    (recording,) = KINECT_SDK.read(tmp_path, FileOptions())
    np.testing.assert_allclose(recording.joints, joints, atol=1e-6)
    assert recording.quality.notes == ("up is -y, as the body shows, not y as stated",)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("gc{key}_body7_{frame}_tail.txt", ["gc1_body7", "gc2_body7"]),
        ("{key}.{frame}_skel.txt", ["1", "2"]),
        ("{frame}-{key}_20121218_skel.txt", ["1", "2"]),
    ],
)
def test_file_names_separate_the_recordings_of_a_folder(tmp_path: Path, standing, name: str, keys: list[str]) -> None:
    write, layout = (ks20, KS20) if name.startswith("gc") else (biwi, BIWI)
    people = {key: standing(layout, 11, key) for key in (1, 2)}
    for key, joints in people.items():
        for frame in range(11):
            (tmp_path / name.format(key=key, frame=frame)).write_text(write(joints[frame]))
    assert KINECT_SDK.recognise(tmp_path, b"")
    recordings = KINECT_SDK.read(tmp_path, FileOptions())
    assert [recording.source for recording in recordings] == [f"{tmp_path}#{key}" for key in keys]
    for recording, joints in zip(recordings, people.values(), strict=True):
        np.testing.assert_allclose(recording.joints, joints, atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3,", "3,x", "1_skel.txt, line 1: number 1 is 'x"),
        ("3,", "3,9999999", "1_skel.txt, line 1: a position of 1e"),
        (",2,0,", ",5,0,", "1_skel.txt, line 1: tracking state is 5"),
        (re.compile("\n3,.*"), "\n3,1,2", "1_skel.txt, line 2: has 3 columns, expected an id, x, y, z at least"),
        ("\n", "\n1,2,3\n", "1_skel.txt, line 21: has 21 joint lines, expected 20 or 25"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, old: str | re.Pattern[str], new: str, message: str) -> None:
    text = biwi(np.full((20, 3), 1.25))
    (tmp_path / "0_skel.txt").write_text(text)
    (tmp_path / "1_skel.txt").write_text(re.sub(old, new, text, count=1))
    with pytest.raises(FormatError, match=message):
        KINECT_SDK.read(tmp_path, FileOptions())


def test_frames_of_two_layouts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0_skel.txt").write_text(biwi(np.ones((20, 3))))
    (tmp_path / "1_skel.txt").write_text(ks20(np.ones((25, 3))))
    with pytest.raises(FormatError, match=r"1_skel\.txt, line 25: has 25 joint lines, the first frame has 20"):
        KINECT_SDK.read(tmp_path, FileOptions())


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    assert not KINECT_SDK.recognise(tmp_path, b"")
    assert not KINECT_SDK.recognise(tmp_path / "missing", b"")
    (tmp_path / "notes.txt").write_text("1,2,3,4")
    assert not KINECT_SDK.recognise(tmp_path, b"")
    with pytest.raises(FormatError, match=re.escape(f"{tmp_path}: holds no frame files")):
        KINECT_SDK.read(tmp_path, FileOptions())


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path: Path, standing, check_damaged, seed: int) -> None:
    check_damaged(KINECT_SDK, tmp_path / "1_skel.txt", biwi(standing(BIWI, 1, 1)[0]).encode(), seed, folder=tmp_path)
