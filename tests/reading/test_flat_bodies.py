"""A 2D pose with a third coordinate of zero is refused, because it would be compared as a body in space."""

import json

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError
from himpc.reading.formats.parsing.positions import check_depth

WALK = himpc.simulate(people=1, recordings=1, difficulty="easy", seed=3)[0]
FLAT = WALK.joints * (1, 1, 0)
NAMES = WALK.layout.joints


def write_csv(path, joints):
    header = ",".join(f"{name}_{axis}" for name in NAMES for axis in "xyz")
    np.savetxt(path, joints.reshape(len(joints), -1), delimiter=",", header=header, comments="", fmt="%.6f")


def write_json(path, joints):
    path.write_text(json.dumps([dict(zip(NAMES, frame, strict=True)) for frame in joints.tolist()]))


def write_npy(path, joints):
    np.save(path, joints)


@pytest.mark.parametrize(("suffix", "write"), [("csv", write_csv), ("json", write_json), ("npy", write_npy)])
@pytest.mark.parametrize("scale", [1, 300])
def test_flat_poses_raise_and_others_do_not(tmp_path, suffix, write, scale):
    options = {"layout": "kinect-v1"} if suffix == "npy" else {}
    path = tmp_path / f"walk.{suffix}"
    write(path, FLAT * scale + (500, 500, 0))
    with pytest.raises(FormatError, match="is flat: in each frame z is the same for all points, as in a 2D pose"):
        himpc.read(path, **options)
    write(path, WALK.joints)
    assert himpc.read(path, **options)[0].dimensions == 3


def test_flat_poses_without_their_axis_are_2d(tmp_path):
    path = tmp_path / "walk.csv"
    header = ",".join(f"{name}_{axis}" for name in NAMES for axis in "xy")
    rows = (FLAT[..., :2] * (300, -300) + 500).reshape(len(FLAT), -1)
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.3f")
    assert himpc.read(path)[0].dimensions == 2


def test_depth_is_judged_by_what_is_seen():
    missing = FLAT.astype(float).copy()
    missing[:, 3] = np.nan
    missing[::3, 5] = np.nan
    with pytest.raises(FormatError, match="z is the same"):
        check_depth(missing, "walk.csv")
    with pytest.raises(FormatError, match="x is the same"):
        check_depth(FLAT[..., ::-1], "walk.csv")
    thick = FLAT.copy()
    thick[:, 0, 2] += 0.01
    check_depth(thick, "walk.csv")


@pytest.mark.parametrize(
    "points",
    [
        np.repeat(FLAT[:1], 9, axis=0) + np.arange(9)[:, None, None],  # stands still, and glides
        FLAT[:1],
        FLAT[:0],
        FLAT[:, :3],
        np.zeros((5, 20, 3)),
        np.full((5, 20, 3), np.nan),
    ],
)
def test_too_little_movement_shows_nothing(points):
    check_depth(points, "walk.csv")
