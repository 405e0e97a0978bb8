"""Labelled arrays, tables and netCDF: what is written comes back, and what contradicts itself is refused."""

import sys

import numpy as np
import pytest

import himpc
from himpc.errors import DataError, DependencyError, FormatError, LayoutError
from himpc.recordings import Origin, Recording, save_netcdf
from himpc.skeleton import get_layout, layout_names


def make(layout: str = "kinect-v1", dimensions: int = 3, frames: int = 7, **fields) -> Recording:
    known = get_layout(layout)
    joints = np.random.default_rng(0).normal(size=(frames, len(known), 3)).astype(np.float32)
    joints[..., dimensions:] = 0
    joints[1:2, 2] = np.nan
    return Recording(joints, known, dimensions=dimensions, **{"fps": 30.0, "person": "ann", **fields})


def assert_equal(found: Recording, expected: Recording) -> None:
    np.testing.assert_array_equal(found.joints, expected.joints)
    for name in ("layout", "person", "session", "camera", "dimensions", "start", "true_size", "equal_size"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.fps == pytest.approx(expected.fps)
    assert (found.confidence is None) == (expected.confidence is None)
    if expected.confidence is not None:
        np.testing.assert_array_equal(found.confidence, expected.confidence)


def examples():
    for layout in layout_names():
        yield make(layout)
    yield make(person=None)
    yield make(person="id_0", session="2", camera="left")
    yield make(fps=None)
    yield make(frames=1)
    yield make(true_size=False)
    yield make(true_size=False, equal_size=True)
    yield make(start=12.5, clock=Origin(body="film"))
    yield make(dimensions=2, confidence=np.full((7, 20), 0.25))


@pytest.mark.parametrize("recording", list(examples()), ids=lambda r: r.layout.name)
def test_a_recording_comes_back_from_xarray(recording):
    pytest.importorskip("xarray", reason="the extra interchange is not installed")
    found = Recording.from_xarray(recording.to_xarray())
    assert_equal(found, recording)
    assert found.clock == recording.clock


@pytest.mark.parametrize("recording", list(examples()), ids=lambda r: r.layout.name)
def test_a_recording_comes_back_from_netcdf(recording, tmp_path):
    for package in ("xarray", "h5netcdf", "h5py", "pyfive"):
        pytest.importorskip(package, reason="the extra interchange is not installed")
    (file,) = save_netcdf([recording], tmp_path / "walk.nc")
    (found,) = himpc.read(file, clean=False)
    assert_equal(found, recording)
    assert found.origin == Origin(file)


@pytest.fixture
def dataset():
    pytest.importorskip("xarray", reason="the extra interchange is not installed")
    return make(frames=9).to_xarray()


def test_dimensions_are_those_of_movement(dataset):
    assert dataset["position"].dims == ("time", "space", "keypoints", "individuals")
    assert dataset["position"].shape == (9, 3, 20, 1)
    assert (dataset.attrs["fps"], dataset.attrs["time_unit"], dataset.attrs["ds_type"]) == (30, "seconds", "poses")


def test_any_order_and_singular_names_are_read(dataset):
    turned = dataset.isel(keypoints=slice(None, None, -1)).transpose("individuals", "keypoints", "space", "time")
    turned = turned.rename(keypoints="keypoint", individuals="individual")
    np.testing.assert_array_equal(Recording.from_xarray(turned).joints, make(frames=9).joints)


def test_a_selection_of_frames_has_the_rate_of_its_times(dataset):
    assert Recording.from_xarray(dataset.isel(time=slice(None, None, 3))).fps == pytest.approx(10)


def test_a_data_set_of_others_is_read_by_layout(dataset):
    xarray = pytest.importorskip("xarray")
    others = xarray.Dataset({"position": dataset["position"].drop_attrs()}, attrs={"fps": 30})
    with pytest.raises(DataError, match=r"unit not stated, upward axis not stated; expected metres with y up"):
        Recording.from_xarray(others)
    found = Recording.from_xarray(others, layout=get_layout("kinect-v1"))
    np.testing.assert_array_equal(found.joints, make(frames=9).joints)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda d: d.isel(time=[0, 1, 5]), DataError, "times are not even"),
        (lambda d: d.isel(time=[2, 1, 0]), DataError, "times are not even"),
        (lambda d: d.isel(time=[]), DataError, "holds no frames"),
        (lambda d: d.isel(individuals=[]), DataError, "no individuals"),
        (lambda d: d.isel(individuals=[0, 0]), DataError, "holds ann, ann, expected one to choose"),
        (lambda d: d.isel(keypoints=[0, 1]), LayoutError, "differ in head"),
        (lambda d: d.isel(space=[0, 1, 1]), DataError, "axes of 'position' are x, y, y"),
        (lambda d: d.drop_vars("time"), DataError, "each with coordinates"),
        (lambda d: d.drop_vars("position"), DataError, "expected an xarray.Dataset with the variable 'position'"),
        (lambda d: d.assign_attrs(himpc="{"), DataError, "not valid JSON"),
        (lambda d: d.assign_attrs(himpc="[]"), DataError, "no JSON table"),
        (lambda d: d.assign_attrs(himpc='{"layout": {"name": 3}}'), LayoutError, "layout"),
        (lambda d: d * float("inf"), DataError, "infinite"),
        (lambda d: d.to_dataframe(), DataError, "found DataFrame"),
    ],
)
def test_contradictions_are_refused(dataset, change, error, message):
    unit = dataset["position"].attrs
    changed = change(dataset)
    if "position" in changed and hasattr(changed, "data_vars"):
        changed["position"].attrs = unit
    with pytest.raises(error, match=message):
        Recording.from_xarray(changed)


def test_a_damaged_netcdf_is_an_error(dataset, tmp_path):
    pytest.importorskip("h5netcdf", reason="the extra interchange is not installed")
    dataset.assign_attrs(himpc="{").to_netcdf(tmp_path / "walk.nc", engine="h5netcdf")
    with pytest.raises(FormatError, match=r"walk.nc: its attribute 'himpc' is not valid JSON"):
        himpc.read(tmp_path / "walk.nc")


def test_several_recordings_are_numbered_files(tmp_path):
    for package in ("xarray", "h5netcdf", "pyfive"):
        pytest.importorskip(package, reason="the extra interchange is not installed")
    files = save_netcdf([make(person="ann"), make(person="ben")], tmp_path / "walks.nc")
    assert [file.name for file in files] == ["walks-001.nc", "walks-002.nc"]
    assert [found.person for found in himpc.read(tmp_path, clean=False)] == ["ann", "ben"]
    with pytest.raises(DataError, match="no recordings"):
        save_netcdf([], tmp_path / "none.nc")


def test_a_table_has_a_row_for_each_frame_and_is_read_as_csv(tmp_path):
    pytest.importorskip("pandas", reason="the extra interchange is not installed")
    (walk, *_) = himpc.simulate(people=1, recordings=1, seconds=2.0)
    table = walk.to_pandas()
    assert (table.index.name, table.shape) == ("time", (len(walk), 60))
    np.testing.assert_array_equal(table["left_knee_x"], walk.joints[:, walk.layout.joints.index("left_knee"), 0])
    assert make(confidence=np.ones((7, 20))).to_pandas()["left_knee_confidence"].eq(1).all()
    table.to_csv(tmp_path / "walk.csv")
    (found,) = himpc.read(tmp_path / "walk.csv", clean=False)
    np.testing.assert_allclose(found.joints, walk.joints, atol=1e-6)
    assert found.fps == pytest.approx(walk.fps)


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(DependencyError, match=r"needs the package 'xarray'.*himpc\[interchange\]"):
        make().to_xarray()
