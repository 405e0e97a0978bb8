"""A camera, a stream, or a file at its own pace: always the newest picture, never one that waited."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import ConfigError, DataError, FormatError
from himpc.video.decoding import Video

__all__ = ["LiveFrame", "LiveVideo", "shown_source"]

_CAMERAS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}
_ADDRESS = re.compile(r"(?i)(rtsps?|rtmp|https?|udp|srt)://")
_TRIES, _WAIT = 5, 2.0
"""A stream that breaks off is asked for again so often, so many seconds apart."""

_SILENCE = 10.0
"""Seconds without a word after which a stream has broken off."""

_NEW, _OLD = 0.5, 5.0
"""Pictures are new once they had to be waited for, so many steps between two; after so many seconds all are given."""

_LEAVE = 1.0
"""Seconds that closing waits for the reader, which may be waiting itself; it ends later then, by itself."""


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

    A stream that breaks off is asked for again. Its pictures keep the size of the first one; those that had waited
    when it was opened are passed over. One that states its length is a recording: it is played at its own pace, once.

    Parameters
    ----------
    source : str
        ``webcam:0``, an address (``rtsp://``, ``http://`` ...), or a video file, which is played at its own pace.
    max_side : int
        Pixels; larger pictures are made smaller.

    Attributes
    ----------
    fps : float
        Pictures a second that the source names, 25 where it names none.
    seen, dropped : int
        Pictures that came, and those that nobody asked for in time.
    broke : int
        How often a stream broke off.

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
        self._size: tuple[int, int] | None = None
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
        """Return the newest picture not given yet, waiting for it so many seconds; None when there will be no more.

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
        if self._problem is not None and not self._stop.is_set():
            raise self._problem
        if not there:
            raise DataError(f"{shown_source(self.source)}: no picture came in {timeout:g} s")
        return None

    def close(self) -> None:
        """Stop; there are no more pictures then."""
        self._stop.set()
        with self._news:
            self._over = True
            self._news.notify_all()
        self._thread.join(timeout=_LEAVE)

    def _fresh(self) -> bool:
        return not self._stop.is_set() and self._newest is not None and self._newest.number > self._given

    def _chosen(self) -> Callable[[], None]:
        """Return what reads the source, having opened it where that can be told at once."""
        place, how = self.source, dict[str, Any]()
        if found := re.fullmatch(r"webcam:(\w+)", self.source):
            kind, name = _CAMERAS.get(sys.platform, _CAMERAS["linux"])
            place, how = name.format(found.group(1)), {"format": kind}
        elif self.source.lower().startswith(("rtsp:", "rtsps:")):
            how = {"options": {"rtsp_transport": "tcp"}}
        elif not _ADDRESS.match(self.source):
            if ":" in self.source and not Path(self.source).exists():
                shown = repr(shown_source(self.source))
                raise ConfigError(f"unknown live source {shown}: give webcam:0, rtsp://..., http://... or a file")
            video = Video(self.source, max_side=self._max_side, cuts=False)
            self.fps = video.fps
            return partial(self._play, video)
        again = partial(self._opened, place, **how)
        return partial(self._stream, again(), again)

    def _opened(self, place: str, **how: Any) -> Any:
        av = require("av", "video")
        av.logging.set_level(None)
        container, why, start = None, "", time.monotonic()
        try:
            container = av.open(place, timeout=(_SILENCE, _SILENCE), **how)
        except (av.FFmpegError, OSError, ValueError) as error:  # which names the password: it goes no further
            why = str(getattr(error, "strerror", None) or error)
        streams = [] if container is None else [each for each in container.streams.video if each.codec_context]
        if time.monotonic() - start >= _SILENCE and not any(each.codec_context.width for each in streams):
            why = f"it does not answer within {_SILENCE:g} s"
        if container is not None and (why or not streams):
            container.close()
        if why:
            raise DataError(shown_source(f"{self.source}: cannot be opened: {why}"))
        if not streams:
            raise FormatError(f"{shown_source(self.source)}: sends no pictures, or of a codec that is not known here")
        rate = streams[0].average_rate or streams[0].guessed_rate
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

    def _stream(self, container: Any, again: Callable[[], Any]) -> None:
        tries = 0
        while True:
            seen = self.seen
            if self._take(container) or self._stop.is_set():
                return
            self.broke += 1
            container, tries = None, tries if self.seen == seen else 0
            while container is None:
                if tries == _TRIES:
                    raise DataError(f"{shown_source(self.source)}: broke off, and did not come back in {_TRIES} tries")
                tries += 1
                if self._stop.wait(_WAIT):
                    return
                with suppress(DataError):
                    container = again()

    def _take(self, container: Any) -> bool:
        """Put the pictures of a stream, and close it; return whether it is over, and did not break off."""
        av = require("av", "video")
        recorded = bool(container.duration)
        fresh, waited, begun = recorded, 0.0, time.monotonic()
        start: float | None = None
        packets = container.demux(video=0)
        try:
            while not self._stop.is_set():
                asked = time.monotonic()
                if (packet := next(packets, None)) is None:
                    return recorded
                now = time.monotonic()
                if now - asked >= _SILENCE:  # then it is the last one, and late
                    return False
                # What is there at once has waited since the stream was opened; what must be waited for is new.
                waited += now - asked
                fresh = fresh or waited > _NEW / self.fps or now - begun > _OLD
                for picture in _decoded(packet):
                    if recorded and picture.time is not None:
                        start = now - picture.time if start is None else start
                        self._stop.wait(max(0.0, start + picture.time - time.monotonic()))
                    if fresh and not self._stop.is_set():
                        self._put(self._fitted(picture))
        except (av.FFmpegError, OSError):
            pass
        finally:
            container.close()
        return False

    def _fitted(self, picture: Any) -> NDArray[np.uint8]:
        """Return a picture in the size of the first one; where its shape is another, it has black borders."""
        if self._size is None:
            shrunk = min(1.0, self._max_side / max(picture.width, picture.height))
            self._size = max(2, round(shrunk * picture.width)), max(2, round(shrunk * picture.height))
        width, height = self._size
        scale = min(width / picture.width, height / picture.height)
        inner = max(1, round(scale * picture.width)), max(1, round(scale * picture.height))
        image: NDArray[np.uint8] = picture.to_ndarray(format="rgb24", width=inner[0], height=inner[1])
        if inner == self._size:
            return image
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        whole = np.zeros((height, width, 3), np.uint8)
        whole[top : top + inner[1], left : left + inner[0]] = image
        return whole

    def _put(self, image: NDArray[np.uint8]) -> None:
        now = time.monotonic()
        if self._start is None:
            self._start = now
        with self._news:
            self._newest = LiveFrame(self.seen, now - self._start, image, now)
            self.seen += 1
            self._news.notify_all()


def _decoded(packet: Any) -> list[Any]:
    """Return the pictures of a packet; none where it is damaged."""
    try:
        return [picture for picture in packet.decode() if not picture.is_corrupt]
    except (require("av", "video").FFmpegError, ValueError, MemoryError):
        return []


def shown_source(source: str) -> str:
    """Return a source as it may be shown: without the password of an address.

    >>> shown_source("rtsp://user:secret@camera/1")
    'rtsp://user:***@camera/1'
    >>> shown_source("http://camera/film?user=me&pwd=secret&channel=1")
    'http://camera/film?user=me&pwd=***&channel=1'
    """
    # A password may hold @ or, against the rules, a slash; a number and a slash after the colon are a port.
    shown = re.sub(r"(://[^:/@\[\s]*):(?:[^/\s]*@|(?!\d+/)\S*@)", r"\1:***@", source)
    return re.sub(r"(?i)([?&][^=&\s]*(?:pass|pwd|token|secret|key)[^=&\s]*=)[^&\s]*", r"\1***", shown)
