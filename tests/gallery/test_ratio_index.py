"""Search of galleries by log-likelihood ratio: the order is that of the definition, whatever finds the candidates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import himpc
from himpc.api import fit
from himpc.errors import ConfigError
from himpc.gallery import Gallery, get_service, search
from himpc.gallery.calibration import Fold, calibrate
from himpc.gallery.calibration.duplicates import find_duplicates
from himpc.gallery.ratio_index import RatioIndex
from himpc.learning import Config
from himpc.model import IdentityScoring

PEOPLE = 6


def draw_scoring(rng: np.random.Generator, size: int) -> IdentityScoring:
    used = rng.random(size) < 0.8
    used[0] = True
    return IdentityScoring(used * rng.uniform(0.2, 3, size), used * rng.lognormal(0, 1.5, size), rng.uniform(0.1, 1))


@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 40), st.integers(1, 70))
def test_index_equals_the_definition(seed, count, size, k):
    rng = np.random.default_rng(seed)
    scoring = draw_scoring(rng, size)
    vectors = rng.normal(0, 1, (count, size)).astype(np.float32)
    ids = rng.permutation(count) + 1
    queries = rng.normal(0, 1, (2, size)).astype(np.float32)
    found, distances = RatioIndex(ids, vectors, scoring).nearest(queries, k)
    expected = scoring.to_distance(scoring.compare(queries, vectors))
    n = min(k, count)
    for row in range(2):
        assert set(found[row, :n]) <= set(ids)
        assert len(set(found[row, :n])) == n
        np.testing.assert_allclose(distances[row, :n], np.sort(expected[row])[:n], rtol=1e-4)
        own = {int(id): value for id, value in zip(ids, expected[row], strict=True)}
        np.testing.assert_allclose(distances[row, :n], [own[int(id)] for id in found[row, :n]], rtol=1e-6)
    assert (found[:, n:] == 0).all()
    assert np.isinf(distances[:, n:]).all()


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(PEOPLE, 3, layout="kinect-v1", seconds=1.5, seed=3, difficulty="easy")


@pytest.fixture(scope="module")
def model(walks):
    return fit(walks, Config.preset("tracklet"), prefer_prior=True).model


@pytest.fixture
def gallery(model, walks, tmp_path):
    with Gallery.create(tmp_path / "gallery", model) as made:
        made.enroll([walk for number, walk in enumerate(walks) if number % 3 < 2])
        yield made


def test_search_compares_by_likelihood_ratio(gallery, model, walks):
    probe = walks[2::3]
    scoring = model.scoring.for_typical_recordings()
    enrolled = himpc.embed(model, [walk for number, walk in enumerate(walks) if number % 3 < 2]).pooled
    ratios = scoring.compare(himpc.embed(model, probe).pooled, enrolled)
    expected = scoring.to_distance(ratios.reshape(PEOPLE, PEOPLE, 2).max(axis=2))
    for answer, distances in zip(gallery.search(probe, people=PEOPLE), expected, strict=True):
        np.testing.assert_allclose([match.distance for match in answer.matches], np.sort(distances), rtol=1e-3)


def test_search_of_the_store_equals_that_of_the_index(gallery, walks, monkeypatch):
    expected = gallery.search(walks)
    monkeypatch.setattr(search, "SMALL_INDEX_ELEMENTS", -1)
    for answer, other in zip(gallery.search(walks), expected, strict=True):
        assert answer.person == other.person
        np.testing.assert_allclose(
            [match.distance for match in answer.matches], [match.distance for match in other.matches], rtol=1e-5
        )


def test_calibration_that_an_older_version_saved_is_not_used(gallery, walks):
    expected = gallery.search(walks)
    service = get_service(gallery)
    ids = np.array([each.id for each in gallery.recordings()])
    persons = np.repeat(np.arange(PEOPLE), 2)
    service.saved_calibration = calibrate(100 * service.searcher.pooled(ids), persons)
    assert gallery.search(walks) == expected


def test_calibration_rises_above_all_but_few_impostors():
    rng = np.random.default_rng(0)
    scoring = IdentityScoring(np.ones(20), np.full(20, 8.0), 0.5)
    people = rng.normal(0, np.sqrt(8), (5, 20))
    vectors, persons = (people[:, None] + rng.normal(0, np.sqrt(0.5), (5, 3, 20))).reshape(15, 20), np.arange(15) // 3
    calibration = calibrate(vectors, persons, scoring=scoring)
    threshold = calibration.threshold(0.01)
    probes = rng.normal(0, np.sqrt(8), (2000, 20)) + rng.normal(0, np.sqrt(0.5), (2000, 20))
    is_match = scoring.to_distance(scoring.compare(probes, vectors)).reshape(2000, 5, 3).min(axis=2) <= threshold
    assert is_match.mean() < 0.02
    genuine = vectors + rng.normal(0, np.sqrt(0.5), vectors.shape)
    assert (np.diag(scoring.to_distance(scoring.compare(genuine, vectors))) <= threshold).mean() > 0.9


def test_calibration_of_an_adapted_model_has_no_folds():
    vectors, persons = np.random.default_rng(0).normal(size=(8, 4)), np.arange(8) // 2
    scoring = IdentityScoring(np.ones(4), np.ones(4), 0.5)
    with pytest.raises(ConfigError, match="no folds"):
        calibrate(vectors, persons, folds=[Fold(vectors, np.ones(8, dtype=bool))], scoring=scoring)


def test_person_enrolled_under_two_names_is_found_by_likelihood_ratio():
    rng = np.random.default_rng(1)
    scoring = IdentityScoring(np.ones(30), np.full(30, 10.0), 0.3)
    people = rng.normal(0, np.sqrt(10), (12, 30))
    people[7] = people[2]
    vectors = (people[:, None] + rng.normal(0, np.sqrt(0.3), (12, 2, 30))).reshape(24, 30)
    assert find_duplicates(vectors, np.arange(24) // 2, scoring).tolist() in ([2], [7])
