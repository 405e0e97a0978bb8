import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from himpc.errors import ConfigError, DataError
from himpc.learning.grouping import group_recordings
from himpc.learning.grouping_result import Grouping

WINDOWS = 12


def people(seed: int, count: int = 6, each: int = 4, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Recordings of well-separated people, each of some windows: ``(R, WINDOWS, D)``, and the true people."""
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(count), each)
    bodies = rng.normal(size=(count, 8)) + 3 * np.eye(count, 8)
    return bodies[names][:, None] + noise * rng.normal(size=(count * each, WINDOWS, 8)), names


def group(recordings: np.ndarray, people: int | None = None) -> Grouping:
    count, windows, size = recordings.shape
    return group_recordings(recordings.reshape(-1, size), np.repeat(np.arange(count), windows), count, people)


@given(st.integers(0, 1000), st.integers(3, 8), st.integers(2, 3))
def test_well_apart_people_are_found(seed, count, each):
    recordings, names = people(seed, count, each)
    grouping = group(recordings)
    assert adjusted_rand_score(names, grouping.groups) == 1
    assert grouping.people == count
    assert (grouping.confidence > 0.5).all()


def test_what_varies_within_recordings_does_not_count():
    recordings, names = people(0)
    moments = np.random.default_rng(1).normal(size=(24, WINDOWS, 1))
    moving = recordings + 30 * moments * np.ones(8)
    assert adjusted_rand_score(names, group(moving).groups) == 1


@given(st.integers(0, 1000), st.floats(0.1, 100))
def test_neither_scale_nor_rotation_matters(seed, scale):
    recordings, _ = people(seed)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(8, 8)))[0]
    assert adjusted_rand_score(group(recordings).groups, group(scale * recordings @ rotation).groups) == 1


def test_the_number_of_people_can_be_given():
    recordings, _ = people(0)
    for count in (1, 3, 24):
        assert group(recordings, count).people == count
    for count in (0, 25):
        with pytest.raises(ConfigError, match="from 1 to the number of recordings, 24"):
            group(recordings, count)


def test_groups_are_numbered_by_size_in_any_order_of_recordings():
    recordings, _ = people(1)
    recordings = recordings[3:]
    shuffle = np.random.default_rng(0).permutation(len(recordings))
    groups = group(recordings).groups
    assert (np.diff(np.bincount(groups)[1:]) <= 0).all()
    assert adjusted_rand_score(groups[shuffle], group(recordings[shuffle]).groups) == 1


def test_recordings_without_a_window_belong_to_no_group():
    recordings, _ = people(2)
    recording = np.repeat(np.arange(24), WINDOWS)
    kept = recording != 5
    grouping = group_recordings(recordings.reshape(-1, 8)[kept], recording[kept], 24)
    assert grouping.groups[5] == 0
    assert np.isnan(grouping.confidence[5])
    assert (np.delete(grouping.groups, 5) > 0).all()


def test_bad_embeddings_raise():
    with pytest.raises(DataError, match="found 1 recording as long as a window, expected at least two"):
        group(np.zeros((1, 5, 2)))
    with pytest.raises(DataError, match="not finite"):
        group(np.full((3, 5, 2), np.nan))


def test_few_or_equal_recordings_are_grouped():
    pair = np.random.default_rng(0).normal(size=(2, 5, 3))
    with pytest.raises(DataError, match="found 2 recordings, expected at least 4 to estimate the number of people"):
        group(pair)
    assert group(pair, people=2).groups.tolist() == [1, 2]
    assert np.isnan(group(pair, people=2).confidence).all()  # the spread of a person is unknown
    assert group(np.ones((5, 4, 3)), people=1).confidence.tolist() == [1.0] * 5
    assert group(np.ones((5, 4, 3))).people >= 1


@pytest.mark.slow
def test_a_thousand_recordings_are_grouped_in_seconds():
    recordings = people(0, count=8, each=150)[0]
    began = time.process_time()  # on a busy machine, the clock says little
    group(recordings)
    assert time.process_time() - began < 15, "1,200 recordings took 0.3 s when this was written"


def test_doubt_is_stated_at_both_ends_of_the_range():
    rng = np.random.default_rng(0)
    unrelated = rng.normal(size=(20, 1, 8)) + 0.01 * rng.normal(size=(20, WINDOWS, 8))
    assert "no two of 20 recordings" in group(unrelated).warning
    assert group(unrelated, people=20).warning == ""
    assert group(people(0)[0]).warning == ""
    fewest = Grouping(np.array([1, 1, 2, 2, 3, 3, 0]), np.ones(7), np.zeros((7, 1)), estimated=True)
    assert "3 people is the smallest number" in fewest.warning
    assert repr(fewest) == "<Grouping: 3 groups in 7 recordings>"
    doubtful = Grouping(np.ones(7), np.full(7, 0.3), np.zeros((7, 1)), estimated=True, plausible=(1, 5))
    assert "from 1 to 5 are plausible; if you know it, state it with people; 7 of 7 recordings" in doubtful.warning
    assert "; ".join(doubtful.render_doubts()) == doubtful.warning
    assert "state it with --people; 7" in doubtful.render_warning(lambda reference: f"--{reference.name}")


def test_parts_of_a_recording_count_once_in_warnings():
    whole = np.repeat(np.arange(20), [31, *[1] * 19])  # the first recording has 31 parts
    still = np.isin(whole, (1, 2))
    groups = np.where(still, 2, 1)
    found = Grouping(
        groups, np.ones(50), np.zeros((50, 1)), estimated=True, plausible=(2, 2), is_still=still, whole=whole
    )
    assert found.warning.startswith("2 of 2 recordings without movement are in no group with a moving one")
    alone = Grouping(whole + 1, np.ones(50), np.zeros((50, 1)), estimated=True, whole=whole)
    assert alone.warning.startswith("no two of 20 recordings were found to show the same person")
