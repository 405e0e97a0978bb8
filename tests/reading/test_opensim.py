"""OpenSim tables: positions in their spellings are read, other quantities are named and refused."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

FORMAT = get_format("opensim")
LAYOUT = get_layout("kinect-v1")


def table(
    columns: list[str], rows: list[list[str]], name: str = "Positions", separator: str = "\t", keys: str = ""
) -> str:
    header = [name, "version=1", f"nRows={len(rows)}", f"nColumns={len(columns)}", "inDegrees=no", *keys.split()]
    header += ["", "Units are S.I. units (second, meters, Newtons, ...)", "endheader"]
    return "\n".join([*header, *(separator.join(row) for row in [columns, *rows])]) + "\n"


def positions(joints: np.ndarray, suffix: str = "_{}", rotations: bool = False, **options) -> str:
    columns = ["time"]
    for joint in LAYOUT.joints:
        columns += [joint + suffix.format(axis) for axis in "XYZ"]
        columns += [f"{joint}_O{axis}" for axis in "xyz" if rotations]
    columns += [f"center_of_mass_{axis}" for axis in "XYZ" if rotations]
    rows = []
    for i, frame in enumerate(joints):
        cells = [f"{i / 100:.8f}"]
        for point in frame:
            cells += ["nan" if np.isnan(value) else f"{value:.8f}" for value in point] + ["90.0"] * 3 * rotations
        rows.append(cells + ["1.0"] * 3 * rotations)
    return table(columns, rows, **options)


@pytest.fixture
def read(tmp_path, one_marker_a_joint):
    def read(text: str, name: str = "walk.sto"):
        path = tmp_path / name
        path.write_text(text)
        assert FORMAT.recognise(path, path.read_bytes()[:4096])
        return FORMAT.read(path, FileOptions(markers=one_marker_a_joint))

    return read


@pytest.mark.parametrize("suffix", ["_{}", "_t{}"])
@pytest.mark.parametrize("separator", ["\t", "  "])
def test_positions_are_read(read, standing, suffix, separator):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = np.nan
    text = positions(joints, suffix, separator=separator)
    (recording,) = read(text.replace("_tX", "_tx").replace("_tY", "_ty").replace("_tZ", "_tz"))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 100


def test_vectors_are_read(read, standing):
    joints = standing(LAYOUT, 3, 1)
    rows = [
        [f"{i / 50:g}", *(",".join(f"{v:.6f}" for v in point) for point in frame)] for i, frame in enumerate(joints)
    ]
    (recording,) = read(table(["time", *(f"/markerset/{name}" for name in LAYOUT.joints)], rows, keys="DataType=Vec3"))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 50


DIALECTS = {
    "a spreadsheet": lambda text: "\n".join(
        line.replace("\t", ",") + "," * 60 * ("\t" not in line) for line in text.split("\n")
    ),
    "tabs at the end of lines": lambda text: text.replace("\n", "\t\n"),
    "flattened vectors": lambda text: text.replace("_X", "_1").replace("_Y", "_2").replace("_Z", "_3"),
    "a unit": lambda text: text.replace("version=1", "version=1\nUnits=m"),
    "tabs and blanks": lambda text: re.sub(r"(\d)\t(-?\d)", r"\1  \2", text),
    "blanks": lambda text: text.replace("\t", "  "),
    "keys of SIMM": lambda text: text.replace("nRows=", "datarows ").replace("nColumns=", "datacolumns "),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_gives_the_same_joints(read, standing, name):
    joints = standing(LAYOUT, 4, 1)
    (recording,) = read(DIALECTS[name](positions(joints)))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 100


@pytest.mark.parametrize(("output", "is_read"), [("|position", True), ("|location", True), ("|linear_velocity", False)])
def test_vectors_of_reporters_are_read_if_they_are_positions(read, standing, output, is_read):
    joints = standing(LAYOUT, 3, 1)
    rows = [
        [f"{i / 50:g}", *(",".join(f"{v:.6f}" for v in point) for point in frame)] for i, frame in enumerate(joints)
    ]
    text = table(["time", *(f"/bodyset/{name}{output}" for name in LAYOUT.joints)], rows, keys="DataType=Vec3")
    if not is_read:
        with pytest.raises(FormatError, match="an OpenSim table of velocities"):
            read(text)
        return
    (recording,) = read(text)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def test_angles_in_a_spreadsheet_are_named(read):
    text = DIALECTS["a spreadsheet"](table(ANGLES, [["0.1"] * len(ANGLES)] * 3, name="Coordinates"))
    with pytest.raises(FormatError, match="an OpenSim table of joint angles"):
        read(text, "ik.mot")


def test_centres_of_mass_are_not_taken_for_joints(tmp_path, standing):
    joints = standing(LAYOUT, 3, 1)
    (tmp_path / "pos.sto").write_text(positions(joints, rotations=True))
    (recording,) = FORMAT.read(tmp_path / "pos.sto", FileOptions())
    assert set(recording.layout.joints) == {f"{joint}_com" for joint in LAYOUT.joints}
    assert "points are centres of mass of segments" in recording.quality.notes
    place = recording.layout.index("left_knee_com")
    np.testing.assert_allclose(recording.joints[:, place], joints[:, LAYOUT.index("left_knee")], atol=1e-5)


ANGLES = ["time", "pelvis_tilt", "pelvis_tx", "pelvis_ty", "pelvis_tz", "hip_flexion_r"]
FORCES = ["time", *(f"ground_force_{kind}{axis}" for kind in "vp" for axis in "xyz")]


@pytest.mark.parametrize(
    ("columns", "name", "file", "quantity"),
    [
        (ANGLES, "Coordinates", "ik.mot", "joint angles"),
        (ANGLES, "subject01", "ik.mot", "joint angles"),
        (FORCES, "forces", "grf.mot", "forces"),
        (["time", "hip_flexion_r_moment"], "Inverse Dynamics Generalized Forces", "id.sto", "forces"),
        (["time", "knee_angle_r_moment"], "Moments", "id.sto", "joint moments"),
        (["time", "soleus_r/activation"], "states", "so.sto", "muscle states"),
        (["time", "pelvis_X", "pelvis_Y", "pelvis_Z"], "Velocities", "a_BodyKinematics_vel_global.sto", "velocities"),
        (["time", "pelvis_X", "pelvis_Y", "pelvis_Z"], "a", "a_BodyKinematics_acc_global.sto", "accelerations"),
        (["time", "a", "b"], "Table", "a.sto", "numbers"),
    ],
)
def test_other_tables_are_named_and_refused(read, columns, name, file, quantity):
    with pytest.raises(FormatError, match=f"an OpenSim table of {quantity}, expected positions; .*use the TRC"):
        read(table(columns, [["0.1"] * len(columns)] * 3, name=name), file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: text.index("endheader")], "truncated within its header"),
        (lambda text: text.replace("0.00000000\t", "0.00000000\t1\t", 1), "line 10: has 62 cells, expected 61"),
        (lambda text: text.replace("0.01000000\t", "0.01000000\tx"), "line 11: cell 2 is 'x"),
    ],
)
def test_errors_name_the_problem(read, standing, change, message):
    text = positions(standing(LAYOUT, 3, 1))
    with pytest.raises(FormatError, match=message):
        read(change(text))


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = positions(standing(LAYOUT, 3, 1)).encode()
    check_damaged(FORMAT, tmp_path / "d.sto", content, seed, options=FileOptions(markers=one_marker_a_joint))
