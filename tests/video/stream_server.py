"""Test cameras: a small clip by RTSP or HTTP at its own pace, from 127.0.0.1."""

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
"""Seconds after which a server drops a client that neither sends nor receives; a silent one waits four times that."""

RTP_CLOCK = 90_000


@dataclass
class EncodedClip:
    """An encoded clip, a piece for each frame: as raw H.264, and as MPEG-TS."""

    fps: int
    units: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)

    def __add__(self, other: EncodedClip) -> EncodedClip:
        return EncodedClip(self.fps, self.units + other.units, self.chunks + other.chunks)


def grey(number: int) -> int:
    """Return the brightness of frame `number`: one of 64 steps that a codec preserves.

    >>> [grey(number) for number in (0, 1, 63, 64)]
    [2, 6, 254, 2]
    """
    return 4 * (number % 64) + 2


def number_of(image: np.ndarray) -> int:
    """Return the number of a frame, modulo 64.

    >>> number_of(np.full((4, 4, 3), grey(70) + 1))
    6
    """
    return round((float(np.median(image)) - 2) / 4) % 64


def encode_clip(pictures: int, *, fps: int = 25, size: tuple[int, int] = (64, 48), first: int = 0) -> EncodedClip:
    """Encode a clip whose frames show their number as brightness.

    Parameters
    ----------
    pictures : int
    fps : int
        Frames per second; the first of each second is a key frame.
    size : (int, int)
        Width and height, pixels.
    first : int
        Number of the first frame; more than 0 for a clip that continues another.
    """
    import av

    made, place = EncodedClip(fps), io.BytesIO()
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


def encode_sound(seconds: float) -> EncodedClip:
    """Encode MPEG-TS of encode_sound only, in one piece."""
    import av

    made, place, rate = EncodedClip(47), io.BytesIO(), 48_000
    with av.open(place, mode="w", format="mpegts", options={"flush_packets": "1"}) as container:
        stream = container.add_stream("aac", rate=rate)
        for number in range(round(seconds * made.fps)):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, 1024 * number
            container.mux(stream.encode(frame))
    made.chunks.append(place.getvalue())
    return made


class Camera:
    """A server in a thread; each client gets the clip from its start, at its pace.

    Parameters
    ----------
    clip : EncodedClip
    breaks : sequence of int
        Number of frames after which the first connection is cut, the second, and so on; later ones get the whole clip.
    hangs : bool
        Whether it falls silent instead and leaves the connection open.

    Attributes
    ----------
    address : str
        The URL of the clip.
    connections : int
        Number of connections.
    sent : list of list of float
        Times of the frames sent, by `time.monotonic`, for each connection.
    requests : list of str
        RTSP requests: OPTIONS, DESCRIBE ...
    """

    scheme = ""

    def __init__(self, clip: EncodedClip, *, breaks: Sequence[int] = (), hangs: bool = False) -> None:
        self.clip, self.breaks, self.hangs = clip, list(breaks), hangs
        self.sent: list[list[float]] = []
        self.requests: list[str] = []
        self.stop = threading.Event()
        camera = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(PATIENCE)
                with suppress(OSError):  # the client has gone
                    camera.answer(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.address = f"{self.scheme}://me:secret@127.0.0.1:{self._server.server_address[1]}/clip"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="camera")
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self.sent)

    def __enter__(self) -> Camera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and wait for all threads."""
        if not self.stop.is_set():
            self.stop.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()  # waits for open connections

    def answer(self, wire) -> None:
        """Answer one connection."""
        raise NotImplementedError

    def play(self, wire, pieces: Sequence[bytes], *, listen=None) -> None:
        """Send pieces at the pace of the clip; `listen` receives requests meanwhile and returns whether to continue."""
        times: list[float] = []
        self.sent.append(times)
        last = self.breaks.pop(0) if self.breaks else len(pieces)
        start = time.monotonic()
        for number, piece in enumerate(pieces[:last]):
            while (left := start + number / self.clip.fps - time.monotonic()) > 0:
                if not self._continues(wire, min(left, 0.1), listen):
                    return
            times.append(time.monotonic())
            wire.sendall(piece)
        end = time.monotonic() + (4 * PATIENCE if self.hangs else 0)
        while time.monotonic() < end and self._continues(wire, 0.1, listen):
            pass

    def _continues(self, wire, seconds: float, listen) -> bool:
        if select.select([wire], [], [], seconds)[0]:
            requests = wire.recv(4096)
            return bool(requests) and (listen is None or listen(requests))
        return not self.stop.is_set()


class HttpCamera(Camera):
    """MPEG-TS by HTTP, without a stated length; `status` is its response."""

    scheme = "http"

    def __init__(
        self, clip: EncodedClip, *, breaks: Sequence[int] = (), hangs: bool = False, status: str = "200 OK"
    ) -> None:
        self.status = status
        super().__init__(clip, breaks=breaks, hangs=hangs)

    def answer(self, wire) -> None:
        _receive_request(wire)
        wire.sendall(f"HTTP/1.1 {self.status}\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n".encode())
        if self.status.startswith("200"):
            self.play(wire, self.clip.chunks)


class RtspCamera(Camera):
    """H.264 by RTP within RTSP."""

    scheme = "rtsp"

    def answer(self, wire) -> None:
        session = "Session: 1;timeout=60"
        sdp = (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=clip\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
            f"c=IN IP4 127.0.0.1\r\na=rtpmap:96 H264/{RTP_CLOCK}\r\n"
            "a=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
        )

        def listen(received: bytes) -> bool:
            if not received:
                return False
            verb = received.split(b" ", 1)[0].decode()
            count = re.search(rb"(?i)cseq: *(\d+)", received)
            self.requests.append(verb)
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

        while listen(_receive_request(wire)):
            pass
        if self.requests[-1:] == ["PLAY"]:
            self.play(wire, self._packets(), listen=listen)

    def _packets(self) -> list[bytes]:
        """Return the RTP packets of each frame: one for each NAL unit, since packets in TCP may be long."""
        pieces, sequence = [], 0
        for number, unit in enumerate(self.clip.units):
            nals = [nal for nal in re.split(rb"\x00\x00\x00?\x01", unit) if nal]
            piece = b""
            for nal in nals:
                kind = 96 | (0x80 if nal is nals[-1] else 0)
                stamp = number * RTP_CLOCK // self.clip.fps
                packet = struct.pack(">BBHII", 0x80, kind, sequence % 65536, stamp, 1) + nal
                piece += struct.pack(">cBH", b"$", 0, len(packet)) + packet
                sequence += 1
            pieces.append(piece)
        return pieces


def _receive_request(wire) -> bytes:
    """Receive a request up to its empty line; empty if there is none."""
    received = b""
    while b"\r\n\r\n" not in received and (more := wire.recv(4096)):
        received += more
    return received
