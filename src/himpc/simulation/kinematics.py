"""Kinematics of one stride: from joint angles to joint positions.

Axes: x to the walker's left, y up from the floor, z forward; the walker stays on the line x = 0. The joint angles are
those of the person's curves. The motion of the pelvis follows from them: its height keeps the soles that carry the
weight on the floor, and its speed is the one at which these soles do not slide. So walking speed is step length times
cadence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.simulation.anthropometry import SIDES, Body
from himpc.simulation.gait import Gait, Session
from himpc.simulation.landmarks import LANDMARKS, segment_lengths

Array = NDArray[np.float64]

PHASES = 128
"""Phases at which a stride is computed; interpolation between them has an error of half a millimetre."""

_CONTACT_HEIGHT = 0.006  # metres: points of a sole whose heights differ by less share the weight
_TOE_CLEARANCE = 0.012  # metres between the toes and the floor in swing: Winter, Physical Therapy 72 (1992) 45-53
_SURGE_REDUCTION = 0.8  # share of the uneven forward motion of the pelvis that is removed
_BALL, _HEEL, _TIP = 0.47, -0.22, 0.72  # positions along the sole from below the ankle, in foot lengths
_STRIDE_JITTER = 0.004  # strides that a walker is ahead of or behind an even cadence


def _smoothstep(phase: Array, start: float, end: float) -> Array:
    """Rise smoothly from 0 before `start` to 1 after `end`."""
    x = np.clip((phase - start) / (end - start), 0.0, 1.0)
    return x * x * (3 - 2 * x)


# Swing of the left and the right foot, from 0 on the floor to 1 free of it, and the share of the weight that each
# carries, ``(PHASES, 2)``. Stance lasts 62 % of the stride, double support 12 % twice (Murray 1964).
_OF_SIDES = [np.arange(PHASES) / PHASES, (np.arange(PHASES) / PHASES + 0.5) % 1.0]
_SWING = np.stack([_smoothstep(phase, 0.62, 0.66) * (1 - _smoothstep(phase, 0.95, 1.0)) for phase in _OF_SIDES], axis=1)
_SUPPORT = np.stack([_smoothstep(phase, 0.0, 0.12) - _smoothstep(phase, 0.5, 0.62) for phase in _OF_SIDES], axis=1)


@dataclass(frozen=True)
class Stride:
    """One stride of one walker."""

    joints: Array
    """Positions in metres relative to the point on the floor under the pelvis, ``(PHASES, J, 3)``; phase 0 is the left
    heel strike."""
    advance: Array
    """Distance that the pelvis has moved since phase 0, ``(PHASES + 1,)``, metres; the last value is the stride
    length."""
    seconds: float
    """Duration."""

    @property
    def speed(self) -> float:
        """Mean walking speed in metres a second."""
        return float(self.advance[-1]) / self.seconds

    def sample(self, strides: Array) -> tuple[Array, Array]:
        """Return joints ``(n, J, 3)`` and distance walked ``(n,)`` in metres after numbers of strides ``(n,)``."""
        whole = np.floor(strides)
        position = (strides - whole) * PHASES
        before = np.minimum(position.astype(np.intp), PHASES - 1)
        part = position - before
        after = (before + 1) % PHASES
        joints = self.joints[before] * (1 - part)[:, None, None] + self.joints[after] * part[:, None, None]
        walked = self.advance[before] * (1 - part) + self.advance[before + 1] * part
        return joints, whole * self.advance[-1] + walked


def compute_stride(body: Body, gait: Gait, session: Session, joints: Sequence[str]) -> Stride:
    """Compute one stride of a person in a session.

    Parameters
    ----------
    body : Body
    gait : Gait
        The person's usual gait.
    session : Session
        Changes the gait; its shoes lift the ankle and lengthen the foot.
    joints : sequence of str
        Names of the J joints, as in the layouts.

    Raises
    ------
    LayoutError
        If a joint cannot be simulated.
    """
    if unknown := [name for name in joints if name not in LANDMARKS]:
        raise LayoutError(
            f"cannot simulate the joints {', '.join(unknown)}, expected some of {', '.join(sorted(LANDMARKS))}"
        )
    gait = gait.in_session(session)
    lengths = segment_lengths(body, session.shoe)
    segments = _segments(body, gait, session, np.zeros((PHASES, 3)))
    correction = _balance_correction(_sole_points(segments, lengths, session), body)
    segments = _segments(body, gait, session, correction)
    places = [LANDMARKS[name] for name in joints]
    offsets = np.array([(p.x, p.y, p.z) for p in places]) * [[lengths[p.segment]] for p in places]
    origins = np.stack([segments[p.segment][0] for p in places], axis=1)
    turns = np.stack([segments[p.segment][1] for p in places], axis=1)
    positions = origins + np.einsum("pjab,jb->pja", turns, offsets)

    height, speed = _pelvis_motion(_sole_points(segments, lengths, session))
    positions[:, :, 1] += height[:, None]
    advance = np.concatenate([[0.0], np.cumsum((speed + np.roll(speed, -1)) / 2) / PHASES])
    return Stride(positions, advance, seconds=120.0 / gait.cadence)


def draw_stride_count(rng: np.random.Generator, seconds: Array, stride_seconds: float) -> Array:
    """Draw the number of strides made at each time ``(frames,)``; people do not keep an exactly even cadence."""
    start, slow, fast = (float(value) for value in rng.random(3))
    strides = start + seconds / stride_seconds
    wander = np.sin(2 * np.pi * (0.23 * seconds + slow)) + 0.5 * np.sin(2 * np.pi * (0.61 * seconds + fast))
    return strides + _STRIDE_JITTER * wander


Segments = dict[str, tuple[Array, Array]]
"""By segment, its origin ``(P, 3)`` and axes ``(P, 3, 3)`` at each phase."""


def _segments(body: Body, gait: Gait, session: Session, correction: Array) -> Segments:
    """Compute all segments, with the mid-point of the hips at height 0.

    `correction` ``(P, 3)`` is added, in radians, to the flexion of both hips and to the pitch of the left and the right
    foot.
    """
    phase = np.arange(PHASES) / PHASES
    wave = np.cos(2 * np.pi * phase)
    pelvis_turn = np.radians(gait.pelvis_turn) * wave
    trunk_turn = pelvis_turn - np.radians(gait.trunk_turn) * wave
    pelvis_list = np.radians(gait.pelvis_list) * np.cos(2 * np.pi * (phase - 0.12))
    nod = np.radians(1.0) * np.cos(4 * np.pi * phase)
    lean = np.radians(gait.lean) + nod
    side_lean = np.radians(gait.side_lean) + 0.3 * pelvis_list

    hips = np.zeros((PHASES, 3))
    hips[:, 0] = gait.sway * np.cos(2 * np.pi * (phase - 0.30))
    pelvis = rotation_about_y(-pelvis_turn) @ _about_z(pelvis_list)
    trunk = rotation_about_y(-trunk_turn) @ _about_z(-side_lean) @ _about_x(lean)
    head = (
        rotation_about_y(-0.3 * trunk_turn) @ _about_z(-0.5 * side_lean) @ _about_x(0.5 * lean + np.radians(gait.head))
    )
    top = hips + trunk @ [0.0, body.trunk, 0.0]
    segments: Segments = {"pelvis": (hips, pelvis), "trunk": (hips, trunk), "head": (top, head)}
    for side in range(len(SIDES)):
        own = (phase + 0.5 * side) % 1.0
        segments |= _leg(body, gait, session, side, own, hips, pelvis, correction[:, [0, 1 + side]])
        sign = 1 - 2 * side
        hang = [sign * body.shoulders / 2, gait.shoulders_up, gait.shoulders_forward]
        segments |= _arm(body, gait, side, own, top + trunk @ hang, rotation_about_y(-trunk_turn))
    return segments


def _leg(
    body: Body, gait: Gait, session: Session, side: int, phase: Array, hips: Array, pelvis: Array, correction: Array
) -> Segments:
    """Compute thigh, shank, foot, sole and toes; each foot stays on its own line beside the path."""
    name, sign = SIDES[side], 1 - 2 * side
    thigh, shank, foot = body.thigh[side], body.shank[side], body.foot[side] * session.shoe
    flexion = gait.styles["hip"][side].angles("hip", phase) + correction[:, 0]
    knee = np.maximum(gait.styles["knee"][side].angles("knee", phase), 0.0)
    shin = flexion - knee
    # From foot flat to heel rise the floor keeps the foot level, whatever the angle of the ankle.
    level = _smoothstep(phase, 0.02, 0.10) * (1 - _smoothstep(phase, 0.34, 0.48))
    pitch = (shin + gait.styles["ankle"][side].angles("ankle", phase)) * (1 - level)
    pitch = pitch + correction[:, 1] - np.arctan(session.heel / ((_BALL - _HEEL) * foot))
    bent = _smoothstep(phase, 0.12, 0.30) * (1 - _smoothstep(phase, 0.60, 0.75))  # toes stay on the floor until toe-off

    hip = hips + pelvis @ [sign * body.hips / 2, 0.0, 0.0]
    reach = thigh * np.cos(flexion) + shank * np.cos(shin)
    splay = np.arctan((sign * gait.step_width / 2 - hip[:, 0]) / reach)
    thigh_axes = _about_z(splay) @ _about_x(-flexion)
    shank_axes = _about_z(splay) @ _about_x(-shin)
    heading = rotation_about_y(np.full(PHASES, sign * np.radians(gait.toe_out[side])))
    foot_axes = heading @ _about_x(-pitch)
    toe_axes = heading @ _about_x(-pitch * (1 - bent))

    knee_at = hip + thigh_axes @ [0.0, -thigh, 0.0]
    ankle_at = knee_at + shank_axes @ [0.0, -shank, 0.0]
    sole_at = ankle_at + foot_axes @ [0.0, -body.ankle - session.sole, 0.0]
    toes_at = sole_at + foot_axes @ [0.0, 0.0, _BALL * foot]
    return {
        f"{name}_thigh": (hip, thigh_axes),
        f"{name}_shank": (knee_at, shank_axes),
        f"{name}_foot": (ankle_at, foot_axes),
        f"{name}_sole": (sole_at, foot_axes),
        f"{name}_toes": (toes_at, toe_axes),
    }


def _arm(body: Body, gait: Gait, side: int, phase: Array, shoulder: Array, trunk: Array) -> Segments:
    """Compute upper arm, forearm and hand; arms hang down at any inclination of the trunk."""
    name, sign = SIDES[side], 1 - 2 * side
    swing = gait.styles["shoulder"][side].angles("shoulder", phase)
    elbow = np.maximum(gait.styles["elbow"][side].angles("elbow", phase), np.radians(2.0))
    out = _about_z(np.full(PHASES, sign * np.radians(gait.arms_out[side])))
    inward = rotation_about_y(np.full(PHASES, -sign * np.radians(15.0)))
    upper_axes = trunk @ out @ _about_x(-swing)
    fore_axes = upper_axes @ inward @ _about_x(-elbow)
    elbow_at = shoulder + upper_axes @ [0.0, -body.upper_arm[side], 0.0]
    wrist_at = elbow_at + fore_axes @ [0.0, -body.forearm[side], 0.0]
    return {
        f"{name}_upper_arm": (shoulder, upper_axes),
        f"{name}_forearm": (elbow_at, fore_axes),
        f"{name}_hand": (wrist_at, fore_axes),
    }


def _sole_points(segments: Segments, lengths: dict[str, float], session: Session) -> Array:
    """Return the positions of heel, ball and toe tip of both soles, ``(P, 6, 3)``."""
    points = []
    for name in SIDES:
        foot = lengths[f"{name}_sole"]
        sole_at, foot_axes = segments[f"{name}_sole"]
        toes_at, toe_axes = segments[f"{name}_toes"]
        points += [
            sole_at + foot_axes @ [0.0, -session.heel, _HEEL * foot],
            toes_at,
            toes_at + toe_axes @ [0.0, 0.0, (_TIP - _BALL) * foot],
        ]
    return np.stack(points, axis=1)


def _pelvis_motion(points: Array) -> tuple[Array, Array]:
    """Return the height ``(P,)`` of the hips at which the soles are on the floor, and the speed in metres a stride."""
    heights = points[:, :, 1].reshape(PHASES, 2, 3)
    shares = np.exp((heights.min(axis=2, keepdims=True) - heights) / _CONTACT_HEIGHT)
    shares *= (_SUPPORT / shares.sum(axis=2))[:, :, None]
    weights = shares.reshape(PHASES, 6)
    speeds = (np.roll(points[:, :, 2], 1, axis=0) - np.roll(points[:, :, 2], -1, axis=0)) * (PHASES / 2)
    return -(weights * points[:, :, 1]).sum(axis=1), (weights * speeds).sum(axis=1)


def _balance_correction(points: Array, body: Body) -> Array:
    """Return small rotations ``(P, 3)`` of hips, left foot and right foot, as a person's balance makes them.

    Joint curves that are drawn independently move the pelvis unevenly and let the swinging foot touch the floor. People
    move their pelvis evenly and lift their toes a centimetre off the floor. So most of the surge is removed at the
    hips, and the toes of a low foot are lifted at the ankle.
    """
    height, speed = _pelvis_motion(points)
    surge = np.cumsum(speed - speed.mean()) / PHASES
    low = (points[:, :, 1] + height[:, None]).reshape(PHASES, 2, 3).min(axis=2)
    lift = np.maximum(_TOE_CLEARANCE * _SWING - low, 0.0)
    lift = sum((np.roll(lift, shift, axis=0) for shift in range(-4, 5)), start=np.zeros_like(lift)) / 9
    return np.column_stack([_SURGE_REDUCTION * (surge - surge.mean()) / body.leg, lift / (_TIP * min(body.foot))])


def _about_x(angle: Array) -> Array:
    return _rotation(angle, 1, 2)


def rotation_about_y(angle: Array) -> Array:
    """Return the matrices ``(P, 3, 3)`` of rotations about the vertical axis, from z towards x, in radians."""
    return _rotation(angle, 2, 0)


def _about_z(angle: Array) -> Array:
    return _rotation(angle, 0, 1)


def _rotation(angle: Array, first: int, second: int) -> Array:
    """Return the matrices ``(P, 3, 3)`` that rotate axis `first` towards axis `second`."""
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, range(3), range(3)] = 1.0
    matrix[:, first, first] = matrix[:, second, second] = cosine
    matrix[:, second, first], matrix[:, first, second] = sine, -sine
    return matrix
