"""Left and right of single pairs that a file exchanges are restored, and clean recordings are not changed."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.reading.formats.parsing.exchanged_sides import restore_sides
from himpc.reading.formats.parsing.handedness import leftward_of
from himpc.simulation import Difficulty, Sensor
from himpc.skeleton import get_layout

WALKER = runpy.run_path(str(Path(__file__).with_name("walker.py")))
LEG = ("hip", "knee", "ankle", "foot")


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(3, 1, seconds=3.0, seed=4, fps=100, difficulty=Difficulty(sensor=Sensor()))


def exchange(walk, joints, frames=slice(None)):
    """Exchange left and right of joints in some frames."""
    changed = walk.joints.copy()
    for joint in joints:
        left, right = walk.layout.index(f"left_{joint}"), walk.layout.index(f"right_{joint}")
        changed[frames, left], changed[frames, right] = walk.joints[frames, right], walk.joints[frames, left]
    return changed


def restore(joints, layout):
    return restore_sides(joints, layout.pairs, layout.joints, leftward_of(joints, layout))


@pytest.mark.parametrize("joints", [("knee",), ("ankle",), ("elbow",), ("ankle", "foot")])
@pytest.mark.parametrize("frames", [slice(None), slice(30, 45), slice(40, None)], ids=["all", "some", "most"])
def test_exchanged_joints_are_restored_and_noted(walks, joints, frames):
    for walk in walks:
        restored, notes = restore(exchange(walk, joints, frames), walk.layout)
        assert np.array_equal(restored, walk.joints, equal_nan=True)
        assert sorted(note.split(" exchanged")[0] for note in notes) == sorted(
            f"left_{joint} and right_{joint}" for joint in joints
        )


def test_a_leg_that_is_exchanged_as_a_whole_is_restored_by_the_feet(walks):
    for walk in walks:
        restored, _ = restore(exchange(walk, LEG, slice(30, 60)), walk.layout)
        assert np.array_equal(restored, walk.joints, equal_nan=True)


def test_clean_recordings_are_not_changed(walks):
    for walk in walks:
        assert restore(walk.joints, walk.layout) == (walk.joints, ())


@pytest.mark.parametrize(
    "shares", [{"elbow": 0.5, "wrist": 1.6, "hand": 1.9}, {"wrist": 1.2, "hand": 1.4}, {"knee": 0.25, "ankle": 0.5}]
)
def test_limbs_that_a_person_crosses_are_not_exchanged(walks, shares):
    for walk in walks:
        joints, index = walk.joints.copy(), walk.layout.index
        across = joints[:, index("left_hip")] - joints[:, index("right_hip")]
        for joint, share in shares.items():
            joints[:, index(f"left_{joint}")] -= share * across
            joints[:, index(f"right_{joint}")] += share * across
        assert restore(joints, walk.layout)[0] is joints


def test_empty_frames_are_no_evidence(walks):
    for walk in walks:
        joints = exchange(walk, ("knee",))
        few = np.full_like(joints, np.nan)
        few[::30] = joints[::30]
        found, notes = restore(joints[::30], walk.layout)
        assert np.array_equal(restore(few, walk.layout)[0][::30], found, equal_nan=True)
        assert restore(few, walk.layout)[1] == notes


def test_nothing_is_exchanged_where_nothing_shows_it():
    layout = get_layout("kinect-v1")
    rng = np.random.default_rng(0)
    for joints in (
        np.full((30, 20, 3), np.nan),
        np.zeros((30, 20, 3)),
        rng.normal(size=(30, 20, 3)),
        rng.normal(size=(1, 20, 3)),
    ):
        assert restore(joints.astype(np.float32), layout) == (pytest.approx(joints, nan_ok=True), ())


def test_gaps_do_not_hide_an_exchange(walks):
    joints = exchange(walks[0], ("knee",), slice(30, 60))
    joints[28:33] = joints[50, 3] = np.nan
    expected = walks[0].joints.copy()
    expected[28:33] = expected[50, 3] = np.nan
    assert np.array_equal(restore(joints, walks[0].layout)[0], expected, equal_nan=True)


def test_exchanged_markers_of_a_file_are_noted(tmp_path):
    walk, write_trc = WALKER["walk"], WALKER["write_trc"]
    labels = [{"LKNE": "RKNE", "RKNE": "LKNE"}.get(label, label) for label in WALKER["LABELS"]]
    right = himpc.read(write_trc(tmp_path / "right.trc", walk(120)), clean=False)[0]
    wrong = himpc.read(write_trc(tmp_path / "wrong.trc", walk(120), labels), clean=False)[0]
    assert "LKNE and RKNE exchanged, since they were in all frames" in wrong.quality.notes
    assert np.allclose(right.joints, wrong.joints, atol=1e-5)
