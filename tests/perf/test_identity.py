"""perf/identity.py: the numbers that it makes of rankings, groupings and galleries, and its methods."""

from pathlib import Path

import numpy as np
import pytest

import himpc
import identity_measures as measures
import identity_methods as methods
import identity_tables as tables
from himpc.learning import Grouping
from himpc.model import BASELINES, load_prior

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")
NO_DATA = Path("no-data")


@pytest.fixture(scope="module")
def parts():
    walks = himpc.simulate(people=4, recordings=6, seconds=1.0, difficulty="easy", seed=2)
    return {
        "train": walks[::3],
        "gallery": [walk for i, walk in enumerate(walks) if i % 3 == 1],
        "probe": [walk for i, walk in enumerate(walks) if i % 3 == 2],
    }


def test_precision_counts_the_others_of_a_group():
    groups = np.array([1, 1, 1, 2, 2, 3, 0])
    persons = np.array(["a", "a", "b", "b", "b", "c", "c"])
    confidence = np.array([0.95, 0.95, 0.95, 0.6, 0.6, 1.0, np.nan])
    pairs = measures.precision_by_recording(groups, confidence, persons)
    assert pairs == [(0.95, 0.5), (0.95, 0.5), (0.95, 0.0), (0.6, 1.0), (0.6, 1.0)]
    table = tables.confidence_table({"one": {"shipped": [{"precision": pairs}]}}, "shipped")
    assert "1.00 (2)" in table
    assert "0.33 (3)" in table


def test_perfect_grouping_scores_one_and_ungrouped_recordings_are_single(parts, monkeypatch):
    def perfect(walks, model, people=None):
        names = sorted({walk.person for walk in walks})
        groups = np.array([names.index(walk.person) + 1 for walk in walks])
        return Grouping(groups, np.ones(len(walks)), np.zeros((len(walks), 1)), estimated=people is None)

    walks = [*parts["gallery"], *parts["probe"]]
    monkeypatch.setattr(himpc, "group", perfect, raising=False)
    scores = measures.grouping(walks, None)
    assert (scores["people"], scores["groups"], scores["ARI given"], scores["ARI estimated"]) == (4, 4, 1, 1)
    assert measures.groups_of_one_person(parts, lambda walks: None) == [1, 1, 1]

    def nothing(walks, model, people=None):
        return Grouping(np.zeros(len(walks), int), np.full(len(walks), np.nan), np.zeros((len(walks), 1)), True)

    monkeypatch.setattr(himpc, "group", nothing, raising=False)
    scores = measures.grouping(walks, None)
    assert (scores["precision"], scores["ARI given"]) == ([], 0)


def test_ranking_and_open_set_measure_simulated_people(parts):
    assert measures.ranking(BASELINES["bones"], parts)["recording Rank-1"] == 100
    fit = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}).fit
    rates = measures.open_set(parts, lambda walks: fit(walks).model_, 2, 0)
    assert rates["impostors"] == rates["genuine"] + 2 * rates["unknown"]  # each probe meets two enrolled people
    assert rates["known"] + rates["unknown"] == len(parts["probe"])
    assert 0 <= rates["false matches"] <= rates["impostors"]


def test_open_set_rates_are_pooled_over_galleries():
    one = {"stated": 0.01, "impostors": 10, "false matches": 1, "genuine": 1, "misses": 0, "unknown": 2}
    one |= {"named unknown": 1, "known": 1, "found": 1, "wrong names": 0}
    other = one | {"impostors": 90, "false matches": 0}
    table = tables.open_set_table({"set": {"shipped": [{"few": [one, other, {"problem": "none"}]}]}}, "few")
    assert [cell.strip() for cell in table.splitlines()[-1].split("|")[3:6]] == ["2", "1.0", "1.0"]


def test_tables_show_the_share_of_the_gap():
    runs = {
        method: [dict.fromkeys(tables.MEASURES, value)]
        for method, value in (("raw", 20.0), ("shipped", 50.0), (methods.UPPER_BOUND, 60.0))
    }
    assert "50.0 (0.75)" in tables.ranking_table({"set": runs}, "raw", methods.UPPER_BOUND)


@pytest.mark.parametrize("name", [name for name, each in methods.ABLATIONS.items() if each.changes])
def test_each_ablation_changes_the_adapted_model_and_is_undone(parts, name):
    walks = parts["train"]

    def weights(method):
        with methods.apply_changes(method, "none", NO_DATA):
            return np.asarray(himpc.embed(methods.fit(method, walks, 0), walks).pooled)

    shipped = weights(methods.ADAPTED)
    changed = weights(name)
    assert changed.shape != shipped.shape or not np.allclose(changed, shipped)
    np.testing.assert_array_equal(weights(methods.ADAPTED), shipped)


def test_priors_without_synthetic_people_or_a_set_stand_in_for_the_shipped_one(parts, monkeypatch):
    asked = []
    monkeypatch.setattr(methods, "train_prior", lambda *arguments: asked.append(arguments) or load_prior())
    for method, name in (("no retargeted bodies", "x"), (methods.SHIPPED, "trc-walking"), (methods.SHIPPED, "x")):
        with methods.apply_changes(method, name, NO_DATA):
            methods.fit(method, parts["train"], 0)
    assert asked == [(NO_DATA, "", 0), (NO_DATA, "trc-walking", 13)]
