"""A camera, a stream, or a file at its own pace: always the newest picture, never one that waited."""

from __future__ import annotations

import re
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError, FormatError
from himpc.pose.parts import need
from himpc.pose.video import Video

__all__ = ["LiveFrame", "LiveVideo", "shown_source"]

_CAMERAS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}
_ADDRESS = re.compile(r"(?i)(rtsps?|rtmp|https?|udp|srt)://")
_TRIES, _WAIT = 5, 2.0
"""A stream that breaks off is asked for again so often, so many seconds apart."""

_SILENCE = 10.0
"""Seconds without a word after which a stream has broken off."""


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """The newest picture.

    Attributes
    ----------
    number : int
        Of the pictures that came, from 0; those between are the dropped ones.
    seconds : float
        Since the first picture.
    image : uint8 array ``(height, width, 3)``
        Red, green, blue.
    captured : float
        When it came, by `time.monotonic`.
    """

    number: int
    seconds: float
    image: NDArray[np.uint8] = field(repr=False)
    captured: float


class LiveVideo:
    """Pictures as they come; whoever is slow misses some, and is never behind.

    Parameters
    ----------
    source : str
        ``webcam:0``, an address (``rtsp://``, ``http://`` ...), or a video file, which is played at its own pace.
    max_side : int
        Pixels; larger pictures of a file are made smaller.

    Attributes
    ----------
    fps : float
        Pictures a second that the source names, 25 where it names none.
    seen, dropped : int
        Pictures that came, and those that nobody asked for in time.
    broke : int
        How often a stream broke off and was asked for again.

    Raises
    ------
    ConfigError
        If the source is none of these.
    DataError
        If it cannot be opened.
    """

    def __init__(self, source: str, *, max_side: int = 1920) -> None:
        self.source = source
        self.fps = 25.0
        self.seen = self.dropped = self.broke = 0
        self._max_side = max_side
        self._newest: LiveFrame | None = None
        self._given = -1
        self._problem: Exception | None = None
        self._over = False
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._start: float | None = None
        self._read = self._chosen()
        self._thread = threading.Thread(target=self._run, name="himpc live", daemon=True)
        self._thread.start()

    def __enter__(self) -> LiveVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def newest(self, timeout: float = 30.0) -> LiveFrame | None:
        """Return the newest picture that was not given yet, waiting for one; None when there will be no more.

        Raises
        ------
        DataError
            If nothing came in time, or the source failed.
        """
        with self._news:
            there = self._news.wait_for(lambda: self._over or self._fresh(), timeout)
            if self._fresh():
                frame = self._newest
                assert frame is not None
                self.dropped += frame.number - self._given - 1
                self._given = frame.number
                return frame
        if self._problem is not None:
            raise self._problem
        if not there:
            raise DataError(f"{shown_source(self.source)}: no picture came in {timeout:g} s")
        return None

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        with self._news:
            self._over = True
            self._news.notify_all()
        self._thread.join(timeout=5.0)

    def _fresh(self) -> bool:
        return self._newest is not None and self._newest.number > self._given

    def _chosen(self) -> Any:
        """Return what reads the source, having opened it where that can be told at once."""
        if found := re.fullmatch(r"webcam:(\w+)", self.source):
            kind, name = _CAMERAS.get(sys.platform, _CAMERAS["linux"])
            place = name.format(found.group(1))
            container = self._opened(place, format=kind)
            return lambda: self._stream(container, lambda: self._opened(place, format=kind))
        if _ADDRESS.match(self.source):
            options = {"rtsp_transport": "tcp", "stimeout": "10000000"} if self.source.startswith("rtsp") else {}
            container = self._opened(self.source, options=options)
            return lambda: self._stream(container, lambda: self._opened(self.source, options=options))
        if ":" in self.source and not Path(self.source).exists():
            raise ConfigError(
                f"unknown live source {shown_source(self.source)!r}: give webcam:0, rtsp://..., http://... or a file"
            )
        video = Video(self.source, max_side=self._max_side, cuts=False)
        self.fps = video.fps
        return lambda: self._play(video)

    def _opened(self, place: str, **how: Any) -> Any:
        av = need("av")
        av.logging.set_level(None)
        try:
            container = av.open(place, timeout=(_SILENCE, _SILENCE), **how)
        except (av.FFmpegError, OSError, ValueError) as error:
            why = str(getattr(error, "strerror", None) or error)
            raise DataError(f"{shown_source(self.source)}: cannot be opened: {why}") from error
        if not container.streams.video:
            container.close()
            raise FormatError(f"{shown_source(self.source)}: sends no pictures")
        rate = container.streams.video[0].average_rate
        self.fps = float(rate) if rate and 0 < rate <= 240 else 25.0
        return container

    def _run(self) -> None:
        try:
            self._read()
        except Exception as error:  # told to whoever asks for the next picture
            self._problem = error
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()

    def _play(self, video: Video) -> None:
        with video:
            start = time.monotonic()
            for frame in video:
                if self._stop.wait(max(0.0, start + frame.seconds - time.monotonic())):
                    return
                self._put(frame.image)

    def _stream(self, container: Any, again: Any) -> None:
        av = need("av")
        tries = 0
        while not self._stop.is_set():
            try:
                for picture in container.decode(video=0):
                    if self._stop.is_set():
                        break
                    tries = 0
                    self._put(picture.to_ndarray(format="rgb24"))
            except (av.FFmpegError, OSError):
                pass
            finally:
                container.close()
            if self._stop.is_set():
                return
            while True:
                tries, self.broke = tries + 1, self.broke + 1
                if tries > _TRIES:
                    raise DataError(f"{shown_source(self.source)}: broke off, and did not come back in {_TRIES} tries")
                if self._stop.wait(_WAIT):
                    return
                try:
                    container = again()
                    break
                except DataError:
                    continue

    def _put(self, image: NDArray[np.uint8]) -> None:
        now = time.monotonic()
        if self._start is None:
            self._start = now
        with self._news:
            self._newest = LiveFrame(self.seen, now - self._start, image, now)
            self.seen += 1
            self._news.notify_all()


def shown_source(source: str) -> str:
    """Return a source as it may be shown: without the password of an address.

    >>> shown_source("rtsp://user:secret@camera/1")
    'rtsp://user:***@camera/1'
    """
    return re.sub(r"(://[^:/@\s]*):[^@/]*@", r"\1:***@", source)
