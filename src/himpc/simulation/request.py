"""The sizes that a simulation is asked for, checked before any memory is taken."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from himpc._schema import validated
from himpc.errors import ConfigError

__all__ = ["MAX_BYTES", "SimulationSize"]

MAX_BYTES = 8 * 2**30
"""Memory that the result of one call may take."""

Count = Annotated[int, Field(ge=1)]


@validated
class SimulationSize:
    """How many people and recordings are simulated, for how long, and from which seed.

    Raises
    ------
    ConfigError
        If a number is out of its range, or a recording is shorter than a frame.
    """

    people: Count
    recordings: Count
    sessions: Count
    seconds: Annotated[float, Field(gt=0, le=3600)]
    fps: Annotated[float, Field(ge=1, le=1000)]
    seed: Annotated[int, Field(ge=0)]

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ConfigError(
                f"seconds is {self.seconds:g}, too short for a frame at {self.fps:g} frames a second",
                hint="increase {seconds}",
            )

    @property
    def frames(self) -> int:
        """Frames of a recording."""
        return round(self.seconds * self.fps)

    def check_memory(self, bytes_per_frame: int) -> None:
        """Raise ConfigError if all recordings together would take more than `MAX_BYTES`."""
        count = self.people * self.recordings
        size = count * self.frames * bytes_per_frame
        if size > MAX_BYTES:
            raise ConfigError(
                f"{count} recordings of {self.frames} frames take {size / 2**30:.1f} GiB, more than "
                f"{MAX_BYTES / 2**30:.0f} GiB",
                hint="decrease {people}, {recordings} or {seconds}",
            )
