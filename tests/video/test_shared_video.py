"""The real video, against a hand count of who was there when."""

from __future__ import annotations

from pathlib import Path

import pytest

from himpc.evaluation import compare_with_hand_count, read_hand_count

HAND_COUNT = Path(__file__).parent / "data" / "one-by-one-person-detection.csv"


@pytest.mark.slow
@pytest.mark.long
def test_six_people_are_six_tracks(shared_data: Path) -> None:
    pytest.importorskip("mediapipe")
    pytest.importorskip("norfair")
    from himpc.video import estimate, open_estimator

    people = estimate(shared_data / "video" / "one-by-one-person-detection.mp4", open_estimator())
    count = compare_with_hand_count([(each.start, each.end) for each in people.cleaned], read_hand_count(HAND_COUNT))
    assert (count.people, count.matched, count.split, count.merged, count.false) == (6, 6, 0, 0, 0)
    assert count.tracks == 6
    assert people.frames == 1394
    for each in people.cleaned:
        assert each.recording.dimensions == 3
        assert each.recording.layout.name == "mediapipe-33"
        assert each.recording.complete
        assert abs(abs(each.heading) - 180) < 30  # they walk in with their backs to the camera
        assert 15 < each.changes.turned < 45  # which looks down
