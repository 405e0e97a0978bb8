"""Simulated people, and the random streams that make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from himpc.simulation.anthropometry import Body, draw_body
from himpc.simulation.difficulty import Difficulty
from himpc.simulation.gait import Gait, Session, draw_gait, draw_session

_PURPOSES = ("person", "session", "recording")


@dataclass(frozen=True)
class Walker:
    """A simulated person."""

    number: int
    seed: int
    """`number`, `seed`: number of the person, from 0, and seed of the simulation. They determine the person, however
    many others there are."""
    body: Body
    gait: Gait

    @property
    def name(self) -> str:
        """The name in recordings, such as ``person-007``."""
        return f"person-{self.number:03d}"

    def session(self, number: int, difficulty: Difficulty) -> Session:
        """Draw the changes in a session, numbered from 0."""
        return draw_session(
            random_stream(self.seed, self.number, "session", number),
            speed=difficulty.speed,
            mood=difficulty.mood,
            footwear=difficulty.footwear,
            load=difficulty.load if number else 0.0,  # galleries are recorded without bags
        )


def draw_walker(seed: int, number: int, difficulty: Difficulty) -> Walker:
    """Draw the person with a number."""
    rng = random_stream(seed, number, "person")
    body = draw_body(rng, difficulty.bodies)
    return Walker(number, seed, body, draw_gait(rng, body, difficulty.gaits))


def random_stream(
    seed: int, person: int, purpose: Literal["person", "session", "recording"], number: int = 0
) -> np.random.Generator:
    """Return the random stream of a person, or of one session or recording of the person.

    PCG64 over a seed sequence gives the same bits on every platform. Each stream has a key of its own, so that no
    person or recording depends on how many others are made.
    """
    key = (person, _PURPOSES.index(purpose), number)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
