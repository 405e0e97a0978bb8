"""Gaits change between sessions."""

import pytest

from himpc.simulation import DIFFICULTIES, Session
from himpc.simulation.kinematics import compute_stride
from himpc.simulation.walker import draw_walker


def test_sessions_differ_and_the_first_has_no_load():
    hard = DIFFICULTIES["hard"]
    walkers = [draw_walker(0, number, hard) for number in range(50)]
    days = [[w.session(number, hard) for number in range(2)] for w in walkers]
    assert all(first.load == "none" for first, _ in days)
    assert {second.load for _, second in days} == {"none", "left", "right", "back"}
    assert all(first != second for first, second in days)
    bag = walkers[0].gait.in_session(Session(load="left"))
    assert bag.styles["shoulder"][0].gain < 0.5 * bag.styles["shoulder"][1].gain
    quick, slow = (
        compute_stride(w.body, w.gait, s, ("pelvis",))
        for w, s in ((walkers[0], Session(speed=1.2)), (walkers[0], Session(speed=0.8)))
    )
    assert quick.speed / slow.speed == pytest.approx(1.5, rel=0.15)
