"""The conventions of the released code, alone and in preset paper."""

import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.cli import main
from himpc.errors import ConfigError, DataError
from himpc.model import Model
from himpc.recordings import Windows
from himpc.research import LabelledWindows, load_benchmark, run_benchmark
from himpc.research.benchmark.conventions import Conventions, balance_identities, keep_whole_batches
from himpc.research.benchmark.measure import _rank, _Side
from himpc.skeleton import get_layout

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")

SMALL = {"hidden": 8, "heads": 2, "max_epochs": 3, "patience": 2, "eps": 0.6, "batch_size": 3}
LAYOUT = get_layout("kinect-v1")


def part(persons, **known):
    """Return windows of one frame each, numbered by their start."""
    n = len(persons)
    windows = Windows(np.zeros((n, 20, 3), np.float32), np.arange(n), np.arange(n), 1, LAYOUT, n)
    return LabelledWindows(windows, np.array(persons), **known)


@given(st.lists(st.sampled_from("abc"), min_size=12, max_size=60), st.integers(3, 12), st.integers(0, 99))
def test_each_person_contributes_equally_many_windows(persons, batch_size, seed):
    given_windows = part(persons)
    found = balance_identities(given_windows, batch_size, seed)
    names = sorted(set(persons))
    share, rounds = batch_size // len(names), 2 * (len(persons) // batch_size)
    assert [(found.persons == name).sum() for name in names] == [share * rounds] * len(names)
    assert (np.array(persons)[found.windows.starts] == found.persons).all()
    for name in names:  # whole rounds of its windows come first; only what is short of a round is drawn
        own = np.flatnonzero(np.array(persons) == name)
        whole = own[: min(rounds, len(own) // share) * share]
        assert set(whole) <= set(found.windows.starts)
        if len(whole) == share * rounds:
            assert sorted(found.windows.starts[found.persons == name]) == whole.tolist()
    again = balance_identities(given_windows, batch_size, seed)
    assert again.windows.starts.tolist() == found.windows.starts.tolist()


def test_balancing_depends_on_the_seed_and_is_shuffled():
    windows = part(list("aabbb") * 20)
    first, other = (balance_identities(windows, 10, seed).windows.starts.tolist() for seed in (0, 1))
    assert first != other
    assert first != sorted(first)


@pytest.mark.parametrize("batch_size", [1, 101])
def test_batch_size_out_of_range_is_refused(batch_size):
    with pytest.raises(ConfigError, match="needs a batch_size from 2, one window a person, to 100, all windows; found"):
        balance_identities(part(["a", "b"] * 50), batch_size, 0)


def test_incomplete_last_batch_is_left_out():
    found = keep_whole_batches(part(list("aaabbbc"), cameras=np.arange(7).astype(str)), 3)
    assert found.persons.tolist() == list("aaabbb")
    assert found.cameras.tolist() == list("012345")
    assert len(found.windows) == 6
    with pytest.raises(DataError, match="drop_last_test leaves none of 7 windows, because a batch has 8"):
        keep_whole_batches(part(list("aaabbbc")), 8)


def test_presets_state_their_use_of_labels():
    assert Conventions.preset("clean") == Conventions()
    assert Conventions().labels_used == "none"
    assert Conventions().notes == []
    paper = Conventions.preset("paper", "BIWI")
    assert {name for name, on in asdict(paper).items() if not on} == {"true_people"}
    assert paper.labels_used == "identities balanced the training set and the probe set chose the checkpoint"
    assert Conventions.preset("paper", "KGBD") == replace(paper, balance_identities=False)


def test_preset_paper_reports_its_use_of_labels(biwi, tmp_path, capsys):
    words = ["--root", str(biwi.raw), "--out", str(tmp_path / "run"), "--preset", "paper"]
    words += [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert main(["benchmark", "BIWI", *words]) == 0
    labels_used = "identities balanced the training set and the probe set chose the checkpoint"
    assert f"not label-free: {labels_used}" in capsys.readouterr().err
    assert labels_used in (tmp_path / "run" / "benchmark.md").read_text()
    data = load_benchmark("BIWI", biwi.raw)
    for split in ("biwi-s", "biwi-w"):  # each has its own checkpoint
        card = Model.load(tmp_path / "run" / f"model-{split}").training
        assert card["labels_used"] == labels_used
        assert "the highest score" in card["checkpoint"]
        assert card["windows"] == 2 * (len(data.train) // 3) * 3
    document = json.loads((tmp_path / "run" / "benchmark.json").read_text())
    assert {name for name, on in document["conventions"].items() if not on} == {"true_people"}
    assert document["splits"]["BIWI-S"]["labels_used_in_training"] == labels_used
    assert document["splits"]["BIWI-S"]["results"]["Raw pose"]["queries"] == len(data.tests["Still"]) // 3 * 3
    assert document["splits"]["BIWI-S"]["results"]["Raw pose"]["queries"] < len(data.tests["Still"])


@pytest.mark.parametrize("name", [field.name for field in fields(Conventions)])
def test_each_convention_can_be_used_alone(biwi, tmp_path, name):
    data = load_benchmark("BIWI", biwi.raw)
    conventions = Conventions().with_(**{name: True})
    assert [name_ for name_, on in asdict(conventions).items() if on] == [name]
    run = run_benchmark(data, tmp_path, splits=["BIWI-S"], conventions=conventions, settings=SMALL | {"max_epochs": 1})
    folder = "model-biwi-s" if name == "probe_checkpoint" else "model"
    assert Model.load(tmp_path / folder).training["labels_used"] == conventions.labels_used == run.labels_used["BIWI-S"]
    assert set(conventions.notes) <= set(run.notes)
    of_training = ("balance_identities", "probe_checkpoint", "true_people")
    assert (run.labels_used["BIWI-S"] == "none") == (name not in of_training)


def test_checkpoint_is_the_best_epoch_on_the_probe(biwi, tmp_path):
    data = load_benchmark("BIWI", biwi.raw)
    conventions = Conventions(probe_checkpoint=True)
    run = run_benchmark(data, tmp_path, splits=["BIWI-S"], conventions=conventions, settings=SMALL)
    lines = (tmp_path / "model-biwi-s" / "history.jsonl").read_text().splitlines()
    best = max(json.loads(line)["score"] for line in lines)
    assert run.results["BIWI-S"]["Hi-MPC, MSMR"].ranking.rank[1] == pytest.approx(best)


def test_self_match_counts_in_map_only():
    vectors = np.array([[0.0], [1.0], [1.5], [5.0]], dtype=np.float32)
    side = _Side(vectors, np.array(list("abab")), None, None)
    clean, paper = (_rank(side, None, 0, on).ranking for on in (False, True))
    assert clean.rank == paper.rank
    # of the first: itself, b, a, b; without itself b, a, b
    assert clean.per_query["mAP"][0] == pytest.approx(1 / 2)
    assert paper.per_query["mAP"][0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert paper.mAP == pytest.approx(paper.per_query["mAP"].mean())
    assert _rank(side, side, 0, True).ranking.mAP == _rank(side, side, 0).ranking.mAP
