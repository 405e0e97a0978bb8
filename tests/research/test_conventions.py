"""The habits of the released code, each against its plain words."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError
from himpc.recordings import Windows
from himpc.research import LabelledWindows
from himpc.research.benchmark.conventions import Conventions, balance_identities, whole_batches
from himpc.skeleton import get_layout

LAYOUT = get_layout("kinect-v1")


def part(persons, **known):
    """Return windows of one frame each, numbered by their start."""
    n = len(persons)
    windows = Windows(np.zeros((n, 20, 3), np.float32), np.arange(n), np.arange(n), 1, LAYOUT, n)
    return LabelledWindows(windows, np.array(persons), **known)


@given(st.lists(st.sampled_from("abc"), min_size=12, max_size=60), st.integers(3, 12), st.integers(0, 99))
def test_each_person_gives_as_many_windows_round_by_round(persons, batch_size, seed):
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
def test_a_batch_must_fit(batch_size):
    with pytest.raises(ConfigError, match="needs a batch_size from 2, one window a person, to 100, all windows; found"):
        balance_identities(part(["a", "b"] * 50), batch_size, 0)


def test_the_last_persons_are_not_tested():
    found = whole_batches(part(list("aaabbbc"), cameras=np.arange(7).astype(str)), 3)
    assert found.persons.tolist() == list("aaabbb")
    assert found.cameras.tolist() == list("012345")
    assert len(found.windows) == 6
    with pytest.raises(DataError, match="drop_last_test leaves nothing of 7 windows, for a batch is 8"):
        whole_batches(part(list("aaabbbc")), 8)


def test_presets_and_what_they_say_of_labels():
    assert Conventions.preset("clean") == Conventions()
    assert Conventions().labels_used == "none"
    assert Conventions().notes == []
    paper = Conventions.preset("paper", "BIWI")
    assert {name for name, on in paper.to_dict().items() if not on} == {"true_people"}
    assert paper.labels_used == "identities balanced the training set and the probe set chose the checkpoint"
    assert Conventions.preset("paper", "KGBD") == replace(paper, balance_identities=False)
