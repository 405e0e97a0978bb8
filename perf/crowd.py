"""Scenes of several simulated walkers in front of one camera, with image positions and occlusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.simulation import Camera
from himpc.simulation.difficulty import Difficulty, get_difficulty
from himpc.simulation.kinematics import compute_stride, draw_stride_count, rotation_about_y
from himpc.simulation.walker import draw_walker, random_stream
from himpc.simulation.walks import SimulationSize
from himpc.skeleton import Layout, get_layout
from lens import Lens
from occlusion import BODY_JOINTS, occluded_by
from scenes import SCENES, SceneName, View, draw_trajectory

MIN_VISIBLE_SHARE = 0.5
"""Share of the joints that must lie in the image for a person to be present."""

_FIRST_STREAM = 1_000_000  # number of the first random stream of crowds: `simulate` does not get as far


@dataclass(frozen=True, eq=False)
class Crowd:
    """P people in F frames of one camera, with J joints each.

    Attributes
    ----------
    fps : float
        Frames a second.
    lens, camera : Lens, Camera
    layout : Layout
        The J joints.
    persons : tuple of str
        Names, such as ``person-007``.
    joints : float32 array ``(P, F, J, 3)``
        Positions in camera axes (x to the camera's left, y up, z ahead), metres; NaN where a person is absent.
    points : float32 array ``(P, F, J, 2)``
        Image positions in pixels, x right and y down, also outside of the image; NaN where absent or not ahead of the
        camera.
    occluded : bool array ``(P, F, J)``
        Whether the body of another person hides the joint. A person's own body hides nothing.
    present : bool array ``(P, F)``
        Whether at least `MIN_VISIBLE_SHARE` of the joints lie in the image, occluded or not.
    """

    fps: float
    lens: Lens
    camera: Camera
    layout: Layout
    persons: tuple[str, ...]
    joints: NDArray[np.float32] = field(repr=False)
    points: NDArray[np.float32] = field(repr=False)
    occluded: NDArray[np.bool_] = field(repr=False)
    present: NDArray[np.bool_] = field(repr=False)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """The time of each frame, ``(F,)``."""
        return np.arange(self.joints.shape[1]) / self.fps


def simulate_crowd(
    people: int = 4,
    seconds: float = 20.0,
    fps: float = 25.0,
    *,
    layout: str | FilePath | Layout = "mediapipe-33",
    seed: int = 0,
    difficulty: str | Difficulty = "easy",
    camera: Camera | None = None,
    lens: Lens | None = None,
    scene: SceneName = "crossing",
    persons: Sequence[int] | None = None,
) -> Crowd:
    """Simulate several people in front of one camera.

    Joints are exact: there is no sensor noise. People keep to their trajectories and walk through each other. For one
    seed, a person of one number and place in the scene walks the same however many others there are, except in the
    scenes `alone` and `beside`.

    Parameters
    ----------
    people : int
        Number of people.
    seconds, fps : float
        Duration, and frames a second.
    layout : str, path or Layout
        The joints.
    seed : int
        Any number from 0; person 7 of a seed is person 7 of `simulate`.
    difficulty : {"easy", "medium", "hard"} or Difficulty
        Differences between people and their changes on that day; trajectories and noise do not depend on it.
    camera : Camera, optional
        By default in front, 4.5 m from the middle. The scenes are designed for angle 0.
    lens : Lens, optional
        By default 1280 x 720 pixels, 65 degrees.
    scene : SceneName
        - ``crossing``: to and fro across the image, in lanes that overlap in the image.
        - ``passing``: pairs, of which one overtakes the other slowly, half a metre farther away.
        - ``leaving``: out of the image, and back after 1 to 10 s, from either side.
        - ``following``: a queue along the line of sight.
        - ``alone``: one person at a time; a person whose turn does not come is absent.
        - ``crowd``: loops at random places.
        - ``beside``: side by side towards the camera and back.
    persons : sequence of int, optional
        Numbers of the people, instead of the first `people`.

    Returns
    -------
    Crowd

    Raises
    ------
    ConfigError
        If a number is out of its range, the scene is unknown, a person is listed twice, or the result would take more
        than 8 GiB.
    LayoutError
        If the layout is unknown, or has a joint that cannot be simulated.

    Examples
    --------
    >>> crowd = simulate_crowd(people=3, seconds=2, scene="crossing")
    >>> crowd.persons, crowd.points.shape
    (('person-000', 'person-001', 'person-002'), (3, 50, 33, 2))
    """
    if scene not in SCENES:
        raise ConfigError(f"unknown scene {scene!r}, expected one of {', '.join(SCENES)}")
    size = SimulationSize(
        people=people if persons is None else len(persons),
        recordings=1,
        sessions=1,
        seconds=seconds,
        fps=fps,
        seed=seed,
    )
    numbers = tuple(range(people)) if persons is None else tuple(persons)
    if len(set(numbers)) != len(numbers) or min(numbers) < 0:
        raise ConfigError(f"persons is {list(numbers)}, expected different numbers from 0")
    layout = get_layout(layout)
    size.check_memory((len(layout) + len(BODY_JOINTS)) * 3 * np.dtype(np.float64).itemsize)
    camera, lens = camera or Camera("front"), lens or Lens(1280, 720, 65.0)
    view, clock = View(camera.distance, lens.slope), np.arange(size.frames) / fps
    stage = _Stage(layout, get_difficulty(difficulty), camera, view, scene, len(numbers), clock)
    walks = [stage.walk(seed, number, place) for place, number in enumerate(numbers)]
    joints = np.stack([of_layout for of_layout, _ in walks])
    occluded = np.zeros(joints.shape[:3], dtype=bool)
    for person in range(len(numbers)):
        for other, (_, body) in enumerate(walks):
            if other != person:
                occluded[person] |= occluded_by(joints[person], body)
    points = lens.project(joints).astype(np.float32)
    present = lens.contains(points).mean(axis=2) >= MIN_VISIBLE_SHARE
    names = tuple(f"person-{number:03d}" for number in numbers)
    return Crowd(fps, lens, camera, layout, names, joints.astype(np.float32), points, occluded, present)


@dataclass(frozen=True, eq=False)
class _Stage:
    """The settings that all walkers of a scene share."""

    layout: Layout
    difficulty: Difficulty
    camera: Camera
    view: View
    scene: SceneName
    people: int
    clock: NDArray[np.float64]

    def walk(self, seed: int, number: int, place: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a person's joints ``(F, J, 3)`` and `BODY_JOINTS` ``(F, B, 3)``, in camera axes."""
        walker = draw_walker(seed, number, self.difficulty)
        session = walker.session(0, self.difficulty)
        stride = compute_stride(walker.body, walker.gait, session, (*self.layout.joints, *BODY_JOINTS))
        rng = random_stream(seed, number, "recording", _FIRST_STREAM + SCENES.index(self.scene))
        trajectory = draw_trajectory(self.scene, place, self.people, self.view, rng)
        duration = stride.seconds if trajectory.pace is None else float(stride.advance[-1]) / trajectory.pace
        joints, walked = stride.sample(draw_stride_count(rng, self.clock, duration))
        position, heading, absent = trajectory.follow(walked, self.clock)
        world = np.einsum("fab,fjb->fja", rotation_about_y(heading), joints)
        world[:, :, [0, 2]] += position[:, None, :]
        positions = np.round(self.camera.to_camera_axes(world), 4)
        positions[absent] = np.nan
        return positions[:, : len(self.layout)], positions[:, len(self.layout) :]
