"""A film of what was seen: skeletons, whose they are, and how sure that is. No faces, unless they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc._files import number_names
from himpc.skeleton import Layout
from himpc.video.decoding import Video
from himpc.video.encoding import OVERLAY_SUFFIX, VideoWriter
from himpc.video.tracking.track import Track
from himpc.video.video_result import VideoResult

__all__ = ["Label", "LabelledPose", "draw", "write_overlay", "write_overlays"]

_GROUND = (24, 26, 30)
_UNKNOWN = (150, 150, 150)
_COLOURS = (
    *((86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167), (213, 94, 0), (0, 114, 178)),
)
_FACES = ("eye", "ear", "mouth")


@dataclass(frozen=True)
class Label:
    """What is written beside a person.

    Attributes
    ----------
    name : str
    probability : float or None
        That the name is right, where it can be told.
    known : bool
        Whether it is somebody; unknown people are grey.
    asked : bool
        Whether it was asked who it is.
    """

    name: str
    probability: float | None = None
    known: bool = True
    asked: bool = True

    @property
    def text(self) -> str:
        """The name, and how sure it is."""
        return self.name if self.probability is None else f"{self.name} {self.probability:.0%}"


@dataclass(frozen=True, eq=False)
class LabelledPose:
    """A person in a picture, and what to write beside."""

    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    label: Label


def draw(picture: NDArray[np.uint8], layout: Layout, people: list[LabelledPose]) -> NDArray[np.uint8]:
    """Draw skeletons and labels into a picture ``(height, width, 3)``, and return it; right arms and legs are paler."""
    cv2 = require("cv2", "video")
    thick = _thickness(picture)
    right = {each for _, each in layout.pairs}
    for person in people:
        colour = _colour(person.label)
        sure = np.isfinite(person.points[:, 0]) & (person.confidence > 0)
        bones = [bone for bone in _lines(layout) if sure[list(bone)].all()]
        for a, b in bones:
            pale = _pale(colour) if a in right else colour
            cv2.line(picture, _pixel(person.points[a]), _pixel(person.points[b]), pale, thick, cv2.LINE_AA)
        _head(cv2, picture, person.points, sure, layout, colour, thick)
        if sure.any():
            _write(cv2, picture, person, sure, colour, thick)
    return picture


def write_overlay(
    path: Path, people: VideoResult, *, pictures: bool = False, labels: Mapping[int, Label] | None = None
) -> None:
    """Write a film of the tracks in a video.

    Parameters
    ----------
    path : Path
        The film, mp4; written beside and then renamed.
    people : People
        What was found in the video.
    pictures : bool
        Draw over the pictures of the video: faces are stored then. Else on an empty ground.
    labels : mapping of int to Label, optional
        What is written beside each track; its number, if not given. A track without one is unknown.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """
    layout = _layout(people)
    given = labels if labels is not None else {track.number: Label(f"track {track.number}") for track in people.tracks}
    marked = _by_frame(people.tracks, given)
    with VideoWriter(path, people.width, people.height, people.fps) as film:
        for number, picture in _grounds(people, pictures):
            drawn = draw(picture, layout, marked.get(number, []))
            film.add(_clock(drawn, number / people.fps))


def write_overlays(
    folder: Path, videos: Sequence[VideoResult], labels: Mapping[str, Label], *, pictures: bool = False
) -> list[Path]:
    """Write ``NAME.overlay.mp4`` for each video, and return the films.

    Parameters
    ----------
    folder : Path
        Where they are written; it is there.
    videos : sequence of People
        What was found in them.
    labels : mapping of str to Label
        What is written beside each track, by the source of its recording.
    pictures : bool
        As for `write_overlay`.

    Raises
    ------
    RunFolderError
        If one cannot be written.
    """
    films: list[Path] = []
    for people in videos:
        names = number_names(folder, Path(people.name).name, OVERLAY_SUFFIX)  # another folder's video may have the same
        film = next(name for name in names if name not in films)
        sources = {track.number: f"{people.name}#{track.number}" for track in people.tracks}
        known = {number: labels[source] for number, source in sources.items() if source in labels}
        write_overlay(film, people, pictures=pictures, labels=known)
        films.append(film)
    return films


def _thickness(picture: NDArray[np.uint8]) -> int:
    """Return how thick lines are, pixels."""
    return max(1, round(int(min(picture.shape[:2])) / 240))


def _clock(picture: NDArray[np.uint8], seconds: float) -> NDArray[np.uint8]:
    """Write the seconds into the lower left corner, as ``tracks.csv`` counts them."""
    cv2 = require("cv2", "video")
    thick = _thickness(picture)
    place = (4 * thick, picture.shape[0] - 5 * thick)
    cv2.putText(picture, f"{seconds:.1f} s", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4 * thick, _UNKNOWN, thick, cv2.LINE_AA)
    return picture


def _layout(people: VideoResult) -> Layout:
    from himpc.skeleton import get_layout

    return people.cleaned[0].recording.layout if people.cleaned else get_layout("mediapipe-33")


def _grounds(people: VideoResult, pictures: bool) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    if pictures:
        with Video(people.path, max_side=max(people.width, people.height), cuts=False) as video:
            for frame in video:
                yield frame.number, frame.image
        return
    for number in range(people.pictures):
        ground = np.empty((people.height, people.width, 3), dtype=np.uint8)
        ground[:] = _GROUND
        yield number, ground


def _by_frame(tracks: tuple[Track, ...], labels: Mapping[int, Label]) -> dict[int, list[LabelledPose]]:
    marked: dict[int, list[LabelledPose]] = {}
    for track in tracks:
        label = labels.get(track.number, Label("unknown", known=False))
        for i, frame in enumerate(track.frames.tolist()):
            marked.setdefault(frame, []).append(LabelledPose(track.points[i], track.confidence[i], label))
    return marked


def _colour(label: Label) -> tuple[int, int, int]:
    return _COLOURS[sum(map(ord, label.name)) % len(_COLOURS)] if label.known else _UNKNOWN


@cache
def _lines(layout: Layout) -> list[tuple[int, int]]:
    """Return the lines that are drawn: the bones but for those of a face, and across the shoulders and hips."""
    across = [(f"left_{part}", f"right_{part}") for part in ("shoulder", "hip")]
    pairs = [(layout.index(a), layout.index(b)) for a, b in across if layout.has(a, b)]
    face = [_of_face(name) or (name == "nose" and len(pairs) > 0) for name in layout.joints]
    return [*(bone for bone in layout.bones if not any(face[joint] for joint in bone)), *pairs]


def _head(
    cv2: Any,
    picture: NDArray[np.uint8],
    points: NDArray[np.float32],
    sure: NDArray[np.bool_],
    layout: Layout,
    colour: tuple[int, int, int],
    thick: int,
) -> None:
    """Draw a neck and a round head, where the layout has a nose and shoulders only."""
    if not layout.has("nose", "left_shoulder", "right_shoulder"):
        return
    nose, left, right = (layout.index(name) for name in ("nose", "left_shoulder", "right_shoulder"))
    if not sure[[nose, left, right]].all():
        return
    neck, head = (points[left] + points[right]) / 2, points[nose]
    radius = 0.4 * float(np.linalg.norm(head - neck))
    if radius >= 1:
        chin = head + (neck - head) * 0.4
        cv2.line(picture, _pixel(neck), _pixel(chin), colour, thick, cv2.LINE_AA)
        cv2.circle(picture, _pixel(head), min(int(radius), 10_000), colour, thick, cv2.LINE_AA)


def _pale(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (value + (255 - value) // 2 for value in colour)
    return red, green, blue


def _of_face(joint: str) -> bool:
    return joint.removeprefix("left_").removeprefix("right_").startswith(_FACES)


def _write(
    cv2: Any,
    picture: NDArray[np.uint8],
    person: LabelledPose,
    sure: NDArray[np.bool_],
    colour: tuple[int, int, int],
    thick: int,
) -> None:
    left, top = np.nanmin(person.points[sure], axis=0)
    size = 0.5 * thick
    place = (int(max(left, 2)), int(max(top - 6 * thick, 14 * thick)))
    text = person.label.text.encode("ascii", "replace").decode()
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3 * thick, cv2.LINE_AA)
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)


def _pixel(point: NDArray[np.float32]) -> tuple[int, int]:
    x, y = np.clip(point, -30_000, 30_000)
    return int(x), int(y)
