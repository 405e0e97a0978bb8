"""Gaits of people, and how they change from session to session.

Sources of means and of the variation between people
----------------------------------------------------
Cadence and step width: Murray, Drought and Kory, Journal of Bone and Joint Surgery 46-A (1964) 335-360 (men); Hageman
and Blanke, Physical Therapy 66 (1986) 1382-1387 (women). Pelvis: Kadaba, Ramakrishnan and Wootten, Journal of
Orthopaedic Research 8 (1990) 383-392. Trunk: Crosbie, Vachalathiti and Smith, Gait & Posture 5 (1997) 6-12. Speed
changes step length and cadence alike (constant walk ratio): Sekiya et al., Journal of Human Movement Studies 30 (1996)
241-257. Low mood slumps the trunk, widens the sway and reduces arm swing: Michalak et al., Psychosomatic Medicine 71
(2009) 580-587. Means approximate these papers. The variation of posture, and the effect of a bag or a mood, are
estimates of the size of the differences between people in these papers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from himpc.simulation.anthropometry import Body, Sides
from himpc.simulation.joint_angles import CURVES, Curve, CurveStyle, draw_styles

Load = Literal["none", "left", "right", "back"]

_LOADED_ARM_SWING = 0.35  # amplitude of an arm that carries a bag, over that of a free one


@dataclass(frozen=True)
class Gait:
    """The gait of a person. Angles in degrees, lengths in metres; pairs are (left, right)."""

    cadence: float
    """Steps a minute."""
    styles: dict[Curve, tuple[CurveStyle, CurveStyle]]
    """For each joint curve, the style of the left and of the right side."""
    pelvis_turn: float
    pelvis_list: float
    """`pelvis_turn`, `pelvis_list`: amplitude of pelvic rotation about the vertical axis and of pelvic obliquity."""
    sway: float
    """Amplitude of the sideways motion of the pelvis."""
    step_width: float
    """Distance between the lines of the two ankles."""
    toe_out: Sides
    """Foot progression angle."""
    trunk_turn: float
    """Amplitude of the rotation of the shoulder girdle against the pelvis."""
    lean: float
    side_lean: float
    """`lean`, `side_lean`: inclination of the trunk forward, and to the left."""
    head: float
    """Inclination of the head forward of the trunk."""
    shoulders_up: float
    shoulders_forward: float
    """`shoulders_up`, `shoulders_forward`: position of the shoulders relative to the trunk, metres."""
    arms_out: Sides
    """Abduction of the upper arms."""

    def in_session(self, session: Session) -> Gait:
        """Return the gait with the speed, mood and load of a session."""
        pace = float(np.sqrt(session.speed))
        swing = pace * (1 + 0.12 * session.mood)
        left, right, back = (session.load == place for place in ("left", "right", "back"))
        carrying = [_LOADED_ARM_SWING if loaded else 1.0 for loaded in (left, right)]
        gait = self._with_amplitude("hip", pace, pace)._with_amplitude("shoulder", swing, swing)
        gait = gait._with_amplitude("shoulder", *carrying)._with_amplitude("elbow", *carrying)
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

    def _with_amplitude(self, curve: Curve, left: float, right: float) -> Gait:
        """Return the gait with the amplitude of a curve multiplied on each side."""
        first, second = self.styles[curve]
        return replace(self, styles={**self.styles, curve: (first.scaled(left), second.scaled(right))})


@dataclass(frozen=True)
class Session:
    """Changes of a person on one day."""

    speed: float = 1.0
    """Walking speed over the person's usual one."""
    mood: float = 0.0
    """In standard deviations: below 0 slumped, with little arm swing; above 0 upright and lively."""
    sole: float = 0.015
    heel: float = 0.01
    """`sole`, `heel`: height of the shoe under the ball of the foot, and additional height under the heel, metres."""
    shoe: float = 1.05
    """Length of the shoe over that of the foot."""
    load: Load = "none"
    """A bag carried in one hand, or a rucksack."""


def draw_gait(rng: np.random.Generator, body: Body, spread: float = 1.0) -> Gait:
    """Draw the gait of a body; the number of draws does not depend on `spread`."""

    def around(mean: float, deviation: float, digits: int = 4) -> float:
        return round(mean + spread * deviation * float(np.clip(rng.standard_normal(), -3.0, 3.0)), digits)

    # Women take more steps a minute than men; the period of a leg grows with the square root of its length.
    natural = (117.0 if body.sex == "female" else 112.0) * np.sqrt((0.53 * body.stature) / body.leg)
    styles = {curve: draw_styles(rng, curve, spread) for curve in CURVES}
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


def draw_session(rng: np.random.Generator, *, speed: float, mood: float, footwear: float, load: float) -> Session:
    """Draw a session.

    Parameters
    ----------
    rng : numpy Generator
        The session's random stream.
    speed, mood : float
        Standard deviations of the change of speed (as a fraction) and of mood.
    footwear : float
        Variation of shoes: 1 from bare feet to boots, 0 for none.
    load : float
        Probability of carrying something.
    """
    pace, spirits = (float(np.clip(value, -2.0, 2.0)) for value in rng.standard_normal(2))
    sole, heel, shoe, carries, place = (float(value) for value in rng.random(5))
    loads: tuple[Load, ...] = ("left", "right", "back")
    usual = Session()
    return Session(
        speed=round(1 + speed * pace, 4),
        mood=round(mood * spirits, 4),
        sole=round(usual.sole + footwear * 0.030 * (sole - 0.5), 4),
        heel=round(usual.heel + footwear * 0.020 * (heel - 0.5), 4),
        shoe=round(usual.shoe + footwear * 0.10 * (shoe - 0.5), 4),
        load="none" if carries >= load else loads[int(place * len(loads))],
    )
