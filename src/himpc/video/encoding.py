"""Writing video files."""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc._files import replace_atomically
from himpc.errors import DataError, RunFolderError

_CLOCK = Fraction(1, 90_000)
"""Seconds; the clock of MPEG."""


class VideoWriter:
    """Writes an H.264 video in mp4; the file appears when it is complete.

    Parameters
    ----------
    path : path
    width, height : int
        Pixels; the last row or column is dropped if a side is odd, because the codec needs even sides.
    fps : float
        Frame rate.

    Raises
    ------
    RunFolderError
        If the file cannot be written.

    Examples
    --------
    ::

        with VideoWriter("grey.mp4", 64, 48, fps=25) as video:
            video.add(np.full((48, 64, 3), 128, np.uint8))
    """

    def __init__(self, path: str | Path, width: int, height: int, fps: float) -> None:
        self.path = Path(path)
        self.width, self.height = width - width % 2, height - height % 2
        if min(self.width, self.height) < 2:
            raise DataError(f"{path}: a video of {width} x {height} pixels is too small, expected 2 x 2 and more")
        self._rate = max(Fraction(fps).limit_denominator(1001), Fraction(1, 1001))
        self._av: Any = require("av", "video")
        self._replacement: AbstractContextManager[Path] = replace_atomically(self.path)
        self._last_seconds = -float(1 / self._rate)
        self._container: Any = None
        self._stream: Any = None

    def __enter__(self) -> VideoWriter:
        temporary = self._replacement.__enter__()
        try:
            self._container = self._av.open(str(temporary), mode="w", format="mp4")
            codec = "libx264" if "libx264" in self._av.codecs_available else "mpeg4"
            self._stream = self._container.add_stream(codec, rate=self._rate)
            self._stream.codec_context.time_base = _CLOCK
            self._stream.width, self._stream.height, self._stream.pix_fmt = self.width, self.height, "yuv420p"
        except BaseException as error:
            self._discard(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._mux(self._stream.encode())
            self._container.close()
        except (self._av.FFmpegError, OSError) as failure:
            self._discard(failure)
            raise self._write_error(failure) from failure
        self._replacement.__exit__(kind, error, trace)

    def add(self, image: NDArray[np.uint8], seconds: float | None = None) -> None:
        """Add a frame.

        Parameters
        ----------
        image : uint8 array ``(height, width, 3)``
            RGB.
        seconds : float, optional
            Time of the frame, later than the one before; by default one frame later.

        Raises
        ------
        RunFolderError
            If it cannot be written, such as when the disk is full.
        """
        even = np.ascontiguousarray(image[: self.height, : self.width])
        at = self._last_seconds + float(1 / self._rate) if seconds is None else seconds
        try:
            frame = self._av.VideoFrame.from_ndarray(even, format="rgb24")
            frame.time_base, frame.pts = _CLOCK, round(at / _CLOCK)
            self._mux(self._stream.encode(frame))
        except (self._av.FFmpegError, OSError) as error:
            raise self._write_error(error) from error
        self._last_seconds = at

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            self._container.mux(packet)

    def _write_error(self, error: Any) -> RunFolderError:
        return RunFolderError(f"{self.path}: cannot be written: {error.strerror or error}", hint="choose another path")

    def _discard(self, error: BaseException) -> None:
        try:
            self._replacement.__exit__(type(error), error, error.__traceback__)
        except BaseException as same:
            if same is not error:
                raise
