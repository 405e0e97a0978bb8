"""Recordings of simulated walkers: reproducible, and with all labels."""

import hashlib
import math

import numpy as np
import pytest

from himpc.errors import ConfigError, LayoutError
from himpc.simulation import CAMERAS, Difficulty, simulate
from himpc.skeleton import Layout, get_layout, layout_names

PERFECT = Difficulty()


def test_recordings_have_person_session_and_camera():
    walks = simulate(2, 4, seconds=1, fps=25)
    assert [(w.session, w.camera) for w in walks[:4]] == [
        ("session-1", "front"),
        ("session-2", "front"),
        ("session-1", "left-diagonal"),
        ("session-2", "left-diagonal"),
    ]
    assert [w.person for w in walks] == ["person-000"] * 4 + ["person-001"] * 4
    assert len({w.source for w in walks}) == 8
    assert walks[-1].source == "simulated/person-001/session-2/left-diagonal-3"
    assert all(w.joints.shape == (25, 20, 3) and w.joints.dtype == np.float32 and w.fps == 25 for w in walks)


@pytest.mark.parametrize("name", layout_names())
def test_every_layout_can_be_simulated(name):
    (walk,) = simulate(1, 1, seconds=0.5, layout=name, difficulty=PERFECT)
    assert walk.layout == get_layout(name)
    assert walk.complete


def test_unknown_joint_raises():
    table = get_layout("openpose-14").to_dict()
    table["joints"].append("tail")
    table["parents"]["tail"] = "neck"
    table["components"]["torso"].append("tail")
    with pytest.raises(LayoutError, match="tail"):
        simulate(1, 1, layout=Layout.from_dict(table))


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0},
        {"people": 2.5},
        {"recordings": 0},
        {"sessions": 0},
        {"seconds": 0},
        {"seconds": math.nan},
        {"seconds": 1e9},
        {"seconds": 0.001},
        {"fps": -1},
        {"seed": -1},
        {"difficulty": "impossible"},
        {"cameras": 0},
        {"cameras": 99},
        {"cameras": []},
        {"cameras": [CAMERAS[0], CAMERAS[0]]},
        {"people": 10**9},
    ],
    ids=str,
)
def test_settings_out_of_range_raise_one_line(wrong):
    with pytest.raises(ConfigError) as caught:
        simulate(**{"people": 1, **wrong})
    assert "\n" not in str(caught.value)


def test_progress_wraps_the_people():
    seen = []

    def progress(items, total, description):
        for item in items:
            seen.append((total, len(item)))
            yield item

    simulate(3, 2, seconds=0.2, progress=progress)
    assert seen == [(3, 2)] * 3


def test_person_does_not_depend_on_other_people():
    few = simulate(3, 2, seconds=0.5, cameras=2)
    many = simulate(6, 3, seconds=0.5, cameras=2)
    for person in range(3):
        for number in range(2):
            assert np.array_equal(few[2 * person + number].joints, many[3 * person + number].joints, equal_nan=True)


def test_seed_gives_the_same_bits_on_every_platform():
    walks = simulate(3, 2, seconds=1, seed=42)
    tenths = np.concatenate([np.nan_to_num(w.joints, nan=-99.0) for w in walks]).astype(np.float64) * 1e4
    whole = np.rint(tenths).astype("<i4")
    assert hashlib.sha256(whole.tobytes()).hexdigest()[:16] == "fc605a43766f3c3c"


def test_bones_keep_their_length_with_an_exact_sensor():
    for walk in simulate(3, 2, difficulty=Difficulty(headings=180, curved=1)):
        ends, starts = np.array([bone for bone in walk.layout.bones if walk.layout.joints[bone[0]] != "spine"]).T
        lengths = np.linalg.norm(walk.joints[:, ends] - walk.joints[:, starts], axis=2)
        rigid = [i for i, j in enumerate(ends) if walk.layout.joints[j].endswith(("knee", "ankle", "elbow", "wrist"))]
        assert np.ptp(lengths[:, rigid], axis=0).max() < 0.004


def test_error_names_the_settings_that_are_out_of_range():
    with pytest.raises(ConfigError, match=r"people should be .*; fps should be "):
        simulate(people=0, fps=0)
