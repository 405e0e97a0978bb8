"""How hard the simulated recordings are, as named numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from himpc.errors import ConfigError
from himpc.simulation.knobs import check_knobs
from himpc.simulation.sensor import Sensor

__all__ = ["DIFFICULTIES", "Difficulty", "get_difficulty"]

_LIMITS = {
    "bodies": 3.0,
    "gaits": 2.0,
    "speed": 0.2,
    "mood": 2.0,
    "footwear": 1.0,
    "load": 1.0,
    "headings": 180.0,
    "curved": 1.0,
}


@dataclass(frozen=True)
class Difficulty:
    """How alike people are, how much one changes between sessions, how varied the walks are, how bad the sensor is.

    Attributes
    ----------
    bodies, gaits : float
        How much people differ: 1 as in the published statistics, 0 not at all.
    speed : float
        Standard deviation of walking speed between sessions, as a fraction.
    mood : float
        How far posture and liveliness change between sessions; 1 is a marked change.
    footwear : float
        How much shoes differ between sessions: 0 not at all, 1 from bare feet to boots.
    load : float
        The chance that somebody carries a bag in a session after the first.
    headings : float
        Walks head within so many degrees of the front camera.
    curved : float
        The chance that a walk is a curve or has a turn.
    sensor : Sensor
        The camera's noise.

    Raises
    ------
    ConfigError
        If a number is below 0, or so large that no walker could have it.
    """

    bodies: float = 1.0
    gaits: float = 1.0
    speed: float = 0.0
    mood: float = 0.0
    footwear: float = 0.0
    load: float = 0.0
    headings: float = 0.0
    curved: float = 0.0
    sensor: Sensor = field(default_factory=Sensor)

    def __post_init__(self) -> None:
        check_knobs(self, _LIMITS)


DIFFICULTIES: dict[str, Difficulty] = {
    "easy": Difficulty(
        speed=0.03,
        mood=0.3,
        footwear=0.2,
        load=0.0,
        headings=20.0,
        curved=0.0,
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
"""The difficulties that have a name."""


def get_difficulty(difficulty: str | Difficulty) -> Difficulty:
    """Return a difficulty by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if isinstance(difficulty, Difficulty):
        return difficulty
    if difficulty not in DIFFICULTIES:
        raise ConfigError(
            f"unknown difficulty {difficulty!r}: choose one of {', '.join(DIFFICULTIES)}, or give a "
            "himpc.simulation.Difficulty"
        )
    return DIFFICULTIES[difficulty]
