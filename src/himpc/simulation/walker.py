"""One walker: a person with a body and a gait, and what is different on another day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from himpc.simulation.anthropometry import Body, draw_body
from himpc.simulation.difficulty import Difficulty
from himpc.simulation.gait import Gait, Session, draw_gait, draw_session

__all__ = ["Walker", "draw_walker", "stream"]

_PURPOSES = ("person", "session", "recording")


@dataclass(frozen=True)
class Walker:
    """A simulated person.

    Attributes
    ----------
    number : int
        From 0; the same seed and number are the same person, however many others there are.
    seed : int
        Of the simulation.
    body : Body
    gait : Gait
    """

    number: int
    seed: int
    body: Body
    gait: Gait

    @property
    def name(self) -> str:
        """What recordings call the person: ``person-007``."""
        return f"person-{self.number:03d}"

    def session(self, number: int, difficulty: Difficulty) -> Session:
        """Return what is different in a session, counted from 0."""
        return draw_session(
            stream(self.seed, self.number, "session", number),
            speed=difficulty.speed,
            mood=difficulty.mood,
            footwear=difficulty.footwear,
            load=difficulty.load,
            first=number == 0,
        )


def draw_walker(seed: int, number: int, difficulty: Difficulty) -> Walker:
    """Draw the person of a number."""
    rng = stream(seed, number, "person")
    body = draw_body(rng, difficulty.bodies)
    return Walker(number, seed, body, draw_gait(rng, body, difficulty.gaits))


def stream(
    seed: int, person: int, purpose: Literal["person", "session", "recording"], number: int = 0
) -> np.random.Generator:
    """Return the random stream of a person, or of one of its sessions or recordings.

    PCG64 over a seed sequence gives the same bits on every platform; each stream has its own key, so no person or
    recording depends on how many others are made.
    """
    key = (person, _PURPOSES.index(purpose), number)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
