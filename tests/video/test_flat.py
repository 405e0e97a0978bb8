"""What was seen in 2D only trains a 2D model, and is never mixed with 3D."""

from __future__ import annotations

import numpy as np
import pytest

import himpc
from himpc.errors import DataError, HimpcError
from himpc.recordings import Recording
from himpc.simulation import simulate_crowd
from himpc.video import Track
from himpc.video.cleaning import clean_track

CROWD = simulate_crowd(4, 24, 25, layout="coco-17", scene="alone", seed=0)
SURE = np.ones((CROWD.joints.shape[1], 17), np.float32)


def walks(flat: bool) -> list[Recording]:
    """The passes of each person through the picture."""
    found = []
    for person, name in enumerate(CROWD.persons):
        there = np.flatnonzero(CROWD.present[person])
        for number, frames in enumerate(np.split(there, np.flatnonzero(np.diff(there) > 1) + 1), start=1):
            joints = CROWD.joints[person, frames] * np.array([-1, 1, -1], dtype=np.float32)
            body = None if flat else joints - joints[:, [11, 12]].mean(axis=1, keepdims=True)
            points, seconds = CROWD.points[person, frames], frames / 25
            track = Track(number, 1, frames, seconds, points, SURE[frames], body, "left")
            found += [
                part.recording.with_(person=name)
                for part in clean_track(track, CROWD.layout, 25, source=f"{name}#{number}")
            ]
    return found


def test_flat_tracks_train_a_flat_model_that_takes_no_other() -> None:
    flat = walks(flat=True)
    assert {walk.dimensions for walk in flat} == {2}
    with pytest.raises(DataError, match="--align=false"):
        himpc.HiMPC().fit(flat)
    model = himpc.HiMPC(settings={"align": False, "max_epochs": 2, "hidden": 16}).fit(flat).model_
    assert himpc.embed(model, flat).vectors.shape[0] > 0
    with pytest.raises(HimpcError, match="the model takes 2D skeletons"):
        himpc.embed(model, walks(flat=False))
