"""Preset paper from end to end, and each of its habits alone."""

import json
from dataclasses import fields

import numpy as np
import pytest

from himpc.cli import main
from himpc.model import Model
from himpc.research import Conventions, load_benchmark, run_benchmark
from himpc.research.benchmark.measure import _rank, _Side

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")


def small():
    return {"hidden": 8, "heads": 2, "max_epochs": 3, "patience": 2, "eps": 0.6, "batch_size": 3}


def test_preset_paper_says_what_it_did_with_labels(biwi, tmp_path, capsys):
    words = ["--root", str(biwi.raw), "--out", str(tmp_path / "run"), "--preset", "paper"]
    words += [word for name, value in small().items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert main(["benchmark", "BIWI", *words]) == 0
    told = "identities balanced the training set and the probe set chose the checkpoint"
    assert f"not label-free: {told}" in capsys.readouterr().err
    assert told in (tmp_path / "run" / "benchmark.md").read_text()
    data = load_benchmark("BIWI", biwi.raw)
    for split in ("biwi-s", "biwi-w"):  # each has its own checkpoint
        card = Model.load(tmp_path / "run" / f"model-{split}").training
        assert card["labels_used"] == told
        assert "the highest score" in card["checkpoint"]
        assert card["windows"] == 2 * (len(data.train) // 3) * 3
    document = json.loads((tmp_path / "run" / "benchmark.json").read_text())
    assert {name for name, on in document["conventions"].items() if not on} == {"true_people"}
    assert document["splits"]["BIWI-S"]["labels_used_in_training"] == told
    assert document["splits"]["BIWI-S"]["results"]["Raw pose"]["queries"] == len(data.tests["Still"]) // 3 * 3
    assert document["splits"]["BIWI-S"]["results"]["Raw pose"]["queries"] < len(data.tests["Still"])


@pytest.mark.parametrize("habit", [field.name for field in fields(Conventions)])
def test_each_habit_is_turned_on_alone(biwi, tmp_path, habit):
    data = load_benchmark("BIWI", biwi.raw)
    habits = Conventions().with_(**{habit: True})
    assert [name for name, on in habits.to_dict().items() if on] == [habit]
    run = run_benchmark(data, tmp_path, splits=["BIWI-S"], conventions=habits, settings=small())
    folder = "model-biwi-s" if habit == "probe_checkpoint" else "model"
    assert Model.load(tmp_path / folder).training["labels_used"] == habits.labels_used == run.labels_used["BIWI-S"]
    assert set(habits.notes) <= set(run.notes)
    of_training = ("balance_identities", "probe_checkpoint", "true_people")
    assert (run.labels_used["BIWI-S"] == "none") == (habit not in of_training)


def test_the_chosen_epoch_is_the_best_on_the_probe_set(biwi, tmp_path):
    data = load_benchmark("BIWI", biwi.raw)
    habits = Conventions(probe_checkpoint=True)
    run = run_benchmark(data, tmp_path, splits=["BIWI-S"], conventions=habits, settings=small())
    lines = (tmp_path / "model-biwi-s" / "history.jsonl").read_text().splitlines()
    best = max(json.loads(line)["score"] for line in lines)
    assert run.results["BIWI-S"]["Hi-MPC, MSMR"].ranking.rank[1] == pytest.approx(best)


def test_a_query_counts_as_its_own_match_in_map_alone():
    vectors = np.array([[0.0], [1.0], [1.5], [5.0]], dtype=np.float32)
    side = _Side(vectors, np.array(list("abab")), None, None)
    clean, paper = (_rank(side, None, 0, on).ranking for on in (False, True))
    assert clean.rank == paper.rank
    # of the first: itself, b, a, b; without itself b, a, b
    assert clean.per_query["mAP"][0] == pytest.approx(1 / 2)
    assert paper.per_query["mAP"][0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert paper.mAP == pytest.approx(paper.per_query["mAP"].mean())
    assert _rank(side, side, 0, True).ranking.mAP == _rank(side, side, 0).ranking.mAP
