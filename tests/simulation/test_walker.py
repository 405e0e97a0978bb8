"""Persons of a seed."""

from himpc.simulation import DIFFICULTIES
from himpc.simulation.walker import draw_walker


def test_walker_does_not_depend_on_the_difficulty():
    easy, hard = (draw_walker(0, 7, DIFFICULTIES[name]) for name in ("easy", "hard"))
    assert easy == hard
    assert draw_walker(1, 7, DIFFICULTIES["easy"]).body != easy.body
