"""The walker simulator: people like people, walks like walks, a sensor like a sensor, and the same on every machine."""

import hashlib
import math

import numpy as np
import pytest

from himpc.errors import ConfigError, LayoutError
from himpc.simulation import CAMERAS, DIFFICULTIES, Difficulty, Sensor, Session, simulate
from himpc.simulation.joint_angles import CURVES, HARMONICS, evaluate_series, fourier_series
from himpc.simulation.kinematics import PHASES, compute_stride
from himpc.simulation.landmarks import LANDMARKS
from himpc.simulation.walker import draw_walker
from himpc.skeleton import Layout, get_layout, layout_names

PERFECT = Difficulty()
NAMES = tuple(LANDMARKS)


@pytest.fixture(scope="module")
def population():
    """Two hundred people and their strides on an ordinary day, all known joints."""
    walkers = [draw_walker(0, number, PERFECT) for number in range(200)]
    return [(w, compute_stride(w.body, w.gait, Session(), NAMES)) for w in walkers]


def joint(step, name):
    return step.joints[:, NAMES.index(name)]


# The interface


def test_recordings_say_who_when_and_from_where():
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
def test_every_layout_that_comes_with_himpc_can_be_simulated(name):
    (walk,) = simulate(1, 1, seconds=0.5, layout=name, difficulty=PERFECT)
    assert walk.layout == get_layout(name)
    assert walk.complete


def test_a_joint_that_no_body_has_is_an_error():
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
def test_settings_out_of_range_are_one_clear_error(wrong):
    with pytest.raises(ConfigError) as caught:
        simulate(**{"people": 1, **wrong})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make", [lambda: Difficulty(load=2), lambda: Sensor(jitter=-1), lambda: Sensor(bias=math.inf)], ids="123"
)
def test_knobs_are_checked(make):
    with pytest.raises(ConfigError):
        make()


def test_progress_wraps_the_people():
    seen = []

    def progress(items, total, description):
        for item in items:
            seen.append((total, len(item)))
            yield item

    simulate(3, 2, seconds=0.2, progress=progress)
    assert seen == [(3, 2)] * 3


# The same on every machine, whoever else is there


def test_a_person_does_not_depend_on_how_many_others_there_are():
    few = simulate(3, 2, seconds=0.5, cameras=2)
    many = simulate(6, 3, seconds=0.5, cameras=2)
    for person in range(3):
        for number in range(2):
            assert np.array_equal(few[2 * person + number].joints, many[3 * person + number].joints, equal_nan=True)


def test_difficulty_does_not_change_who_the_people_are():
    easy, hard = (draw_walker(0, 7, DIFFICULTIES[name]) for name in ("easy", "hard"))
    assert easy == hard
    assert draw_walker(1, 7, DIFFICULTIES["easy"]).body != easy.body


def test_the_same_seed_gives_the_same_bits_on_every_platform():
    walks = simulate(3, 2, seconds=1, seed=42)
    tenths = np.concatenate([np.nan_to_num(w.joints, nan=-99.0) for w in walks]).astype(np.float64) * 1e4
    whole = np.rint(tenths).astype("<i4")
    assert hashlib.sha256(whole.tobytes()).hexdigest()[:16] == "fc605a43766f3c3c"


# People like people


def test_people_have_published_statures(population):
    for sex, mean, deviation in (("female", 1.629, 0.064), ("male", 1.756, 0.069)):
        statures = [w.body.stature for w, _ in population if w.body.sex == sex]
        assert np.mean(statures) == pytest.approx(mean, abs=4 * deviation / math.sqrt(len(statures)))
        assert np.std(statures) == pytest.approx(deviation, rel=0.25)


def test_upright_segments_add_up_to_stature_and_sides_differ_a_little(population):
    for walker, _ in population:
        body = walker.body
        assert body.leg + body.trunk + body.head == pytest.approx(body.stature, abs=1e-3)
        for left, right in (body.thigh, body.forearm):
            assert abs(left - right) < 0.02 * left
    assert np.mean([w.body.thigh[0] != w.body.thigh[1] for w, _ in population]) > 0.9


# Walks like walks


def test_speed_cadence_and_step_length_are_those_of_adults(population):
    speeds = np.array([step.speed for _, step in population])
    cadences = np.array([w.gait.cadence for w, _ in population])
    steps = np.array([step.advance[-1] / 2 / w.body.stature for w, step in population])
    assert speeds.mean() == pytest.approx(1.33, abs=0.06)
    assert np.quantile(speeds, [0.03, 0.97]) == pytest.approx([1.3, 1.3], abs=0.35)
    assert 110 < cadences.mean() < 119
    assert steps.mean() == pytest.approx(0.415, abs=0.02)
    knees = [np.degrees(w.gait.styles["knee"][0].angles("knee", np.arange(100) / 100)).max() for w, _ in population]
    assert np.mean(knees) == pytest.approx(63, abs=4)


def test_the_standing_foot_neither_slides_nor_leaves_the_floor(population):
    phase = np.arange(PHASES) / PHASES
    for side, name in enumerate(("left", "right")):
        flat = ((phase - 0.5 * side) % 1 > 0.12) & ((phase - 0.5 * side) % 1 < 0.34)
        for _, step in population:
            foot = joint(step, f"{name}_ankle")
            way = foot[:, 2] + step.advance[:-1]
            sliding = np.abs(np.diff(way[flat])) * PHASES / step.seconds
            assert np.median(sliding) < 0.1 * step.speed
            assert np.ptp(foot[flat, 1]) < 0.03
    lowest = np.array(
        [min(joint(s, "left_heel")[:, 1].min(), joint(s, "left_big_toe")[:, 1].min()) for _, s in population]
    )
    assert lowest.min() > -0.035
    assert np.quantile(lowest, 0.05) > -0.02
    assert lowest.max() < 0.04


def test_pelvis_moves_evenly_and_rises_a_few_centimetres(population):
    rise = np.array([np.ptp(joint(step, "pelvis")[:, 1]) for _, step in population])
    assert 0.025 < rise.mean() < 0.055
    surge = np.array([np.diff(step.advance).min() / np.diff(step.advance).mean() for _, step in population])
    assert surge.min() > 0.3


def test_nothing_jumps_within_a_stride(population):
    for _, step in population:
        bend = np.roll(step.joints, 1, axis=0) + np.roll(step.joints, -1, axis=0) - 2 * step.joints
        assert np.linalg.norm(bend, axis=2).max() / 8 < 0.0025  # metres that interpolation between phases is wrong by


def test_knees_bend_forward_only_and_arms_swing_against_the_legs(population):
    for _, step in population:
        hip, knee, ankle = (joint(step, f"left_{name}") for name in ("hip", "knee", "ankle"))
        ahead = np.cross(knee - hip, ankle - knee)[:, 0]  # flexion turns about the axis to the left
        assert (ahead > -1e-3).all()
        arms = joint(step, "left_wrist")[:, 2] - joint(step, "right_wrist")[:, 2]
        legs = joint(step, "left_ankle")[:, 2] - joint(step, "right_ankle")[:, 2]
        assert np.corrcoef(arms, legs)[0, 1] < -0.5


def test_fourier_series_are_the_plain_sum_and_close_to_the_tables():
    for curve, table in CURVES.items():
        phase = np.arange(20) / 20
        values = evaluate_series(fourier_series(curve), phase)
        angles = np.array(table)
        for place in (0, 7, 13):
            plain = angles.mean()
            for order in range(1, HARMONICS + 1):
                for n, angle in enumerate(angles):
                    plain += 2 / 20 * angle * math.cos(2 * math.pi * order * (place - n) / 20)
            assert values[place] == pytest.approx(plain)
        assert np.abs(values - angles).max() < 1.5


def test_bones_keep_their_length_under_a_perfect_sensor():
    for walk in simulate(3, 2, difficulty=Difficulty(headings=180, curved=1)):
        ends, starts = np.array([bone for bone in walk.layout.bones if walk.layout.joints[bone[0]] != "spine"]).T
        lengths = np.linalg.norm(walk.joints[:, ends] - walk.joints[:, starts], axis=2)
        rigid = [i for i, j in enumerate(ends) if walk.layout.joints[j].endswith(("knee", "ankle", "elbow", "wrist"))]
        assert np.ptp(lengths[:, rigid], axis=0).max() < 0.004


def test_sessions_differ_and_the_first_carries_nothing():
    hard = DIFFICULTIES["hard"]
    walkers = [draw_walker(0, number, hard) for number in range(50)]
    days = [[w.session(number, hard) for number in range(2)] for w in walkers]
    assert all(first.load == "none" for first, _ in days)
    assert {second.load for _, second in days} == {"none", "left", "right", "back"}
    assert all(first != second for first, second in days)
    bag = walkers[0].gait.in_session(Session(load="left"))
    assert bag.styles["shoulder"][0].gain < 0.5 * bag.styles["shoulder"][1].gain
    quick, slow = (
        compute_stride(w.body, w.gait, s, ("pelvis",))
        for w, s in ((walkers[0], Session(speed=1.2)), (walkers[0], Session(speed=0.8)))
    )
    assert quick.speed / slow.speed == pytest.approx(1.5, rel=0.15)
