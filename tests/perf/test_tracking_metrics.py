"""Switches, splits and merges, against counting by hand and a plain formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError
from tracking_metrics import score_tracks


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4)), max_size=40), st.integers(0, 5))
def test_scores_equal_plain_counting(sightings: list[tuple[int, int]], missed: int) -> None:
    person = np.array([p for p, _ in sightings], dtype=np.int64)
    track = np.array([t for _, t in sightings], dtype=np.int64)
    score = score_tracks(person, track, missed)
    of: dict[int, list[int]] = {}
    for p, t in sightings:
        if t > 0 and p >= 0:
            of.setdefault(t, []).append(p)
    assert score.switches == sum(sum(a != b for a, b in zip(l, l[1:], strict=False)) for l in of.values())  # noqa: E741, RUF007
    assert score.merges == sum(len(set(people)) > 1 for people in of.values())
    shown = {p for people in of.values() for p in people}
    assert score.splits == sum(sum(p in people for people in of.values()) - 1 for p in shown)
    total = sum(map(len, of.values()))
    right = sum(max(people.count(p) for p in people) for people in of.values())
    assert score.impurity == pytest.approx(1 - right / total if total else 0.0)
    assert 0 <= score.idf1 <= 1
    assert 0 <= score.recall <= 1


def test_perfect_tracks_have_perfect_scores() -> None:
    score = score_tracks(np.array([0, 1, 0, 1]), np.array([1, 2, 1, 2]))
    assert (score.switches, score.splits, score.merges, score.impurity, score.idf1, score.recall) == (0, 0, 0, 0, 1, 1)
    with pytest.raises(DataError, match="one number per detection"):
        score_tracks(np.zeros(3, int), np.zeros(2, int))
