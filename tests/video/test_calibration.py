"""Calibration files of several programs give the same cameras; damaged and contradicting ones are refused."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import FormatError
from himpc.video import CalibratedCamera, match_cameras, read_calibration

cv2 = pytest.importorskip("cv2")
pytest.importorskip("yaml")

MATRIX = np.array([[912.5, 0, 641.25], [0, 913.75, 358.5], [0, 0, 1]])
DISTORTION = np.array([-0.21, 0.045, 1e-3, -5e-4, 2e-5])
BOMB = "a: &a [1]\n" + "".join(f"{new}: &{new} [{', '.join(9 * ['*' + old])}]\n" for old, new in pairwise("abcdefghi"))
LENS = "matrix = [[900, 0, 640], [0, 900, 360], [0, 0, 1]]"
VECTORS = (np.array([0.1, -0.4, 0.02]), np.array([-0.05, 1.3, 0.1]))
TRANSLATIONS = (np.array([0.1, -0.2, 3.0]), np.array([-1.5, 0.25, 4.5]))


def rotation(vector) -> np.ndarray:
    return cv2.Rodrigues(vector)[0]


def check(cameras, names=("a", "b"), size=(1280, 720)) -> None:
    """Check that cameras are the two of these tests."""
    assert [camera.name for camera in cameras] == list(names)
    for camera, vector, translation in zip(cameras, VECTORS, TRANSLATIONS, strict=True):
        np.testing.assert_allclose(camera.matrix, MATRIX)
        np.testing.assert_allclose(camera.distortion, DISTORTION)
        np.testing.assert_allclose(camera.rotation, rotation(vector), atol=1e-9)
        np.testing.assert_allclose(camera.translation, translation)
        assert camera.size == size


def write_toml(path: Path, keys=("cam_0", "cam_1"), names=("a", "b"), more="") -> Path:
    tables = [
        f'[{key}]\nname = "{name}"\nsize = [ 1280.0, 720.0,]\nmatrix = {MATRIX.tolist()}\n'
        f"distortions = {DISTORTION.tolist()}\nrotation = {vector.tolist()}\ntranslation = {place.tolist()}\n{more}"
        for key, name, vector, place in zip(keys, names, VECTORS, TRANSLATIONS, strict=True)
    ]
    path.write_text("\n".join([*tables, "[metadata]\nadjusted = false\nerror = 0.5\n"]))
    return path


def write_storage(path: Path, values: dict) -> Path:
    """Write values as OpenCV does."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        if isinstance(value, list):
            storage.startWriteStruct(key, cv2.FileNode_SEQ)
            for each in value:
                storage.write("", each)
            storage.endWriteStruct()
        else:
            storage.write(key, value)
    storage.release()
    return path


def test_toml_of_pose2sim_anipose_and_freemocap_is_read(tmp_path) -> None:
    check(read_calibration(write_toml(tmp_path / "calibration.toml")))
    fisheye = read_calibration(write_toml(tmp_path / "c.toml", ("a", "b"), more="fisheye = false\n"))
    check(fisheye)
    assert not fisheye[0].fisheye


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_one_camera_of_opencv_is_read(tmp_path, suffix) -> None:
    values = {"nframes": 13, "image_width": 1280, "image_height": 720, "camera_matrix": MATRIX,
              "distortion_coefficients": DISTORTION[:, None], "avg_reprojection_error": 0.3,
              "extrinsic_parameters": np.ones((13, 6))}  # fmt: skip
    (camera,) = read_calibration(write_storage(tmp_path / f"left{suffix}", values))
    assert (camera.name, camera.size, camera.translation) == ("left", (1280, 720), None)
    np.testing.assert_allclose(camera.matrix, MATRIX)
    np.testing.assert_allclose(camera.distortion, DISTORTION)


@pytest.mark.parametrize("suffix", [".yml", ".xml"])
def test_a_stereo_pair_of_opencv_is_read(tmp_path, suffix) -> None:
    lenses = {"M1": MATRIX, "D1": DISTORTION[None], "M2": MATRIX, "D2": DISTORTION[None]}
    poses = {"R": rotation(VECTORS[1]), "T": TRANSLATIONS[1][:, None], "R1": np.eye(3), "R2": rotation(VECTORS[0]),
             "P1": np.eye(3, 4), "P2": np.eye(3, 4), "Q": np.eye(4)}  # fmt: skip
    files = [
        write_storage(tmp_path / f"intrinsics{suffix}", lenses),
        write_storage(tmp_path / f"extrinsics{suffix}", poses),
    ]
    first, second = read_calibration(files)
    assert (first.name, second.name) == ("1", "2")
    np.testing.assert_array_equal(first.pose, np.eye(3, 4))
    np.testing.assert_allclose(second.rotation, rotation(VECTORS[1]), atol=1e-12)
    np.testing.assert_allclose(second.translation, TRANSLATIONS[1])
    with pytest.raises(FormatError, match="states a pose, but no matrix"):
        read_calibration(files[1])


def test_files_of_easymocap_are_read(tmp_path) -> None:
    lenses = {"names": ["a", "b"]} | {f"K_{n}": MATRIX for n in "ab"} | {f"dist_{n}": DISTORTION[None] for n in "ab"}
    lenses |= {f"{key}_{n}": value for n in "ab" for key, value in (("W", 1280), ("H", 720))}
    poses = {"names": ["a", "b"]}
    for name, vector, translation in zip("ab", VECTORS, TRANSLATIONS, strict=True):
        poses |= {f"R_{name}": vector[:, None], f"Rot_{name}": rotation(vector), f"T_{name}": translation[:, None]}
    files = [write_storage(tmp_path / "intri.yml", lenses), write_storage(tmp_path / "extri.yml", poses)]
    check(read_calibration(files), size=None)
    poses["R_b"] = poses["R_b"] + 0.1
    write_storage(files[1], poses)
    with pytest.raises(FormatError, match="two different values of its rotation"):
        read_calibration(files)


def test_npz_and_json_of_common_names_are_read(tmp_path) -> None:
    stacked = {"K": np.stack([MATRIX] * 2), "dist": np.stack([DISTORTION] * 2)[:, None], "names": np.array(["a", "b"]),
               "R": np.stack([rotation(v) for v in VECTORS]), "t": np.stack(TRANSLATIONS)[..., None]}  # fmt: skip
    np.savez(tmp_path / "all.npz", **stacked)
    check(read_calibration(tmp_path / "all.npz"), size=None)
    np.savez(
        tmp_path / "tutorial.npz", mtx=MATRIX, dist=DISTORTION[None], rvecs=np.ones((9, 3, 1)), tvecs=np.ones((9, 3, 1))
    )
    (camera,) = read_calibration(tmp_path / "tutorial.npz")
    assert (camera.name, camera.translation) == ("tutorial", None)
    listed = [
        {"name": name, "resolution": [1280, 720], "K": MATRIX.tolist(), "distCoef": DISTORTION.tolist(),
         "R": rotation(vector).tolist(), "t": place[:, None].tolist()}
        for name, vector, place in zip("ab", VECTORS, TRANSLATIONS, strict=True)
    ]  # fmt: skip
    (tmp_path / "list.json").write_text(json.dumps({"calibDataSource": "x", "cameras": listed}))
    check(read_calibration(tmp_path / "list.json"))
    named = {each.pop("name"): each for each in listed}
    (tmp_path / "named.json").write_text(json.dumps(named))
    check(read_calibration(tmp_path / "named.json"))


def test_yaml_of_ros_and_fisheye_lenses_are_read(tmp_path) -> None:
    text = "image_width: 640\nimage_height: 480\ncamera_name: narrow\ncamera_matrix:\n  rows: 3\n  cols: 3\n"
    text += "  data: [500, 0, 320, 0, 500, 240, 0, 0, 1]\ndistortion_model: equidistant\n"
    (tmp_path / "a.yaml").write_text(text + "distortion_coefficients: {rows: 1, cols: 4, data: [0.1, 1e-3, 0, 0]}\n")
    (camera,) = read_calibration(tmp_path / "a.yaml")
    assert (camera.name, camera.size, camera.fisheye) == ("narrow", (640, 480), True)
    points = np.array([[0.5, -0.2, 2.0], [np.nan] * 3, [0, 0, -1.0]])
    pixels = camera.project(points)
    np.testing.assert_allclose(camera.to_rays(pixels)[0], [0.25, -0.1], atol=1e-6)
    assert np.isnan(pixels[1:]).all()


def test_several_files_are_one_camera_each(tmp_path) -> None:
    for name in ("left", "right"):
        write_storage(tmp_path / f"{name}.yml", {"K": MATRIX, "D": DISTORTION, "R": VECTORS[0], "T": TRANSLATIONS[0]})
    cameras = read_calibration([tmp_path / "left.yml", tmp_path / "right.yml"])
    assert [camera.name for camera in cameras] == ["left", "right"]
    with pytest.raises(FormatError, match="stated twice"):
        read_calibration([tmp_path / "left.yml", tmp_path / "left.yml"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("matrix = [[900, 0, 640], [0, 900, 360], [0, 0, 2]]", "its matrix is"),
        ("matrix = [[-900, 0, 640], [0, 900, 360], [0, 0, 1]]", "its matrix is"),
        (f"{LENS}\nsize = [0, 5]", "its size is"),
        (f"{LENS.replace('640', '64000')}\nsize = [1280, 720]", "principal point"),
        (f"{LENS}\nR = [[1, 0, 0], [0, 1, 0], [0, 0, -1]]\nt = [0, 0, 1]", "its rotation"),
        (LENS.replace("640", "nan"), "states no camera"),
        ("R = [0, 0, 0]\nt = [0, 0, 1]", "states a pose, but no matrix"),
        ("x = 1", "states no camera"),
        ("[a", "not valid TOML"),
    ],
)
def test_contradictions_and_damage_are_refused(tmp_path, text, message) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_calibration(tmp_path / "c.toml")


@pytest.mark.parametrize("name", ["c.pkl", "c.pickle", "c"])
def test_other_files_are_refused(tmp_path, name) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(FormatError, match="is no calibration file by its name"):
        read_calibration(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.yml", "a: " + "[" * 100_000),
        ("deep.json", "[" * 100_000),
        ("deep.toml", "a = " + "[" * 100_000),
        ("deep.xml", "<a>" * 100_000),
        ("bomb.yml", BOMB),
        ("entities.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("python.yml", "a: !!python/object/apply:os.system ['true']"),
        ("matrix.yml", "K: !!opencv-matrix\n   rows: 1000000000\n   cols: 1000000000\n   dt: d\n   data: [ 1. ]\n"),
        ("text.yml", "just text"),
        ("numbers.json", "3"),
        ("binary.toml", "\0\1"),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_hostile_files_are_errors(tmp_path, name, content) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(FormatError):
        read_calibration(tmp_path / name)


def test_pickles_in_npz_are_refused(tmp_path) -> None:
    np.savez(tmp_path / "c.npz", K=np.array([object()]), allow_pickle=True)
    with pytest.raises(FormatError, match="Python objects"):
        read_calibration(tmp_path / "c.npz")


@pytest.mark.parametrize("suffix", [".toml", ".yml", ".xml", ".json", ".npz"])
def test_damaged_copies_are_read_or_refused(tmp_path, suffix) -> None:
    path = tmp_path / f"c{suffix}"
    values = {"image_width": 1280, "K": MATRIX, "dist": DISTORTION, "R": VECTORS[0], "T": TRANSLATIONS[0]}
    if suffix == ".toml":
        write_toml(path)
    elif suffix == ".npz":
        np.savez(path, **{key: np.asarray(value) for key, value in values.items()})
    else:
        write_storage(path, values)
    whole, rng = path.read_bytes(), random.Random(1)
    for _ in range(150):
        copy = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            copy[rng.randrange(len(copy))] = rng.randrange(256)
        path.write_bytes(copy[: rng.randint(1, len(copy))] if rng.random() < 0.3 else copy)
        try:
            cameras = read_calibration(path)
        except FormatError:
            continue
        assert all(isinstance(camera, CalibratedCamera) and np.isfinite(camera.pose).all() for camera in cameras)


def test_cameras_are_matched_by_name_or_else_by_order() -> None:
    cameras = [CalibratedCamera(name, MATRIX, DISTORTION) for name in ("cam_1", "cam_2")]
    by_name = match_cameras(cameras, ["x/walk_cam_2.mp4", "x/walk_cam_1.mp4"])
    assert [camera.name for camera in by_name] == ["cam_2", "cam_1"]
    by_order = match_cameras(cameras, ["a.mp4", "b.mp4"])
    assert [camera.name for camera in by_order] == ["cam_1", "cam_2"]
    numbers = [CalibratedCamera(name, MATRIX, DISTORTION) for name in ("1", "2")]
    assert [camera.name for camera in match_cameras(numbers, ["trial_1_cam_1", "trial_1_cam_2"])] == ["1", "2"]
    for names in (["b.mp4", "cam_1.mp4"], ["a.mp4"], ["a.mp4", "b.mp4", "c.mp4"]):
        with pytest.raises(FormatError, match="cannot be assigned"):
            match_cameras(cameras, names)


def test_a_camera_of_smaller_pictures_sees_the_same_rays() -> None:
    camera = CalibratedCamera("a", MATRIX, DISTORTION, (1280, 720), rotation(VECTORS[0]), TRANSLATIONS[0])
    points = np.random.default_rng(0).normal(scale=0.5, size=(9, 3))
    small = camera.scaled_to(640)
    np.testing.assert_allclose(small.project(points), camera.project(points) / 2)
    local = points @ camera.rotation.T + camera.translation
    np.testing.assert_allclose(small.to_rays(small.project(points)), local[:, :2] / local[:, 2:], atol=1e-6)
