"""Reading a video: upright pictures with their own times, shot by shot, never more than a few in memory.

A file is data, not a program: nothing but the file itself is opened, whatever it names, and no network is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import DataError, FormatError
from himpc.reading.discovery import VIDEO_SUFFIXES
from himpc.video.cut_detection import CutDetector

__all__ = ["Frame", "Video", "is_video", "upright"]

MAX_SIDE = 16_384
"""Pixels; a picture of more is refused before memory is taken for it."""

MAX_BAD = 300
"""So many pictures in a row that cannot be decoded end the reading."""

MAX_PIXELS = 2**26
"""Of one picture: 8192 x 8192, 0.2 GB."""

# Containers of pictures. What lists other files or addresses to open (HLS, concat, SDP ...) is not among them.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,mxf,gif,h264,hevc,m4v,mjpeg,ivf,av1,dv,3gp"

_UNEVEN = 0.2  # of the usual step between pictures: a rate that varies by more is told


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes
    ----------
    number : int
        From 0, in the order of showing.
    seconds : float
        From the first picture; grows from picture to picture.
    image : uint8 array ``(height, width, 3)``
        Red, green, blue; upright.
    first : bool
        Whether a shot begins here.
    """

    number: int
    seconds: float
    image: NDArray[np.uint8] = field(repr=False)
    first: bool


def is_video(path: str | Path) -> bool:
    """Tell by the name whether a file is taken for a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def upright(image: NDArray[np.uint8], matrix: NDArray[np.integer]) -> NDArray[np.uint8] | None:
    """Return a picture as it is to be shown; None for a matrix that does more than turn by quarters and mirror.

    Parameters
    ----------
    image : uint8 array ``(height, width, 3)``
        As it is stored.
    matrix : int array ``(3, 3)``
        As a file gives it: a stored point (x, y, 1) times the matrix is where it is shown (ISO/IEC 14496-12); the
        upper left in 1/65536.
    """
    turn = matrix[:2, :2] / 65536
    if (np.abs(turn) == 1).sum() != 2 or np.abs(np.linalg.det(turn)) != 1:
        return None
    if turn[0, 0] == 0:  # columns become rows
        image, turn = image.transpose(1, 0, 2), turn[::-1]
    return np.ascontiguousarray(image[:: int(turn[1, 1]), :: int(turn[0, 0])])


class Video:
    """The pictures of a video file, one after the other; it can be gone through once.

    Parameters
    ----------
    path : path
        The file.
    max_side : int, optional
        Pictures with a longer side, in pixels, are made smaller.
    cuts : bool
        Whether to look for cuts between shots.

    Attributes
    ----------
    fps : float
        Pictures a second, in the mean.
    length : float or None
        Seconds, where the file says so.
    notes : list of str
        What was odd about it, known when all was read: that it ends early, what could not be decoded.

    Raises
    ------
    ConfigError
        If the package that reads videos is missing.
    DataError
        If there is no such file, or it may not be read.
    FormatError
        If it is no video, or of a kind that cannot be decoded.
    """

    def __init__(self, path: str | Path, *, max_side: int | None = None, cuts: bool = True) -> None:
        self.path = Path(path)
        self.notes: list[str] = []
        self._av: Any = require("av", "video")
        self._av.logging.set_level(None)
        self._cuts = CutDetector() if cuts else None
        self._odd = False
        self._container = self._open()
        try:
            self._stream = self._choose()
            self._shrunk = self._shrink(max_side)
        except BaseException:
            self._container.close()
            raise
        rate = self._stream.average_rate or self._stream.guessed_rate or self._stream.base_rate
        self.fps = float(rate) if rate and 0 < rate <= 1000 else 25.0
        duration = self._container.duration
        self.length = duration / 1e6 if duration and duration > 0 else None

    def __enter__(self) -> Video:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        step = 1.0 / self.fps
        start, last, number, uneven = None, -step, 0, 0
        for picture in self._pictures():
            seconds = None if picture.time is None else float(picture.time)
            start = seconds if start is None else start
            at = last + step if seconds is None or start is None else seconds - start
            if number and at <= last:  # times that stand still or run back
                at, uneven = last + step, uneven + 1
            elif number and abs(at - last - step) > _UNEVEN * step:
                uneven += 1
            image = self._image(picture)
            first = number == 0 or (self._cuts is not None and self._cuts.is_cut(image))
            if number == 0 and self._cuts is not None:
                self._cuts.is_cut(image)
            yield Frame(number, at, image, first)
            last, number = at, number + 1
        if not number:
            raise FormatError(f"{self.path}: no picture of it can be decoded: is it whole?")
        if uneven > 0.05 * number:
            self.notes.append("its frame rate varies; times are those of the pictures")
        if self.length and last + 2 * step < 0.98 * self.length and last + 1.0 < self.length:
            self.notes.append(f"it ends after {last + step:.1f} s, though it says {self.length:.1f} s")

    def _open(self) -> Any:
        path = self.path
        _check_file(path)
        try:
            options = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
            container = self._av.open(f"file:{path}", options=options, metadata_errors="replace")
        except (self._av.FFmpegError, ValueError, OSError) as error:
            raise FormatError(
                f"{path}: is no video that can be read, or damaged at its start: {_why(error)}"
            ) from error
        return container

    def _choose(self) -> Any:
        streams = [stream for stream in self._container.streams.video if stream.codec_context is not None]
        if not streams:
            raise FormatError(f"{self.path}: holds no pictures, or of a codec that is not known here")
        stream = streams[0]
        if len(streams) > 1:
            self.notes.append(f"it holds {len(streams)} films; the first is looked at")
        width, height = stream.codec_context.width, stream.codec_context.height
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
            raise FormatError(
                f"{self.path}: its pictures are {width} x {height} pixels, expected 1 to {MAX_SIDE} a side and "
                f"{MAX_PIXELS:,} at most"
            )
        stream.thread_type = "AUTO"
        self._coded = width, height
        return stream

    def _shrink(self, max_side: int | None) -> tuple[int, int] | None:
        """Return the size (width, height) that pictures are made smaller to, before they are turned."""
        longer = max(self._coded)
        if max_side is None or longer <= max_side:
            return None
        width, height = (max(2, round(side * max_side / longer)) for side in self._coded)
        return width, height

    def _pictures(self) -> Iterator[Any]:
        """Yield what can be decoded; a packet that is damaged is passed over and told."""
        bad = in_a_row = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (self._av.FFmpegError, OSError) as error:
                self.notes.append(f"reading broke off: {_why(error)}")
                break
            try:
                pictures = packet.decode()
            except (self._av.FFmpegError, ValueError, MemoryError):
                bad, in_a_row = bad + 1, in_a_row + 1
                if in_a_row > MAX_BAD:
                    break
                continue
            in_a_row = 0
            for picture in pictures:
                if picture.is_corrupt:  # what it shows is made up
                    bad += 1
                else:
                    yield picture
        if bad:
            self.notes.append(f"{bad} pictures are damaged or could not be decoded")

    def _image(self, picture: Any) -> NDArray[np.uint8]:
        if max(picture.width, picture.height) > MAX_SIDE or picture.width * picture.height > MAX_PIXELS:
            raise FormatError(f"{self.path}: a picture has {picture.width} x {picture.height} pixels, too many")
        size = dict(zip(("width", "height"), self._shrunk, strict=True)) if self._shrunk else {}
        try:
            image: NDArray[np.uint8] = picture.to_ndarray(format="rgb24", **size)
        except (self._av.FFmpegError, ValueError) as error:
            raise FormatError(f"{self.path}: its pictures are of a kind that cannot be shown: {_why(error)}") from error
        matrix = next((each for each in picture.side_data if each.type.name == "DISPLAYMATRIX"), None)
        if matrix is None:
            return image
        turned = upright(image, np.frombuffer(bytes(matrix), dtype=np.int32).reshape(3, 3))
        if turned is None and not self._odd:
            self._odd = True
            self.notes.append("it is to be shown askew or stretched; pictures are taken as they are stored")
        return image if turned is None else turned


def _check_file(path: Path) -> None:
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is a folder, a device or a pipe, expected a video file")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if empty:
        raise FormatError(f"{path}: is empty, expected a video")


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).splitlines()[0][:200]
