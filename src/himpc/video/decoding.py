"""Decoding of video files: upright frames with their own times, shot by shot, in constant memory.

A video file is untrusted input: nothing but the file itself is opened, whatever it refers to, and no network is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import DataError, FormatError, count_noun
from himpc.reading import list_pictures
from himpc.video.cut_detection import CutDetector
from himpc.video.frame_conversion import FrameConverter, check_size, first_line

DEFAULT_RATE = 15.0
"""Frames per second that suffice to know a person; a stride takes about one second."""

RATE_TOLERANCE = 0.05
"""So that every second frame of 29.97 a second is 15."""

DEFAULT_FPS = 25.0
"""Assumed where a file states no frame rate."""

MAX_UNDECODABLE = 300
"""Number of successive packets that cannot be decoded after which reading ends."""

# Containers of frames. Those that refer to other files or addresses (HLS, concat, SDP ...) are excluded.
_CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,mxf,gif,h264,hevc,m4v,mjpeg,ivf,av1,dv,3gp,apng"
)
_PICTURE_CONTAINERS = "image2,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,webp_pipe"

_STEP_TOLERANCE = 0.2
"""A frame is irregular if its distance from the previous one differs from the usual one by more than this share."""

_MAX_IRREGULAR = 0.05
"""Share of irregular frames above which a note says so."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a video."""

    number: int
    """From 0, in display order, of the frames that are returned."""
    seconds: float
    """Time since the first frame; strictly increasing."""
    image: NDArray[np.uint8] = field(repr=False)
    """RGB ``(height, width, 3)``, upright."""
    starts_shot: bool
    """Whether a shot starts here."""


class Video:
    """The frames of a video file; they can be iterated over once.

    Parameters
    ----------
    path : path
    max_side : int, optional
        Frames with a longer side, in pixels, are scaled down to it. All images have the size of the first one.
    fps : float, optional
        Frame rate, whatever the file states; needed to know the times of a folder of numbered pictures.
    cuts : bool
        Whether to detect cuts between shots.
    min_rate : float, optional
        Frames per second that suffice: only every second, third, ... frame is returned while that many remain.

    Attributes
    ----------
    fps : float
        Mean rate of the frames that are returned.
    step : int
        One of this many frames is returned.
    duration : float or None
        Seconds, if the file states it.
    notes : list of str
        Peculiarities of the file, such as an early end or frames that could not be decoded; complete after the last
        frame.

    Raises
    ------
    DependencyError
        If PyAV is not installed.
    DataError
        If the file does not exist or cannot be opened.
    FormatError
        If it is not a video, or cannot be decoded.

    Examples
    --------
    ::

        with Video("hall.mp4") as video:  # or a folder of numbered pictures
            for frame in video:
                print(frame.number, frame.seconds, frame.image.shape)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_side: int | None = None,
        fps: float | None = None,
        cuts: bool = True,
        min_rate: float | None = None,
    ) -> None:
        self.path = Path(path)
        self._pictures = list_pictures(self.path) if self.path.is_dir() else []
        self._stated_fps = fps
        self.notes: list[str] = []
        self._av: Any = require("av", "video")
        self._av.logging.set_level(None)
        self._cut_detector = CutDetector() if cuts else None
        self._container = self._open()
        try:
            self._stream = self._select_stream()
            aspect = float(self._stream.sample_aspect_ratio or 1)
            self._converter = FrameConverter(str(self.path), aspect, max_side, self.notes)
        except BaseException:
            self._container.close()
            raise
        rate = self._stream.average_rate or self._stream.guessed_rate or self._stream.base_rate
        self._file_fps = fps or (float(rate) if rate and 0 < rate <= 1000 else DEFAULT_FPS)
        self.step = max(1, int(self._file_fps / min_rate + RATE_TOLERANCE)) if min_rate else 1
        self.fps = self._file_fps / self.step
        duration = self._container.duration
        self.duration = duration / 1e6 if duration and duration > 0 and fps is None else None
        if self._pictures:
            self.duration = len(self._pictures) / self._file_fps
            if fps is None:
                self.notes.append(f"numbered pictures state no frame rate: {self._file_fps:g} a second are assumed")

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        step = 1.0 / self._file_fps
        start, last, number, irregular = None, -step, 0, 0
        size: tuple[int, int] | None = None
        for frame in self._decode():
            seconds = None if frame.time is None or self._stated_fps or self._pictures else float(frame.time)
            start = seconds if start is None else start
            at = last + step if seconds is None or start is None else seconds - start
            if number and at <= last:  # times that repeat or run backwards
                at, irregular = last + step, irregular + 1
            elif number and abs(at - last - step) > _STEP_TOLERANCE * step:
                irregular += 1
            if number % self.step == 0:
                image = self._converter.to_image(frame)
                is_cut = self._cut_detector is not None and self._cut_detector.is_cut(image)
                is_cut = is_cut or size not in (None, (frame.width, frame.height))
                size = frame.width, frame.height
                yield Frame(number // self.step, at, image, number == 0 or is_cut)
            last, number = at, number + 1
        if not number:
            raise FormatError(f"{self.path}: no frame can be decoded", hint="check that the file is complete")
        if irregular > _MAX_IRREGULAR * number:
            self.notes.append("the frame rate varies; the times of the frames are used")
        end = last + step
        stated = self.duration or 0.0
        ends = (end, end + (start or 0.0))  # some containers state when they end instead of how long they last
        if all(each + step < 0.98 * stated and each + 1.0 < stated + step for each in ends):
            self.notes.append(f"it ends after {end:.1f} s, though it states a duration of {self.duration:.1f} s")

    def _open(self) -> Any:
        if self._pictures:
            return self._open_file(self._pictures[0], _PICTURE_CONTAINERS)
        if self.path.is_dir():
            raise DataError(
                f"{self.path}: is a folder without numbered pictures, expected a video",
                hint="name pictures by their numbers, such as 0001.png, and keep other files elsewhere",
            )
        _check_file(self.path)
        return self._open_file(self.path, _CONTAINERS)

    def _open_file(self, path: Path, containers: str) -> Any:
        try:
            options = {"protocol_whitelist": "file", "format_whitelist": containers}
            return self._av.open(f"file:{path}", options=options, metadata_errors="replace")
        except (self._av.FFmpegError, ValueError, OSError) as error:
            reason = first_line(error)
            if picture := _describe_picture(path) if containers == _CONTAINERS else None:
                raise FormatError(
                    f"{path}: is {picture}, expected a video: people are known by how they move",
                    hint="put the pictures of one scene into a folder, numbered such as 0001.jpg, and give the folder",
                ) from error
            raise FormatError(f"{path}: is not a video, or is damaged at its start: {reason}") from error

    def _select_stream(self) -> Any:
        streams = [stream for stream in self._container.streams.video if stream.codec_context is not None]
        if not streams:
            raise FormatError(f"{self.path}: contains no video, or its codec is unknown")
        stream = streams[0]
        if len(streams) > 1:
            self.notes.append(f"it contains {len(streams)} video streams; the first is used")
        check_size(stream.codec_context.width, stream.codec_context.height, f"{self.path}: its frames are")
        stream.thread_type = "AUTO"
        return stream

    def _decode(self) -> Iterator[Any]:
        """Yield the frames that can be decoded, and note how many cannot."""
        if self._pictures:
            yield from self._decode_pictures()
            return
        damaged = successive = 0
        packets = self._container.demux(self._stream)
        while successive <= MAX_UNDECODABLE:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (self._av.FFmpegError, OSError) as error:
                self.notes.append(f"reading broke off: {first_line(error)}")
                break
            try:
                frames = packet.decode()
            except (self._av.FFmpegError, ValueError, MemoryError):
                damaged, successive = damaged + 1, successive + 1
                continue
            successive = 0
            for frame in frames:
                if frame.is_corrupt:  # its content is invented by the decoder
                    damaged += 1
                else:
                    yield frame
        if damaged:
            self.notes.append(f"{count_noun(damaged, 'frame')} damaged or not decodable")

    def _decode_pictures(self) -> Iterator[Any]:
        """Yield the pictures of a folder that can be decoded, and note how many cannot."""
        damaged = 0
        for path in self._pictures:
            try:
                with self._open_file(path, _PICTURE_CONTAINERS) as container:
                    frame = next(container.decode(video=0))
            except (FormatError, StopIteration, IndexError, self._av.FFmpegError, ValueError, MemoryError):
                damaged += 1
            else:
                if (frame.width, frame.height) != (self._stream.width, self._stream.height):
                    raise FormatError(
                        f"{path}: has {frame.width} x {frame.height} pixels, expected those of the first picture, "
                        f"{self._stream.width} x {self._stream.height}"
                    )
                yield frame
        if damaged:
            self.notes.append(f"{count_noun(damaged, 'picture')} damaged or not decodable")


def _check_file(path: Path) -> None:
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is a device or a pipe, expected a video file")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if empty:
        raise FormatError(f"{path}: is empty, expected a video")


def _describe_picture(path: Path) -> str | None:
    """Return what kind of picture a file is; None if it is none."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "an animated WebP, which FFmpeg does not decode" if b"ANIM" in head else "a single WebP picture"
    starts = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
    return next((f"a single {name} picture" for start, name in starts.items() if head.startswith(start)), None)
