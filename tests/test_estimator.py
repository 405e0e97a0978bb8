import dataclasses

import numpy as np
import pytest
from sklearn.base import clone

import himpc
from himpc.api import embed
from himpc.errors import ConfigError, DataError, LayoutError, ModelError
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


def test_model_without_settings_loads(learner, tmp_path):
    dataclasses.replace(learner.model_, settings={}).save(tmp_path)
    assert himpc.HiMPC.load(tmp_path).model_.fingerprint == learner.model_.fingerprint
