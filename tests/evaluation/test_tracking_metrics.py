"""Switches, splits and merges, against counting by hand and a plain formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError
from himpc.evaluation import compare_with_hand_count, read_hand_count, score_tracks


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4)), max_size=40), st.integers(0, 5))
def test_scores_are_those_of_plain_counting(sightings: list[tuple[int, int]], missed: int) -> None:
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
    assert score.wrong == pytest.approx(1 - right / total if total else 0.0)
    assert 0 <= score.idf1 <= 1
    assert 0 <= score.found <= 1


def test_perfect_tracks() -> None:
    score = score_tracks(np.array([0, 1, 0, 1]), np.array([1, 2, 1, 2]))
    assert (score.switches, score.splits, score.merges, score.wrong, score.idf1, score.found) == (0, 0, 0, 0, 1, 1)
    with pytest.raises(DataError, match="one number a sighting"):
        score_tracks(np.zeros(3, int), np.zeros(2, int))


def test_hand_counts(tmp_path: Path) -> None:
    table = tmp_path / "count.csv"
    table.write_text("person,start,end\na,0,10\nb,20,30\n")
    stays = read_hand_count(table)
    assert stays == [("a", 0.0, 10.0), ("b", 20.0, 30.0)]
    count = compare_with_hand_count([(0, 9), (5, 9.5), (8, 25), (40, 45)], stays)
    assert (count.people, count.tracks, count.matched, count.split, count.merged, count.false) == (2, 4, 2, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "holds no stays"), ("person,start,end\na,5,2\n", "ends before"), ("a,b\n1,2\n", "row 2: expected person")],
)
def test_bad_hand_counts_are_one_clear_line(text: str, why: str, tmp_path: Path) -> None:
    table = tmp_path / "count.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=why):
        read_hand_count(table)
