"""Conversion of decoded frames to images: RGB, upright, with square pixels, all of the size of the first one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import FormatError

MAX_SIDE = 16_384
"""Pixels; larger frames are refused before memory is allocated."""

MAX_PIXELS = 2**26
"""Pixels of a frame: 8192 x 8192, 0.2 GB."""

MAX_PIXEL_ASPECT = 4.0
"""Largest ratio of the sides of a pixel. Anamorphic films have 2 at most; more is a damaged header."""


class FrameConverter:
    """Converts the frames of one video.

    Parameters
    ----------
    name : str
        Of the video, for messages.
    pixel_aspect : float
        Width of a stored pixel in its heights, as the file states it.
    max_side : int, optional
        Longer side of an image, in pixels; larger frames are scaled down to it.
    notes : list of str
        Peculiarities are added to it.
    """

    def __init__(self, name: str, pixel_aspect: float, max_side: int | None, notes: list[str]) -> None:
        self._name, self._max_side, self._notes = name, max_side, notes
        self._av: Any = require("av", "video")
        self._reformatter: Any = require("av.video.reformatter", "video").VideoReformatter()
        self._turn: tuple[float, NDArray[np.int32] | None] | None = None
        self._size: tuple[int, int] | None = None
        self._stored = (0, 0)
        self._pixel_aspect = pixel_aspect
        if not 1 / MAX_PIXEL_ASPECT <= pixel_aspect <= MAX_PIXEL_ASPECT:
            self._note(f"it states pixels {pixel_aspect:.3g} times as wide as high, which is ignored")
            self._pixel_aspect = 1.0
        elif pixel_aspect != 1:
            self._note(f"its pixels are {pixel_aspect:.3g} times as wide as high; frames are stretched accordingly")

    def to_image(self, frame: Any) -> NDArray[np.uint8]:
        """Convert a frame to RGB ``(height, width, 3)``; one of another shape than the first gets black borders.

        Raises
        ------
        FormatError
            If it is too large or its pixel format is unknown.
        """
        check_size(frame.width, frame.height, f"{self._name}: a frame is")
        width, height = self._displayed_size(frame)
        if self._size is None:
            scale = 1.0 if self._max_side is None else min(1.0, self._max_side / max(width, height))
            self._size = max(1, round(scale * width)), max(1, round(scale * height))
            self._stored = frame.width, frame.height
        scale = min(self._size[0] / width, self._size[1] / height)
        inner = min(self._size[0], max(1, round(scale * width))), min(self._size[1], max(1, round(scale * height)))
        try:
            converted = self._reformatter.reformat(frame, format="rgb24", width=inner[0], height=inner[1])
            image: NDArray[np.uint8] = converted.to_ndarray()
        except (self._av.FFmpegError, ValueError) as error:
            raise FormatError(f"{self._name}: its pixel format cannot be converted: {first_line(error)}") from error
        if (frame.width, frame.height) != self._stored:
            self._note("its frames change their size; later ones are fitted into the first")
        return self._rotate(frame, image if inner == self._size else _with_borders(image, *self._size))

    def _displayed_size(self, frame: Any) -> tuple[float, float]:
        """Return width and height of a frame with square pixels; neither side is made smaller."""
        aspect = self._pixel_aspect
        return frame.width * max(1.0, aspect), frame.height / min(1.0, aspect)

    def _rotate(self, frame: Any, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        matrix = self._display_matrix(frame)
        if matrix is None:
            return image
        rotated = rotate_to_display(image, matrix)
        if rotated is None:
            self._note("its display matrix skews or stretches frames; they are used as they are stored")
            return image
        return rotated

    def _display_matrix(self, frame: Any) -> NDArray[np.int32] | None:
        """Return the display matrix ``(3, 3)`` of a frame, which is read again when the rotation changes.

        In PyAV a frame whose side data is asked for refers to itself, and stays in memory until cycles are collected:
        60 clips of 720p took 4 GB. A small copy is asked instead.
        """
        if self._turn is None or self._turn[0] != frame.rotation:
            small = frame.reformat(width=16, height=16, format="rgb24")
            found = [bytes(each) for each in small.side_data if each.type.name == "DISPLAYMATRIX"]
            self._turn = frame.rotation, np.frombuffer(found[0], dtype=np.int32).reshape(3, 3) if found else None
        return self._turn[1]

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)


def check_size(width: int, height: int, what: str) -> None:
    """Raise `FormatError` if a frame is too large; `what` begins the message."""
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise FormatError(
            f"{what} {width} x {height} pixels, expected 1 to {MAX_SIDE} a side and {MAX_PIXELS:,} at most",
            hint="scale the video down: people 200 pixels high suffice",
        )


def rotate_to_display(image: NDArray[np.uint8], matrix: NDArray[np.integer]) -> NDArray[np.uint8] | None:
    """Apply the display matrix of a file to a stored image; None if it does more than rotate by 90 degrees and mirror.

    By ISO/IEC 14496-12 a stored point (x, y, 1) times the matrix ``(3, 3)`` is the displayed point; its upper left
    values are in 1/65536.
    """
    rotation = matrix[:2, :2] / 65536
    if (np.abs(rotation) == 1).sum() != 2 or np.abs(np.linalg.det(rotation)) != 1:
        return None
    if rotation[0, 0] == 0:
        image, rotation = image.transpose(1, 0, 2), rotation[::-1]
    return np.ascontiguousarray(image[:: int(rotation[1, 1]), :: int(rotation[0, 0])])


def first_line(error: Exception) -> str:
    """Return the first line of an error of FFmpeg."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0][:200]


def _with_borders(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return an image in the middle of a larger black one."""
    bordered = np.zeros((height, width, 3), np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    bordered[top : top + image.shape[0], left : left + image.shape[1]] = image
    return bordered
