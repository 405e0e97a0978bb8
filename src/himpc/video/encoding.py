"""Writing a film, picture by picture."""

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

__all__ = ["OVERLAY_SUFFIX", "VideoWriter"]

OVERLAY_SUFFIX = ".overlay.mp4"
"""So end the names of films that himpc writes; in a folder they are no videos to look at."""

_TICK = Fraction(1, 90_000)  # of a second: the clock of MPEG


class VideoWriter:
    """A film in H.264, mp4; it takes its place when it is whole.

    Parameters
    ----------
    path : path
    width, height : int
        Pixels; an odd one loses its last row or column, which the codec wants.
    fps : float
        Pictures a second.

    Raises
    ------
    RunFolderError
        If it cannot be written.
    """

    def __init__(self, path: str | Path, width: int, height: int, fps: float) -> None:
        self.path = Path(path)
        self.width, self.height = width - width % 2, height - height % 2
        if min(self.width, self.height) < 2:
            raise DataError(f"{path}: a film of {width} x {height} pixels is too small, expected 2 x 2 and more")
        self._rate = max(Fraction(fps).limit_denominator(1001), Fraction(1, 1001))
        self._av: Any = require("av", "video")
        self._replacing: AbstractContextManager[Path] = replace_atomically(self.path)
        self._last = -float(1 / self._rate)
        self._container: Any = None
        self._stream: Any = None

    def __enter__(self) -> VideoWriter:
        beside = self._replacing.__enter__()
        try:
            self._container = self._av.open(str(beside), mode="w", format="mp4")
            codec = "libx264" if "libx264" in self._av.codecs_available else "mpeg4"
            self._stream = self._container.add_stream(codec, rate=self._rate)
            self._stream.codec_context.time_base = _TICK
            self._stream.width, self._stream.height, self._stream.pix_fmt = self.width, self.height, "yuv420p"
        except BaseException as error:
            self._leave(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._mux(self._stream.encode())
            self._container.close()
        except (self._av.FFmpegError, OSError) as failed:
            self._leave(failed)
            raise RunFolderError(
                f"{self.path}: cannot be written: {failed.strerror or failed}; choose another place"
            ) from failed
        self._replacing.__exit__(kind, error, trace)

    def add(self, picture: NDArray[np.uint8], seconds: float | None = None) -> None:
        """Add a picture ``(height, width, 3)``, red, green, blue.

        Parameters
        ----------
        picture : uint8 array
        seconds : float, optional
            When it is shown, later than the one before; one step later, if not given.

        Raises
        ------
        RunFolderError
            If it cannot be written: the disk is full, say.
        """
        whole = np.ascontiguousarray(picture[: self.height, : self.width])
        try:
            frame = self._av.VideoFrame.from_ndarray(whole, format="rgb24")
            at = self._last + float(1 / self._rate) if seconds is None else seconds
            frame.time_base, frame.pts = _TICK, round(at / _TICK)
            self._last = at
            self._mux(self._stream.encode(frame))
        except (self._av.FFmpegError, OSError) as error:
            raise RunFolderError(
                f"{self.path}: cannot be written: {error.strerror or error}; choose another place"
            ) from error

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            self._container.mux(packet)

    def _leave(self, error: BaseException) -> None:
        try:
            self._replacing.__exit__(type(error), error, error.__traceback__)
        except BaseException as same:
            if same is not error:
                raise
