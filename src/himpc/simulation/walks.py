"""Recordings of simulated walkers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.recordings.progress import Progress
from himpc.recordings.recording import Recording
from himpc.simulation.camera import Camera, choose_cameras, draw_path
from himpc.simulation.difficulty import Difficulty, get_difficulty
from himpc.simulation.kinematics import Stride, stride
from himpc.simulation.knobs import check_number, check_whole
from himpc.simulation.sensor import Sensor
from himpc.simulation.walker import Walker, draw_walker, stream
from himpc.skeleton import Layout, get_layout

__all__ = ["MAX_BYTES", "MAX_SECONDS", "beat", "headed", "simulate"]

MAX_BYTES = 8 * 2**30
"""The most memory that the recordings of one call may take."""

MAX_SECONDS = 3600.0
"""The longest recording."""

_STEADINESS = 0.004  # strides: how far ahead of or behind an even beat people get


def simulate(
    people: int = 20,
    recordings: int = 4,
    *,
    seconds: float = 4.0,
    fps: float = 30.0,
    layout: str | FilePath | Layout = "kinect-v1",
    seed: int = 0,
    difficulty: str | Difficulty = "medium",
    cameras: int | Sequence[Camera] = 2,
    sessions: int = 2,
    sensor: Sensor | None = None,
    progress: Progress | None = None,
) -> list[Recording]:
    """Make recordings of simulated walkers: bodies, gaits, cameras and a depth sensor, all from one seed.

    The recordings of a person go through the sessions first, then through the cameras: with two of each, recordings 0
    to 3 are session 1, session 2, session 1, session 2, the first two from the first camera. A person, session or
    recording of one number and seed is the same however many others are asked for, and (rounded to a tenth of a
    millimetre) the same on every platform.

    Parameters
    ----------
    people, recordings : int
        How many people, and recordings of each.
    seconds, fps : float
        Length of a recording, and frames a second.
    layout : str, path or Layout
        The joints wanted: a layout that comes with himpc, or one of yours that uses the same joint names.
    seed : int
        Any number from 0.
    difficulty : {"easy", "medium", "hard"} or Difficulty
        How noisy the sensor is, and how much a person changes between sessions.
    cameras : int or sequence of Camera
        How many of the cameras that stand ready, or your own.
    sessions : int
        How many sessions each person's recordings are spread over.
    sensor : Sensor, optional
        In place of the difficulty's; ``Sensor()`` is a perfect one.
    progress : callable, optional
        Wraps the loop over people to show how far it is.

    Returns
    -------
    list of Recording
        Person after person; float32 ``(frames, J, 3)``, camera axes (x to the camera's left, y up, z ahead), metres. A
        lost joint is NaN. Person (``person-007``), session (``session-1``), camera (``front``) and source
        (``simulated/person-007/session-1/front-0``) are filled in.

    Raises
    ------
    ConfigError
        If a number is out of its range, or the recordings would take more than 8 GiB.
    LayoutError
        If the layout is unknown, or has a joint that the simulator does not know.

    Examples
    --------
    >>> walks = simulate(people=2, recordings=2, seconds=1, difficulty="easy")
    >>> [(walk.person, walk.session, walk.camera, walk.joints.shape) for walk in walks][:2]
    [('person-000', 'session-1', 'front', (30, 20, 3)), ('person-000', 'session-2', 'front', (30, 20, 3))]
    """
    knobs = get_difficulty(difficulty)
    scene = _Scene(
        layout=get_layout(layout),
        difficulty=knobs,
        sensor=knobs.sensor if sensor is None else sensor,
        cameras=choose_cameras(cameras),
        sessions=sessions,
        frames=_check(people, recordings, sessions, seconds, fps, seed),
        fps=fps,
    )
    scene.check_size(people * recordings)
    made: Iterator[list[Recording]] = (
        scene.record(draw_walker(seed, number, knobs), recordings) for number in range(people)
    )
    walks = made if progress is None else progress(made, people, "simulating people")
    return [recording for walk in walks for recording in walk]


@dataclass(frozen=True)
class _Scene:
    """What all recordings of one call share."""

    layout: Layout
    difficulty: Difficulty
    sensor: Sensor
    cameras: tuple[Camera, ...]
    sessions: int
    frames: int
    fps: float

    def check_size(self, count: int) -> None:
        """Refuse what would not fit into memory, before any of it is taken."""
        size = count * self.frames * len(self.layout) * 3 * np.dtype(np.float32).itemsize
        if size > MAX_BYTES:
            raise ConfigError(
                f"{count} recordings of {self.frames} frames take {size / 2**30:.1f} GiB, more than "
                f"{MAX_BYTES / 2**30:.0f}; ask for fewer people, recordings or seconds"
            )

    def record(self, walker: Walker, recordings: int) -> list[Recording]:
        """Return a person's recordings."""
        walks = []
        for number in range(min(self.sessions, recordings)):
            session = walker.session(number, self.difficulty)
            walks.append(stride(walker.body, walker.gait.on(session), session, self.layout.joints))
        return [self._walk(walker, walks[number % self.sessions], number) for number in range(recordings)]

    def _walk(self, walker: Walker, step: Stride, number: int) -> Recording:
        rng = stream(walker.seed, walker.number, "recording", number)
        camera = self.cameras[number // self.sessions % len(self.cameras)]
        session = f"session-{number % self.sessions + 1}"
        path = draw_path(rng, self.difficulty.headings, self.difficulty.curved)
        joints, way = step.at(beat(rng, np.arange(self.frames) / self.fps, step.seconds))
        place, heading = path.follow(way)
        turned = headed(heading)
        world = np.einsum("fab,fjb->fja", turned, joints)
        world[:, :, [0, 2]] += place[:, None, :]
        measured = self.sensor.measure(
            camera.to_camera_axes(world), self.layout, fps=self.fps, turned=camera.axes @ turned, rng=rng
        )
        return Recording(
            joints=np.round(measured, 4).astype(np.float32),
            layout=self.layout,
            fps=self.fps,
            person=walker.name,
            session=session,
            camera=camera.name,
            source=f"simulated/{walker.name}/{session}/{camera.name}-{number}",
        )


def beat(rng: np.random.Generator, seconds: NDArray[np.float64], stride_seconds: float) -> NDArray[np.float64]:
    """Return how many strides were made at each time ``(frames,)``; nobody keeps an even beat."""
    start, slow, fast = (float(value) for value in rng.random(3))
    strides = start + seconds / stride_seconds
    wander = np.sin(2 * np.pi * (0.23 * seconds + slow)) + 0.5 * np.sin(2 * np.pi * (0.61 * seconds + fast))
    return strides + _STEADINESS * wander


def headed(heading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the walker's axes in the world, ``(frames, 3, 3)``, for headings ``(frames,)`` in radians."""
    cosine, sine = np.cos(heading), np.sin(heading)
    axes = np.zeros((len(heading), 3, 3))
    axes[:, 0, 0] = axes[:, 2, 2] = cosine
    axes[:, 0, 2], axes[:, 2, 0] = sine, -sine
    axes[:, 1, 1] = 1.0
    return axes


def _check(people: int, recordings: int, sessions: int, seconds: float, fps: float, seed: int) -> int:
    """Return the number of frames of a recording, having looked at all the numbers."""
    check_whole("people", people, 1)
    check_whole("recordings", recordings, 1)
    check_whole("sessions", sessions, 1)
    check_whole("seed", seed, 0)
    check_number("seconds", seconds, 0.0, MAX_SECONDS)
    check_number("fps", fps, 1.0, 1000.0)
    frames = round(seconds * fps)
    if frames < 1:
        raise ConfigError(f"seconds is {seconds!r}, too short for a frame at {fps:g} frames a second; ask for more")
    return frames
