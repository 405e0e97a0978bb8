"""Xsens MVNX: versions, subjects, calibration poses, gaps, and files that are damaged or hostile."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import find_format, get_format
from himpc.reading.formats.mvnx import SEGMENTS
from himpc.skeleton import get_layout

FORMAT = get_format("mvnx")
LAYOUT = get_layout("kinect-v1")
TO_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).T
"""Turns y-up positions ``(..., 3)`` so that z is up, when they are multiplied by it."""


def subject(
    joints: np.ndarray, name: str = "Ann", rate: str = "60", numbers: list[int] | None = None, **attributes
) -> str:
    segments = "".join(
        f'<segment label="{joint}" id="{i}"><points/></segment>' for i, joint in enumerate(LAYOUT.joints)
    )
    lines = [f'<subject label="{name}" torsoColor="c" frameRate="{rate}" segmentCount="{len(LAYOUT)}">', "<comment/>"]
    lines += [f"<segments>{segments}</segments>", f'<frames segmentCount="{len(LAYOUT)}" sensorCount="17">']
    zeros = " ".join(["0"] * 3 * len(LAYOUT))
    for kind in ("identity", "tpose", "tpose-isb"):
        lines.append(f'<frame time="0" index="" type="{kind}"><position>{zeros}</position></frame>')
    for i, frame in enumerate(joints @ TO_Z_UP):
        number = i if numbers is None else numbers[i]
        lines.append(f'<frame time="{round(number * 1000 / 60)}" index="{number}" tc="1" ms="9" type="normal">')
        lines.append("<orientation>1 0 0 0</orientation>")
        lines.append(f"<position>{' '.join(f'{value:.6f}' for value in frame.ravel())}</position></frame>")
    return "\n".join([*lines, "</frames>", "</subject>"])


def mvnx(*subjects: str, start: str = '<mvnx version="4" xmlns="http://www.xsens.com/mvn/mvnx">') -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + start + '<mvn version="2024"/>\n' + "\n".join(subjects) + "</mvnx>"
    )


@pytest.fixture
def read(tmp_path, one_marker_a_joint):
    def read(text: str):
        path = tmp_path / "walk.mvnx"
        path.write_text(text)
        assert FORMAT.recognise(path, path.read_bytes()[:4096])
        return FORMAT.read(path, FileOptions(markers=one_marker_a_joint))

    return read


@pytest.mark.parametrize("start", ["<mvnx>", '<mvnx version="3">', '<x:mvnx xmlns:x="a" version="4">'])
def test_frames_of_motion_are_read(read, standing, start):
    joints = standing(LAYOUT, 4, 1)
    text = mvnx(subject(joints), start=start)
    (recording,) = read(text.replace("</mvnx", "</x:mvnx") if "x:" in start else text)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert (recording.fps, recording.person) == (60, "Ann")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("stated", ["UTF-8", "UTF-16"])
def test_encodings_are_recognised(tmp_path, standing, one_marker_a_joint, encoding, stated):
    if (stated, encoding) == ("UTF-16", "utf-8-sig"):
        pytest.skip("no program writes it")
    path = tmp_path / "walk.xml"
    path.write_bytes(mvnx(subject(standing(LAYOUT, 4, 1))).replace("UTF-8", stated).encode(encoding))
    assert find_format(path) is FORMAT
    assert len(FORMAT.read(path, FileOptions(markers=one_marker_a_joint))[0]) == 4


def test_each_subject_is_a_recording(read, standing):
    joints = standing(LAYOUT, 4, 1)
    first, second = read(mvnx(subject(joints), subject(joints[:3] + np.array([2, 0, 0]), name="Ben")))
    np.testing.assert_allclose(first.joints, joints, atol=1e-5)
    np.testing.assert_allclose(second.joints[:3], joints[:3] + np.array([2, 0, 0]), atol=1e-5)
    assert np.isnan(second.joints[3]).all()


def test_the_23_segments_are_a_body(tmp_path):
    right = {"RightUpperArm": (0, -0.2, 1.4), "RightForeArm": (0, -0.2, 1.1), "RightHand": (0, -0.2, 0.9)}
    right |= {"RightUpperLeg": (0, -0.1, 0.9), "RightLowerLeg": (0, -0.1, 0.5), "RightFoot": (0, -0.1, 0.1)}
    right |= {"RightShoulder": (0, -0.1, 1.4), "RightToe": (0.1, -0.1, 0)}
    left = {name.replace("Right", "Left"): (x, -y, z) for name, (x, y, z) in right.items()}
    trunk = {name: (0, 0, 1 + 0.1 * i) for i, name in enumerate(("Pelvis", "L5", "L3", "T12", "T8", "Neck", "Head"))}
    positions = " ".join(f"{value:g}" for segment in SEGMENTS for value in (right | left | trunk)[segment])
    path = tmp_path / "walk.mvnx"
    path.write_text(mvnx(f"<subject><frames><frame><position>{positions}</position></frame></frames></subject>"))
    (recording,) = FORMAT.read(path, FileOptions())
    joint = {name: recording.joints[0, i] for i, name in enumerate(recording.layout.joints)}
    np.testing.assert_allclose(joint["right_elbow"], (0, 1.1, 0.2), atol=1e-6)
    np.testing.assert_allclose(joint["left_knee"], (0, 0.5, -0.1), atol=1e-6)


def test_skipped_frames_are_gaps(read, standing):
    (recording,) = read(mvnx(subject(standing(LAYOUT, 3, 1), numbers=[5, 6, 8])))
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [False, False, True, False]


def test_time_stamps_win_over_the_stated_rate(read, standing):
    (recording,) = read(mvnx(subject(standing(LAYOUT, 30, 1), rate="240")))
    assert recording.fps == pytest.approx(60, rel=1e-2)
    assert any("the file states 240" in note for note in recording.quality.notes)


def test_the_23_segments_are_known_without_a_list(tmp_path):
    path = tmp_path / "walk.mvnx"
    frame = '<frame type="normal"><position>{}</position></frame>'
    path.write_text(mvnx(f"<subject><frames>{frame.format('0 0 1')}</frames></subject>"))
    with pytest.raises(FormatError, match="line 3: a position has 3 numbers, expected 3 for each of 23 segments"):
        FORMAT.read(path, FileOptions())
    assert len(SEGMENTS) == 23


def test_the_sample_is_refused_with_what_is_wrong():
    path = Path(__file__).parents[3] / "shared" / "cases" / "a.mvnx"
    if not path.exists():
        pytest.skip(f"the sample is not at {path}")
    with pytest.raises(FormatError, match="has 3 numbers, expected 3 for each of 23 segments"):
        FORMAT.read(path, FileOptions())


SCHEMA = '<!DOCTYPE mvnx SYSTEM "http://www.xsens.com/mvn/mvnx/schema.dtd">'
ENTITY = '<!DOCTYPE mvnx [<!ENTITY a SYSTEM "secret.txt">]>'


def test_the_schema_of_version_3_is_not_loaded(read, standing):
    """Files of MVN Studio name it (MVN User Manual, document MV0319P)."""
    text = mvnx(subject(standing(LAYOUT, 3, 1)))
    (plain,), (declared,) = read(text), read(text.replace("<mvnx", SCHEMA + "<mvnx", 1))
    np.testing.assert_array_equal(plain.joints, declared.joints)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("<mvnx", ENTITY + "<mvnx", 1), "declares entities or elements"),
        (
            lambda text: text.replace("<mvnx", SCHEMA + "<mvnx", 1).replace("<comment/>", "&a;"),
            "entity 'a' is not declared",
        ),
        (lambda text: text.replace(">Ann<", ">&a;<").replace("<comment/>", "&a;"), "not valid XML: undefined entity"),
        (lambda text: text[:-40], "not valid XML: (no element found|unclosed token)"),
        (lambda text: text.replace('"normal"', '"tpose"'), r"no positions of frames of motion \(only identity, tpose"),
        (
            lambda text: text.replace("</orientation>\n<position>", "</orientation>\n<position>x"),
            "line 12: a position holds something that is not a",
        ),
        (lambda text: text.replace("</orientation>\n<position>", "</orientation>\n<position>1 "), "61 numbers"),
        (
            lambda text: text.replace("</orientation>\n<position>", "</orientation>\n<position>99999999"),
            "is farther than",
        ),
        (
            lambda text: text.replace("position>", "velocity>"),
            "holds no positions.*export it from Xsens MVN: .*with segment positions",
        ),
        (lambda text: "<mvnx></mvnx>", "holds no positions"),
        (lambda text: text.replace("UTF-8", "UTF-9"), "states an unknown encoding, expected UTF-8"),
        (lambda text: text.replace("UTF-8", "zlib"), "unknown encoding|not valid XML"),
    ],
)
def test_errors_name_the_problem(read, standing, change, message):
    with pytest.raises(FormatError, match=message):
        read(change(mvnx(subject(standing(LAYOUT, 3, 1)))))


def test_subjects_of_different_rates_are_refused(read, standing):
    joints = standing(LAYOUT, 30, 1)
    other = subject(joints, name="Ben", rate="240").replace('time="', 'moment="')
    with pytest.raises(FormatError, match="its subjects have different frame rates; export each"):
        read(mvnx(subject(joints), other))


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = mvnx(subject(standing(LAYOUT, 3, 1))).encode()
    check_damaged(FORMAT, tmp_path / "d.mvnx", content, seed, options=FileOptions(markers=one_marker_a_joint))
