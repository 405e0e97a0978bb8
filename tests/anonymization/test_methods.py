"""Transformations: strength 0 changes nothing, exact bone lengths, refusals in plain words."""

import numpy as np
import pytest

import himpc
from himpc.anonymization import METHODS, Chain, measure_gait, measure_utility
from himpc.anonymization.bodies import bone_lengths, standard_lengths
from himpc.errors import ConfigError, DataError, HimpcError, LayoutError
from himpc.recordings import Recording
from himpc.skeleton import Layout, get_layout, layout_names


@pytest.fixture(scope="module")
def walk() -> Recording:
    return himpc.simulate(people=1, recordings=1, seconds=4.0, difficulty="easy", seed=5)[0]


def apply(method: str, recording: Recording, seed: int = 0) -> Recording:
    return Chain.parse(method).apply(recording, np.random.default_rng(seed))


@pytest.mark.parametrize("method", METHODS)
def test_strength_0_changes_nothing(method, walk):
    np.testing.assert_allclose(apply(f"{method}:0", walk).joints, walk.joints, atol=1e-6)


@pytest.mark.parametrize(
    "method", ["standard-body", "retarget", "noise:30", "offset:30", "smooth:0.2", "resample:7", "gait"]
)
def test_the_recording_given_stays_as_it_is(method, walk):
    before = walk.joints.copy()
    changed = apply(method, walk)
    assert (walk.joints == before).all()
    assert changed.joints.shape != before.shape or np.abs(changed.joints - before).max() > 0.005


@pytest.mark.parametrize("layout", layout_names())
def test_bones_have_exactly_the_lengths_of_the_standard_body(layout):
    walk = himpc.simulate(1, 1, layout=layout, seconds=0.5, seed=2, difficulty="easy")[0]
    changed = apply("standard-body", walk)
    lengths = np.broadcast_to(standard_lengths(walk.layout), (len(changed), len(walk.layout.bones)))
    np.testing.assert_allclose(bone_lengths(changed.joints, walk.layout), lengths, atol=2e-6)


def test_standard_body_keeps_angles_and_keeps_the_feet_on_the_floor(walk):
    changed = apply("standard-body", walk)
    assert measure_utility([walk], [changed]).angle_error < 0.01
    lowest = [each.joints[:, :, 1].min() for each in (walk, changed)]
    assert abs(lowest[0] - lowest[1]) < 0.05


def test_half_the_strength_goes_half_the_way(walk):
    own, half = (
        bone_lengths(walk.joints, walk.layout),
        bone_lengths(apply("standard-body:0.5", walk).joints, walk.layout),
    )
    np.testing.assert_allclose(half, (own + standard_lengths(walk.layout)) / 2, atol=2e-6)


def test_a_bone_without_length_gets_a_direction(walk):
    joints = walk.joints.copy()
    joints[3:6, 5] = joints[3:6, 4]
    changed = apply("standard-body", walk.with_(joints=joints))
    assert np.isfinite(changed.joints).all()
    np.testing.assert_allclose(bone_lengths(changed.joints, walk.layout)[4], standard_lengths(walk.layout), atol=2e-6)


def test_retargeting_draws_a_body_for_each_recording(walk):
    first, second = (bone_lengths(apply("retarget", walk, seed).joints, walk.layout) for seed in (1, 2))
    assert np.ptp(first, axis=0).max() < 1e-5
    assert np.abs(first - second).max() > 0.005


def test_noise_has_the_stated_deviation_and_an_offset_is_constant(walk):
    moved = (apply("noise:20", walk).joints - walk.joints).std()
    assert moved == pytest.approx(0.020, rel=0.05)
    shift = apply("offset:20", walk).joints - walk.joints
    assert np.ptp(shift, axis=0).max() < 1e-5
    assert shift[0].std() == pytest.approx(0.020, rel=0.4)


def test_resampling_sets_the_rate_and_keeps_the_motion(walk):
    changed = apply("resample:10", walk)
    assert (changed.fps, len(changed)) == (10.0, 40)
    assert measure_utility([walk], [changed]).position_error < 30
    assert apply("resample:100", walk) is walk


def test_gait_becomes_that_of_the_standard_walk():
    walks = himpc.simulate(people=4, recordings=1, seconds=5.0, difficulty="easy", seed=8)
    before, after = ([measure_gait(each) for each in some] for some in (walks, [apply("gait", w) for w in walks]))
    for name in ("cadence", "stride"):
        spread = [np.ptp([getattr(gait, name) for gait in some]) for some in (before, after)]
        assert spread[1] < 0.4 * spread[0], name
    for walk in walks:
        own, changed = (bone_lengths(each.joints, each.layout).mean(axis=0) for each in (walk, apply("gait", walk)))
        np.testing.assert_allclose(own, changed, atol=2e-3)


def test_the_measured_cadence_is_that_of_the_walk():
    rate, fps = 0.9, 50.0
    layout = get_layout("kinect-v1")
    time = np.arange(200) / fps
    joints = np.repeat(himpc.simulate(1, 1, seconds=0.1, difficulty="easy", seed=1)[0].joints[:1], 200, axis=0).astype(
        float
    )
    joints[:, :, 2] += 1.2 * time[:, None]  # along z
    joints[:, layout.index("left_ankle"), 2] += 0.3 * np.sin(2 * np.pi * rate * time)
    gait = measure_gait(Recording(joints, layout, fps=fps))
    assert gait.cadence == pytest.approx(120 * rate, abs=1)
    assert (gait.speed, gait.stride) == (pytest.approx(1.2, rel=0.01), pytest.approx(1.2 / rate, rel=0.02))


def test_standing_is_no_gait(standing):
    layout = get_layout("kinect-v1")
    recording = Recording(standing(layout, 200, 0), layout, fps=50.0, source="standing.csv")
    assert np.isnan(measure_gait(recording).cadence)
    with pytest.raises(DataError, match=r"standing.csv: shows no walking"):
        apply("gait", recording)


def test_joints_and_parts_are_dropped(walk):
    assert not apply("drop:left_wrist,head", walk).layout.has("head")
    assert len(apply("drop:left_arm,right_arm", walk).layout) == 12
    with pytest.raises(ConfigError, match="no joint and no part 'tail'"):
        apply("drop:tail", walk)
    with pytest.raises(LayoutError, match="2 joints are left"):
        apply("drop:" + ",".join(walk.layout.joints[2:]), walk)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blur", "unknown method 'blur', expected one of standard-body"),
        ("noise", "needs a strength from 0 to 10000 "),
        ("noise:-1", "needs a strength"),
        ("noise:nan", "needs a strength"),
        ("standard-body:2", "from 0 to 1 "),
        ("drop", "needs joints or parts"),
        ("", "unknown method ''"),
        ("noise:5+", "unknown method ''"),
    ],
)
def test_wrong_methods_are_named(text, message):
    with pytest.raises(ConfigError, match=message):
        Chain.parse(text)


def test_a_chain_is_its_steps_in_order(walk):
    chain = Chain.parse(" standard-body + drop:left_arm+smooth:0.1 ")
    assert str(chain) == "standard-body:1+drop:left_arm+smooth:0.1"
    assert str(Chain.parse(str(chain))) == str(chain)
    assert str(Chain.parse("none")) == "none"
    alone = apply("smooth:0.1", apply("drop:left_arm", apply("standard-body", walk)))
    np.testing.assert_array_equal(apply(str(chain), walk).joints, alone.joints)


def test_what_a_method_lacks_is_said(walk):
    with pytest.raises(DataError, match="needs the frame rate, which is not known; state fps"):
        apply("smooth:0.1", walk.with_(fps=None))
    flat = walk.with_(dimensions=2)
    for method in ("standard-body", "noise:5", "offset:5", "gait", "retarget"):
        with pytest.raises(DataError, match="3D and metres, found 2D"):
            apply(method, flat)
    joints = walk.joints.copy()
    joints[3, 2] = np.nan
    with pytest.raises(DataError, match="needs every joint in every frame"):
        apply("standard-body", walk.with_(joints=joints))
    assert np.isnan(apply("noise:5", walk.with_(joints=joints)).joints[3, 2]).all()
    animal = Layout.from_dict(
        {
            "name": "cat",
            "root": ["back"],
            "joints": ["back", "tail", "paw"],
            "parents": {"tail": "back", "paw": "back"},
            "components": {"all": ["back", "tail", "paw"]},
            "limbs": {"all": ["all"]},
        }
    )
    with pytest.raises(LayoutError, match="does not have all joints of layout 'cat'"):
        apply("standard-body", Recording(np.ones((4, 3, 3)), animal))


@pytest.mark.parametrize(
    "method", ["standard-body", "retarget", "noise:5", "offset:5", "smooth:0.1", "resample:3", "drop:head"]
)
def test_one_frame_is_enough_or_refused(method, walk):
    try:
        assert len(apply(method, walk.with_(joints=walk.joints[:1]))) == 1
    except HimpcError:
        pytest.fail("one frame can be transformed")


def test_utility_of_the_same_recordings_is_perfect(walk):
    assert set(measure_utility([walk], [walk]).to_dict().values()) == {0.0}
    assert set(measure_utility([], []).to_dict().values()) == {None}
