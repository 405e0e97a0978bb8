"""BTS .emt: tracks of 3D points, other tracks, and damaged files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

FORMAT = get_format("bts")
LAYOUT = get_layout("kinect-v1")


def bts(joints: np.ndarray, unit: str = "m", rate: float = 60) -> str:
    lines = ["BTS ASCII format", "", "Type:         \tPoint 3D tracks", f"Measure unit: \t{unit}", ""]
    lines += [f"Tracks:       \t{len(LAYOUT)}", f"Frequency:    \t{rate:g} Hz", f"Frames:       \t{len(joints)}"]
    lines += ["Start time:   \t0.000", ""]
    columns = [f"{joint}.{axis}" for joint in LAYOUT.joints for axis in "XYZ"]
    lines.append("\t".join([" Frame", "  Time", *columns]) + "\t")
    for i, frame in enumerate(joints * {"m": 1, "mm": 1000}[unit]):
        cells = ["" if np.isnan(value) else f"{value:.5f}" for value in frame.ravel()]
        lines.append("\t".join([f"  {i}", f" {i / 60:.3f}", *cells]) + "\t")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("unit", ["m", "mm"])
def test_written_points_are_read_back(tmp_path, standing, one_marker_a_joint, unit):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = joints[2, 19] = np.nan
    path = tmp_path / "walk.emt"
    path.write_text(bts(joints, unit))
    assert FORMAT.recognise(path, path.read_bytes()[:4096])
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 60


@pytest.mark.parametrize("kind", ["Emg tracks", "Force 3D tracks"])
def test_other_tracks_are_refused_with_what_to_export(tmp_path, standing, kind):
    path = tmp_path / "emg.emt"
    path.write_text(bts(standing(LAYOUT, 3, 1)).replace("Point 3D tracks", kind))
    with pytest.raises(FormatError, match=rf"holds '{kind}', expected 3D points; .*export the 3D points"):
        FORMAT.read(path, FileOptions())


@pytest.mark.parametrize("first", [True, False])
def test_the_points_are_found_among_several_tables(tmp_path, standing, one_marker_a_joint, first):
    joints = standing(LAYOUT, 4, 1)
    other = "BTS ASCII format\n\nType:  \tScalar tracks\nTracks:\t1\n\n Frame\t  Time\tV\t\n0\t0.0\t1.5\t\n"
    path = tmp_path / "walk.emt"
    path.write_text(bts(joints) + other if first else other + bts(joints))
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = bts(standing(LAYOUT, 3, 1)).encode()
    check_damaged(FORMAT, tmp_path / "d.emt", content, seed, options=FileOptions(markers=one_marker_a_joint))
