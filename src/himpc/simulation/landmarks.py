"""Positions of the named joints on the segments of the body.

A segment is a rigid part with an origin (its upper joint) and axes: x to the person's left, y up, z forward, when the
person stands upright. Limbs hang down, so the far end of a thigh is at ``-thigh`` on y. The offsets are fractions of
the length of the segment. They are estimates from the proportions that Drillis and Contini (1966) draw for trunk and
limbs, and Farkas, "Anthropometry of the Head and Face", 1994, gives for the face; nothing was measured there. Points
that only one sensor reports (a Kinect's ``spine``) lie about where its documentation draws them.
"""

from __future__ import annotations

from dataclasses import dataclass

from himpc.simulation.anthropometry import SIDES, Body


@dataclass(frozen=True)
class Landmark:
    """The segment of a joint, and the offset ``(x, y, z)`` from its origin in lengths of that segment."""

    segment: str
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


_MIDDLE: dict[str, Landmark] = {
    "pelvis": Landmark("pelvis", y=0.25),
    "lower_spine": Landmark("trunk", y=0.22, z=-0.03),
    "spine": Landmark("trunk", y=0.45, z=-0.03),
    "chest": Landmark("trunk", y=0.70, z=-0.02),
    "spine_shoulder": Landmark("trunk", y=0.97),
    "neck": Landmark("head", y=0.08),
    "mid_neck": Landmark("head", y=0.20),
    "head_base": Landmark("head", y=0.34),
    "head": Landmark("head", y=0.66, z=0.06),
    "head_top": Landmark("head", y=1.0, z=0.02),
    "nose": Landmark("head", y=0.56, z=0.40),
}

# x points outwards, away from the middle of the body
_PAIRED: dict[str, Landmark] = {
    "eye": Landmark("head", x=0.10, y=0.66, z=0.30),
    "eye_inner": Landmark("head", x=0.055, y=0.66, z=0.31),
    "eye_outer": Landmark("head", x=0.14, y=0.66, z=0.27),
    "ear": Landmark("head", x=0.235, y=0.60, z=0.04),
    "mouth": Landmark("head", x=0.08, y=0.43, z=0.32),
    "clavicle": Landmark("trunk", x=0.05, y=0.92, z=0.03),
    "hip": Landmark("thigh"),
    "knee": Landmark("shank"),
    "ankle": Landmark("foot"),
    "heel": Landmark("sole", y=0.06, z=-0.25),
    "foot": Landmark("sole", y=0.10, z=0.50),
    "toe": Landmark("toes", y=0.05, z=0.27),
    "big_toe": Landmark("toes", x=-0.10, y=0.06, z=0.25),
    "small_toe": Landmark("toes", x=0.16, y=0.05, z=0.08),
    "shoulder": Landmark("upper_arm"),
    "elbow": Landmark("forearm"),
    "wrist": Landmark("hand"),
    "palm": Landmark("hand", y=-0.30),
    "hand": Landmark("hand", y=-0.42),
    "index": Landmark("hand", y=-0.52, z=0.16),
    "pinky": Landmark("hand", y=-0.46, z=-0.20),
    "thumb": Landmark("hand", y=-0.38, z=0.32),
    "fingers": Landmark("hand", y=-0.75),
    "hand_tip": Landmark("hand", y=-0.95),
}

LANDMARKS: dict[str, Landmark] = {
    **_MIDDLE,
    **{
        f"{side}_{name}": Landmark(
            segment=place.segment if place.segment in ("head", "trunk") else f"{side}_{place.segment}",
            x=place.x if side == "left" else -place.x,
            y=place.y,
            z=place.z,
        )
        for name, place in _PAIRED.items()
        for side in SIDES
    },
}
"""All joints that can be simulated, by their names in the layouts."""


def segment_lengths(body: Body, shoe: float) -> dict[str, float]:
    """Return the length of each segment in metres; `shoe` multiplies the lengths of sole and toes."""
    lengths = {"pelvis": body.hips, "trunk": body.trunk, "head": body.head}
    for i, side in enumerate(SIDES):
        for name in ("thigh", "shank", "foot", "upper_arm", "forearm", "hand"):
            lengths[f"{side}_{name}"] = getattr(body, name)[i]
        lengths[f"{side}_sole"] = lengths[f"{side}_toes"] = body.foot[i] * shoe
    return lengths
