"""Bodies with the proportions of published anthropometric statistics.

Sources
-------
[1] Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel", NATICK/TR-15/007, 2014 (ANSUR II: 4,082 men and
    1,986 women). Stature, how the sexes differ in shape (ratios of means), and how far a dimension strays from what
    stature foretells. Means of stature are those of the survey; the other numbers approximate it and
    were not computed from its data.
[2] Drillis and Contini, "Body Segment Parameters", New York University, 1966, as in Winter, "Biomechanics and
    Motor Control of Human Movement", 4th ed. 2009, figure 4.1. Segment lengths as fractions of stature.
[3] Auerbach and Ruff, Journal of Human Evolution 50 (2006) 203-218. Left and right long bones differ by about 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["SIDES", "Body", "Sex", "Sides", "draw_body"]

Sex = Literal["female", "male"]
Sides = tuple[float, float]
SIDES = ("left", "right")

# Mean and standard deviation of stature in metres [1].
_STATURE: dict[Sex, tuple[float, float]] = {"male": (1.756, 0.069), "female": (1.629, 0.064)}


@dataclass(frozen=True)
class _Segment:
    """A segment: its fraction of stature [2], the factor of men and of women [1], and its spread beyond stature.

    The factors are, approximately [1], a sex's mean over stature, divided by the average of both sexes; `spread` is the
    standard deviation, as a fraction of the segment, that stature leaves unexplained, likewise.
    """

    fraction: float
    male: float
    female: float
    spread: float
    paired: bool = False


# The ANSUR II dimension that sets the factors stands beside each segment. Hip joints lie at 0.10 of stature from each
# other, well inside the hip breadth of [2] (0.191); shoulder joints lie inside the acromia (0.259).
_SEGMENTS: dict[str, _Segment] = {
    "thigh": _Segment(0.245, 0.982, 1.018, 0.030, paired=True),  # trochanterion height less knee height
    "shank": _Segment(0.246, 1.004, 0.996, 0.030, paired=True),  # knee height, midpatella
    "ankle": _Segment(0.039, 1.000, 1.000, 0.060),  # lateral malleolus height
    "foot": _Segment(0.152, 1.010, 0.990, 0.032, paired=True),  # foot length
    "hips": _Segment(0.100, 0.950, 1.050, 0.050),  # hip breadth
    "trunk": _Segment(0.288, 1.011, 0.989, 0.025),  # acromial height less trochanterion height
    "shoulders": _Segment(0.215, 1.027, 0.973, 0.040),  # biacromial breadth
    "upper_arm": _Segment(0.186, 1.004, 0.996, 0.028, paired=True),  # shoulder-elbow length
    "forearm": _Segment(0.146, 1.014, 0.986, 0.034, paired=True),  # radiale-stylion length
    "hand": _Segment(0.108, 0.995, 1.005, 0.036, paired=True),  # hand length
    "head": _Segment(0.182, 1.000, 1.000, 0.025),  # stature less acromial height: neck and head
}
_UPRIGHT = ("thigh", "shank", "ankle", "trunk", "head")
_ASYMMETRY = 0.006


@dataclass(frozen=True)
class Body:
    """Segment lengths between joint centres, in metres; a pair is (left, right).

    Attributes
    ----------
    sex : {"female", "male"}
    stature : float
        Standing height without shoes; ankle, shank, thigh, trunk and head add up to it.
    thigh, shank, foot, upper_arm, forearm, hand : (float, float)
        Paired segments. The foot runs from heel to toe tip, the hand from wrist to finger tip.
    ankle : float
        Height of the ankle over the sole of the bare foot.
    hips, shoulders : float
        Distance between the two hip joints and between the two shoulder joints.
    trunk, head : float
        Hip line to shoulder line; shoulder line to the top of the head.
    """

    sex: Sex
    stature: float
    thigh: Sides
    shank: Sides
    foot: Sides
    upper_arm: Sides
    forearm: Sides
    hand: Sides
    ankle: float
    hips: float
    shoulders: float
    trunk: float
    head: float

    @property
    def leg(self) -> float:
        """Hip to floor, mean of both sides, metres."""
        return sum(self.thigh) / 2 + sum(self.shank) / 2 + self.ankle


def draw_body(rng: np.random.Generator, spread: float = 1.0) -> Body:
    """Draw one adult.

    Parameters
    ----------
    rng : numpy Generator
        The person's own stream; the number of draws does not depend on `spread`.
    spread : float
        1 for people that differ as those of the surveys do, less for more alike ones.
    """
    sex: Sex = "male" if rng.random() < 0.5 else "female"
    mean, deviation = _STATURE[sex]
    stature = mean + spread * deviation * _bounded(rng.standard_normal())
    lengths: dict[str, float] = {}
    asymmetry: dict[str, float] = {}
    for name, segment in _SEGMENTS.items():
        factor = segment.male if sex == "male" else segment.female
        stray, tilt = rng.standard_normal(2)
        lengths[name] = stature * segment.fraction * factor * (1 + spread * segment.spread * _bounded(stray))
        asymmetry[name] = spread * _ASYMMETRY * _bounded(tilt) if segment.paired else 0.0
    upright = stature / sum(lengths[name] for name in _UPRIGHT)
    for name in _UPRIGHT:
        lengths[name] *= upright

    def pair(name: str) -> Sides:
        half = asymmetry[name] / 2
        return round(lengths[name] * (1 + half), 4), round(lengths[name] * (1 - half), 4)

    def single(name: str) -> float:
        return round(lengths[name], 4)

    return Body(
        sex=sex,
        stature=round(stature, 4),
        thigh=pair("thigh"),
        shank=pair("shank"),
        foot=pair("foot"),
        upper_arm=pair("upper_arm"),
        forearm=pair("forearm"),
        hand=pair("hand"),
        ankle=single("ankle"),
        hips=single("hips"),
        shoulders=single("shoulders"),
        trunk=single("trunk"),
        head=single("head"),
    )


def _bounded(deviate: float) -> float:
    """Keep a normal deviate within three standard deviations, so that nobody is a giant by one odd draw."""
    return float(np.clip(deviate, -3.0, 3.0))
