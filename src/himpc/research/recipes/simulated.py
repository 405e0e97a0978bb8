"""The table ``[simulation]`` of a recipe: simulated walkers as the source of recordings."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from itertools import chain
from typing import Annotated, Any, cast

from pydantic import Field, field_validator, model_validator

from himpc._schema import field, validated
from himpc.errors import ConfigError, suggest_name
from himpc.recordings import Progress, Recording, clean
from himpc.simulation import CAMERAS, Difficulty, get_difficulty, simulate

__all__ = ["SimulatedSource"]


@validated
class SimulatedSource:
    """The arguments of `himpc.simulate`; the seed is that of the run, so each seed has different people.

    Attributes
    ----------
    people, recordings, sessions, seconds, fps, layout
        As there. The recordings of a person are divided over sessions, then over cameras.
    cameras : tuple of str
        Names of `himpc.simulation.CAMERAS`.
    difficulty : {"easy", "medium", "hard"}
    knobs : dict of str to dict of str to float
        By difficulty, the numbers of `himpc.simulation.Difficulty` to change.
    """

    people: int = 20
    recordings: int = 6
    sessions: int = 2
    seconds: float = 4.0
    fps: float = 30.0
    layout: str = "kinect-v1"
    cameras: Annotated[tuple[str, ...], Field(min_length=1)] = ("front",)
    difficulty: str = "medium"
    knobs: dict[str, dict[str, float]] = field(default_factory=dict)

    @field_validator("cameras")
    @classmethod
    def _check_cameras(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = [camera.name for camera in CAMERAS]
        if not set(names) <= set(known):
            raise ValueError(f"must be some of {', '.join(known)}, found {list(names)}")
        return names

    @model_validator(mode="after")
    def _check_knobs(self) -> SimulatedSource:
        for difficulty in {self.difficulty, *self.knobs}:
            self.graded(difficulty)
        return self

    def graded(self, difficulty: str) -> Difficulty:
        """Return a difficulty with its knobs as they are set here.

        Raises
        ------
        ConfigError
            If the difficulty or a knob is unknown, or a number out of its range.
        """
        base, changed = get_difficulty(difficulty), self.knobs.get(difficulty, {})
        names = [each.name for each in fields(Difficulty) if each.name != "sensor"]
        if unknown := sorted(set(changed) - set(names)):
            raise ConfigError(f"unknown knob {suggest_name(unknown[0], names)}; the knobs are {', '.join(names)}")
        return replace(base, **cast(dict[str, Any], changed))

    def simulate(self, seed: int, progress: Progress | None = None) -> list[Recording]:
        """Simulate and clean the recordings of a seed."""
        cameras = {camera.name: camera for camera in CAMERAS}
        recordings = simulate(
            self.people,
            self.recordings,
            seconds=self.seconds,
            fps=self.fps,
            layout=self.layout,
            seed=seed,
            difficulty=self.graded(self.difficulty),
            cameras=[cameras[name] for name in self.cameras],
            sessions=self.sessions,
            progress=progress,
        )
        return list(chain.from_iterable(map(clean, recordings)))

    def describe(self) -> dict[str, Any]:
        """Return all settings as plain data, with every number of the difficulty."""
        knobs = {self.difficulty: asdict(self.graded(self.difficulty))}
        return asdict(self) | {"cameras": list(self.cameras), "knobs": knobs}
