"""Motion-BIDS: channels, units and axes of the files beside a table, and folders of a whole data set."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import himpc
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

FORMAT = get_format("motion-bids")
LAYOUT = get_layout("kinect-v1")
STEM = "sub-07_ses-2_task-walk_tracksys-optical"


def write(
    folder: Path,
    joints: np.ndarray,
    unit: str = "m",
    gap: str = "n/a",
    axes: str = "",
    latency: bool = False,
    stem: str = STEM,
) -> Path:
    """Write metres as they are, with a channel of another type at the start."""
    folder.mkdir(parents=True, exist_ok=True)
    header = "name\tcomponent\ttype\ttracked_point\tunits\treference_frame"
    rows = ["acc_x\tx\tACCEL\tpelvis\tm/s^2\tglobal", *(["time\tn/a\tLATENCY\tn/a\ts\tn/a"] * latency)]
    rows += [f"{joint}_{a}\t{a}\tPOS\t{joint}\t{unit}\tglobal" for joint in LAYOUT.joints for a in "xyz"]
    (folder / f"{stem}_channels.tsv").write_text("\n".join([header, *rows]) + "\n")
    (folder / f"{stem}_motion.json").write_text(json.dumps({"SamplingFrequency": 60, "TaskName": "walk"}))
    if axes:
        levels = {"reference_frame": {"Levels": {"global": {"SpatialAxes": axes}}}}
        (folder / f"{stem}_channels.json").write_text(json.dumps(levels))
    lines = []
    for i, frame in enumerate(joints * {"m": 1, "mm": 1000}[unit]):
        cells = ["9.81", *([f"{i / 30:.6f}"] * latency)]
        lines.append("\t".join([*cells, *(gap if np.isnan(value) else f"{value:.6f}" for value in frame.ravel())]))
    path = folder / f"{stem}_motion.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def read(one_marker_a_joint):
    def read(path: Path):
        assert FORMAT.recognise(path, path.read_bytes()[:4096])
        (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
        return recording

    return read


@pytest.mark.parametrize("unit", ["m", "mm"])
@pytest.mark.parametrize("gap", ["n/a", ""])
def test_positions_and_names_are_read(read, tmp_path, standing, unit, gap):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = np.nan
    recording = read(write(tmp_path, joints, unit, gap))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert (recording.fps, recording.person, recording.session) == (60, "07", "2")


def test_time_stamps_win_over_the_stated_rate(read, tmp_path, standing):
    assert read(write(tmp_path, standing(LAYOUT, 30, 1), latency=True)).fps == 30


@pytest.mark.parametrize(("axes", "turn"), [("RSP", 1), ("RSA", -1)])
def test_left_handed_axes_are_turned_round(read, tmp_path, standing, axes, turn):
    joints = standing(LAYOUT, 4, 1)
    recording = read(write(tmp_path, joints, axes=axes))
    np.testing.assert_allclose(recording.joints, joints * [turn, 1, 1], atol=1e-5)
    assert any("left-handed" in note for note in recording.quality.notes) == (turn < 0)


def test_the_stated_axis_is_used_where_the_body_does_not_show_it(read, tmp_path, standing):
    joints = standing(LAYOUT, 4, 1)
    joints[::2] *= [1, -1, 1]  # head down in half of the frames
    upright, upside_down = (read(write(tmp_path, joints, axes=axes)).joints for axes in ("RSP", "RIA"))
    np.testing.assert_allclose(upright, joints, atol=1e-5)
    np.testing.assert_allclose(upside_down, joints * [1, -1, -1], atol=1e-5)


def test_metadata_of_folders_above_is_found(read, tmp_path, standing):
    path = write(tmp_path / "sub-07" / "ses-2" / "motion", standing(LAYOUT, 4, 1))
    path.with_name(f"{STEM}_motion.json").rename(tmp_path / "task-walk_motion.json")
    path.with_name(f"{STEM}_channels.tsv").rename(tmp_path / "sub-07" / "tracksys-optical_channels.tsv")
    (tmp_path / "sub-07" / "task-run_motion.json").write_text('{"SamplingFrequency": 999}')
    assert read(path).fps == 60


def test_a_header_that_should_not_be_there_is_skipped(read, tmp_path, standing):
    path = write(tmp_path, standing(LAYOUT, 4, 1))
    names = ["acc_x", *(f"{joint}_{axis}" for joint in LAYOUT.joints for axis in "xyz")]
    path.write_text("\t".join(names) + "\n" + path.read_text())
    assert len(read(path)) == 4


def test_a_data_set_is_read_without_its_metadata(tmp_path, standing, one_marker_a_joint):
    for person in ("01", "02"):
        stem = f"sub-{person}_task-walk"
        write(tmp_path / f"sub-{person}" / "motion", standing(LAYOUT, 40, 1), axes="RSP", stem=stem)
    for name in ("dataset_description.json", "participants.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\n")
    (tmp_path / "sub-01" / "motion" / "sub-01_task-walk_events.tsv").write_text("onset\tduration\n1\t1\n")
    found = himpc.read(tmp_path, markers=one_marker_a_joint)
    assert [recording.person for recording in found] == ["01", "02"]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("end", "old", "new", "message"),
    [
        ("channels.tsv", "POS", "ORNT", "channels are of types ACCEL, ORNT, expected positions"),
        ("channels.tsv", "tracked_point", "point", "has no column 'tracked_point'"),
        ("channels.tsv", "\tm\tglobal\nhead_y", "\tmm\tglobal\nhead_y", "positions are in m, mm, expected one unit"),
        (
            "channels.tsv",
            "acc_x\tx\tACCEL\tpelvis\tm/s^2\tglobal\n",
            "",
            "line 1: has 61 columns, but .* describes 60 ch",
        ),
        ("motion.tsv", "9.81\t", "9.81\tx", "line 1: cell 2 is 'x"),
        ("motion.json", '"SamplingFrequency"', '"SamplingFrequency', "not valid JSON"),
    ],
)
def test_errors_name_the_problem(read, tmp_path, standing, end, old, new, message):
    path = write(tmp_path, standing(LAYOUT, 3, 1))
    file = tmp_path / f"{STEM}_{end}"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(FormatError, match=message):
        read(path)


def test_a_table_without_channels_is_an_error(read, tmp_path, standing):
    path = write(tmp_path, standing(LAYOUT, 3, 1))
    path.with_name(f"{STEM}_channels.tsv").unlink()
    with pytest.raises(FormatError, match=r"has no sub-07_.*_channels\.tsv beside it"):
        read(path)


@pytest.mark.parametrize("end", ["motion.tsv", "channels.tsv", "motion.json", "channels.json"])
@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, end, seed):
    path = write(tmp_path, standing(LAYOUT, 3, 1), axes="RSA", latency=True)
    file = tmp_path / f"{STEM}_{end}"
    options = FileOptions(markers=one_marker_a_joint)
    check_damaged(FORMAT, file, file.read_bytes(), seed, folder=path, options=options)
