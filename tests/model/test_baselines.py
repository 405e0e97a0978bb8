"""The baselines against a skeleton that can be measured by hand, and against plain formulas on windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import LayoutError
from himpc.model.baselines import BASELINES, D13, D16
from himpc.recordings import Recording, Windows
from himpc.skeleton import get_layout

# A person of whole decimetres: a foot 0.8 below the hips, arms stretched out sideways.
BY_HAND = {
    "pelvis": (0, 0, 0), "spine": (0, 0.2, 0), "neck": (0, 0.5, 0), "head": (0, 0.7, 0),
    "left_shoulder": (-0.3, 0.5, 0), "left_elbow": (-0.6, 0.5, 0), "left_wrist": (-0.8, 0.5, 0),
    "left_hand": (-0.9, 0.5, 0),
    "right_shoulder": (0.3, 0.5, 0), "right_elbow": (0.5, 0.5, 0), "right_wrist": (0.7, 0.5, 0),
    "right_hand": (0.8, 0.5, 0),
    "left_hip": (-0.1, 0, 0), "left_knee": (-0.1, -0.4, 0), "left_ankle": (-0.1, -0.7, 0), "left_foot": (-0.1, -0.8, 0),
    "right_hip": (0.1, 0, 0), "right_knee": (0.1, -0.3, 0), "right_ankle": (0.1, -0.7, 0),
    "right_foot": (0.1, -0.7, 0),
}  # fmt: skip
# Heights over the mean foot (-0.75); shoulders to neck; spine to right shoulder; arms; thighs; trunk; hips; ratios.
HAND_D13 = [1.45, 1.25, 0.3, 0.3, 0.18**0.5, 0.4, 0.5, 0.3, 0.4, 0.3, 0.2, 1.0, 0.75]
HAND_D16 = [0.2, 0.3, 0.2, 0.3, 0.2, 0.2, 0.3, 0.3, 0.2, 0.1, 0.3, 0.4, 0.1, 0.4, 0.4, 1.45]


def by_hand(layout_name: str) -> np.ndarray:
    layout = get_layout(layout_name)
    return np.array([BY_HAND.get(joint, (9, 9, 9)) for joint in layout.joints], dtype=np.float32)


def windows_of(frames: np.ndarray, layout: str = "kinect-v1", length: int = 6, stride: int | None = None) -> Windows:
    return Windows.cut([Recording(frames, get_layout(layout))], length, stride)


@pytest.mark.parametrize("layout", ["kinect-v1", "kinect-v2"])
@pytest.mark.parametrize(("baseline", "expected"), [(D13(), HAND_D13), (D16(), HAND_D16)])
def test_anthropometry_equals_measurements_by_hand(layout, baseline, expected):
    embedding = baseline.embed(windows_of(np.repeat(by_hand(layout)[None], 6, axis=0), layout))
    np.testing.assert_allclose(embedding, [expected], atol=1e-6)


def test_d13_limits_the_ratio_of_a_lost_thigh():
    frame = by_hand("kinect-v1")
    frame[get_layout("kinect-v1").index("right_knee")] = frame[get_layout("kinect-v1").index("right_hip")]
    assert D13().measure(frame[None], get_layout("kinect-v1"))[0, 11] == pytest.approx(0.3 / 0.1)


@given(seed=st.integers(0, 99), frames=st.integers(6, 30), length=st.integers(1, 6), stride=st.integers(1, 8))
def test_window_is_the_mean_of_its_frames(seed, frames, length, stride):
    joints = np.random.default_rng(seed).normal(size=(frames, 20, 3)).astype(np.float32)
    windows = windows_of(joints, length=length, stride=stride)
    for baseline in BASELINES.values():
        slow = [baseline.measure(window.astype(np.float64), windows.layout).mean(axis=0) for window in windows[:]]
        embedding = baseline.embed(windows)
        assert embedding.dtype == np.float32
        np.testing.assert_allclose(embedding, slow, rtol=1e-5, atol=1e-6)


def test_lengths_do_not_depend_on_the_heading():
    joints = np.random.default_rng(0).normal(size=(12, 20, 3))
    angle = 0.7
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    for name in ("bones", "d13", "d16"):
        here, turned = (BASELINES[name].embed(windows_of(j)) for j in (joints, joints @ turn.T + 3))
        np.testing.assert_allclose(here, turned, rtol=1e-4)


def test_raw_pose_is_the_centred_joints():
    windows = windows_of(np.random.default_rng(1).normal(size=(12, 20, 3)))
    np.testing.assert_allclose(BASELINES["raw"].embed(windows), windows[:].mean(axis=1).reshape(2, 60), rtol=1e-5)


def test_bone_lengths_follow_the_tree():
    lengths = BASELINES["bones"].embed(windows_of(np.repeat(by_hand("kinect-v1")[None], 6, axis=0)))[0]
    layout = get_layout("kinect-v1")
    named = {layout.joints[joint]: length for (joint, _), length in zip(layout.bones, lengths, strict=True)}
    assert named["left_elbow"] == pytest.approx(0.3)
    assert named["right_knee"] == pytest.approx(0.3)
    assert len(named) == 19


def test_missing_joints_raise():
    joints = np.zeros((6, 17, 3), dtype=np.float32)
    with pytest.raises(LayoutError, match="D13 measures joints that layout 'coco-17' lacks: head, left_foot, neck"):
        D13().embed(windows_of(joints, "coco-17"))
