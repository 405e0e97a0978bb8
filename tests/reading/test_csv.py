"""Plain CSV, one row a frame or a joint: written files are read back in any unit, axis and spelling; error lines."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import himpc
from himpc.errors import FormatError
from himpc.reading.file_options import UNITS, FileOptions
from himpc.reading.formats import get_format
from himpc.reading.formats.csv import table_file
from himpc.skeleton import get_layout, layout_names

CSV_FRAMES, CSV_JOINTS = get_format("csv-frames"), get_format("csv-joints")

LAYOUT = get_layout("coco-17")
METRES = FileOptions(unit="m")
STYLES = {
    "snake": lambda joint, axis: f"{joint}_{axis}",
    "dots": lambda joint, axis: f"{joint.upper()}.{axis.upper()}",
    "camel": lambda joint, axis: "".join(word.title() for word in joint.split("_")) + axis.upper(),
    "axis first": lambda joint, axis: f"{axis}_{joint}",
}
# The rows of each matrix are what x, y and z of the file are made of, where the named axis points up.
FILE_AXES = {"y": np.eye(3), "z": [[1, 0, 0], [0, 0, -1], [0, 1, 0]], "-y": np.diag([1, -1, -1])}


def frames_text(joints: np.ndarray, layout=LAYOUT, style: str = "snake", delimiter: str = ",", **columns) -> str:
    header = [*columns, *(STYLES[style](joint, axis) for joint in layout.joints for axis in "xyz")]
    rows = [
        [*(str(values[i]) for values in columns.values()), *(f"{v:.9g}" for v in frame.ravel())]
        for i, frame in enumerate(joints)
    ]
    return "\n".join(delimiter.join(row) for row in [header, *rows]) + "\n"


def joints_text(joints: np.ndarray, layout=LAYOUT) -> str:
    rows = [
        f"{frame},{name},{','.join(f'{v:.9g}' for v in joints[frame, i])}"
        for frame, (i, name) in product(range(len(joints)), enumerate(layout.joints))
    ]
    return "\n".join(["frame,joint,x,y,z", *rows]) + "\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 4),
    name=st.sampled_from(layout_names()),
    style=st.sampled_from(sorted(STYLES)),
    delimiter=st.sampled_from(",;\t"),
    unit=st.sampled_from(sorted(UNITS)),
    up=st.sampled_from(sorted(FILE_AXES)),
)
def test_written_frames_are_read_back(tmp_path: Path, standing, seed, n, name, style, delimiter, unit, up) -> None:
    layout = get_layout(name)
    joints = standing(layout, n, seed)
    text = frames_text(joints @ np.transpose(FILE_AXES[up]) / UNITS[unit], layout, style, delimiter)
    path = write(tmp_path / "a.csv", f"# made by a test\n# unit: {unit}\n# layout: {name}\n{text}")
    assert CSV_FRAMES.recognise(path, path.read_bytes()[:4096])
    (recording,) = CSV_FRAMES.read(path, FileOptions())
    np.testing.assert_allclose(recording.joints, joints, atol=2e-6)
    assert recording.layout == layout
    assert recording.quality.notes == (f"up is {up}, as the body shows",)


@given(seed=st.integers(0, 2**32), n=st.integers(1, 4), shuffle=st.randoms())
def test_written_joints_are_read_back_in_any_order(tmp_path: Path, standing, seed: int, n: int, shuffle) -> None:
    joints = standing(LAYOUT, n, seed)
    header, *rows = joints_text(joints).splitlines()
    shuffle.shuffle(rows)
    path = write(tmp_path / "a.csv", "\n".join([header, *rows]))
    assert CSV_JOINTS.recognise(path, path.read_bytes()[:4096])
    (recording,) = CSV_JOINTS.read(path, METRES)
    np.testing.assert_allclose(recording.joints, joints, rtol=1e-6)
    assert recording.layout == LAYOUT


@pytest.mark.parametrize("name", layout_names())
def test_the_layout_is_known_by_its_joints(tmp_path: Path, standing, name: str) -> None:
    layout = get_layout(name)
    path = write(tmp_path / "a.csv", frames_text(standing(layout, 1, 0), layout))
    (recording,) = CSV_FRAMES.read(path, METRES)
    assert recording.layout == layout


def test_joint_names_of_two_layouts_are_ambiguous(tmp_path: Path, standing, monkeypatch) -> None:
    layout = get_layout("kinect-v1")
    twins = {"kinect-v1": layout, "twin": replace(layout, name="twin")}
    monkeypatch.setattr("himpc.skeleton.layout._built_in", lambda: twins)
    path = write(tmp_path / "a.csv", frames_text(standing(layout, 1, 0), layout))
    with pytest.raises(FormatError, match="line 1: the joint names fit several layouts: kinect-v1, twin"):
        CSV_FRAMES.read(path, METRES)
    (recording,) = CSV_FRAMES.read(path, FileOptions(unit="m", layout=layout))
    assert recording.layout == layout


def test_missing_cells_are_unseen_joints(tmp_path: Path, standing) -> None:
    lines = frames_text(standing(LAYOUT, 3, 0)).splitlines()
    lines[1] = ",,nan," + lines[1].split(",", 3)[3]
    lines[2] = "," + lines[2].split(",", 1)[1]
    path = write(tmp_path / "a.csv", "\n".join(lines))
    unseen = np.isnan(CSV_FRAMES.read(path, METRES)[0].joints)
    assert (unseen.sum(), unseen[0, 0].all(), unseen[1, 0].all()) == (6, True, True)
    rows = joints_text(standing(LAYOUT, 2, 0)).splitlines()
    path = write(tmp_path / "b.csv", "\n".join(rows[:-1]))
    unseen = np.isnan(CSV_JOINTS.read(path, METRES)[0].joints)
    assert (unseen.sum(), unseen[1, -1].all()) == (3, True)


def test_frame_numbers_order_rows_and_show_gaps(tmp_path: Path, standing) -> None:
    joints = standing(LAYOUT, 3, 0)
    text = frames_text(joints, frame=[30, 10, 15], time=[2.0, 1.0, 1.25])
    (recording,) = CSV_FRAMES.read(write(tmp_path / "a.csv", text), METRES)
    expected = np.full((5, 17, 3), np.nan)
    expected[[4, 0, 1]] = joints
    np.testing.assert_allclose(recording.joints, expected, rtol=1e-6)
    assert (recording.fps, recording.quality.frames_read) == (4.0, 5)


def test_frame_rate_comes_from_user_then_times_then_file(tmp_path: Path, standing) -> None:
    options = FileOptions(unit="m", fps=25)
    regular = frames_text(standing(LAYOUT, 4, 0), time=[0, 0.033, 0.067, 0.1])
    irregular = frames_text(standing(LAYOUT, 4, 0), time=[0, 0.1, 0.9, 1.0])
    found = [
        CSV_FRAMES.read(write(tmp_path / "a.csv", text), options)[0].fps
        for text in ("# fps: 50\n" + regular, regular, irregular)
    ]
    assert found == [25, 25, 25]
    found = [
        CSV_FRAMES.read(write(tmp_path / "a.csv", text), METRES)[0] for text in ("# fps: 50\n" + regular, irregular)
    ]
    assert [(one.fps, len(one)) for one in found] == [(30, 4), (10, 11)]
    assert found[0].quality.notes[0] == "30 frames a second, as the time stamps show; the file states 50"


def test_each_person_and_camera_is_a_recording(tmp_path: Path, standing) -> None:
    joints = standing(LAYOUT, 4, 0)
    text = frames_text(joints, person=["ann", "bob", "ann", "bob"], camera=["c1"] * 4)
    path = write(tmp_path / "a.csv", text)
    ann, bob = CSV_FRAMES.read(path, METRES)
    assert (ann.person, ann.camera, ann.session, ann.source) == ("ann", "c1", None, f"{path}#1")
    assert (bob.person, bob.source) == ("bob", f"{path}#2")
    np.testing.assert_allclose(bob.joints, joints[1::2], rtol=1e-6)


@pytest.mark.parametrize("fmt", [CSV_FRAMES, CSV_JOINTS])
def test_a_missing_unit_is_shown_by_the_body(tmp_path: Path, standing, fmt) -> None:
    text = (frames_text if fmt is CSV_FRAMES else joints_text)(standing(LAYOUT, 2, 0) * 1000)
    path = write(tmp_path / "a.csv", text)
    (recording,) = fmt.read(path, FileOptions())
    assert recording.quality.notes[0].startswith("the file states no unit of length; read in mm")
    with pytest.raises(FormatError, match="state the unit: unit='mm'"):
        fmt.read(path, METRES)


def test_an_unknown_up_axis_is_an_error(tmp_path: Path, standing) -> None:
    # The body leans towards (1, 1, 1): more than 45 degrees from every axis.
    lying = standing(LAYOUT, 2, 0) @ (np.array([[1, -1, 0], [1, 1, 1], [-1, -1, 2]]) / np.sqrt([[2], [3], [6]]))
    path = write(tmp_path / "a.csv", frames_text(lying))
    with pytest.raises(FormatError, match=r"state the axis that points up .*: up='z'"):
        CSV_FRAMES.read(path, METRES)
    (recording,) = CSV_FRAMES.read(path, FileOptions(unit="m", up="y"))
    np.testing.assert_allclose(recording.joints, lying, rtol=1e-5)


FRAMES = "# unit: m\n" + frames_text(np.ones((3, 17, 3)), frame=[1, 2, 3])
JOINTS = "# unit: m\n" + joints_text(np.ones((2, 17, 3)))


@pytest.mark.parametrize(
    ("fmt", "text", "message"),
    [
        (CSV_FRAMES, FRAMES.replace("\n2,", "\n2,1,"), "line 4: has 53 cells, the header has 52"),
        (CSV_FRAMES, FRAMES.replace("\n2,1", "\n2,abc"), "line 4: nose_x is 'abc', expected a number"),
        (CSV_FRAMES, FRAMES.replace("\n2,1", "\n2,inf"), "line 4: a position of inf"),
        (CSV_FRAMES, FRAMES.replace("\n2,1", "\n2,1e7"), r"line 4: a position of 1e\+07"),
        (CSV_FRAMES, FRAMES.replace("\n2,", "\n1,"), "line 4: frame 1 is there twice"),
        (CSV_FRAMES, FRAMES.replace("\n2,", "\n1.5,"), "line 4: frame is 1.5, expected a whole number"),
        (CSV_FRAMES, FRAMES.replace("\n2,", "\n9000000000,"), "line 4: frame 9000000000 is too far"),
        (CSV_FRAMES, "# layout: coco\n" + FRAMES.replace("nose_", "tail_"), "line 3: 'tail' is no joint of layout"),
        (CSV_FRAMES, FRAMES.replace("nose_x", "smell"), "line 2: joint 'nose' has no x column"),
        (CSV_FRAMES, FRAMES.replace("nose_x", "nose_z"), "line 2: column 'nose_z' is there twice"),
        (CSV_FRAMES, FRAMES.replace("nose_x", "nose_confidence"), "line 2: joint 'nose' has no x column"),
        (
            CSV_FRAMES,
            FRAMES.replace("unit: m", "unit: ell"),
            "unknown unit of length, 'ell'; state the unit",
        ),
        (CSV_FRAMES, "# fps: never\n" + FRAMES, "states fps 'never'"),
        (CSV_FRAMES, "# layout: dog\n" + FRAMES, "line 3: unknown layout 'dog'"),
        (
            CSV_FRAMES,
            "# layout: /etc/x.toml\n" + FRAMES,
            "expected a built-in one; state a layout file yourself: layout='/etc/x.toml'",
        ),
        (CSV_FRAMES, "# layout: body-25\n" + FRAMES, "line 3: has no column for joint 'neck'"),
        (CSV_FRAMES, "# unit: m\n" + FRAMES.splitlines()[1], "has a header but no rows"),
        (CSV_FRAMES, "# unit: m\n", "has no header line"),
        (CSV_JOINTS, JOINTS.replace("1,nose,", "0,nose,"), "line 20: frame 0, joint 'nose', is there twice"),
        (CSV_JOINTS, JOINTS.replace("1,nose,1", "1,nose,?"), r"line 20: x is '\?', expected a number"),
        (CSV_JOINTS, "# layout: coco\n" + JOINTS.replace("1,nose", "1,neck"), "line 21: 'neck' is no joint of layout"),
        (CSV_JOINTS, JOINTS.replace(",y", ",w"), "line 2: expected the columns joint, x, y"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, fmt, text: str, message: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(FormatError, match=message):
        fmt.read(path, FileOptions())


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in (b"frame,joint\0", b"\xff\xfe\xff", b"\x80abc"):
        path.write_bytes(content)
        with pytest.raises(FormatError):
            CSV_FRAMES.read(path, METRES)


@given(seed=st.integers(0, 2**32), per_frame=st.booleans())
def test_damaged_files_are_errors_or_recordings(tmp_path: Path, standing, check_damaged, seed, per_frame) -> None:
    joints = standing(LAYOUT, 3, 1)
    text = frames_text(joints, frame=[1, 2, 3], time=[0, 0.1, 0.2]) if per_frame else joints_text(joints)
    options = FileOptions(unit="m", up="y")
    check_damaged(CSV_FRAMES if per_frame else CSV_JOINTS, tmp_path / "a.csv", text.encode(), seed, options=options)


def test_wrong_line_at_the_beginning_of_a_long_file_is_found_at_once(tmp_path, monkeypatch):
    path = tmp_path / "long.csv"
    joints = get_layout("kinect-v1").joints
    row = ",".join(["0.5"] * 3 * len(joints))
    header = ",".join(f"{joint}_{axis}" for joint in joints for axis in "xyz")
    path.write_text("\n".join([header, row.replace("0.5", "abc", 1), *[row] * 10_000]))
    split = []
    original = table_file.split_lines
    monkeypatch.setattr(
        table_file, "split_lines", lambda path, content: split.append(len(content)) or original(path, content)
    )
    with pytest.raises(FormatError, match=r"long\.csv, line 2: .* is 'abc', expected a number"):
        himpc.read(path)
    assert sum(split) <= table_file.CHECKED_BYTES < path.stat().st_size


KINECT = get_layout("kinect-v1")
MIXAMO = (
    *("Hips", "Spine", "Neck", "Head", "LeftArm", "LeftForeArm", "LeftHand", "RightArm", "RightForeArm", "RightHand"),
    *("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase"),
)


def plain_table(joints: np.ndarray, names=KINECT.joints, pattern="{}_{}", axes="xyz", **columns) -> list[list[str]]:
    """Return the cells of a table with one row a frame: the header, then the rows; some columns stand first."""
    header = [*columns, *(pattern.format(name, axis) for name in names for axis in axes)]
    return [header, *([*(str(v[i]) for v in columns.values()), *map(str, f.ravel())] for i, f in enumerate(joints))]


def save(path: Path, cells: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(delimiter.join(row) for row in cells), encoding=encoding)
    return path


@pytest.mark.parametrize(
    "pattern",
    [
        *("{} {}", "{}:{}", "{} [{}]", "{}_t{}", "{}_pos_{}", "pos_{}_{}", "{}.position.{}"),
        *("{}_{} (mm)", "{}_{}_mm", "{}_{}[mm]", "{} {} mm"),
    ],
)
def test_columns_are_named_in_many_ways(tmp_path: Path, standing, pattern: str) -> None:
    joints = standing(KINECT, 5, 0)
    scale = 1000 if "mm" in pattern else 1
    (recording,) = himpc.read(save(tmp_path / "a.csv", plain_table(joints * scale, pattern=pattern)), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.layout == KINECT
    assert any("no unit" in note for note in recording.quality.notes) == (scale == 1)


@pytest.mark.parametrize("name", ["frame", "Frame#", "frame_id", "FrameNumber", "", "Unnamed: 0", "index"])
def test_a_frame_number_that_is_skipped_is_a_gap(tmp_path: Path, standing, name: str) -> None:
    cells = plain_table(standing(KINECT, 4, 0), **{name: [7, 8, 11, 12]})
    (recording,) = himpc.read(save(tmp_path / "a.csv", cells), clean=False)
    assert np.flatnonzero(np.isnan(recording.joints).all(axis=(1, 2))).tolist() == [2, 3]


TIMES = {
    "time": [f"{i / 25:.3f}" for i in range(5)],
    "Timestamp": ["17:59:59.92", "17:59:59.96", "18:00:00.00", "18:00:00.04", "18:00:00.08"],
    "time_ms": [f"{40 * i + 12_345}" for i in range(5)],
    "Time [s]": [f"2024-02-29T23:59:58.{4 * i:02d}Z" for i in range(5)],
    "time (seconds)": [f"2024-03-01 10:00:00.{4 * i:02d}0000" for i in range(5)],
}


@pytest.mark.parametrize("name", TIMES)
def test_times_give_the_frame_rate(tmp_path: Path, standing, name: str) -> None:
    cells = plain_table(standing(KINECT, 5, 0), **{name: TIMES[name]})
    assert himpc.read(save(tmp_path / "a.csv", cells), clean=False)[0].fps == 25


def test_what_spreadsheets_and_programs_add_to_a_table_is_left_out(tmp_path: Path, standing) -> None:
    joints = standing(KINECT, 5, 0)
    plain = plain_table(joints, frame=range(5))
    comma = [[cell.replace(".", ",") if i else cell for cell in row] for i, row in enumerate(plain_table(joints))]
    names = [[""] + [name for name in KINECT.joints for _ in range(3)], ["frame", *["x", "y", "z"] * 20]]
    sparse = [["", *[cell for name in KINECT.joints for cell in (name, "", "")]], ["Frame", *["X", "Y", "Z"] * 20]]
    tables = {
        "a byte order mark": save(tmp_path / "1.csv", plain, encoding="utf-8-sig"),
        "two bytes a letter": save(tmp_path / "2.csv", plain, "\t", encoding="utf-16-le"),
        "the delimiter": save(tmp_path / "3.csv", [["sep=;"], *comma], ";"),
        "quotes": save(tmp_path / "4.csv", [[f'"{cell}"' for cell in row] for row in comma]),
        "delimiters at the end": save(tmp_path / "5.csv", [[*row, "", ""] for row in plain]),
        "a row of units": save(tmp_path / "6.csv", [plain[0], ["", *["m"] * 60], *plain[1:]]),
        "names above axes": save(tmp_path / "7.csv", [*names, *plain[1:]]),
        "names above axes once": save(tmp_path / "8.csv", [*sparse, *plain[1:]], ";"),
        "an index below": save(tmp_path / "9.csv", [*names, ["frame", *[""] * 60], *plain[1:]]),
        "other columns": save(tmp_path / "10.csv", [[*row, "1.5"] for row in [[*plain[0], "speed"][:-1], *plain[1:]]]),
    }
    for what, path in tables.items():
        (recording,) = himpc.read(path, clean=False)
        np.testing.assert_allclose(recording.joints, joints, atol=1e-5, err_msg=what)


def test_columns_that_hold_no_positions_are_noted(tmp_path: Path, standing) -> None:
    joints = standing(KINECT, 5, 0)
    cells = [[*row, "0.1"] for row in plain_table(joints, label=["walk"] * 5)]
    cells[0][-1] = "left_knee_rot_x"
    (recording,) = himpc.read(save(tmp_path / "a.csv", cells), clean=False)
    assert "columns that are not used: label, left_knee_rot_x" in recording.quality.notes


@pytest.mark.parametrize("numbered", [False, True])
def test_a_header_that_is_repeated_is_no_frame(tmp_path: Path, standing, numbered: bool) -> None:
    cells = plain_table(standing(KINECT, 6, 0), **({"frame": range(6)} if numbered else {}))
    path = save(tmp_path / "a.csv", [*cells[:4], cells[0], *cells[4:]])
    if numbered:
        assert len(himpc.read(path, clean=False)[0]) == 6
    else:
        with pytest.raises(FormatError, match="line 5: the header is there again, so the file holds several rec"):
            himpc.read(path)


def test_joints_by_the_names_of_programs_and_markers_are_read(tmp_path: Path, standing) -> None:
    humanoid = get_layout("humanoid")
    joints = standing(humanoid, 5, 0)
    (recording,) = himpc.read(save(tmp_path / "a.csv", plain_table(joints, MIXAMO)), clean=False)
    assert recording.layout == humanoid
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    part = plain_table(standing(KINECT, 5, 0)[:, 12:], KINECT.joints[12:], person=["ann", "ann", "bob", "bob", "bob"])
    ann, bob = himpc.read(save(tmp_path / "b.csv", part), clean=False)
    assert (ann.person, len(ann), bob.person, len(bob)) == ("ann", 2, "bob", 3)
    assert [recording.source.rpartition("/")[2] for recording in (ann, bob)] == ["b.csv#1", "b.csv#2"]
    assert set(ann.layout.joints) == set(KINECT.joints[12:])


@pytest.mark.parametrize("pattern", ["{1}{0}", "{1}_{0}", "{0}_{1}"])
@pytest.mark.parametrize("first", [0, 1])
def test_joints_by_number_are_those_of_the_layout_with_as_many(tmp_path: Path, standing, pattern, first) -> None:
    landmarks = get_layout("mediapipe-33")
    joints = standing(landmarks, 5, 0)
    names = [str(i + first) for i in range(33)]
    values = np.concatenate([joints, np.ones((5, 33, 1))], axis=2)
    path = save(tmp_path / "a.csv", plain_table(values, names, pattern, "xyzv"))
    (recording,) = himpc.read(path, clean=False)
    assert recording.layout == landmarks
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize("pattern", ["{1}{0}", "joint{0}_{1}", "kp_{0}_{1}"])
@pytest.mark.parametrize("name", ["kinect-v2", "body-25"])
def test_the_shape_of_the_body_tells_the_order_of_numbered_joints(tmp_path: Path, walking, name, pattern) -> None:
    joints, _ = walking(name)
    numbers = [str(i) for i in range(25)]
    (recording,) = himpc.read(save(tmp_path / "a.csv", plain_table(joints, numbers, pattern)), clean=False)
    assert recording.layout == get_layout(name)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert "which the proportions of the body confirm" in recording.quality.notes[0]
    scattered = np.random.default_rng(0).uniform(size=joints.shape)
    with pytest.raises(FormatError, match="25 joints by number; state their layout, body-25 or kinect-v2"):
        himpc.read(save(tmp_path / "b.csv", plain_table(scattered, numbers, pattern)))


AXES_WITHOUT_NAMES = {
    "numbers": ("{0}_0", "{0}_1", "{0}_2"),
    "numbers from 1": ("{0}.1", "{0}.2", "{0}.3"),
    "indices": ("{0}[0]", "{0}[1]", "{0}[2]"),
    "repeated names": ("{0}", "{0}", "{0}"),
    "repeated names of pandas": ("{0}", "{0}.1", "{0}.2"),
    "letters alone": ("{0}x", "{0}y", "{0}z"),
    "position letters": ("{0}_px", "{0}_py", "{0}_pz"),
}


@pytest.mark.parametrize("name", AXES_WITHOUT_NAMES)
def test_columns_that_do_not_name_axes_are_those_of_x_y_and_z(tmp_path: Path, walking, name: str) -> None:
    joints, names = walking("kinect-v1")
    header = ["Frame", *(pattern.format(joint) for joint in names for pattern in AXES_WITHOUT_NAMES[name])]
    rows = [[str(i), *map(str, frame.ravel())] for i, frame in enumerate(joints)]
    (recording,) = himpc.read(save(tmp_path / "a.csv", [header, *rows]), clean=False)
    assert recording.layout == KINECT
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def test_all_x_before_all_y_are_joints(tmp_path: Path, walking) -> None:
    joints, names = walking("kinect-v1")
    header = [f"{name}_{axis}" for axis in "xyz" for name in names]
    rows = [[str(value) for value in frame.T.ravel()] for frame in joints]
    np.testing.assert_allclose(himpc.read(save(tmp_path / "a.csv", [header, *rows]))[0].joints, joints, atol=1e-5)


@pytest.mark.parametrize("form", ['"[{}, {}, {}]"', '"({}, {}, {})"', "[{} {} {}]"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_point_in_one_cell_is_read(tmp_path: Path, walking, form: str, delimiter: str) -> None:
    joints, names = walking("kinect-v1")
    rows = [[str(i), *(form.format(*point) for point in frame)] for i, frame in enumerate(joints)]
    rows[3][5] = ""
    (recording,) = himpc.read(save(tmp_path / "a.csv", [["frame", *names], *rows], delimiter), clean=False)
    expected = joints.copy()
    expected[3, 4] = np.nan
    np.testing.assert_allclose(recording.joints, expected, atol=1e-5)
    long = [
        [str(i), name, form.format(*point)] for i, f in enumerate(joints) for name, point in zip(names, f, strict=True)
    ]
    long_path = save(tmp_path / "b.csv", [["frame", "joint", "position"], *long], delimiter)
    np.testing.assert_allclose(himpc.read(long_path, clean=False)[0].joints, joints, atol=1e-5)


@pytest.mark.parametrize("names", [[str(i) for i in range(75)], [f"feature_{i}" for i in range(75)]])
def test_numbers_of_features_are_no_axes(tmp_path: Path, walking, names) -> None:
    joints, _ = walking("kinect-v2")
    rows = [[str(value) for value in frame.ravel()] for frame in joints]
    (recording,) = himpc.read(save(tmp_path / "a.csv", [names, *rows]), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize("axes", [("x", "y"), ("x", "y", "score"), ("X", "Y", "likelihood"), ("x", "y", "vis")])
def test_tables_of_two_axes_are_pictures(tmp_path: Path, standing, axes) -> None:
    joints = standing(LAYOUT, 20, 0)
    points = np.stack([joints[..., 0] * 300 + 2000, 900 - joints[..., 1] * 300, np.full((20, 17), 0.5)], axis=2)
    points[3, 4:6] = 0
    path = save(tmp_path / "a.csv", plain_table(points[..., : len(axes)], LAYOUT.joints, axes=axes))
    (recording,) = himpc.read(path, clean=False)
    assert (recording.dimensions, recording.layout) == (2, LAYOUT)
    np.testing.assert_allclose(recording.joints[0, :, 1], -points[0, :, 1], rtol=1e-5)
    assert np.isnan(recording.joints[3, 4:6]).all()
    np.testing.assert_allclose(recording.confidence[0], 0.5 if len(axes) == 3 else 1)


def test_landmarks_of_a_picture_need_its_size(tmp_path: Path, standing) -> None:
    landmarks = get_layout("mediapipe-33")
    joints = standing(landmarks, 20, 0)
    shares = np.stack([joints[..., 0] * 0.2 + 2, 0.9 - joints[..., 1] * 0.4, joints[..., 2] * 0.2], axis=2)
    shares[..., 0] -= np.median(shares[..., 0]) - 0.4
    shares[..., 2] -= np.median(shares[..., 2])
    path = save(tmp_path / "a.csv", plain_table(shares, landmarks.joints))
    with pytest.raises(FormatError, match="its positions are shares of the picture, which distort the body"):
        himpc.read(path)
    (recording,) = himpc.read(path, image_size="1920x1080", clean=False)
    assert recording.dimensions == 2
    np.testing.assert_allclose(recording.joints[..., 0], shares[..., 0] * 1920, rtol=1e-4)
    world = plain_table(joints - joints.mean(axis=(0, 1)), landmarks.joints)
    assert himpc.read(save(tmp_path / "b.csv", world), clean=False)[0].dimensions == 3


def test_a_joint_at_the_origin_is_missing_unless_it_is_the_origin(tmp_path: Path, standing) -> None:
    joints = standing(KINECT, 6, 0)
    joints -= joints[:, :1]
    joints[2, 5] = 0
    (recording,) = himpc.read(save(tmp_path / "a.csv", plain_table(joints)), clean=False)
    assert np.argwhere(np.isnan(recording.joints[..., 0])).tolist() == [[2, 5]]


def test_an_id_separates_recordings_unless_it_counts_rows(tmp_path: Path, standing) -> None:
    joints = standing(KINECT, 6, 0)
    one, two = himpc.read(save(tmp_path / "a.csv", plain_table(joints, id=list("aaabbb"))), clean=False)
    assert (len(one), len(two), one.person) == (3, 3, None)
    assert len(himpc.read(save(tmp_path / "b.csv", plain_table(joints, id=range(6))), clean=False)) == 1


@pytest.mark.parametrize("header", [",a\n,x,y,z,,", "a\nx,y,z,w,,,", "\nx,y,z", "frame\n,,X,Y,Z,,"])
def test_a_header_that_makes_no_sense_is_one_error(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", f"{header}\n1,2,3,4,5,6\n")
    CSV_FRAMES.recognise(path, path.read_bytes())
    with pytest.raises(FormatError):
        CSV_FRAMES.read(path, FileOptions())


def test_numbers_of_landmarks_are_those_of_a_layout():
    from himpc.reading.formats.csv.columns import Column, parse_column

    assert parse_column("landmark_3_x") == parse_column("joint3_x") == Column("x", "3")
    assert parse_column("joint_a_x") == Column("x", "joint_a")


def test_names_among_several_rows_of_a_header_are_those_of_joints(tmp_path: Path, walking) -> None:
    joints, names = walking("kinect-v1")
    above = [["", *[text] * 60] for text in ("c:/data/walk.c3d", "", "LANDMARK", "ORIGINAL")]
    above[1] = ["", *(name for name in names for _ in "XYZ")]
    rows = [[str(i + 1), *map(str, frame.ravel())] for i, frame in enumerate(joints)]
    path = save(tmp_path / "a.txt", [*above, ["ITEM", *"XYZ" * 20], *rows], "\t")
    (recording,) = himpc.read(path, clean=False)
    assert recording.layout == KINECT
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def long_rows(joints: np.ndarray, names, *before) -> list[list[str]]:
    return [
        [*(str(value(i)) for value in before), name, *map(str, point)]
        for i, frame in enumerate(joints)
        for name, point in zip(names, frame, strict=True)
    ]


LONG_TABLES = {
    "no frame": (["joint", "x", "y", "z"], [], ","),
    "no header": ([], [], ","),
    "no header but frames": ([], [lambda i: i], ","),
    "no header, blanks": ([], [], " "),
    "names of positions": (
        ["timestamp", "bodyId", "jointName", "posX", "posY", "posZ"],
        [lambda i: 40 * i, lambda i: 1],
        ";",
    ),
}


@pytest.mark.parametrize("name", LONG_TABLES)
def test_rows_of_joints_are_read_without_frames_or_header(tmp_path: Path, walking, name: str) -> None:
    header, before, delimiter = LONG_TABLES[name]
    joints, names = walking("kinect-v1")
    rows = [*([header] if header else []), *long_rows(joints, names, *before)]
    (recording,) = himpc.read(save(tmp_path / "a.txt", rows, delimiter), clean=False)
    assert recording.layout == KINECT
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == (25 if "positions" in name else None)


@pytest.mark.parametrize("column", ["body", "person", "id"])
def test_rows_of_joints_of_bodies_that_alternate_have_common_frames(tmp_path: Path, walking, column: str) -> None:
    joints, names = walking("kinect-v1")
    rows = [["time", column, "joint", "x", "y", "z"]]
    for i, frame in enumerate(joints):
        for body in (0, 1) if i >= 3 else (0,):  # the second person comes later
            points = zip(names, frame + np.array([body, 0, 0]), strict=True)
            rows += [[str(i / 25), str(body), name, *map(str, point)] for name, point in points]
    save(tmp_path / "times.csv", rows)
    save(tmp_path / "a.csv", [row[1:] for row in rows])
    for path, fps in ((tmp_path / "times.csv", 25), (tmp_path / "a.csv", None)):
        first, second = himpc.read(path, clean=False)
        np.testing.assert_allclose(first.joints, joints, atol=1e-5)
        np.testing.assert_allclose(second.joints, joints[3:] + np.array([1, 0, 0]), atol=1e-5)
        assert first.fps == second.fps == fps
        assert first.clock == second.clock
        assert second.start - first.start == pytest.approx(3 / (fps or 1))


@pytest.mark.parametrize("columns", [("session",), ("camera",), ("session", "body")])
def test_rows_of_joints_of_each_session_are_counted_from_0(tmp_path: Path, walking, columns) -> None:
    joints, names = walking("kinect-v1")
    rows = [[*columns, "joint", "x", "y", "z"]]
    rows += [[*(str(s) for _ in columns), *row] for s in range(2) for row in long_rows(joints, names)]
    first, second = himpc.read(save(tmp_path / "a.csv", rows), clean=False)
    for recording in (first, second):
        np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
        assert recording.start == 0


PREAMBLES = {
    "statements": ["Subject: 01", "Rate: 50 Hz", "Units: mm"],
    "statements in cells": ["Subject,01", "Frequency,50", "Units,mm"],
    "padded": ["Subject,01,,,,,,,,,", "Sample rate,50,,,,,", "Unit,mm,,,,"],
}


@pytest.mark.parametrize("name", PREAMBLES)
@pytest.mark.parametrize("units", [False, True])
def test_lines_above_a_header_state_rate_and_unit(tmp_path: Path, walking, name: str, units: bool) -> None:
    joints, names = walking("kinect-v1")
    header, *rows = plain_table(joints * 1000, names, frame=range(20))
    path = save(tmp_path / "a.csv", [header, *([["#", *["mm"] * 60]] if units else []), *rows])
    path.write_text("\n".join(PREAMBLES[name]) + "\n" + path.read_text())
    (recording,) = himpc.read(path, clean=False)
    assert recording.fps == 50
    assert not any("no unit of length" in note for note in recording.quality.notes)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize(("tracked", "lost"), [("Tracked", "NotTracked"), ("2", "0"), ("True", "False")])
def test_joints_that_a_kinect_did_not_track_are_gaps(tmp_path: Path, walking, tracked: str, lost: str) -> None:
    joints, names = walking("kinect-v1")
    header = [f"{name}_{what}" for name in names for what in ("X", "Y", "Z", "TrackingState")]
    rows = [[cell for point in frame for cell in (*map(str, point), tracked)] for frame in joints]
    rows[4][4 * 5 + 3] = lost
    (recording,) = himpc.read(save(tmp_path / "a.csv", [header, *rows]), clean=False)
    assert np.argwhere(recording.confidence == 0).tolist() == [[4, 5]]
