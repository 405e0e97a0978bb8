"""People of true and of assumed size are compared by proportions by every operation, and by models saved for later."""

import numpy as np
import pytest

import himpc
from himpc.errors import LayoutWarning
from himpc.model import BASELINES, Model

pytestmark = pytest.mark.filterwarnings("ignore::himpc.errors.LayoutWarning")


@pytest.fixture(scope="module")
def walks():
    """Simulated people, every second recording in a size that a pose estimator assumed."""
    walks = himpc.simulate(people=4, recordings=4, seconds=2.0, difficulty="easy", seed=3)
    factors = np.random.default_rng(0).uniform(0.6, 1.6, len(walks))
    return [
        walk.with_(joints=walk.joints * np.float32(factor), true_size=False) if number % 2 else walk
        for number, (walk, factor) in enumerate(zip(walks, factors, strict=True))
    ]


@pytest.mark.parametrize("settings", [{"prior": "identity"}, {"prior": "none", "max_epochs": 1, "hidden": 8}])
def test_a_model_of_mixed_sizes_compares_proportions_of_all_later_bodies(walks, settings, tmp_path):
    himpc.HiMPC(settings=settings).fit(walks).model_.save(tmp_path)
    model = Model.load(tmp_path)
    assert model.body_size == "equal"
    large = [walk.with_(joints=2 * walk.joints) for walk in walks]
    np.testing.assert_allclose(
        himpc.embed(model, large[:1]).vectors, himpc.embed(model, walks[:1]).vectors, rtol=1e-3, atol=1e-3
    )


def test_a_model_of_true_sizes_warns_of_assumed_ones(walks):
    model = himpc.HiMPC(settings={"prior": "none", "max_epochs": 1, "hidden": 8}).fit(walks[::2]).model_
    assert model.body_size == "true"
    assert "body_size" not in model.training
    with pytest.warns(LayoutWarning, match="unknown size are compared with those of true size"):
        himpc.embed(model, walks[1:2])


def test_people_are_grouped_in_spite_of_unknown_sizes(walks):
    groups = himpc.group(walks, people=4).groups
    assert len({(group, walk.person) for group, walk in zip(groups.tolist(), walks, strict=True)}) == 4
    as_they_are = [walk.with_(true_size=True) for walk in walks]
    unscaled = himpc.group(as_they_are, people=4).groups
    assert len({(group, walk.person) for group, walk in zip(unscaled.tolist(), walks, strict=True)}) > 4


def test_baselines_compare_proportions(walks):
    scaled = himpc.evaluate(BASELINES["bones"], walks)
    unscaled = himpc.evaluate(BASELINES["bones"], [walk.with_(true_size=True) for walk in walks])
    assert scaled.recording.ranking.rank[1] > unscaled.recording.ranking.rank[1]


def test_a_gallery_of_mixed_sizes_scales_bodies_and_says_so(walks, tmp_path):
    pytest.importorskip("lancedb")
    from himpc.gallery import Gallery

    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    with Gallery.create(tmp_path / "gallery", model) as gallery:
        enrolled = gallery.enroll(walks[:-4])
        assert any("scaled to one size" in note for note in enrolled.notes)
        answers = gallery.search([walks[0].with_(joints=3 * walks[0].joints[1:])])
        assert answers[0].matches[0].person == walks[0].person
