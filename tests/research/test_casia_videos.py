"""CASIA-B's protocol on what `himpc pose` makes of videos with its file names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.recordings import save
from himpc.research.datasets.casia_b import CASIA_B
from himpc.research.partition import Read
from himpc.simulation import simulate


def test_conditions_and_views_come_from_the_names_of_videos(tmp_path: Path) -> None:
    walks = simulate(2, 3, seconds=2, layout="mediapipe-33", sessions=1, cameras=1, difficulty="easy")
    for walk, person in zip(walks, (1, 1, 1, 100, 100, 100), strict=True):
        number = sum(1 for path in tmp_path.iterdir() if path.name.startswith(f"{person:03d}"))
        name = f"{person:03d}-{('nm', 'bg', 'cl')[number]}-01-{18 * number:03d}.avi"
        joints = walk.joints.copy()
        joints = joints - joints[:, [23, 24]].mean(axis=1, keepdims=True)
        seen = walk.with_(
            joints=joints.astype(np.float32), person=None, session=None, camera=None, source=f"v/{name}#1"
        )
        save([seen], tmp_path / f"{name}.npz")
    assert CASIA_B.has_raw(tmp_path)
    found = CASIA_B.read_raw(Read(tmp_path))
    assert {(walk.person, walk.session, walk.camera) for walk in found.train} == {
        ("1", "nm-01", "000"),
        ("1", "bg-01", "018"),
        ("1", "cl-01", "036"),
    }
    for number, condition in enumerate(("nm", "bg", "cl")):
        (walk,) = found.tests[condition]
        assert (walk.person, walk.camera) == ("100", f"{18 * number:03d}")
        assert walk.layout.name == "openpose-14"
    assert not found.problems
