"""Adaptation of the identity prior."""

from dataclasses import replace

import numpy as np
import pytest

import himpc
from himpc.errors import ConfigError, DataError
from himpc.evaluation import evaluate_ranking, grouping_agreement
from himpc.learning import Config, adaptation, train
from himpc.learning.adaptation import describe_frames
from himpc.learning.prior_selection import resolve_prior, suits_training
from himpc.learning.statistics import second_moment
from himpc.model import NOISE_VARIANCE, IdentityPrior, Model, Network, export_onnx, load_prior
from himpc.recordings import Windows
from himpc.skeleton import centre as subtract_root
from himpc.skeleton import convert, get_layout

LEG = ("hip", "knee", "ankle")

TRACKLET = Config.preset("tracklet")


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(people=4, recordings=3, seconds=2.0, difficulty="easy", seed=3)


@pytest.fixture(scope="module")
def model(walks):
    return himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_


def test_prior_is_symmetric_and_positive():
    prior = load_prior()
    for matrix in (prior.within, prior.between):
        assert matrix.shape == (150, 150)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
        assert np.linalg.eigvalsh(matrix).min() > -1e-6
    assert np.trace(prior.within) == pytest.approx(1, abs=1e-3)
    assert {each["set"] for each in prior.card["trained_on"]} == {"c3d-walking", "kinect-v1-actions", "trc-walking"}


@pytest.mark.parametrize("part", ["lower-body", "upper-body"])
def test_part_of_the_prior_is_that_of_its_joints(part):
    rng = np.random.default_rng(1)
    whole, few = load_prior().layout, load_prior().for_layout(get_layout(f"kinect-v1-{part}"))
    assert few is not None
    joints = rng.normal(size=(500, len(whole), 3)).astype(np.float32)

    def moment(joints, layout):
        network = Network(layout, ("joint",), 1, 0, distances=True)
        return second_moment(describe_frames(network, subtract_root(joints, layout)))

    # Second moments are linear in the features, too, so that any prior shows which features a part has.
    prior = IdentityPrior(moment(joints, whole), moment(joints, whole))
    found = prior.for_layout(few.layout)
    expected = moment(convert(joints, whole, few.layout), few.layout)
    np.testing.assert_allclose(found.between, expected, atol=1e-4)
    np.testing.assert_allclose(found.within, expected / np.trace(expected), atol=1e-5)


def test_prior_is_whole_where_all_joints_are_given_and_needs_six_with_a_girdle():
    prior = load_prior()
    assert prior.for_layout(get_layout("kinect-v2")) is prior
    assert prior.for_layout(get_layout("kinect-v1-left-arm")) is None
    assert prior.for_layout(get_layout("kinect-v1").subset(("spine", "neck", "head", "left_hip"), "x")) is None


def test_legs_alone_are_grouped_by_the_prior():
    legs = get_layout("kinect-v1-lower-body")
    walks = [walk.to(legs) for walk in himpc.simulate(5, 3, seconds=1.5, difficulty="easy", seed=3)]
    assert grouping_agreement(himpc.group(walks).groups, [walk.person for walk in walks]).ari > 0.9
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    assert model.layout.joints == tuple(f"{side}_{joint}" for side in ("left", "right") for joint in LEG)
    single = [walk.to(get_layout("kinect-v1-left-leg")) for walk in walks]
    with pytest.raises(ConfigError, match="at least 6 of its joints, with both hips or both shoulders; no joint"):
        himpc.HiMPC(settings={"prior": "identity"}).fit(single)


@pytest.mark.parametrize("each", [1, 2])
def test_few_recordings_of_people_from_film_are_told_apart(shared_data, each):
    walks = himpc.read(shared_data / "video-walkers")
    own = [walk for person in "ABCDE" for walk in [walk for walk in walks if walk.person == person][:each]]
    assert grouping_agreement(himpc.group(own).groups, [walk.person for walk in own]).ari == 1


def test_people_of_assumed_size_are_expected_to_differ_less_only_where_they_do():
    walks = himpc.simulate(people=4, recordings=2, seconds=2.0, difficulty="easy", layout="mediapipe-33", seed=5)

    def between(recordings, size):
        windows = replace(Windows.cut([walk.to(load_prior().layout) for walk in recordings], 6), body_size=size)
        return float(train(windows, TRACKLET.with_(prior="identity")).model.network.between.sum())

    assert between(walks, "assumed") == between(walks, "true")
    assert between(walks[:2], "assumed") < 0.5 * between(walks[:2], "true")


def test_prior_is_used_unless_a_setting_of_training_is_changed(walks):
    kinect = Windows.cut(walks[:6], 6)
    flat = replace(kinect, dimensions=2)
    assert resolve_prior(TRACKLET, kinect).prior == "identity"
    assert resolve_prior(TRACKLET.with_(max_epochs=3), kinect).prior == "none"
    assert resolve_prior(TRACKLET, flat).prior == "none"
    assert resolve_prior(Config.preset("clean"), kinect) == Config.preset("clean")
    with pytest.raises(ConfigError, match="max_epochs has no effect with the identity prior"):
        resolve_prior(TRACKLET.with_(max_epochs=3, prior="identity"), kinect)
    with pytest.raises(ConfigError, match="the skeletons are 2D"):
        resolve_prior(TRACKLET.with_(prior="identity"), flat)


def test_adapted_model_groups_people_and_takes_no_epochs(walks, model):
    learner = himpc.HiMPC(settings={"prior": "identity"}).fit(walks)
    assert len(learner.history_) == 0
    assert model.layout == get_layout("common-15")
    grouping = himpc.group(walks, model)
    assert grouping.people == 4
    assert grouping.plausible is not None
    assert grouping.plausible[0] <= 4 <= grouping.plausible[1]


def test_adaptation_does_not_depend_on_names_or_on_the_order(walks, model):
    order = np.random.default_rng(0).permutation(len(walks))
    shuffled = [walks[i].with_(person=f"p{i}") for i in order]
    other = himpc.HiMPC(settings={"prior": "identity"}).fit(shuffled).model_
    pooled, again = himpc.embed(model, walks).pooled, himpc.embed(other, walks).pooled
    distances, others = (np.linalg.norm(each[:, None] - each[None], axis=-1) for each in (pooled, again))
    np.testing.assert_allclose(distances, others, rtol=0.05, atol=0.2)  # frames are tilted in another order


def test_embedding_ignores_heading_and_place(walks, model):
    angle = 1.0
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    turned = [walk.with_(joints=(walk.joints @ turn.T + [3, 0, -2]).astype(np.float32)) for walk in walks]
    np.testing.assert_allclose(himpc.embed(model, walks).pooled, himpc.embed(model, turned).pooled, atol=0.02)


def test_saved_model_has_the_same_embeddings_and_scores(walks, model, tmp_path):
    model.save(tmp_path)
    again = Model.load(tmp_path)
    windows = Windows.cut(walks, model.window_length)
    np.testing.assert_array_equal(model.embed(windows), again.embed(windows))
    np.testing.assert_array_equal(model.pose_scale, again.pose_scale)
    assert himpc.HiMPC.load(tmp_path).fit(walks).model_.fingerprint == model.fingerprint


def test_two_recordings_are_enough(walks):
    same, different = walks[:2], [walks[0], walks[-1]]
    assert himpc.group(same).people == 1
    assert himpc.group(different).people == 2


def test_adapted_model_is_evaluated_by_its_likelihood_ratios(walks, model):
    walks = [walk.with_(person="abc"[number % 3]) for number, walk in enumerate(walks)]  # wrong, so that order matters
    embedded = himpc.embed(model, walks)
    recording = embedded.windows.recording
    persons = np.array([str(walk.person) for walk in walks])[recording]
    by_ratio, by_distance = (
        evaluate_ranking(
            embedded.vectors, embedded.vectors, persons, persons, exclude=(recording, recording), scoring=scoring
        )
        for scoring in (model.scoring, None)
    )
    found = himpc.evaluate(model, walks).window.ranking.per_query["mAP"]
    np.testing.assert_allclose(found, by_ratio.per_query["mAP"], atol=1e-9)
    assert not np.allclose(found, by_distance.per_query["mAP"], atol=1e-6)


def test_run_folder_of_an_adapted_model_can_be_resumed(walks, tmp_path):
    first = himpc.HiMPC(settings={"prior": "identity"}).fit(walks, out=tmp_path / "run").model_
    again = himpc.HiMPC(settings={"prior": "identity"}).fit(walks, out=tmp_path / "run", resume=True).model_
    assert first.fingerprint == again.fingerprint


def test_windows_are_weighted_means_of_frames(walks, model):
    windows = Windows.cut([walk.to(model.layout) for walk in walks[:1]], model.window_length)
    single = Windows.cut([walk.to(model.layout) for walk in walks[:1]], 1)
    frames = np.concatenate([_embed_with(model, single.part(slice(i, i + 1)), 1) for i in range(12)])
    weights = np.linalg.norm(frames * model.pose_scale, axis=1) ** -4
    for number, vector in enumerate(model.embed(windows)[:2]):
        rows = slice(6 * number, 6 * number + 6)
        expected = (weights[rows, None] * frames[rows]).sum(axis=0) / weights[rows].sum()
        np.testing.assert_allclose(vector, expected, rtol=1e-3, atol=1e-3)


def _embed_with(model, windows, length):
    other = Model(model.network, model.layout, length, align=model.align)
    return other.embed(windows).astype(np.float64)


def test_stream_equals_the_embedding_of_windows(walks, model):
    stream = model.stream()
    walk = walks[0].to(model.layout)
    vectors = [stream.push(frame) for frame in walk.joints[:12]]
    expected = model.embed(Windows.cut([walk], model.window_length))[:2]
    np.testing.assert_allclose(np.stack([vectors[5], vectors[11]]), expected, rtol=1e-3, atol=1e-3)


def test_exported_model_has_equal_embeddings(walks, model, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    export_onnx(model, tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    walk = walks[0].to(model.layout)
    joints = walk.joints[: len(walk) // 6 * 6].reshape(-1, 6, 15, 3).astype(np.float32)
    (found,) = session.run(None, {"joints": joints})
    expected = model.embed(Windows.cut([walk], 6))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("scale", [0, 1e-3, 1e3, 1e30])
def test_bodies_that_are_not_in_metres_are_refused(walks, scale):
    scaled = [each.with_(joints=each.joints * np.float32(scale)) for each in walks[:1]]
    with pytest.raises(DataError, match="1 of 3 recordings cannot be in metres"):
        himpc.HiMPC(settings={"prior": "identity"}).fit([*scaled, *walks[1:3]])


def test_many_walks_are_trained_on_and_several_activities_adapt_the_prior(walks):
    windows = Windows.cut(walks, 6)
    assert suits_training(windows)
    assert resolve_prior(TRACKLET, windows) == TRACKLET.with_(prior="none")
    assert not suits_training(Windows.cut(walks[:6], 6))  # too few to train on
    seated = [walk.with_(joints=_fold_knees(walk, 1.5 * (i % 2))) for i, walk in enumerate(walks)]
    assert not suits_training(Windows.cut(seated, 6))


def _fold_knees(walk, angle):
    """Raise the legs forwards by an angle about the hips, and the arms about the shoulders."""
    joints = walk.joints.copy()
    names = walk.layout.joints
    for side in ("left", "right"):
        for centre, ends in (("hip", ("knee", "ankle", "foot")), ("shoulder", ("elbow", "wrist", "hand"))):
            origin = joints[:, names.index(f"{side}_{centre}")]
            for end in ends:
                offset = joints[:, names.index(f"{side}_{end}")] - origin
                up, along = np.cos(angle), np.sin(angle)
                turned = np.stack(
                    [offset[:, 0], up * offset[:, 1] + along * offset[:, 2], up * offset[:, 2] - along * offset[:, 1]],
                    1,
                )
                joints[:, names.index(f"{side}_{end}")] = origin + turned
    return joints


def test_noise_is_that_between_halves_of_recordings():
    rng = np.random.default_rng(0)
    recording = np.repeat(np.arange(40), 10)
    error = np.repeat(rng.normal(scale=0.2, size=(80, 30)), 5, axis=0)  # one error for each half
    person = rng.normal(scale=0.3, size=(40, 30))[recording]
    weights = np.full(400, 0.1)
    between = np.diag(np.r_[np.ones(20), np.zeros(10)])
    equal = np.ones(40)
    estimate, trust, small = adaptation._estimate_noise(person + error, recording, weights, equal, between)
    assert estimate == pytest.approx(adaptation.NOISE_RATIO * 0.2**2, rel=0.1)
    clear, clear_trust, large = adaptation._estimate_noise(30 * person + error, recording, weights, equal, between)
    spread = (0.3 * 30 / 0.2) ** 2 / adaptation.MIN_CLEAR_SPREAD
    assert clear / estimate == pytest.approx(spread**0.25, rel=0.1)
    two_activities = error.copy()
    two_activities[:100:10] += 50  # a few recordings change much
    assert adaptation._estimate_noise(person + two_activities, recording, weights, equal, between)[0] < 2 * estimate
    assert clear_trust == 1
    assert 0 < trust < 1
    assert large > 900 * small > 0
    assert adaptation._estimate_noise(error, recording, weights, equal, between)[1] == 0


def test_noise_is_estimated_for_a_recording_of_relative_noise_1():
    rng = np.random.default_rng(0)
    relative = rng.uniform(0.25, 4, size=60)
    recording = np.repeat(np.arange(60), 8)
    error = np.repeat(rng.normal(scale=0.2, size=(120, 30)), 4, axis=0) * np.sqrt(relative[recording])[:, None]
    noise, _, _ = adaptation._estimate_noise(error, recording, np.full(480, 1 / 8), relative, np.eye(30))
    assert noise == pytest.approx(adaptation.NOISE_RATIO * 0.2**2, rel=0.1)


def test_noise_of_short_recordings_is_the_default():
    frames = np.zeros((6, 5))
    recording = np.repeat(np.arange(2), 3)
    estimate = adaptation._estimate_noise(frames, recording, np.full(6, 1 / 3), np.ones(2), np.eye(5))
    assert estimate == (NOISE_VARIANCE, 1, 1)


def test_people_who_differ_along_few_axes_are_trusted():
    rng = np.random.default_rng(0)
    recording, weights, equal = np.repeat(np.arange(40), 10), np.full(400, 0.1), np.ones(40)
    between = np.diag(np.r_[np.full(2, 20.0), np.full(48, 0.01)])
    person = np.zeros((400, 50))
    person[:, :2] = rng.normal(scale=1.5, size=(40, 2))[recording]
    error = np.repeat(rng.normal(scale=0.2, size=(80, 50)), 5, axis=0)
    assert adaptation._estimate_noise(person + error, recording, weights, equal, between)[1] == 1
    elsewhere = np.roll(person, 10, axis=1)  # along axes that hardly differ between people
    assert adaptation._estimate_noise(elsewhere + error, recording, weights, equal, between)[1] < 0.1


def test_own_covariance_counts_more_with_one_activity_and_many_recordings():
    few, one, several = (adaptation._max_sample_share(*each) for each in ((2, 0.0), (500, 0.0), (500, 1.0)))
    assert 0 < few < several < one < adaptation.MAX_SAMPLE_SHARE[0]


def test_people_are_told_apart_where_a_sensor_draws_bodies_alike(walks):
    mean = np.mean([walk.joints.mean(axis=0) - walk.joints.mean(axis=(0, 1)) for walk in walks], axis=0)
    alike = []
    for walk in walks:
        shape = walk.joints.mean(axis=0) - walk.joints.mean(axis=(0, 1))
        alike.append(walk.with_(joints=(walk.joints - 0.5 * (shape - mean)).astype(np.float32)))
    expected = himpc.group(walks).people
    assert himpc.group(alike).people >= expected / 2


def test_many_recordings_are_adapted_to_by_blocks_of_them(walks, monkeypatch):
    monkeypatch.setattr(adaptation, "MAX_RECORDINGS", 6)
    monkeypatch.setattr(adaptation, "BLOCK_RECORDINGS", 3)
    windows = Windows.cut(walks, 6).aligned()
    joints, recording = adaptation.sample_frames(windows)
    assert recording.max() + 1 == 6
    alone = [adaptation.sample_frames(Windows.cut([walks[i]], 6).aligned())[0] for i in (0, 1, 2, 9, 10, 11)]
    np.testing.assert_array_equal(joints, np.concatenate(alone))
    learner = himpc.HiMPC(settings={"prior": "identity"}).fit(walks)
    assert himpc.group(walks, learner.model_).people == 4
