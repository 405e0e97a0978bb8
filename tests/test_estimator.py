import json
import shutil

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

import himpc
from himpc.api import embed
from himpc.cli import main
from himpc.errors import ConfigError, DataError, LayoutError, LayoutWarning, ModelError
from himpc.evaluation import evaluate_distances
from himpc.skeleton import get_layout

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")

SMALL = {"hidden": 16, "heads": 2, "max_epochs": 2}


@pytest.fixture(scope="module")
def walks() -> list[himpc.Recording]:
    return himpc.simulate(people=4, recordings=4, seconds=2.0, difficulty="easy")


@pytest.fixture(scope="module")
def learner(walks) -> himpc.HiMPC:
    return himpc.HiMPC(settings=SMALL).fit(walks)


def test_conventions_of_scikit_learn_hold(walks, learner):
    twin = clone(learner)
    assert twin.get_params() == learner.get_params()
    assert not hasattr(twin, "model_")
    np.testing.assert_array_equal(twin.fit_transform(walks), learner.transform(walks))
    np.testing.assert_array_equal(clone(learner).fit_predict(walks), learner.predict(walks))
    assert clone(learner).set_params(seed=1).fit(walks).model_.fingerprint != learner.model_.fingerprint


@pytest.mark.parametrize("settings", [{}, {"prior": "none", "max_epochs": 1, "hidden": 8}, {"preset": "clean"}])
def test_fit_predict_equals_the_verb_group(walks, settings, tmp_path, capsys):
    path = str(tmp_path / "walks.npz")
    himpc.recordings.save(walks, path)
    settings = settings | ({"max_epochs": 1, "hidden": 8} if "preset" in settings else {})
    options = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert main(["group", path, "--out", str(tmp_path), "--people", "4", "--json", *options]) == 0
    rows = json.loads(capsys.readouterr().out)["recordings"]
    learner = himpc.HiMPC(settings.pop("preset", "tracklet"), settings=settings, people=4)
    groups = learner.fit_predict(himpc.read(path))
    assert groups.tolist() == [row["group"] for row in rows]
    np.testing.assert_allclose(learner.confidence_, [row["confidence"] for row in rows], atol=1e-3)
    np.testing.assert_array_equal(learner.labels_, groups)
    assert (learner.model_.scoring is None) == bool(settings)


@pytest.fixture(scope="module")
def default(walks) -> himpc.HiMPC:
    return himpc.HiMPC().fit(walks)


def test_groups_are_those_of_the_adapted_prior_where_a_network_is_trained_too(walks, default):
    expected = himpc.group(walks)
    assert default.history_.epochs
    for learner in (default, himpc.HiMPC()):
        groups = learner.predict(walks) if learner is default else learner.fit_predict(walks)
        np.testing.assert_array_equal(groups, expected.groups)
        np.testing.assert_array_equal(learner.confidence_, expected.confidence)
    assert not learner.history_.epochs


def test_evaluate_ranks_by_the_network_too(walks, default, tmp_path):
    model = default.model_
    people = [walk.person for walk in walks]
    vectors, trained = (embed(each, walks).vectors for each in (model, model.ranking_network))
    of_window = embed(model, walks).windows.recording
    ratios = model.scoring.compare(vectors, vectors)
    distances = np.linalg.norm(trained[:, None].astype(float) - trained, axis=2)
    rows = [(each - each.mean(1, keepdims=True)) / each.std(1, keepdims=True) for each in (ratios, distances)]
    named = np.array(people)[of_window]
    expected = evaluate_distances(0.5 * rows[1] - rows[0], named, named, exclude=of_window[:, None] == of_window)
    found = himpc.evaluate(model, walks)
    assert found.window.ranking.metrics == pytest.approx(expected.metrics, abs=1e-3)
    default.save(tmp_path)
    assert himpc.evaluate(himpc.Model.load(tmp_path), walks).table() == found.table()
    plain = himpc.Model.from_files(model.to_files(), "gallery")
    assert (plain.ranking_network, plain.fingerprint) == (None, model.fingerprint)


def test_recordings_without_joints_of_the_network_are_ranked_by_the_prior_with_a_warning(walks, default):
    fewer = [walk.to(get_layout("common-15")) for walk in walks]
    with pytest.warns(LayoutWarning, match="lacks joints of the trained network"):
        found = himpc.evaluate(default.model_, fewer)
    prior = himpc.Model.from_files(default.model_.to_files(), "model")
    assert found.table() == himpc.evaluate(prior, fewer).table()


def test_a_network_of_another_model_is_refused(default, learner, tmp_path):
    default.save(tmp_path)
    learner.model_.save(tmp_path / "ranking-network")
    with pytest.raises(ModelError, match="another network"):
        himpc.Model.load(tmp_path)
    shutil.rmtree(tmp_path / "ranking-network")
    (tmp_path / "ranking-network").symlink_to(".", target_is_directory=True)
    with pytest.raises(ModelError, match="another network"):
        himpc.Model.load(tmp_path)
    (tmp_path / "ranking-network").unlink()
    with pytest.raises(ModelError):
        himpc.Model.load(tmp_path)


def test_transform_gives_one_embedding_per_recording(walks, learner):
    embedded = embed(learner.model_, walks)
    vectors = learner.transform(walks)
    assert vectors.shape == (16, 48)
    for i in (0, 15):
        np.testing.assert_allclose(
            vectors[i], embedded.vectors[embedded.windows.recording == i].mean(0), rtol=1e-5, atol=1e-6
        )


def test_loaded_estimator_equals_the_saved_one(walks, learner, tmp_path):
    learner.save(tmp_path / "model")
    again = himpc.HiMPC.load(tmp_path / "model")
    assert again.config == learner.config.with_(prior="none")  # as it was resolved
    np.testing.assert_array_equal(again.transform(walks), learner.transform(walks))


def test_labels_of_persons_do_not_change_the_result(walks, learner):
    nameless = [walk.with_(person=None, session=None, camera=None) for walk in walks]
    assert clone(learner).fit(nameless).model_.fingerprint == learner.model_.fingerprint
    np.testing.assert_array_equal(himpc.group(nameless).groups, himpc.group(walks).groups)


def test_misuse_raises(walks, learner):
    with pytest.raises(ModelError, match="is not fitted; train it"):
        himpc.HiMPC().transform(walks)
    with pytest.raises(DataError, match="shorter than a window of 6 frames"):
        learner.transform([walks[0], walks[1].with_(joints=walks[1].joints[:5])])
    with pytest.raises(LayoutError, match=r"kinect-v1, the layout of the model, .* gives left_hand"):
        learner.transform([walk.to(get_layout("openpose-14")) for walk in walks])
    with pytest.raises(ConfigError, match="unknown setting 'epochs'"):
        himpc.HiMPC(settings={"epochs": 3}).fit(walks)
    with pytest.raises(ConfigError, match=r"preset 'paper' balances the training set by person.* in a benchmark"):
        himpc.HiMPC("paper").fit(walks)
    with pytest.raises(ConfigError, match="unknown preset"):
        himpc.HiMPC("best").fit(walks)


CHECKS = [
    "check_clusterer_compute_labels_predict",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_partial_fit_n_features",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_transformer_n_iter",
    "check_transformers_unfitted",
    "check_valid_tag_types",
]
"""The checks of scikit-learn that apply: all others fit arrays, and a sample of ours is a recording.

What those check is tested below with recordings. A check that the installed version lacks is left out."""


@pytest.mark.parametrize("name", [name for name in CHECKS if hasattr(estimator_checks, name)])
def test_checks_of_scikit_learn_pass(name):
    getattr(estimator_checks, name)("HiMPC", himpc.HiMPC(settings=SMALL))


def test_checks_that_apply_exist():
    assert sum(hasattr(estimator_checks, name) for name in CHECKS) >= 10


def test_fitting_changes_neither_settings_nor_recordings_and_repeats(walks, learner):
    joints = [walk.joints.copy() for walk in walks]
    twin = clone(learner)
    before = dict(vars(twin))
    assert twin.fit(walks) is twin
    assert {name: value for name, value in vars(twin).items() if not name.endswith("_")} == before
    np.testing.assert_array_equal(twin.transform(walks), twin.fit(walks).transform(walks))
    for walk, copy in zip(walks, joints, strict=True):
        np.testing.assert_array_equal(walk.joints, copy)


def test_transform_does_not_depend_on_other_recordings(walks, learner):
    vectors = learner.transform(walks)
    np.testing.assert_allclose(learner.transform(walks[::-1])[::-1], vectors, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(learner.transform(walks[2:5]), vectors[2:5], rtol=1e-4, atol=1e-5)


def test_an_unfitted_estimator_is_known_to_scikit_learn(walks, learner):
    for call in (himpc.HiMPC().predict, himpc.HiMPC().transform):
        with pytest.raises(NotFittedError, match="is not fitted"):
            call(walks)
    with pytest.raises(NotFittedError):
        check_is_fitted(himpc.HiMPC())
    check_is_fitted(learner)


def test_arrays_in_place_of_recordings_are_refused(walks, learner):
    for call in (learner.fit, learner.transform, learner.predict):
        with pytest.raises(DataError, match=r"recording 1 is of type ndarray, expected himpc.Recording; read files by"):
            call([walks[0], np.zeros((6, 20, 3))])


def test_pipelines_and_searches_take_lists_of_recordings(walks):
    people = [walk.person for walk in walks]
    search = GridSearchCV(
        Pipeline([("embed", himpc.HiMPC(settings=SMALL)), ("match", KNeighborsClassifier(1))]),
        {"match__n_neighbors": [1, 2], "embed__seed": [0]},
        cv=2,
        error_score="raise",
    )
    search.fit(walks, people)
    assert search.predict(walks[:2]).shape == (2,)
    assert search.best_score_ > 0.5
    scores = cross_val_score(himpc.HiMPC(settings=SMALL), walks, people, cv=2, scoring="adjusted_rand_score")
    assert scores.shape == (2,)


def test_features_have_names_and_pandas_output(walks, learner):
    names = learner.get_feature_names_out()
    assert (len(names), names[0], names[-1]) == (48, "himpc0", "himpc47")
    union = FeatureUnion([("a", learner), ("b", learner)])
    assert union.transform(walks).shape == (16, 96)
    assert union.get_feature_names_out()[0] == "a__himpc0"
    pytest.importorskip("pandas", reason="the extra interchange is not installed")
    table = clone(learner).set_output(transform="pandas").fit_transform(walks)
    assert list(table.columns) == list(names)
    np.testing.assert_array_equal(table.to_numpy(), learner.transform(walks))


def test_the_estimator_shows_itself_as_html(learner):
    assert "HiMPC" in learner._repr_html_()


def test_model_without_settings_loads(learner, tmp_path):
    learner.model_.save(tmp_path / "full")
    model = himpc.Model.load(tmp_path / "full")
    model.settings = {}
    model.save(tmp_path)
    assert himpc.HiMPC.load(tmp_path).model_.fingerprint == learner.model_.fingerprint
