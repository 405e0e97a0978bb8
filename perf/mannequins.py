"""Simulated people drawn as mannequins of capsules: frames whose true joints are known.

They resemble no real person, and are drawn from far to near without light or texture. ``python perf/mannequins.py``
writes the image that MediaPipe is warmed up with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowd import Crowd, simulate_crowd
from himpc._extras import require
from himpc.errors import ConfigError, LayoutError
from himpc.skeleton import get_layout
from himpc.video import Detection, PoseEstimator
from lens import Lens

__all__ = ["OUTFITS", "ExactEstimator", "Outfit", "draw_people", "render_crowd"]

Colour = tuple[int, int, int]
Picture = NDArray[np.uint8]

_SKIN, _SHOE = (224, 180, 150), (30, 30, 30)
_WALL, _FLOOR, _HORIZON = (206, 204, 198), (150, 138, 120), 0.55

# Radii in metres at both ends: rounded from the breadths that anthropometric surveys give for such parts of adults.
_LIMBS = (
    ("hip", "knee", 0.085, 0.060, "legs"),
    ("knee", "ankle", 0.060, 0.045, "legs"),
    ("ankle", "foot", 0.040, 0.035, "shoes"),
    ("heel", "foot", 0.040, 0.035, "shoes"),
    ("shoulder", "elbow", 0.055, 0.045, "top"),
    ("elbow", "wrist", 0.042, 0.032, "skin"),
    ("wrist", "index", 0.035, 0.025, "skin"),
)
_SHOULDER, _HIP, _NECK, _HEAD, _HAIR = 0.07, 0.10, 0.055, (0.078, 0.115), (0.088, 0.120)


@dataclass(frozen=True)
class Outfit:
    """Clothes of a mannequin; colours are RGB.

    Attributes
    ----------
    top, legs, hair : colour
    coat : bool
        A coat to above the knees, which covers the hips and thighs.
    bag : bool
        A bag on the right shoulder, which covers a part of the trunk and arm.
    """

    top: Colour = (60, 80, 150)
    legs: Colour = (50, 55, 70)
    hair: Colour = (50, 40, 30)
    coat: bool = False
    bag: bool = False


OUTFITS = (
    Outfit(),
    Outfit(top=(150, 60, 50), legs=(45, 45, 45), hair=(20, 20, 20)),
    Outfit(top=(60, 120, 70), legs=(70, 60, 50), hair=(160, 110, 60)),
    Outfit(top=(190, 170, 60), legs=(40, 60, 100), hair=(90, 60, 40)),
    Outfit(top=(110, 70, 130), legs=(90, 90, 95), hair=(30, 30, 35)),
    Outfit(top=(220, 220, 215), legs=(60, 40, 40), hair=(120, 90, 60)),
)
"""Outfits that people wear in turn."""


class ExactEstimator(PoseEstimator):
    """Returns the true joints of a simulated crowd; the time of a frame tells which one it is."""

    name, dimensions = "exact", 3

    def __init__(self, crowd: Crowd, confidence: float = 1.0) -> None:
        super().__init__()
        self.crowd, self.layout, self._confidence = crowd, crowd.layout, confidence
        self._hips = [crowd.layout.index("left_hip"), crowd.layout.index("right_hip")]

    def detect(self, image: Picture, seconds: float) -> list[Detection]:
        """Return a detection for each person who is present."""
        frame = min(round(seconds * self.crowd.fps), self.crowd.joints.shape[1] - 1)
        people = np.flatnonzero(self.crowd.present[:, frame])
        bodies = self.crowd.joints[people, frame] * np.array([-1, 1, -1], dtype=np.float32)
        bodies = bodies - bodies[:, self._hips].mean(axis=1, keepdims=True)
        confidence = np.full(len(self.layout), self._confidence, dtype=np.float32)
        return [
            Detection(self.crowd.points[person, frame], confidence, body)
            for person, body in zip(people, bodies, strict=True)
        ]


def render_crowd(crowd: Crowd, outfits: tuple[Outfit, ...] = OUTFITS) -> Iterator[Picture]:
    """Yield the frames of a simulated scene, RGB ``(height, width, 3)``.

    Parameters
    ----------
    crowd : Crowd
        Of layout ``mediapipe-33``.
    outfits : tuple of Outfit
        Worn by the people in turn.

    Raises
    ------
    LayoutError
        If the layout is another.
    ConfigError
        If the package that draws is missing, or there are no outfits.
    """
    if crowd.layout != get_layout("mediapipe-33"):
        raise LayoutError(f"mannequins are drawn from layout 'mediapipe-33', found {crowd.layout.name!r}")
    if not outfits:
        raise ConfigError("outfits is empty: give at least one")
    worn = [outfits[place % len(outfits)] for place in range(len(crowd.persons))]
    for frame in range(crowd.joints.shape[1]):
        yield draw_people(crowd.joints[:, frame], crowd.lens, worn)


def draw_people(joints: NDArray[np.floating], lens: Lens, outfits: list[Outfit]) -> Picture:
    """Draw an image of people.

    Parameters
    ----------
    joints : array ``(P, 33, 3)``
        In camera axes (x left, y up, z ahead), metres, layout ``mediapipe-33``; NaN for an absent person.
    lens : Lens
        Image size and field of view.
    outfits : list of Outfit
        One for each person.
    """
    cv2 = require("cv2", "video")
    picture: Picture = np.empty((lens.height, lens.width, 3), dtype=np.uint8)
    picture[:] = _WALL
    picture[int(lens.height * _HORIZON) :] = _FLOOR
    parts = [part for body, outfit in zip(joints, outfits, strict=True) for part in _parts(body, lens, outfit)]
    for part in sorted(parts, key=lambda part: -part.depth):
        part.draw(cv2, picture)
    return picture


@dataclass(frozen=True)
class _Part:
    """A convex shape around discs, of one colour."""

    depth: float
    centres: NDArray[np.float64] = field(repr=False)
    radii: NDArray[np.float64] = field(repr=False)
    colour: Colour

    def draw(self, cv2: Any, picture: Picture) -> None:
        turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
        rim = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        outline = (self.centres[:, None] + self.radii[:, None, None] * rim).reshape(-1, 2)
        hull = cv2.convexHull(np.round(outline * 16).astype(np.int32))  # a sixteenth of a pixel
        cv2.fillConvexPoly(picture, hull, self.colour, cv2.LINE_AA, 4)


def _parts(body: NDArray[np.floating], lens: Lens, outfit: Outfit) -> list[_Part]:
    """Return the parts of a person; none if a joint is missing or behind the camera."""
    points = lens.project(body)
    if not np.isfinite(points).all():
        return []
    figure = _Figure(body.astype(np.float64), points, lens.focal_length)
    colours = {"legs": outfit.legs, "top": outfit.top, "skin": _SKIN, "shoes": _SHOE}
    parts = [
        figure.part([f"{side}_{a}", f"{side}_{b}"], [near, far], colours[of])
        for side in ("left", "right")
        for a, b, near, far, of in _LIMBS
    ]
    trunk = ["left_shoulder", "right_shoulder", "right_hip", "left_hip"]
    parts.append(figure.part(trunk, [_SHOULDER, _SHOULDER, _HIP, _HIP], outfit.top))
    if outfit.coat:
        coat = ["left_hip", "right_hip", "left_hem", "right_hem"]
        parts.append(figure.part(coat, [0.13, 0.13, 0.15, 0.15], outfit.top, nearer=0.12))
    if outfit.bag:
        parts.append(figure.part(["right_hip", "bag"], [0.10, 0.16], (95, 60, 35), nearer=0.05))
    parts.append(figure.part(["neck", "head"], [_NECK, _NECK], _SKIN))
    return parts + figure.head(outfit.hair)


class _Figure:
    """A body in 3D and in the image, and points between its joints."""

    def __init__(self, body: NDArray[np.float64], points: NDArray[np.float64], focal: float) -> None:
        names = get_layout("mediapipe-33").joints
        self.place = dict(zip(names, zip(body, points, strict=True), strict=True))
        self.focal = focal
        self._between("neck", "left_shoulder", "right_shoulder")
        self._between("head", "left_ear", "right_ear")
        self._between("left_hem", "left_knee", "left_hip", 0.35)
        self._between("right_hem", "right_knee", "right_hip", 0.35)
        self._between("bag", "right_wrist", "right_hip")

    def _between(self, name: str, one: str, other: str, share: float = 0.5) -> None:
        (a, p), (b, q) = self.place[one], self.place[other]
        self.place[name] = (a + share * (b - a), p + share * (q - p))

    def part(self, names: list[str], radii: list[float], colour: Colour, *, nearer: float = 0.0) -> _Part:
        """Return the shape around joints; radii in metres."""
        depths = np.array([self.place[name][0][2] for name in names])
        return _Part(
            float(depths.mean()) - nearer,
            np.stack([self.place[name][1] for name in names]),
            np.array(radii) * self.focal / depths,
            colour,
        )

    def head(self, hair: Colour) -> list[_Part]:
        """Return hair, and a face with eyes, nose and mouth if it is turned to the camera."""
        (middle, centre), (nose, tip) = self.place["head"], self.place["nose"]
        size = self.focal / middle[2]
        up = centre - self.place["neck"][1]
        up = up / max(float(np.linalg.norm(up)), 1e-6)
        crown = (centre + tip) / 2 + 0.035 * size * up
        parts = [_oval(crown, up, _HAIR, size, middle[2] - 0.05, hair)]
        if nose[2] < middle[2]:
            face = (centre + tip) / 2 - 0.01 * size * up + 0.2 * (tip - centre)
            parts.append(_oval(face, up, _HEAD, size, middle[2] - 0.06, _SKIN))
            parts += [self._dot([eye], 0.014, (40, 40, 40)) for eye in ("left_eye", "right_eye")]
            parts.append(self._dot(["left_mouth", "right_mouth"], 0.008, (160, 80, 80)))
            parts.append(self._dot(["nose"], 0.014, (200, 150, 120)))
        return parts

    def _dot(self, names: list[str], radius: float, colour: Colour) -> _Part:
        part = self.part(names, [radius] * len(names), colour)
        return _Part(self.place["head"][0][2] - 0.07, part.centres, part.radii, colour)


def _oval(
    centre: NDArray[np.float64],
    up: NDArray[np.float64],
    axes: tuple[float, float],
    size: float,
    depth: float,
    colour: Colour,
) -> _Part:
    """Return an upright ellipse, as the shape around two discs."""
    half = (axes[1] - axes[0]) * size * up
    return _Part(depth, np.stack([centre - half, centre + half]), np.full(2, axes[0] * size), colour)


if __name__ == "__main__":
    from pathlib import Path

    scene = simulate_crowd(1, 0.04, lens=Lens(256, 256, 50.0), scene="crowd")
    target = Path(__file__).parents[1] / "src" / "himpc" / "video" / "estimators" / "drawn_person.png"
    require("cv2", "video").imwrite(str(target), next(render_crowd(scene))[:, :, ::-1])
