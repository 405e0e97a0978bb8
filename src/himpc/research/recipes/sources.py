"""Where a recipe's recordings come from: simulated walkers, so that no data is needed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from itertools import chain
from typing import Any, cast

from himpc.errors import ConfigError
from himpc.recordings import Recording, clean
from himpc.recordings.progress import Progress
from himpc.simulation import CAMERAS, Camera, Difficulty, get_difficulty, simulate

__all__ = ["SimulatedSource"]


@dataclass(frozen=True)
class SimulatedSource:
    """What `himpc.simulation.simulate` is asked for; the seed comes from the run, so each seed has other people.

    Attributes
    ----------
    people, recordings, sessions, seconds, fps, layout
        As there. The recordings of a person go through the sessions first, then through the cameras.
    cameras : tuple of str
        Names of `himpc.simulation.CAMERAS`.
    difficulty : {"easy", "medium", "hard"}
    knobs : dict of str to dict of str to float
        By difficulty, the numbers of `Difficulty` that differ from those of that name.
    """

    people: int = 20
    recordings: int = 6
    sessions: int = 2
    seconds: float = 4.0
    fps: float = 30.0
    layout: str = "kinect-v1"
    cameras: tuple[str, ...] = ("front",)
    difficulty: str = "medium"
    knobs: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def from_table(cls, table: object) -> SimulatedSource:
        """Check the table ``[simulation]`` of a recipe.

        Raises
        ------
        ConfigError
            If a key, camera, difficulty or knob is unknown, or not what it should be.
        """
        known = [each.name for each in fields(cls)]
        if not isinstance(table, dict):
            raise ConfigError(f"'simulation' must be a table, found {table!r}")
        if unknown := sorted(set(table) - set(known)):
            raise ConfigError(f"unknown key {unknown[0]!r} in [simulation]; it has {', '.join(known)}")
        for key in ("layout", "difficulty"):
            if not isinstance(table.get(key, ""), str):
                raise ConfigError(f"{key!r} in [simulation] must be a text, found {table[key]!r}")
        names = table.get("cameras", list(cls.cameras))
        if not isinstance(names, list) or not names or not set(map(str, names)) <= set(_cameras()):
            raise ConfigError(f"'cameras' in [simulation] must be some of {', '.join(_cameras())}, found {names!r}")
        knobs = table.get("knobs", {})
        if not isinstance(knobs, dict) or not all(isinstance(each, dict) for each in knobs.values()):
            raise ConfigError("'knobs' in [simulation] must hold a table for each difficulty")
        source = cls(**{**table, "cameras": tuple(names), "knobs": knobs})
        for difficulty in {source.difficulty, *knobs}:
            source.graded(difficulty)
        return source

    def graded(self, difficulty: str) -> Difficulty:
        """Return a difficulty with its knobs as they are here.

        Raises
        ------
        ConfigError
            If the difficulty or a knob is unknown, or a number out of its range.
        """
        base, changed = get_difficulty(difficulty), self.knobs.get(difficulty, {})
        known = [each.name for each in fields(Difficulty) if each.name != "sensor"]
        if unknown := sorted(set(changed) - set(known)):
            raise ConfigError(f"unknown knob {unknown[0]!r}; the knobs are {', '.join(known)}")
        return replace(base, **cast(dict[str, Any], changed))

    def walk(self, seed: int, progress: Progress | None = None) -> list[Recording]:
        """Return the clean recordings of a seed."""
        walks = simulate(
            self.people,
            self.recordings,
            seconds=self.seconds,
            fps=self.fps,
            layout=self.layout,
            seed=seed,
            difficulty=self.graded(self.difficulty),
            cameras=[_cameras()[name] for name in self.cameras],
            sessions=self.sessions,
            progress=progress,
        )
        return list(chain.from_iterable(map(clean, walks)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        knobs = {self.difficulty: asdict(self.graded(self.difficulty))}
        return {"simulation": asdict(self) | {"cameras": list(self.cameras), "knobs": knobs}}


def _cameras() -> dict[str, Camera]:
    return {camera.name: camera for camera in CAMERAS}
