"""Sources of live video: cameras, network streams, and files played at their own pace."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import ConfigError, DataError, FormatError
from himpc.video.decoding import Video
from himpc.video.frame_conversion import FrameConverter

Image = NDArray[np.uint8]

RECONNECT_TRIES, RECONNECT_DELAY = 5, 2.0
"""Attempts to reconnect to a stream that broke off, and seconds between them."""

SILENCE_TIMEOUT = 10.0
"""Seconds without data after which a stream has broken off."""

BACKLOG_STEPS, BACKLOG_TIMEOUT = 0.5, 5.0
"""Frames that waited while a stream was opened are skipped: until reading had to wait for this share of a frame
interval in total, or for this many seconds."""

_CAMERAS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}
_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "http", "https", "udp", "tcp", "srt", "webcam")
_ADDRESS = re.compile(rf"(?i)({'|'.join(_SCHEMES[:-1])})://")


class LiveSource(Protocol):
    """A source of images that arrive in real time.

    Attributes
    ----------
    fps : float
        Nominal frame rate.
    broke : int
        Number of times that the connection broke off.
    """

    fps: float
    broke: int

    def images(self, stop: threading.Event) -> Iterator[Image]:
        """Yield images as they arrive, until the source ends or `stop` is set."""
        ...


def open_source(source: str, max_side: int) -> LiveSource:
    """Open a live source (see `LiveVideo`).

    Raises
    ------
    ConfigError
        If the kind of source is unknown.
    DataError
        If it cannot be opened.
    """
    if camera := re.fullmatch(r"(?:webcam|camera|usb):?(\w*)|(\d)|/dev/video(\d+)", source, re.IGNORECASE):
        number = next((group for group in camera.groups() if group), "0")
        driver, device = _CAMERAS.get(sys.platform, _CAMERAS["linux"])
        return _StreamSource(source, max_side, device.format(number), format=driver)
    if source.lower().startswith(("rtsp:", "rtsps:")):
        return _StreamSource(source, max_side, source, options={"rtsp_transport": "tcp"})
    if _ADDRESS.match(source):
        return _StreamSource(source, max_side, source)
    if not Path(source).exists():
        raise ConfigError(f"unknown live source {redact_password(source)!r}", hint=_suggest(source))
    return _FileSource(source, max_side)


def _suggest(source: str) -> str:
    """Return what a source that cannot be opened should probably have been."""
    scheme, separator, rest = source.partition(":")
    swapped = [each for each in _SCHEMES if sorted(each) == sorted(scheme.lower())]
    near = swapped or get_close_matches(scheme.lower(), _SCHEMES, 1, 0.6)
    if separator and near and rest.strip("/") and not rest[:1].isdigit():
        return f"did you mean {redact_password(near[0] + '://' + rest.lstrip('/'))}?"
    if re.match(r"[\w.-]+(:\d+)?(/|$)", source) and re.match(r"\d+\.\d+\.\d+\.\d+|[\w-]+(\.[\w-]+)*:\d", source):
        return f"write how the camera is reached: rtsp://{redact_password(source)}, or http://{redact_password(source)}"
    return "expected webcam:0, an address such as rtsp://... or http://..., or a file that exists"


def redact_password(source: str) -> str:
    """Replace the password in an address by asterisks.

    >>> redact_password("rtsp://user:secret@camera/1")
    'rtsp://user:***@camera/1'
    >>> redact_password("http://camera/video?user=me&pwd=secret&channel=1")
    'http://camera/video?user=me&pwd=***&channel=1'
    """
    # A password may contain @ and, against the rules, a slash; a number and a slash after the colon are a port.
    redacted = re.sub(r"(://[^:/@\[\s]*):(?:[^/\s]*@|(?!\d+/)\S*@)", r"\1:***@", source)
    return re.sub(r"(?i)([?&][^=&\s]*(?:pass|pwd|token|secret|key)[^=&\s]*=)[^&\s]*", r"\1***", redacted)


class _FileSource:
    """A video file, played at its own pace."""

    broke = 0

    def __init__(self, path: str, max_side: int) -> None:
        self._video = Video(path, max_side=max_side, cuts=False)
        self.fps = self._video.fps

    def images(self, stop: threading.Event) -> Iterator[Image]:
        with self._video:
            start = time.monotonic()
            for frame in self._video:
                if stop.wait(max(0.0, start + frame.seconds - time.monotonic())):
                    return
                yield frame.image


class _StreamSource:
    """A camera or network stream, reopened when it breaks off.

    A stream that states its duration is a recording: it is played at its own pace, once. Images have the size of the
    first one.
    """

    def __init__(self, source: str, max_side: int, address: str, **how: Any) -> None:
        self.fps, self.broke, self._received = 25.0, 0, 0
        self._source, self._max_side, self._address, self._how = source, max_side, address, how
        self._converter: FrameConverter | None = None
        self._av = require("av", "video")
        self._av.logging.set_level(None)
        self._container = self._open()

    def images(self, stop: threading.Event) -> Iterator[Image]:
        """Yield images as they arrive (see `LiveSource.images`)."""
        container: Any = self._container
        tries = 0
        while True:
            received = self._received
            ended = yield from self._read(container, stop)
            if ended or stop.is_set():
                return
            self.broke += 1
            container, tries = None, tries if self._received == received else 0
            while container is None:
                if tries == RECONNECT_TRIES:
                    raise DataError(
                        f"{redact_password(self._source)}: broke off, and did not come back in {RECONNECT_TRIES} tries"
                    )
                tries += 1
                if stop.wait(RECONNECT_DELAY):
                    return
                with suppress(DataError):
                    container = self._open()

    def _open(self) -> Any:
        container, reason, start = None, "", time.monotonic()
        try:
            container = self._av.open(self._address, timeout=(SILENCE_TIMEOUT, SILENCE_TIMEOUT), **self._how)
        except (self._av.FFmpegError, OSError, ValueError) as error:  # contains the password, so it is not chained
            reason = str(getattr(error, "strerror", None) or error)
        streams = [] if container is None else [each for each in container.streams.video if each.codec_context]
        if time.monotonic() - start >= SILENCE_TIMEOUT and not any(each.codec_context.width for each in streams):
            reason = f"it does not answer within {SILENCE_TIMEOUT:g} s"
        if container is not None and (reason or not streams):
            container.close()
        if reason:
            raise DataError(redact_password(f"{self._source}: cannot be opened: {reason}"))
        if not streams:
            raise FormatError(f"{redact_password(self._source)}: sends no video, or its codec is unknown")
        rate = streams[0].average_rate or streams[0].guessed_rate
        self.fps = float(rate) if rate and 0 < rate <= 240 else 25.0
        return container

    def _read(self, container: Any, stop: threading.Event) -> Generator[Image, None, bool]:
        """Yield the images of an open stream and close it; return whether it ended instead of breaking off."""
        recorded = bool(container.duration)
        current, waited, opened = recorded, 0.0, time.monotonic()
        start: float | None = None
        packets = container.demux(video=0)
        try:
            while not stop.is_set():
                requested = time.monotonic()
                if (packet := next(packets, None)) is None:
                    return recorded
                now = time.monotonic()
                if now - requested >= SILENCE_TIMEOUT:  # the last packet, and late
                    return False
                # A packet that is there at once has waited since the stream was opened.
                waited += now - requested
                current = current or waited > BACKLOG_STEPS / self.fps or now - opened > BACKLOG_TIMEOUT
                for frame in self._decode(packet):
                    if recorded and frame.time is not None:
                        start = now - frame.time if start is None else start
                        stop.wait(max(0.0, start + frame.time - time.monotonic()))
                    if current and not stop.is_set():
                        self._received += 1
                        yield self._to_image(container, frame)
        except (self._av.FFmpegError, OSError):
            pass
        finally:
            container.close()
        return False

    def _decode(self, packet: Any) -> list[Any]:
        try:
            return [frame for frame in packet.decode() if not frame.is_corrupt]
        except (self._av.FFmpegError, ValueError, MemoryError):  # a damaged packet
            return []

    def _to_image(self, container: Any, frame: Any) -> Image:
        """Convert a frame to an upright image of the size of the first one."""
        if self._converter is None:
            aspect = float(container.streams.video[0].sample_aspect_ratio or 1)
            self._converter = FrameConverter(redact_password(self._source), aspect, self._max_side, [])
        return self._converter.to_image(frame)
