"""Cameras to try live sources on: a small film by RTSP or HTTP, at its own pace, from 127.0.0.1."""

from __future__ import annotations

import io
import re
import select
import socketserver
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

PATIENCE = 5.0
"""Seconds after which a server lets go of whoever says nothing, or takes nothing; it is silent for four times that."""

RTP_CLOCK = 90_000


@dataclass
class Coded:
    """A film in pieces, one a picture: as H.264 by itself, and as MPEG-TS."""

    fps: int
    units: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)

    def __add__(self, other: Coded) -> Coded:
        return Coded(self.fps, self.units + other.units, self.chunks + other.chunks)


def grey(number: int) -> int:
    """Return how bright picture `number` is: 64 steps that a codec does not mix up.

    >>> [grey(number) for number in (0, 1, 63, 64)]
    [2, 6, 254, 2]
    """
    return 4 * (number % 64) + 2


def number_of(image: np.ndarray) -> int:
    """Return which picture it was, modulo 64.

    >>> number_of(np.full((4, 4, 3), grey(70) + 1))
    6
    """
    return round((float(np.median(image)) - 2) / 4) % 64


def film(pictures: int, *, fps: int = 25, size: tuple[int, int] = (64, 48), first: int = 0) -> Coded:
    """Make a film, each picture of which says its number by its brightness.

    Parameters
    ----------
    pictures : int
    fps : int
        Pictures a second; the first of each second stands by itself.
    size : (int, int)
        Width and height, pixels.
    first : int
        The number of the first: more than 0 for what comes after another film.
    """
    import av

    made, place = Coded(fps), io.BytesIO()
    with av.open(place, mode="w", format="mpegts", options={"flush_packets": "1"}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "tune": "zerolatency"})
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.thread_count = fps, 1
        for number in range(first, first + pictures):
            picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), grey(number), np.uint8), format="rgb24")
            picture.pts = number
            for packet in stream.encode(picture):
                made.units.append(bytes(packet))
                container.mux(packet)
                made.chunks.append(place.getvalue()[sum(map(len, made.chunks)) :])
    return made


def sound(seconds: float) -> Coded:
    """Make MPEG-TS of sound only, in one piece."""
    import av

    made, place, rate = Coded(47), io.BytesIO(), 48_000
    with av.open(place, mode="w", format="mpegts", options={"flush_packets": "1"}) as container:
        stream = container.add_stream("aac", rate=rate)
        for number in range(round(seconds * made.fps)):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, 1024 * number
            container.mux(stream.encode(frame))
    made.chunks.append(place.getvalue())
    return made


class Camera:
    """A server in a thread; whoever asks gets the film from its start, at its pace.

    Parameters
    ----------
    film : Coded
    breaks : sequence of int
        After so many pictures the first connection is cut, the second, and so on; later ones get the whole film.
    hangs : bool
        Whether it falls silent instead, and leaves the connection open.

    Attributes
    ----------
    address : str
        What to ask for.
    asked : int
        How often the film was asked for.
    sent : list of list of float
        When each picture was sent, by `time.monotonic`, for each time it was asked for.
    said : list of str
        What was asked, by RTSP: OPTIONS, DESCRIBE ...
    """

    scheme = ""

    def __init__(self, film: Coded, *, breaks: Sequence[int] = (), hangs: bool = False) -> None:
        self.film, self.breaks, self.hangs = film, list(breaks), hangs
        self.sent: list[list[float]] = []
        self.said: list[str] = []
        self.stop = threading.Event()
        camera = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(PATIENCE)
                with suppress(OSError):  # whoever asked has gone
                    camera.answer(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.address = f"{self.scheme}://me:secret@127.0.0.1:{self._server.server_address[1]}/film"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="camera")
        self._thread.start()

    @property
    def asked(self) -> int:
        return len(self.sent)

    def __enter__(self) -> Camera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cut every connection and take no other; all threads have ended then."""
        if not self.stop.is_set():
            self.stop.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()  # waits for those that answer

    def answer(self, wire) -> None:
        """Answer one connection."""
        raise NotImplementedError

    def play(self, wire, pieces: Sequence[bytes], *, listen=None) -> None:
        """Send the pieces at the pace of the film; `listen` takes what comes meanwhile and says whether to go on."""
        times: list[float] = []
        self.sent.append(times)
        last = self.breaks.pop(0) if self.breaks else len(pieces)
        start = time.monotonic()
        for number, piece in enumerate(pieces[:last]):
            while (left := start + number / self.film.fps - time.monotonic()) > 0:
                if not self._goes_on(wire, min(left, 0.1), listen):
                    return
            times.append(time.monotonic())
            wire.sendall(piece)
        end = time.monotonic() + (4 * PATIENCE if self.hangs else 0)
        while time.monotonic() < end and self._goes_on(wire, 0.1, listen):
            pass

    def _goes_on(self, wire, seconds: float, listen) -> bool:
        if select.select([wire], [], [], seconds)[0]:
            said = wire.recv(4096)
            return bool(said) and (listen is None or listen(said))
        return not self.stop.is_set()


class HttpCamera(Camera):
    """MPEG-TS by HTTP; of no stated length, as streams are. `status` is what it answers."""

    scheme = "http"

    def __init__(self, film: Coded, *, breaks: Sequence[int] = (), hangs: bool = False, status: str = "200 OK") -> None:
        self.status = status
        super().__init__(film, breaks=breaks, hangs=hangs)

    def answer(self, wire) -> None:
        _hear(wire)
        wire.sendall(f"HTTP/1.1 {self.status}\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n".encode())
        if self.status.startswith("200"):
            self.play(wire, self.film.chunks)


class RtspCamera(Camera):
    """H.264 by RTP within RTSP."""

    scheme = "rtsp"

    def answer(self, wire) -> None:
        session = "Session: 1;timeout=60"
        sdp = (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=film\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
            f"c=IN IP4 127.0.0.1\r\na=rtpmap:96 H264/{RTP_CLOCK}\r\n"
            "a=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
        )

        def listen(heard: bytes) -> bool:
            if not heard:
                return False
            verb = heard.split(b" ", 1)[0].decode()
            count = re.search(rb"(?i)cseq: *(\d+)", heard)
            self.said.append(verb)
            lines = ["RTSP/1.0 200 OK", f"CSeq: {int(count.group(1)) if count else 0}"]
            body = ""
            if verb == "OPTIONS":
                lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            elif verb == "DESCRIBE":
                lines += ["Content-Type: application/sdp", f"Content-Length: {len(sdp)}"]
                body = sdp
            elif verb == "SETUP":
                lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", session]
            else:
                lines.append(session)
            wire.sendall("\r\n".join([*lines, "", body]).encode())
            return verb not in ("PLAY", "TEARDOWN")

        while listen(_hear(wire)):
            pass
        if self.said[-1:] == ["PLAY"]:
            self.play(wire, self._packets(), listen=listen)

    def _packets(self) -> list[bytes]:
        """Return the RTP packets of each picture: one a NAL unit, since within TCP they may be long."""
        pieces, sequence = [], 0
        for number, unit in enumerate(self.film.units):
            nals = [nal for nal in re.split(rb"\x00\x00\x00?\x01", unit) if nal]
            piece = b""
            for nal in nals:
                kind = 96 | (0x80 if nal is nals[-1] else 0)
                stamp = number * RTP_CLOCK // self.film.fps
                packet = struct.pack(">BBHII", 0x80, kind, sequence % 65536, stamp, 1) + nal
                piece += struct.pack(">cBH", b"$", 0, len(packet)) + packet
                sequence += 1
            pieces.append(piece)
        return pieces


def _hear(wire) -> bytes:
    """Return a request, to its empty line; nothing when there is none."""
    heard = b""
    while b"\r\n\r\n" not in heard and (more := wire.recv(4096)):
        heard += more
    return heard
