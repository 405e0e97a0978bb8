"""Difficulties: how much simulated people and recordings vary."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from himpc._schema import field, validated
from himpc.errors import ConfigError, suggest_name
from himpc.simulation.sensor import Sensor

UpTo1 = Annotated[float, Field(ge=0, le=1)]
UpTo2 = Annotated[float, Field(ge=0, le=2)]


@validated
class Difficulty:
    """How much people differ, how much each changes between sessions, how varied the walks and how noisy the sensor is.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    bodies: Annotated[float, Field(ge=0, le=3)] = 1.0
    gaits: UpTo2 = 1.0
    """`bodies`, `gaits`: variation between people: 1 as in the published statistics, 0 for none."""
    speed: Annotated[float, Field(ge=0, le=0.2)] = 0.0
    """Standard deviation of walking speed between sessions, as a fraction."""
    mood: UpTo2 = 0.0
    """Change of posture and liveliness between sessions; 1 is a marked change."""
    footwear: UpTo1 = 0.0
    """Variation of shoes between sessions: 0 for none, 1 from bare feet to boots."""
    load: UpTo1 = 0.0
    """Probability of carrying a bag in a session after the first."""
    headings: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Largest angle between the direction of a walk and the front camera, degrees."""
    curved: UpTo1 = 0.0
    """Probability that a walk is a curve or has a turn."""
    sensor: Sensor = field(default_factory=Sensor)
    """Noise of the camera."""


DIFFICULTIES: dict[str, Difficulty] = {
    "easy": Difficulty(
        speed=0.03,
        mood=0.3,
        footwear=0.2,
        headings=20.0,
        sensor=Sensor(depth_noise=0.1, jitter=0.002, drift=0.003, bias=0.001, occlusion=0.005),
    ),
    "medium": Difficulty(
        speed=0.06,
        mood=0.7,
        footwear=0.6,
        load=0.25,
        headings=60.0,
        curved=0.3,
        sensor=Sensor(
            depth_noise=0.3,
            jitter=0.005,
            drift=0.008,
            bias=0.005,
            occlusion=0.03,
            swaps=0.03,
            losses=0.01,
            hidden_losses=0.1,
        ),
    ),
    "hard": Difficulty(
        speed=0.10,
        mood=1.0,
        footwear=1.0,
        load=0.5,
        headings=180.0,
        curved=0.6,
        sensor=Sensor(
            depth_noise=0.6,
            jitter=0.010,
            drift=0.015,
            bias=0.011,
            occlusion=0.07,
            swaps=0.10,
            losses=0.03,
            hidden_losses=0.3,
        ),
    ),
}
"""The named difficulties."""


def get_difficulty(difficulty: str | Difficulty) -> Difficulty:
    """Return a difficulty by its name.

    Raises
    ------
    ConfigError
        If the name is unknown.
    """
    if isinstance(difficulty, Difficulty):
        return difficulty
    if difficulty not in DIFFICULTIES:
        raise ConfigError(
            f"unknown difficulty {suggest_name(difficulty, DIFFICULTIES)}, expected one of {', '.join(DIFFICULTIES)}",
            hint="or pass an object of himpc.simulation.Difficulty",
        )
    return DIFFICULTIES[difficulty]
