"""Overlays: videos of skeletons with names and probabilities, on a plain background unless frames are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc._files import number_names
from himpc.reading import OVERLAY_SUFFIX
from himpc.skeleton import Layout, get_layout
from himpc.video.decoding import Video
from himpc.video.encoding import VideoWriter
from himpc.video.tracking import Track
from himpc.video.video_result import VideoResult

Colour = tuple[int, int, int]

_BACKGROUND: Colour = (24, 26, 30)
_UNKNOWN: Colour = (150, 150, 150)
_COLOURS: tuple[Colour, ...] = (
    *((86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167), (213, 94, 0), (0, 114, 178)),
)
_FACE = ("eye", "ear", "mouth")

CROWN = 0.08
"""Height of the crown above the highest joint, the nose or an eye, as a share of the height of the joints."""


@dataclass(frozen=True)
class Label:
    """Text beside a person."""

    name: str
    probability: float | None = None
    """Probability that the name is right, if known."""
    known: bool = True
    """Whether the name is a person's; unknown people are drawn in grey."""
    answered: bool = True
    """Whether the person was identified yet."""
    verdict: str = ""
    """The answer in a word, such as "likely"."""

    @property
    def text(self) -> str:
        """The name, the answer in a word, and the probability."""
        named = f"{self.name}, {self.verdict}" if self.known and self.verdict else self.name
        return named if self.probability is None else f"{named} {self.probability:.0%}"

    @property
    def colour(self) -> Colour:
        """A colour that depends on the name only."""
        return _COLOURS[sum(map(ord, self.name)) % len(_COLOURS)] if self.known else _UNKNOWN


@dataclass(frozen=True, eq=False)
class LabelledPose:
    """A person in a frame: points ``(J, 2)``, confidence ``(J,)`` and label."""

    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    label: Label


def draw(image: NDArray[np.uint8], layout: Layout, people: list[LabelledPose]) -> NDArray[np.uint8]:
    """Draw skeletons and labels into an image ``(height, width, 3)`` in place; right limbs are paler.

    Returns
    -------
    uint8 array ``(height, width, 3)``
        The image.
    """
    canvas = _Canvas(image)
    right_joints = {right for _, right in layout.pairs}
    for person in people:
        colour = person.label.colour
        visible = np.isfinite(person.points[:, 0]) & (person.confidence > 0)
        for a, b in _lines(layout):
            if visible[[a, b]].all():
                canvas.line(person.points[a], person.points[b], _pale(colour) if a in right_joints else colour)
        _draw_head(canvas, person.points, visible, layout, colour)
    for person in sorted(
        people, key=lambda each: each.label.text
    ):  # so that a label keeps its place from frame to frame
        visible = np.isfinite(person.points[:, 0]) & (person.confidence > 0)
        if visible.any():
            (left, top), (right, bottom) = (extreme(person.points[visible], axis=0) for extreme in (np.min, np.max))
            canvas.label(person.label.text, (left + right) / 2, top - CROWN * (bottom - top), person.label.colour)
    return image


def write_overlay(
    path: Path, result: VideoResult, *, pictures: bool = False, labels: Mapping[int, Label] | None = None
) -> None:
    """Write a video of the tracks.

    Parameters
    ----------
    path : Path
        The mp4 file; it appears when it is complete.
    result : VideoResult
    pictures : bool
        Draw over the frames of the video, so that faces are stored; by default on a plain background.
    labels : mapping of int to Label, optional
        The label of each track; others are unknown. By default the number of the track.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """
    layout = result.cleaned[0].recording.layout if result.cleaned else get_layout("mediapipe-33")
    if labels is None:
        labels = {track.number: Label(f"track {track.number}") for track in result.tracks}
    people = _people_by_frame(result.tracks, labels)
    with VideoWriter(path, result.width, result.height, result.fps) as video:
        for number, image in enumerate(_frame_images(result) if pictures else _plain_images(result)):
            draw(image, layout, people.get(number, []))
            _Canvas(image).clock(number / result.fps)
            video.add(image)


def write_overlays(
    folder: Path, results: Sequence[VideoResult], labels: Mapping[str, Label], *, pictures: bool = False
) -> list[Path]:
    """Write ``NAME.overlay.mp4`` for each video.

    Parameters
    ----------
    folder : Path
        An existing folder.
    results : sequence of VideoResult
    labels : mapping of str to Label
        The label of each track, by the source of its recording.
    pictures : bool
        See `write_overlay`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    RunFolderError
        If one cannot be written.
    """
    paths: list[Path] = []
    for result in results:
        names = number_names(folder, Path(result.name).name, OVERLAY_SUFFIX)  # videos of two folders may share a name
        path = next(name for name in names if name not in paths)
        sources = {track.number: f"{result.name}#{track.number}" for track in result.tracks}
        by_number = {number: labels[source] for number, source in sources.items() if source in labels}
        write_overlay(path, result, pictures=pictures, labels=by_number)
        paths.append(path)
    return paths


def _frame_images(result: VideoResult) -> Iterator[NDArray[np.uint8]]:
    with Video(result.path, max_side=max(result.width, result.height), fps=result.stated_fps, cuts=False) as video:
        yield from (frame.image for frame in islice(video, 0, None, result.step))


def _plain_images(result: VideoResult) -> Iterator[NDArray[np.uint8]]:
    for _ in range(result.frames):
        yield np.full((result.height, result.width, 3), _BACKGROUND, dtype=np.uint8)


def _people_by_frame(tracks: tuple[Track, ...], labels: Mapping[int, Label]) -> dict[int, list[LabelledPose]]:
    people: dict[int, list[LabelledPose]] = {}
    for track in tracks:
        label = labels.get(track.number, Label("unknown", known=False))
        for i, frame in enumerate(track.frames.tolist()):
            people.setdefault(frame, []).append(LabelledPose(track.points[i], track.confidence[i], label))
    return people


@cache
def _lines(layout: Layout) -> list[tuple[int, int]]:
    """Return the lines to draw: the bones without those of the face, and lines across the shoulders and hips."""
    names = [(f"left_{part}", f"right_{part}") for part in ("shoulder", "hip")]
    across = [(layout.index(a), layout.index(b)) for a, b in names if layout.has(a, b)]
    face = [_is_in_face(name) or (name == "nose" and len(across) > 0) for name in layout.joints]
    return [*(bone for bone in layout.bones if not any(face[joint] for joint in bone)), *across]


def _is_in_face(joint: str) -> bool:
    return joint.removeprefix("left_").removeprefix("right_").startswith(_FACE)


def _pale(colour: Colour) -> Colour:
    red, green, blue = (value + (255 - value) // 2 for value in colour)
    return red, green, blue


def _draw_head(
    canvas: _Canvas, points: NDArray[np.float32], visible: NDArray[np.bool_], layout: Layout, colour: Colour
) -> None:
    """Draw a neck and a circle for the head, if nose and shoulders are visible."""
    names = ("nose", "left_shoulder", "right_shoulder")
    if not layout.has(*names) or not visible[[layout.index(name) for name in names]].all():
        return
    head, left, right = (points[layout.index(name)] for name in names)
    neck = (left + right) / 2
    radius = 0.4 * float(np.linalg.norm(head - neck))
    if radius >= 1:
        canvas.line(neck, head + (neck - head) * 0.4, colour)
        canvas.circle(head, radius, colour)


class _Canvas:
    """Drawing with lines whose width suits the size of an image."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self._cv2: Any = require("cv2", "video")
        self._image = image
        self._width = max(1, round(int(min(image.shape[:2])) / 240))
        self._labels: list[tuple[int, int, int]] = []

    def line(self, start: NDArray[np.float32], end: NDArray[np.float32], colour: Colour) -> None:
        self._cv2.line(self._image, _pixel(start), _pixel(end), colour, self._width, self._cv2.LINE_AA)

    def circle(self, centre: NDArray[np.float32], radius: float, colour: Colour) -> None:
        radius = min(int(radius), 10_000)
        self._cv2.circle(self._image, _pixel(centre), radius, colour, self._width, self._cv2.LINE_AA)

    def label(self, text: str, middle: float, top: float, colour: Colour) -> None:
        """Write a text with a black outline above a point, within the image and beside earlier labels."""
        text = text.encode("ascii", "replace").decode()
        place = self._free_place(text, int(middle), int(top) - 3 * self._width)
        self._text(text, place, 0.5, (0, 0, 0), 3 * self._width)
        self._text(text, place, 0.5, colour, self._width)

    def _free_place(self, text: str, middle: int, bottom: int) -> tuple[int, int]:
        """Return the lower left corner of a text: the nearest above or below a place that covers no earlier label."""
        (width, height), _ = self._cv2.getTextSize(text, self._cv2.FONT_HERSHEY_SIMPLEX, 0.5 * self._width, self._width)
        width, height = width + 4 * self._width, height + 6 * self._width
        left = max(2, min(middle - width // 2, self._image.shape[1] - width))
        lowest = max(height, self._image.shape[0] - height)
        bottom = min(max(bottom, height), lowest)
        taken = [place for start, place, end in self._labels if start < left + width and left < end]
        places = [bottom, *(place + step * height for place in taken for step in (-1, 1))]
        free = [y for y in places if height <= y <= lowest and all(abs(y - other) >= height for other in taken)]
        bottom = min(free, key=lambda y: abs(y - bottom), default=bottom)
        self._labels.append((left, bottom, left + width))
        return left, bottom

    def clock(self, seconds: float) -> None:
        """Write the time, as in ``tracks.csv``, into the lower left corner."""
        place = (4 * self._width, self._image.shape[0] - 5 * self._width)
        self._text(f"{seconds:.1f} s", place, 0.4, _UNKNOWN, self._width)

    def _text(self, text: str, place: tuple[int, int], size: float, colour: Colour, width: int) -> None:
        font, smooth = self._cv2.FONT_HERSHEY_SIMPLEX, self._cv2.LINE_AA
        self._cv2.putText(self._image, text, place, font, size * self._width, colour, width, smooth)


def _pixel(point: NDArray[np.float32]) -> tuple[int, int]:
    x, y = np.clip(point, -30_000, 30_000)
    return int(x), int(y)
