import dataclasses

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

import himpc
from himpc.api import embed
from himpc.errors import ConfigError, DataError, ModelError
from himpc.model import BASELINES
from himpc.recordings import Origin
from himpc.skeleton import get_layout

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")

SMALL = {"hidden": 16, "heads": 2, "max_epochs": 2}


@pytest.fixture(scope="module")
def walks() -> list[himpc.Recording]:
    return himpc.simulate(people=4, recordings=4, seconds=2.0, difficulty="easy")


@pytest.fixture(scope="module")
def learner(walks) -> himpc.HiMPC:
    return himpc.HiMPC(settings=SMALL).fit(walks)


def test_scikit_learns_manners(walks, learner):
    twin = clone(learner)
    assert twin.get_params() == learner.get_params()
    assert not hasattr(twin, "model_")
    np.testing.assert_array_equal(twin.fit_transform(walks), learner.transform(walks))
    np.testing.assert_array_equal(clone(learner).fit_predict(walks), learner.predict(walks))
    assert clone(learner).set_params(seed=1).fit(walks).model_.fingerprint != learner.model_.fingerprint


def test_one_embedding_a_recording(walks, learner):
    embedded = embed(learner.model_, walks)
    vectors = learner.transform(walks)
    assert vectors.shape == (16, 48)
    for i in (0, 15):
        np.testing.assert_allclose(
            vectors[i], embedded.vectors[embedded.windows.recording == i].mean(0), rtol=1e-5, atol=1e-6
        )


def test_saved_and_loaded(walks, learner, tmp_path):
    learner.save(tmp_path / "model")
    again = himpc.HiMPC.load(tmp_path / "model")
    assert again.config == learner.config
    np.testing.assert_array_equal(again.transform(walks), learner.transform(walks))


def test_names_of_persons_change_nothing(walks, learner):
    nameless = [walk.with_(person=None, session=None, camera=None) for walk in walks]
    assert clone(learner).fit(nameless).model_.fingerprint == learner.model_.fingerprint
    np.testing.assert_array_equal(himpc.group(nameless).groups, himpc.group(walks).groups)


def test_easy_walkers_are_grouped(walks):
    grouping = himpc.group(walks, BASELINES["bones"])
    assert adjusted_rand_score([walk.person for walk in walks], grouping.groups) > 0.9
    assert himpc.group(walks, people=3).people == 3


def test_evaluate_against_a_plain_count(walks):
    gallery = [w for w in walks if w.session == "session-1"]
    probe = [w for w in walks if w.session == "session-2"]
    result = himpc.evaluate(BASELINES["bones"], gallery, probe)
    vectors = {id(w): embed(BASELINES["bones"], [w]).pooled[0] for w in walks}
    nearest = [min(gallery, key=lambda g: np.linalg.norm(vectors[id(g)] - vectors[id(p)])) for p in probe]
    right = np.mean([n.person == p.person for n, p in zip(nearest, probe, strict=True)])
    assert result.recording.ranking.rank[1] == pytest.approx(right)
    assert himpc.evaluate(BASELINES["bones"], walks).recording.ranking.n_queries == len(walks)


def test_levels_alone(walks, learner):
    assert embed(learner.model_, walks, level="limb").pooled.shape == (16, 16)
    with pytest.raises(ModelError, match="leave `level` out"):
        embed(BASELINES["bones"], walks, level="limb")


def test_misuse(walks, learner):
    with pytest.raises(ModelError, match="call fit"):
        himpc.HiMPC().transform(walks)
    with pytest.raises(DataError, match="shorter than a window of 6 frames"):
        learner.transform([walks[0], walks[1].with_(joints=walks[1].joints[:5])])
    with pytest.raises(ModelError, match="layout"):
        learner.transform([walk.to(get_layout("openpose-14")) for walk in walks])
    with pytest.raises(ConfigError, match="unknown setting 'epochs'"):
        himpc.HiMPC(settings={"epochs": 3}).fit(walks)
    with pytest.raises(ConfigError, match=r"preset 'paper' balances the training set by person .* 'himpc benchmark'"):
        himpc.HiMPC("paper").fit(walks)
    with pytest.raises(ConfigError, match="unknown preset"):
        himpc.HiMPC("best").fit(walks)


def test_a_recording_in_gallery_and_probe_is_refused_for_it_would_find_itself(walks):
    with pytest.raises(DataError, match="1 recordings stand in gallery and probe and would find themselves"):
        himpc.evaluate(BASELINES["bones"], walks[:8], walks[7:])


def test_a_model_that_names_no_settings_is_loaded(learner, tmp_path):
    dataclasses.replace(learner.model_, settings={}).save(tmp_path)
    assert himpc.HiMPC.load(tmp_path).model_.fingerprint == learner.model_.fingerprint


def test_parts_of_one_recording_are_one():
    walks = himpc.simulate(people=3, recordings=3, seconds=2.0, difficulty="easy")
    first, *others = walks
    parts = [
        first.with_(joints=first.joints[a:b], origin=Origin(body="first", part=number))
        for number, (a, b) in enumerate([(0, 25), (25, 28), (28, 60)], start=1)
    ]
    groups = himpc.group([*parts, *others]).groups
    assert groups[0] == groups[1] == groups[2] > 0, "the second part is too short for a window of its own"
    assert himpc.evaluate(BASELINES["bones"], [*parts, *others]).recording.ranking.n_queries == 9
