"""`embed`, `evaluate` and `group`, and the public names of himpc."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import himpc
from himpc.api import embed
from himpc.errors import ConfigError, DataError, ModelError
from himpc.model import BASELINES, Model, Network
from himpc.recordings import Origin
from himpc.skeleton import LEVELS

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")


@pytest.fixture(scope="module")
def walks() -> list[himpc.Recording]:
    return himpc.simulate(people=4, recordings=4, seconds=2.0, difficulty="easy")


def test_public_names_are_those_of_the_documentation():
    assert set(himpc.__all__) - {"__version__"} == {
        *("Config", "Gallery", "HiMPC", "HimpcError", "Model", "ReadOptions", "Recording"),
        *("anonymize", "audit", "embed", "evaluate", "group", "read", "risk", "save", "simulate"),
    }
    assert dir(himpc) == himpc.__all__
    assert [name for name in himpc.__all__ if getattr(himpc, name) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'; it offers"):
        _ = himpc.nothing


def test_embed_pools_the_windows_of_each_recording(walks):
    embedded = embed(BASELINES["bones"], walks)
    for i in (0, 15):
        mean = embedded.vectors[embedded.windows.recording == i].mean(0)
        np.testing.assert_allclose(embedded.pooled[i], mean, rtol=1e-5, atol=1e-6)


def test_embed_of_one_level(walks):
    model = Model(Network(walks[0].layout, LEVELS, 16, 2), walks[0].layout, 6)
    assert embed(model, walks, level="limb").pooled.shape == (16, 16)
    with pytest.raises(ModelError, match="leave out level"):
        embed(BASELINES["bones"], walks, level="limb")


def test_group_finds_easy_walkers(walks):
    grouping = himpc.group(walks, BASELINES["bones"])
    assert adjusted_rand_score([walk.person for walk in walks], grouping.groups) > 0.9
    assert himpc.group(walks, people=3).people == 3


def test_evaluate_equals_a_plain_count(walks):
    gallery = [w for w in walks if w.session == "session-1"]
    probe = [w for w in walks if w.session == "session-2"]
    result = himpc.evaluate(BASELINES["bones"], gallery, probe)
    vectors = {id(w): embed(BASELINES["bones"], [w]).pooled[0] for w in walks}
    nearest = [min(gallery, key=lambda g: np.linalg.norm(vectors[id(g)] - vectors[id(p)])) for p in probe]
    right = np.mean([n.person == p.person for n, p in zip(nearest, probe, strict=True)])
    assert result.recording.ranking.rank[1] == pytest.approx(right)
    assert himpc.evaluate(BASELINES["bones"], walks).recording.ranking.n_queries == len(walks)


def test_evaluate_refuses_a_recording_in_both_gallery_and_probe(walks):
    with pytest.raises(DataError, match="gallery and probe share 1 recording, which would match itself"):
        himpc.evaluate(BASELINES["bones"], walks[:8], walks[7:])


def test_parts_of_a_whole_recording_are_one():
    walks = himpc.simulate(people=3, recordings=3, seconds=2.0, difficulty="easy")
    first, *others = walks
    parts = [
        first.with_(joints=first.joints[a:b], origin=Origin(body="first", part=number))
        for number, (a, b) in enumerate([(0, 25), (25, 28), (28, 60)], start=1)
    ]
    groups = himpc.group([*parts, *others]).groups
    assert groups[0] == groups[1] == groups[2] > 0, "the second part is too short for a window of its own"
    assert himpc.evaluate(BASELINES["bones"], [*parts, *others]).recording.ranking.n_queries == 9


def test_group_checks_the_number_of_people_before_it_trains(walks, monkeypatch):
    monkeypatch.setattr(himpc.api, "fit", lambda *args, **kwargs: pytest.fail("trained"))
    for people in (0, len(walks) + 1):
        with pytest.raises(ConfigError, match=f"from 1 to the number of recordings, {len(walks)}, found {people}"):
            himpc.group(walks, people=people)
