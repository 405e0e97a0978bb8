"""Several simulated walkers before one camera: where each is, in the room and in the picture, and who hides whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.simulation.camera import Camera
from himpc.simulation.difficulty import Difficulty, get_difficulty
from himpc.simulation.kinematics import stride
from himpc.simulation.knobs import check_number, check_whole
from himpc.simulation.lens import Lens
from himpc.simulation.occlusion import SOLID, behind
from himpc.simulation.trajectories import SCENES, Room, SceneName, draw_route
from himpc.simulation.walker import draw_walker, stream
from himpc.simulation.walks import MAX_BYTES, MAX_SECONDS, beat, headed
from himpc.skeleton import Layout, get_layout

__all__ = ["MIN_SHARE", "Crowd", "simulate_crowd"]

MIN_SHARE = 0.5
"""Share of the joints that must be in the picture for somebody to be present."""

_RECORDING = 1_000_000  # streams of crowds are numbered from here, so that they are none of `simulate`


@dataclass(frozen=True, eq=False)
class Crowd:
    """Several people before one camera; P people, F frames, J joints.

    Attributes
    ----------
    fps : float
        Frames a second.
    lens, camera : Lens, Camera
        What sees them.
    layout : Layout
        The J joints.
    persons : tuple of str
        Their names, ``person-007``.
    joints : float32 array ``(P, F, J, 3)``
        Camera axes (x to the camera's left, y up, z ahead), metres; NaN where somebody is absent.
    points : float32 array ``(P, F, J, 2)``
        Where the joints are in the picture, pixels, x right and y down, also outside of it; NaN where absent or not in
        front of the camera.
    occluded : bool array ``(P, F, J)``
        Joints behind somebody else's body; one's own body hides nothing here.
    present : bool array ``(P, F)``
        Whether somebody is there, with at least `MIN_SHARE` of the joints in the picture, hidden or not.
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
        """When each frame was taken, ``(F,)``."""
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
    """Make a scene of several walkers, all from one seed.

    The joints are exact: no sensor stands between. People keep to their ways and walk through whoever is in it. A
    person of one number, place in the scene and seed walks the same however many others there are (in `alone` the
    others say when it is whose turn).

    Parameters
    ----------
    people : int
        How many.
    seconds, fps : float
        How long, and frames a second.
    layout : str, path or Layout
        The joints wanted.
    seed : int
        Any number from 0; its person 7 is person 7 of `simulate`.
    difficulty : {"easy", "medium", "hard"} or Difficulty
        How much people differ, and how they are that day; it has no say in the ways and no noise here.
    camera : Camera, optional
        Where it stands; else in front, 4.5 m from the middle. The scenes are laid out for angle 0.
    lens : Lens, optional
        The picture; else 1280 x 720 pixels, 65 degrees.
    scene : SceneName
        ``crossing``: to and fro across the picture in lanes of their own, crossing each other's way in the picture
        again and again. ``passing``: in pairs, one overtakes the other slowly, half a metre farther away.
        ``leaving``: out of the picture and back after 1 to 10 s, from either side. ``following``: one behind another
        along the line of sight. ``alone``: one after the other through the picture, again
        and again; who gets no turn in these seconds is absent. ``crowd``: loops
        here and there.
    persons : sequence of int, optional
        The numbers of the people, in place of the first `people`.

    Returns
    -------
    Crowd

    Raises
    ------
    ConfigError
        If a number is out of its range, the scene unknown, a person named twice, or all would take more than 8 GiB.
    LayoutError
        If the layout is unknown, or has a joint that the simulator does not know.

    Examples
    --------
    >>> crowd = simulate_crowd(people=3, seconds=2, scene="crossing")
    >>> crowd.persons, crowd.points.shape
    (('person-000', 'person-001', 'person-002'), (3, 50, 33, 2))
    """
    numbers = tuple(range(people)) if persons is None and _is_count(people) else tuple(persons or ())
    kinds, plan = get_layout(layout), get_difficulty(difficulty)
    frames = _check(numbers, seconds, fps, seed, scene, len(kinds))
    camera, lens = camera or Camera("front"), lens or Lens(1280, 720, 65.0)
    room = Room(camera.distance, lens.slope, seconds)
    floor = _Floor(kinds, plan, camera, room, scene, len(numbers), np.arange(frames) / fps)
    seen = [floor.walk(seed, number, place) for place, number in enumerate(numbers)]
    joints = np.stack([each for each, _ in seen])
    points = lens.project(joints).astype(np.float32)
    hidden = np.zeros(joints.shape[:3], dtype=bool)
    for one in range(len(numbers)):
        for other in range(len(numbers)):
            if other != one:
                hidden[one] |= behind(joints[one], seen[other][1])
    present = lens.contains(points).mean(axis=2) >= MIN_SHARE
    names = tuple(f"person-{number:03d}" for number in numbers)
    return Crowd(fps, lens, camera, kinds, names, joints.astype(np.float32), points, hidden, present)


@dataclass(frozen=True, eq=False)
class _Floor:
    """What all walkers of one call share."""

    layout: Layout
    difficulty: Difficulty
    camera: Camera
    room: Room
    scene: SceneName
    people: int
    clock: NDArray[np.float64]

    def walk(self, seed: int, number: int, place: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return somebody's joints ``(F, J, 3)`` and those that make the body solid ``(F, S, 3)``, in camera axes."""
        walker = draw_walker(seed, number, self.difficulty)
        session = walker.session(0, self.difficulty)
        step = stride(walker.body, walker.gait.on(session), session, (*self.layout.joints, *SOLID))
        rng = stream(seed, number, "recording", _RECORDING + SCENES.index(self.scene))
        route = draw_route(self.scene, place, self.people, self.room, rng)
        lasting = step.seconds if route.pace is None else float(step.advance[-1]) / route.pace
        joints, way = step.at(beat(rng, self.clock, lasting))
        floor, heading, absent = route.follow(way, self.clock)
        world = np.einsum("fab,fjb->fja", headed(heading), joints)
        world[:, :, [0, 2]] += floor[:, None, :]
        seen = np.round(self.camera.to_camera_axes(world), 4)
        seen[absent] = np.nan
        return seen[:, : len(self.layout)], seen[:, len(self.layout) :]


def _is_count(people: object) -> bool:
    check_whole("people", people, 1)
    return True


def _check(numbers: Sequence[int], seconds: float, fps: float, seed: int, scene: str, joints: int) -> int:
    """Return the number of frames, having looked at all the numbers."""
    for number in numbers:
        check_whole("a number of persons", number, 0)
    if not numbers or len(set(numbers)) != len(numbers):
        raise ConfigError(f"persons is {list(numbers)}, expected the numbers of one person or more, each once")
    if scene not in SCENES:
        raise ConfigError(f"unknown scene {scene!r}: choose one of {', '.join(SCENES)}")
    check_whole("seed", seed, 0)
    check_number("seconds", seconds, 0.0, MAX_SECONDS)
    check_number("fps", fps, 1.0, 1000.0)
    frames = round(seconds * fps)
    if frames < 1:
        raise ConfigError(f"seconds is {seconds!r}, too short for a frame at {fps:g} frames a second; ask for more")
    size = len(numbers) * frames * (joints + len(SOLID)) * 3 * np.dtype(np.float64).itemsize
    if size > MAX_BYTES:
        raise ConfigError(
            f"{len(numbers)} people in {frames} frames take {size / 2**30:.1f} GiB, more than {MAX_BYTES / 2**30:.0f}; "
            "ask for fewer people or seconds"
        )
    return frames
