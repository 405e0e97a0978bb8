"""The shared video against a manual count of its people."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import DataError

HAND_COUNT = Path(__file__).parent / "data" / "one-by-one-person-detection.csv"


@dataclass(frozen=True)
class HandCount:
    """The result of `compare_with_hand_count`. A visit is the time from entering to leaving the image.

    Attributes
    ----------
    people, tracks : int
        Numbers of visits that were counted manually, and of tracks.
    matched : int
        Visits with at least one track.
    split : int
        Visits with more than one track.
    merged : int
        Tracks that show more than one visit.
    false : int
        Tracks during no visit.
    """

    people: int
    tracks: int
    matched: int
    split: int
    merged: int
    false: int


def read_hand_count(path: str | Path) -> list[tuple[str, float, float]]:
    """Read a CSV table of visits with the columns ``person``, ``start`` and ``end``, in seconds.

    Raises
    ------
    DataError
        If the table cannot be read, lacks a column, or has an invalid row.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a CSV table: {error}") from error
    visits = []
    for number, row in enumerate(rows, start=2):
        try:
            start, end = float(row["start"]), float(row["end"])
            visits.append((row["person"], start, end))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}, row {number}: expected person, start and end in seconds") from error
        if not 0 <= start < end < np.inf:
            raise DataError(f"{path}, row {number}: a visit from {start:g} to {end:g} s ends before it starts")
    if not visits:
        raise DataError(f"{path}: holds no visits, expected the columns person, start and end")
    return visits


def compare_with_hand_count(
    tracks: Sequence[tuple[float, float]], visits: Sequence[tuple[str, float, float]]
) -> HandCount:
    """Compare tracks with a manual count of people who were visible one at a time.

    Parameters
    ----------
    tracks : sequence of (float, float)
        First and last second of each track.
    visits : sequence of (str, float, float)
        As `read_hand_count` returns them.

    Returns
    -------
    HandCount
        A track shows a visit if they share at least half a second, or half of the track.
    """
    shows = np.zeros((len(tracks), len(visits)), dtype=bool)
    for t, (first, last) in enumerate(tracks):
        for s, (_, start, end) in enumerate(visits):
            shows[t, s] = (
                min(last, end) - max(first, start) >= min(0.5, (last - first) / 2) and first < end and last > start
            )
    return HandCount(
        people=len(visits),
        tracks=len(tracks),
        matched=int(shows.any(axis=0).sum()),
        split=int((shows.sum(axis=0) > 1).sum()),
        merged=int((shows.sum(axis=1) > 1).sum()),
        false=int((~shows.any(axis=1)).sum()),
    )


def test_hand_counts(tmp_path: Path) -> None:
    table = tmp_path / "count.csv"
    table.write_text("person,start,end\na,0,10\nb,20,30\n")
    visits = read_hand_count(table)
    assert visits == [("a", 0.0, 10.0), ("b", 20.0, 30.0)]
    count = compare_with_hand_count([(0, 9), (5, 9.5), (8, 25), (40, 45)], visits)
    assert (count.people, count.tracks, count.matched, count.split, count.merged, count.false) == (2, 4, 2, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "holds no visits"), ("person,start,end\na,5,2\n", "ends before"), ("a,b\n1,2\n", "row 2: expected person")],
)
def test_invalid_hand_counts_are_refused(text: str, why: str, tmp_path: Path) -> None:
    table = tmp_path / "count.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=why):
        read_hand_count(table)


@pytest.fixture
def clip(shared_data: Path, exhaustive: bool, tmp_path: Path) -> tuple[Path, int, int]:
    """A video, and how many frames and people it has: the first two of six people, or all."""
    path = shared_data / "video" / "one-by-one-person-detection.mp4"
    if exhaustive:
        return path, 1394, 6
    av = pytest.importorskip("av")
    with av.open(str(path)) as video, av.open(str(tmp_path / "clip.mp4"), "w") as part:
        stream = part.add_stream_from_template(video.streams.video[0])
        for packet in islice(video.demux(video.streams.video[0]), 270):
            packet.stream = stream
            part.mux(packet)
    return tmp_path / "clip.mp4", 270, 2


@pytest.mark.slow
@pytest.mark.long
def test_each_person_is_one_recording(clip: tuple[Path, int, int]) -> None:
    pytest.importorskip("mediapipe")
    from himpc.video import estimate, open_estimator

    path, frames, people = clip
    result = estimate(path, open_estimator())
    visits = read_hand_count(HAND_COUNT)[:people]
    count = compare_with_hand_count([(each.start, each.end) for each in result.cleaned], visits)
    assert (count.matched, count.split, count.merged, count.false) == (people, 0, 0, 0)
    assert count.tracks == people
    assert result.frames == frames
    for each in result.cleaned:
        assert each.recording.dimensions == 3
        assert each.recording.layout.name == "mediapipe-33"
        assert each.recording.complete
        assert abs(abs(each.heading) - 180) < 30  # they walk in with their backs to the camera
        assert people < 6 or 15 < each.changes.turned < 45  # of the camera, which takes more than two people to see
