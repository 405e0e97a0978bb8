"""netCDF of the package movement: files that it wrote, other contents, and damaged ones.

The files were written by movement 0.15.0: ``load_poses.from_numpy(poses(), individual_names=["ann", "ben"],
keypoint_names=get_layout("kinect-v1").joints, fps=30)`` and ``to_netcdf``, ``netcdf4.nc`` with the engine of that name,
``h5netcdf.nc`` with the other, in compressed chunks and, as later versions do, singular names of dimensions.
``flat.nc`` holds x and y of the first individual, by movement's own name ``id_0``, with a confidence of 0.5
in the second frame.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

pytest.importorskip("pyfive", reason="the extra netcdf is not installed")

FORMAT = get_format("movement")
LAYOUT = get_layout("kinect-v1")
FILES = Path(__file__).parent / "movement"


def poses() -> np.ndarray:
    """Return positions ``(time, space, keypoints, individuals)`` of two bodies that stand beside each other, in mm."""
    height = [95, 115, 150, 170, 145, 115, 90, 80, 145, 115, 90, 80, 92, 50, 8, 2, 92, 50, 8, 2]
    side = [20 if "left" in joint else -20 if "right" in joint else 0 for joint in LAYOUT.joints]
    body = 10.0 * np.stack([side, height, np.arange(20) % 3], axis=1)
    frames = body + 5.0 * np.arange(6)[:, None, None]
    frames[2, 3] = np.nan
    both = np.stack([frames, frames * 0.9 + np.array([2000, 0, 0])], axis=-1)
    return both.transpose(0, 2, 1, 3)


@pytest.mark.parametrize("name", ["netcdf4.nc", "h5netcdf.nc"])
def test_individuals_are_read(name, one_marker_a_joint):
    path = FILES / name
    assert FORMAT.recognise(path, path.read_bytes()[:4096])
    found = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    assert [(recording.person, recording.fps, len(recording)) for recording in found] == [
        ("ann", 30, 6),
        ("ben", 30, 6),
    ]
    for who, recording in enumerate(found):
        np.testing.assert_allclose(recording.joints, poses()[..., who].transpose(0, 2, 1) / 1000, atol=1e-5)


def test_poses_in_2d_are_read_in_pixels():
    (recording,) = FORMAT.read(FILES / "flat.nc", FileOptions(layout=LAYOUT))
    assert (recording.dimensions, recording.person, recording.fps) == (2, None, 30)
    np.testing.assert_allclose(recording.joints[..., :2], poses()[:, :2, :, 0].transpose(0, 2, 1) * [1, -1], rtol=1e-5)
    np.testing.assert_allclose(recording.confidence[:, 5], [1, 0.5, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"position", b"velocity", "holds no variable 'position'.*; export it from movement: load"),
        (b"\x89HDF", b"CDF\x01", "is classic netCDF, expected netCDF 4; save it"),
    ],
)
def test_other_contents_are_errors(tmp_path, old, new, message):
    content = (FILES / "netcdf4.nc").read_bytes()
    assert old in content
    path = tmp_path / "walk.nc"
    path.write_bytes(content.replace(old, new))
    with pytest.raises(FormatError, match=message):
        FORMAT.read(path, FileOptions())


@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("name", ["netcdf4.nc", "h5netcdf.nc", "flat.nc"])
def test_damaged_files_are_errors_or_recordings(tmp_path, one_marker_a_joint, check_damaged, name, seed):
    content = (FILES / name).read_bytes()
    check_damaged(FORMAT, tmp_path / "d.nc", content, seed, options=FileOptions(markers=one_marker_a_joint))
