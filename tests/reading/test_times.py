"""Readers tell when the bodies of a file were seen, and the clock that they share."""

from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.recordings import cannot_link
from himpc.skeleton import get_layout

LAYOUT = get_layout("kinect-v1")


def csv(
    path: Path, bodies: list[tuple[str, range]], *, alternate: bool, rate: float = 30.0, begin: float = 0.0
) -> Path:
    """Write bodies that are seen in some frames each, two metres apart, row by row in time or body by body."""
    walk = himpc.simulate(people=1, recordings=1, seconds=4.0, difficulty="easy", cameras=1)[0].joints
    place = {name: number for number, (name, _) in enumerate(bodies)}
    rows = [(frame, name) for name, frames in bodies for frame in frames]
    rows = sorted(rows) if alternate else rows
    header = ["body", "frame", "time", *(f"{joint}_{axis}" for joint in LAYOUT.joints for axis in "xyz")]
    lines = [",".join(header)]
    for frame, name in rows:
        joints = walk[frame] + [2 * place[name], 0, 0]
        values = [name, str(frame), f"{begin + frame / 30:.4f}", *(f"{value:.5f}" for value in joints.ravel())]
        lines.append(",".join(values))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_bodies_whose_rows_alternate_are_seen_at_one_time(tmp_path):
    file = csv(tmp_path / "a.csv", [("1", range(60)), ("2", range(30, 90)), ("3", range(70, 110))], alternate=True)
    recordings = himpc.read(file, unit="m", up="y")
    assert [each.start for each in recordings] == pytest.approx([0, 1, 70 / 30], abs=1e-3)
    assert cannot_link(recordings).tolist() == [[0, 1], [1, 2]]
    assert {each.clock.name for each in recordings} == {str(file)}


def test_bodies_that_a_table_lists_one_after_the_other_may_be_one_person(tmp_path):
    recordings = himpc.read(
        csv(tmp_path / "a.csv", [("1", range(60)), ("2", range(60))], alternate=False), unit="m", up="y"
    )
    assert len(recordings) == 2
    assert not len(cannot_link(recordings))


def test_clocks_of_several_files_are_compared_if_the_user_says_that_they_agree(tmp_path):
    for camera in ("a", "b"):
        (tmp_path / camera).mkdir()
        for number, begin in enumerate((100.0, 101.0)):
            csv(
                tmp_path / camera / f"{number}.csv",
                [("x", range(1)), (str(number), range(60))][1:],
                alternate=True,
                begin=begin,
            )
            shifted = tmp_path / camera / f"{number}.csv"
            assert shifted.exists()
    options = {"name": "{camera}/*.csv", "unit": "m", "up": "y"}
    recordings = himpc.read(tmp_path, **options)
    assert not len(cannot_link(recordings))
    moved = himpc.read(tmp_path, synchronised=True, **options)
    assert len({each.clock for each in moved}) == 2
    apart = [each.with_(joints=each.joints + np.float32([3 * n, 0, 0])) for n, each in enumerate(moved)]
    assert cannot_link(apart).tolist() == [[0, 1], [2, 3]]
