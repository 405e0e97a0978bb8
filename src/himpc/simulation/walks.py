"""Recordings of simulated walkers, one person each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from himpc._schema import validated
from himpc.errors import ConfigError
from himpc.recordings import Progress, Recording
from himpc.simulation.camera import Camera, choose_cameras
from himpc.simulation.difficulty import Difficulty, get_difficulty
from himpc.simulation.kinematics import Stride, compute_stride, draw_stride_count, rotation_about_y
from himpc.simulation.sensor import Sensor
from himpc.simulation.trajectories import draw_path
from himpc.simulation.walker import Walker, draw_walker, random_stream
from himpc.skeleton import Layout, get_layout

MAX_BYTES = 8 * 2**30
"""Memory that the result of one call may take."""

Count = Annotated[int, Field(ge=1)]


def simulate(
    people: int = 20,
    recordings: int = 4,
    *,
    seconds: float = 4.0,
    fps: float = 30.0,
    layout: str | Path | Layout = "kinect-v1",
    seed: int = 0,
    difficulty: str | Difficulty = "medium",
    cameras: int | Sequence[Camera] = 2,
    sessions: int = 2,
    sensor: Sensor | None = None,
    progress: Progress | None = None,
) -> list[Recording]:
    """Simulate recordings of walking people, seen by a depth camera with a skeleton tracker.

    The recordings of a person cycle through the sessions first, then through the cameras: with two of each, recordings
    0 to 3 are of session 1, session 2, session 1 and session 2, the first two from the first camera. For one seed, a
    person, session or recording of one number is the same however many others are simulated, and on every platform.

    Parameters
    ----------
    people, recordings : int
        Number of people, and of recordings of each.
    seconds, fps : float
        Duration of a recording, and frames a second.
    layout : str, path or Layout
        A layout of himpc, or another one with the same joint names.
    seed : int
        Any number from 0.
    difficulty : {"easy", "medium", "hard"} or Difficulty
        Noise of the sensor, and changes of a person between sessions.
    cameras : int or sequence of Camera
        Number of cameras of `himpc.simulation.CAMERAS`, or the cameras.
    sessions : int
        Number of sessions of each person.
    sensor : Sensor, optional
        Replaces the sensor of the difficulty; ``Sensor()`` is exact.
    progress : callable, optional
        Wraps the loop over people to show progress.

    Returns
    -------
    list of Recording
        Ordered by person; float32 ``(frames, J, 3)``, camera axes (x to the camera's left, y up, z ahead), metres,
        rounded to a tenth of a millimetre. A lost joint is NaN. Person (``person-007``), session (``session-1``),
        camera (``front``) and source (``simulated/person-007/session-1/front-0``) are set.

    Raises
    ------
    ConfigError
        If a number is out of its range, or the recordings would take more than 8 GiB.
    LayoutError
        If the layout is unknown, or has a joint that cannot be simulated.

    Examples
    --------
    >>> walks = simulate(people=2, recordings=2, seconds=1, difficulty="easy")
    >>> [(walk.person, walk.session, walk.camera, walk.joints.shape) for walk in walks][:2]
    [('person-000', 'session-1', 'front', (30, 20, 3)), ('person-000', 'session-2', 'front', (30, 20, 3))]
    """
    size = SimulationSize(people=people, recordings=recordings, sessions=sessions, seconds=seconds, fps=fps, seed=seed)
    difficulty = get_difficulty(difficulty)
    recorder = _Recorder(
        size, get_layout(layout), difficulty, difficulty.sensor if sensor is None else sensor, choose_cameras(cameras)
    )
    size.check_memory(len(recorder.layout) * 3 * np.dtype(np.float32).itemsize)
    walks: Iterator[list[Recording]] = (
        recorder.record(draw_walker(seed, number, difficulty)) for number in range(people)
    )
    if progress is not None:
        walks = iter(progress(walks, people, "simulating people"))
    return [recording for of_person in walks for recording in of_person]


@dataclass(frozen=True)
class _Recorder:
    """The settings that all recordings of one call share."""

    size: SimulationSize
    layout: Layout
    difficulty: Difficulty
    sensor: Sensor
    cameras: tuple[Camera, ...]

    def record(self, walker: Walker) -> list[Recording]:
        """Simulate all recordings of a person."""
        recordings, sessions = self.size.recordings, self.size.sessions
        strides = [
            compute_stride(walker.body, walker.gait, walker.session(number, self.difficulty), self.layout.joints)
            for number in range(min(sessions, recordings))
        ]
        return [self._record(walker, strides[number % sessions], number) for number in range(recordings)]

    def _record(self, walker: Walker, stride: Stride, number: int) -> Recording:
        size = self.size
        rng = random_stream(walker.seed, walker.number, "recording", number)
        camera = self.cameras[number // size.sessions % len(self.cameras)]
        session = f"session-{number % size.sessions + 1}"
        path = draw_path(rng, self.difficulty.headings, self.difficulty.curved)
        joints, walked = stride.sample(draw_stride_count(rng, np.arange(size.frames) / size.fps, stride.seconds))
        position, heading = path.follow(walked)
        turned = rotation_about_y(heading)
        world = np.einsum("fab,fjb->fja", turned, joints)
        world[:, :, [0, 2]] += position[:, None, :]
        measured = self.sensor.measure(
            camera.to_camera_axes(world), self.layout, fps=size.fps, turned=camera.axes @ turned, rng=rng
        )
        return Recording(
            joints=np.round(measured, 4).astype(np.float32),
            layout=self.layout,
            fps=size.fps,
            person=walker.name,
            session=session,
            camera=camera.name,
            source=f"simulated/{walker.name}/{session}/{camera.name}-{number}",
        )


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
