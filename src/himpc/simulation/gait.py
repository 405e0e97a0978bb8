"""How one person walks, and how that changes from session to session.

Sources of the means and of the spread between people
-----------------------------------------------------
Cadence and step width: Murray, Drought and Kory, Journal of Bone and Joint Surgery 46-A (1964) 335-360 (men); Hageman
and Blanke, Physical Therapy 66 (1986) 1382-1387 (women). Pelvis: Kadaba, Ramakrishnan and Wootten, Journal of
Orthopaedic Research 8 (1990) 383-392. Trunk: Crosbie, Vachalathiti and Smith, Gait & Posture 5 (1997) 6-12. Speed
changes step length and cadence alike (constant walk ratio): Sekiya et al., Journal of Human Movement Studies 30 (1996)
241-257. That low mood slumps the trunk, widens the sway and stills the arms: Michalak et al., Psychosomatic Medicine 71
(2009) 580-587. Means approximate what these papers report. The spread of posture and of the curves' shapes, and how far
a bag or a mood changes a walk, are our own choices, of the size of the differences between people in these papers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from himpc.simulation.anthropometry import Body, Sides
from himpc.simulation.joint_angles import CURVES, Curve, fourier, series

__all__ = ["Gait", "Load", "Session", "Style", "draw_gait", "draw_session"]

Load = Literal["none", "left", "right", "back"]


@dataclass(frozen=True)
class Style:
    """How a person's joint curve differs from the mean one.

    Attributes
    ----------
    gain : float
        Factor of the curve's amplitude about its mean.
    delay : float
        Shift in strides.
    offset : float
        Added to the angle, degrees.
    ripple : tuple of complex
        Added to harmonics 1, 2 and 3, degrees: the person's own shape.
    """

    gain: float
    delay: float
    offset: float
    ripple: tuple[complex, complex, complex]

    def angles(self, curve: Curve, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the joint angle in radians at phases ``(P,)`` in strides of the same side."""
        coefficients = series(curve).copy()
        coefficients[1:] *= self.gain
        coefficients[0] += self.offset
        coefficients[1:4] += np.asarray(self.ripple)
        return np.radians(fourier(coefficients, phase - self.delay))


@dataclass(frozen=True)
class Gait:
    """How a person walks. Angles in degrees, lengths in metres, pairs are (left, right).

    Attributes
    ----------
    cadence : float
        Steps a minute.
    styles : dict
        For each joint curve, the style of the left and of the right side.
    pelvis_turn, pelvis_list : float
        Amplitude of pelvic rotation about the vertical and of obliquity.
    sway : float
        Amplitude of the pelvis' sideways motion.
    step_width : float
        Distance between the lines of the two ankles.
    toe_out : (float, float)
        Foot progression angle.
    trunk_turn : float
        Amplitude of the shoulder girdle's rotation against the pelvis.
    lean, side_lean : float
        Trunk forward, and to the left.
    head : float
        Head carried forward of the trunk's line.
    shoulders_up, shoulders_forward : float
        Carriage of the shoulders, metres.
    arms_out : (float, float)
        Abduction of the upper arms.
    """

    cadence: float
    styles: dict[Curve, tuple[Style, Style]]
    pelvis_turn: float
    pelvis_list: float
    sway: float
    step_width: float
    toe_out: Sides
    trunk_turn: float
    lean: float
    side_lean: float
    head: float
    shoulders_up: float
    shoulders_forward: float
    arms_out: Sides

    def swinging(self, curve: Curve, left: float, right: float) -> Gait:
        """Return the gait with the amplitude of a curve multiplied on each side."""
        sides = (
            replace(style, gain=style.gain * factor, ripple=_scaled(style.ripple, factor))
            for style, factor in zip(self.styles[curve], (left, right), strict=True)
        )
        first, second = sides
        return replace(self, styles={**self.styles, curve: (first, second)})

    def on(self, session: Session) -> Gait:
        """Return the gait in a session: its speed, mood and load."""
        pace = float(np.sqrt(session.speed))
        lively = 1 + 0.12 * session.mood
        gait = self.swinging("hip", pace, pace).swinging("shoulder", pace * lively, pace * lively)
        left, right, back = (session.load == place for place in ("left", "right", "back"))
        held = 0.35
        gait = gait.swinging("shoulder", held if left else 1.0, held if right else 1.0)
        gait = gait.swinging("elbow", held if left else 1.0, held if right else 1.0)
        return replace(
            gait,
            cadence=self.cadence * pace,
            sway=self.sway * (1 - 0.1 * session.mood),
            lean=self.lean - 1.5 * session.mood + 5.0 * back,
            side_lean=self.side_lean + 3.0 * right - 3.0 * left,
            head=self.head - 3.0 * session.mood + 3.0 * back,
            shoulders_up=self.shoulders_up + 0.01 * (left or right),
            shoulders_forward=self.shoulders_forward - 0.006 * session.mood,
        )


@dataclass(frozen=True)
class Session:
    """What is different on another day.

    Attributes
    ----------
    speed : float
        Walking speed over the person's usual one.
    mood : float
        In standard deviations: below 0 slumped, with little arm swing; above 0 upright and lively.
    sole, heel : float
        Height of the shoe under the ball of the foot, and how much more under the heel, metres.
    shoe : float
        Length of the shoe over that of the foot.
    load : {"none", "left", "right", "back"}
        A bag carried in one hand, or a rucksack.
    """

    speed: float = 1.0
    mood: float = 0.0
    sole: float = 0.015
    heel: float = 0.01
    shoe: float = 1.05
    load: Load = "none"


def draw_gait(rng: np.random.Generator, body: Body, spread: float = 1.0) -> Gait:
    """Draw the gait of a body; the number of draws does not depend on `spread`."""

    def around(mean: float, deviation: float, digits: int = 4) -> float:
        return round(mean + spread * deviation * float(np.clip(rng.standard_normal(), -3.0, 3.0)), digits)

    # Women take more steps a minute than men; longer legs swing slower, with the square root of their length.
    natural = (117.0 if body.sex == "female" else 112.0) * np.sqrt((0.53 * body.stature) / body.leg)
    styles = {curve: _draw_styles(rng, curve, spread) for curve in CURVES}
    return Gait(
        cadence=around(float(natural), 6.0, digits=2),
        styles=styles,
        pelvis_turn=around(4.5, 1.5),
        pelvis_list=around(4.0, 1.2),
        sway=max(around(0.020, 0.005), 0.005),
        step_width=max(around(0.10, 0.025), 0.03),
        toe_out=(around(6.0, 4.0), around(6.0, 4.0)),
        trunk_turn=around(8.0, 2.5),
        lean=around(3.0, 2.5),
        side_lean=around(0.0, 0.8),
        head=around(6.0, 5.0),
        shoulders_up=around(0.0, 0.010),
        shoulders_forward=around(0.010, 0.012),
        arms_out=(around(8.0, 2.5), around(8.0, 2.5)),
    )


def draw_session(
    rng: np.random.Generator, *, speed: float, mood: float, footwear: float, load: float, first: bool
) -> Session:
    """Draw a session.

    Parameters
    ----------
    rng : numpy Generator
        The session's own stream.
    speed, mood : float
        Standard deviations of the change of speed (as a fraction) and of mood.
    footwear : float
        How much shoes differ: 1 from bare feet to boots, 0 not at all.
    load : float
        The chance to carry something.
    first : bool
        The first session of a person carries nothing, as galleries are recorded without bags.
    """
    pace, spirits = (float(np.clip(value, -2.0, 2.0)) for value in rng.standard_normal(2))
    sole, heel, shoe, carries, place = (float(value) for value in rng.random(5))
    loads: tuple[Load, ...] = ("left", "right", "back")
    plain = Session()
    return Session(
        speed=round(1 + speed * pace, 4),
        mood=round(mood * spirits, 4),
        sole=round(plain.sole + footwear * 0.030 * (sole - 0.5), 4),
        heel=round(plain.heel + footwear * 0.020 * (heel - 0.5), 4),
        shoe=round(plain.shoe + footwear * 0.10 * (shoe - 0.5), 4),
        load="none" if first or carries >= load else loads[int(place * len(loads))],
    )


# Standard deviation between people of the gain, the delay (strides), the offset and each ripple (degrees).
_STYLE_SPREAD: dict[Curve, tuple[float, float, float, float]] = {
    "hip": (0.07, 0.007, 2.0, 0.6),
    "knee": (0.06, 0.007, 1.8, 0.8),
    "ankle": (0.12, 0.008, 1.5, 0.7),
    "shoulder": (0.30, 0.015, 4.0, 1.5),
    "elbow": (0.25, 0.015, 6.0, 1.5),
}
_SIDE_SHARE = 0.3  # how far the two sides of one person differ, as a share of how far people differ


def _draw_styles(rng: np.random.Generator, curve: Curve, spread: float) -> tuple[Style, Style]:
    gain, delay, offset, ripple = _STYLE_SPREAD[curve]
    scales = np.array([gain, delay, offset, *[ripple] * 6]) * spread
    common = np.clip(rng.standard_normal(len(scales)), -2.5, 2.5)
    own = np.clip(rng.standard_normal((2, len(scales))), -2.5, 2.5)
    drawn = scales * (common + _SIDE_SHARE * own) / np.hypot(1, _SIDE_SHARE)
    left, right = (_style([round(float(value), 4) for value in side]) for side in drawn)
    return left, right


def _style(numbers: list[float]) -> Style:
    gain, delay, offset, *parts = numbers
    first, second, third = (complex(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True))
    return Style(gain=1 + gain, delay=delay, offset=offset, ripple=(first, second, third))


def _scaled(ripple: tuple[complex, complex, complex], factor: float) -> tuple[complex, complex, complex]:
    first, second, third = ripple
    return first * factor, second * factor, third * factor
