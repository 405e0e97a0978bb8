"""Walking, standing and sitting are distinguished."""

from __future__ import annotations

import numpy as np
from walks import LAYOUT, WALK

from himpc.video.cleaning import POSTURES, find_gait, find_posture


def test_postures_are_recognised() -> None:
    assert (find_posture(WALK, LAYOUT, 25) == POSTURES.index("walking")).all()
    still = np.repeat(WALK[:1], 100, axis=0)
    assert (find_posture(still, LAYOUT, 25) == POSTURES.index("standing")).all()
    seated = still.copy()
    for hip, knee, ankle in ((23, 25, 27), (24, 26, 28)):
        thigh = np.linalg.norm(still[0, hip] - still[0, knee])
        move = still[0, hip] + [0, 0, thigh] - still[0, knee]
        seated[:, [knee, ankle]] += move
    assert (find_posture(seated, LAYOUT, 25) == POSTURES.index("seated")).all()
    gait = find_gait(still, LAYOUT, 25)
    assert gait.cycles == 0
    assert np.isnan(gait.stride_seconds)
