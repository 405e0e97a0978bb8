"""KS20 and IAS-Lab with the labels of the original scripts."""

from itertools import pairwise

import pytest

from himpc.research import Conventions, load_benchmark, run_benchmark
from himpc.research.datasets import ias

from .writers import VIEWS, raw_biwi, raw_ias, raw_ks20

SMALL = {"hidden": 8, "heads": 2, "max_epochs": 1, "eps": 0.6, "batch_size": 3}


def test_ks20_last_recording_of_a_session_gets_the_next_session(tmp_path, walkers):
    raw_ks20(tmp_path, walkers)
    right = load_benchmark("KS20", tmp_path)
    wrong = right.load_mislabelled()
    listing = [f"gc{session}_body{person}" for session in (1, 2, 3) for person in (11, 1, 7)]
    assert listing == [name.removesuffix("_") for name in sorted(f"{name}_" for name in listing)]
    filed = {name: name.split("_")[0] for name in listing} | {
        name: later.split("_")[0] for name, later in pairwise(listing)
    }
    assert {name for name in listing if not name.startswith(filed[name])} == {"gc1_body7", "gc2_body7"}
    part = {(each["person"], each["source"].split("/")[1][:3]): each["part"] for each in right.assignment}
    part = {key: part[key] for key in part if key[0] != "7"}  # the draw is by what sessions a person has
    for each in wrong.assignment:
        name = each["source"].split("/")[1]
        if each["person"] != "7":
            assert each["part"] == part[each["person"], filed[name]]
    sessions = {(each["source"], each["part"]) for each in wrong.assignment if each["person"] == "7"}
    assert {source.split("/")[0] for source, _ in sessions} == set(VIEWS)
    assert len({part for source, part in sessions if "gc2" in source or "gc1" in source}) == 2
    assert any("has the session of the one that is listed after it" in note for note in wrong.notes)
    assert right.load_mislabelled is not None
    assert wrong.load_mislabelled is None


def test_ias_numbers_people_by_directory_listing(tmp_path, walkers, monkeypatch):
    raw_ias(tmp_path, walkers)
    listings = {"Training": ["2", "10", "0"], "TestingA": ["0", "2", "10"], "TestingB": ["2", "10", "0"]}
    monkeypatch.setattr(ias, "list_unsorted", lambda folder: listings[folder.name])
    right = load_benchmark("IAS", tmp_path)
    wrong = right.load_mislabelled()
    for each in right.assignment:
        assert each["person"] == each["source"].split("/")[1]
    for each in wrong.assignment:
        part, name = each["source"].split("/")
        assert each["person"] == str(listings[part].index(name))
    assert any("3 of 3 have different numbers in different parts" in note for note in wrong.notes)


@pytest.mark.parametrize("conventions", [Conventions(), Conventions(mislabel=True), Conventions.preset("paper")])
def test_labels_are_wrong_only_with_the_convention(tmp_path, walkers, monkeypatch, conventions):
    raw_ias(tmp_path / "raw", walkers)
    monkeypatch.setattr(
        ias, "list_unsorted", lambda folder: ["10", "2", "0"] if folder.name == "TestingA" else ["2", "10", "0"]
    )
    data = load_benchmark("IAS", tmp_path / "raw")
    run = run_benchmark(data, tmp_path / "run", splits=["IAS-A"], conventions=conventions, settings=SMALL)
    assert any("mislabel:" in note for note in run.data.notes) is conventions.mislabel
    assert ("mislabel:" in (run.out / "benchmark.md").read_text()) is conventions.mislabel
    assert set(run.data.train.persons) == ({"0", "1", "2"} if conventions.mislabel else {"0", "2", "10"})


def test_biwi_has_no_mislabelled_form(tmp_path, walkers):
    raw_biwi(tmp_path, walkers)
    assert load_benchmark("BIWI", tmp_path).load_mislabelled is None
