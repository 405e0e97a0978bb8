"""Live video: always the newest frame, never a backlog."""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.video.live_source import open_source, redact_password

JOIN_TIMEOUT = 1.0
"""Seconds that closing waits for the reading thread; if it waits for a stream itself, it ends later."""


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """A frame of a live source."""

    number: int
    """From 0; dropped frames are counted."""
    seconds: float
    """Time since the first frame."""
    image: NDArray[np.uint8] = field(repr=False)
    """RGB ``(height, width, 3)``."""
    captured: float
    """When it arrived, by `time.monotonic`."""


class LiveVideo:
    """The newest frame of a live source; a slow consumer misses frames instead of falling behind.

    A stream that breaks off is reopened. Frames that waited while it was opened are skipped.

    Parameters
    ----------
    source : str
        ``webcam:0``, an address (``rtsp://``, ``http://`` ...), or a video file, which is played at its own pace.
    max_side : int
        Larger frames are scaled down to this longer side, pixels.

    Attributes
    ----------
    seen, dropped : int
        Number of frames that arrived, and of those that were replaced by a newer one before they were asked for.

    Raises
    ------
    ConfigError
        If the kind of source is unknown.
    DataError
        If it cannot be opened.
    """

    def __init__(self, source: str, *, max_side: int = 1920) -> None:
        self.source = source
        self.seen = self.dropped = 0
        self._source = open_source(source, max_side)
        self._newest: LiveFrame | None = None
        self._last_number = -1
        self._start: float | None = None
        self._error: Exception | None = None
        self._ended = False
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="himpc live video", daemon=True)
        self._thread.start()
        # A thread that decodes while the interpreter shuts down can crash it, so one that was not closed ends before.
        weakref.finalize(self, _stop, self._stop, self._thread)

    @property
    def fps(self) -> float:
        """Nominal frame rate; 25 if the source states none."""
        return self._source.fps

    @property
    def broke(self) -> int:
        """Number of times that the connection broke off."""
        return self._source.broke

    def __enter__(self) -> LiveVideo:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def newest(self, timeout: float = 30.0) -> LiveFrame | None:
        """Wait for a frame that is newer than the last one returned.

        Parameters
        ----------
        timeout : float
            Seconds.

        Returns
        -------
        LiveFrame or None
            None after the last frame.

        Raises
        ------
        DataError
            If no frame arrives in time, or the source fails.
        """
        with self._changed:
            in_time = self._changed.wait_for(lambda: self._ended or self._next() is not None, timeout)
            if (frame := self._next()) is not None:
                self.dropped += frame.number - self._last_number - 1
                self._last_number = frame.number
                return frame
        if self._error is not None and not self._stop.is_set():
            raise self._error
        if not in_time:
            raise DataError(f"{redact_password(self.source)}: no frame arrived in {timeout:g} s")
        return None

    def close(self) -> None:
        """Stop reading; there are no more frames then."""
        self._stop.set()
        self._end()
        _stop(self._stop, self._thread)

    def _next(self) -> LiveFrame | None:
        is_new = self._newest is not None and self._newest.number > self._last_number
        return self._newest if is_new and not self._stop.is_set() else None

    def _run(self) -> None:
        try:
            for image in self._source.images(self._stop):
                self._publish(image)
        except Exception as error:  # raised where the next frame is asked for
            self._error = error
        finally:
            self._end()

    def _publish(self, image: NDArray[np.uint8]) -> None:
        now = time.monotonic()
        if self._start is None:
            self._start = now
        with self._changed:
            self._newest = LiveFrame(self.seen, now - self._start, image, now)
            self.seen += 1
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def _stop(stop: threading.Event, thread: threading.Thread) -> None:
    stop.set()
    if thread is not threading.current_thread():
        thread.join(timeout=JOIN_TIMEOUT)
