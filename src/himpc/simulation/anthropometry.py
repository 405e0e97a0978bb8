"""Bodies with the proportions of published anthropometric statistics.

Sources
-------
[1] Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel", NATICK/TR-15/007, 2014 (ANSUR II: 4,082 men and
    1,986 women). Stature, differences between the sexes (ratios of means), and variation that stature does not explain.
    Means of stature are those of the survey. The other numbers approximate it and were not computed from its data.
[2] Drillis and Contini, "Body Segment Parameters", New York University, 1966, as in Winter, "Biomechanics and
    Motor Control of Human Movement", 4th ed. 2009, figure 4.1. Segment lengths as fractions of stature.
[3] Auerbach and Ruff, Journal of Human Evolution 50 (2006) 203-218. Left and right long bones differ by about 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Sex = Literal["female", "male"]
Sides = tuple[float, float]
SIDES = ("left", "right")

# Mean and standard deviation of stature in metres [1].
_STATURE: dict[Sex, tuple[float, float]] = {"male": (1.756, 0.069), "female": (1.629, 0.064)}


@dataclass(frozen=True)
class _Segment:
    """Statistics of a body segment."""

    fraction: float
    """Mean length as a fraction of stature [2]."""
    male: float
    female: float
    """`male`, `female`: mean over stature of each sex, divided by the average of both sexes; approximately [1]."""
    spread: float
    """Standard deviation that stature does not explain, as a fraction of the length; approximately [1]."""
    paired: bool = False
    """Whether there is a left and a right one."""


# The comment of each segment names the ANSUR II dimension of its factors. Hip joints are 0.10 of stature apart, well
# inside the hip breadth of [2] (0.191); shoulder joints lie inside the acromia (0.259).
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
    """Segment lengths between joint centres, in metres; a pair is (left, right)."""

    sex: Sex
    stature: float
    """Standing height without shoes; ankle, shank, thigh, trunk and head add up to it."""
    thigh: Sides
    shank: Sides
    foot: Sides
    upper_arm: Sides
    forearm: Sides
    hand: Sides
    """`thigh`, `shank`, `foot`, `upper_arm`, `forearm`, `hand`: paired segments. The foot runs from heel to toe tip,
    the hand from wrist to finger tip."""
    ankle: float
    """Height of the ankle above the sole of the bare foot."""
    hips: float
    shoulders: float
    """`hips`, `shoulders`: distance between the two hip joints, and between the two shoulder joints."""
    trunk: float
    head: float
    """`trunk`, `head`: hip line to shoulder line; shoulder line to the top of the head."""

    @property
    def leg(self) -> float:
        """Height of the hip joints above the floor, mean of both sides, metres."""
        return sum(self.thigh) / 2 + sum(self.shank) / 2 + self.ankle


def draw_body(rng: np.random.Generator, spread: float = 1.0) -> Body:
    """Draw one adult.

    Parameters
    ----------
    rng : numpy Generator
        The person's random stream; the number of draws does not depend on `spread`.
    spread : float
        Variation between people: 1 as in the surveys, 0 for none.
    """
    sex: Sex = "male" if rng.random() < 0.5 else "female"
    mean, deviation = _STATURE[sex]
    stature = mean + spread * deviation * _clip(rng.standard_normal())
    lengths: dict[str, float] = {}
    asymmetry: dict[str, float] = {}
    for name, segment in _SEGMENTS.items():
        factor = segment.male if sex == "male" else segment.female
        variation, difference = rng.standard_normal(2)
        lengths[name] = stature * segment.fraction * factor * (1 + spread * segment.spread * _clip(variation))
        asymmetry[name] = spread * _ASYMMETRY * _clip(difference) if segment.paired else 0.0
    scale = stature / sum(lengths[name] for name in _UPRIGHT)
    for name in _UPRIGHT:
        lengths[name] *= scale

    def length(name: str) -> float | Sides:
        if not _SEGMENTS[name].paired:
            return round(lengths[name], 4)
        half = asymmetry[name] / 2
        return round(lengths[name] * (1 + half), 4), round(lengths[name] * (1 - half), 4)

    segments: dict[str, Any] = {name: length(name) for name in _SEGMENTS}
    return Body(sex=sex, stature=round(stature, 4), **segments)


def _clip(deviate: float) -> float:
    """Limit a normal deviate to three standard deviations, so that no body is implausible."""
    return float(np.clip(deviate, -3.0, 3.0))
