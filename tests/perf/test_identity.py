"""perf/identity.py: the numbers that it makes of groupings and galleries."""

import numpy as np
import pytest

import himpc
import identity
from himpc.learning import Grouping
from himpc.model import BASELINES

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")


@pytest.fixture(scope="module")
def parts():
    walks = himpc.simulate(people=4, recordings=6, seconds=1.0, difficulty="easy", seed=2)
    return {
        "train": walks[::3],
        "gallery": [walk for i, walk in enumerate(walks) if i % 3 == 1],
        "probe": [walk for i, walk in enumerate(walks) if i % 3 == 2],
    }


def test_precision_by_confidence_counts_the_others_of_a_group():
    groups = np.array([1, 1, 1, 2, 2, 3, 0])
    persons = np.array(["a", "a", "b", "b", "b", "c", "c"])
    confidence = np.array([0.95, 0.95, 0.95, 0.6, 0.6, 1.0, np.nan])
    table = identity._precision_by_confidence(groups, confidence, persons)
    assert table == {
        "from 0": (0, None), "from 0.3": (0, None), "from 0.5": (2, 1.0), "from 0.7": (0, None), "from 0.9": (3, 0.333)
    }  # fmt: skip


def test_perfect_grouping_scores_one_and_ungrouped_recordings_are_single(parts):
    def perfect(walks, people):
        names = sorted({walk.person for walk in walks})
        groups = np.array([names.index(walk.person) + 1 for walk in walks])
        return Grouping(groups, np.ones(len(walks)), np.zeros((len(walks), 1)), estimated=people is None)

    scores = identity.grouping(parts, perfect, alone=True)
    assert (scores["people"], scores["groups"], scores["ARI given"], scores["ARI estimated"]) == (4, 4, 1, 1)
    assert scores["groups of one person"] == [1, 1, 1]

    def nothing(walks, people):
        return Grouping(np.zeros(len(walks), int), np.full(len(walks), np.nan), np.zeros((len(walks), 1)), True)

    scores = identity.grouping(parts, nothing)
    assert (scores["ungrouped"], scores["ARI given"]) == (16, 0)


def test_ranking_and_open_set_measure_simulated_people(parts):
    scores = identity.ranking(BASELINES["bones"], parts)
    assert scores["recording Rank-1"] == 100
    rates = identity.open_set(parts, lambda: himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}), 0)
    assert {"stated FMR", "FMR", "FPIR", "found"} <= set(rates)
    assert 0 <= rates["FMR"] <= 100


def test_tables_show_the_share_of_the_gap():
    measures = [f"{level} {title}" for level in identity.LEVELS for title in ("Rank-1", "mAP")]
    runs = {
        method: [dict.fromkeys(measures, value)]
        for method, value in (("raw", 20.0), ("shipped", 50.0), (identity.UPPER_BOUND, 60.0))
    }
    assert "50.0 (0.75)" in identity.ranking_table(runs)
