"""A live source gives the newest frame and never falls behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import ConfigError, DataError, FormatError
from himpc.video.live_source import redact_password
from himpc.video.live_video import LiveFrame, LiveVideo

pytest.importorskip("av")
from stream_server import Camera, EncodedClip, HttpCamera, RtspCamera, encode_clip, encode_sound, number_of

both = pytest.mark.parametrize("kind", [RtspCamera, HttpCamera])
LATE = 0.4
"""Seconds that most frames may take from a server on a shared machine; a backlog would delay all of them."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 30 frames per second; each frame is brighter than the one before."""
    from himpc.video.encoding import VideoWriter

    path = tmp_path_factory.mktemp("live") / "clip.mp4"
    with VideoWriter(path, 64, 48, 30) as video:
        for number in range(60):
            video.add(np.full((48, 64, 3), 4 * number, dtype=np.uint8))
    return path


def test_fast_consumer_gets_every_frame_at_its_time(clip: Path) -> None:
    with LiveVideo(str(clip)) as video:
        frames = list(iter(video.newest, None))
    assert 1.9 <= frames[-1].captured - frames[0].captured < 3.8
    assert len(frames) + video.dropped == video.seen == 60
    assert video.dropped <= 20  # on a busy machine; 30 if it took every second one
    assert all(a.number < b.number and a.seconds < b.seconds for a, b in pairwise(frames))


def test_slow_consumer_misses_frames_and_is_not_behind(clip: Path) -> None:
    ages = []
    with LiveVideo(str(clip)) as video:
        while (frame := video.newest()) is not None:
            ages.append(time.monotonic() - frame.captured)
            time.sleep(0.2)
    assert video.dropped >= 40
    assert np.median(ages[1:-1]) < 0.1  # the newest one, not one that waited


def test_closing_ends_at_once(clip: Path) -> None:
    video = LiveVideo(str(clip))
    assert video.newest() is not None
    start = time.monotonic()
    video.close()
    assert time.monotonic() - start < 1.5  # of the two seconds that the clip lasts
    assert video.newest() is None


def check_message(error: BaseException) -> str:
    """Return the message of an error, after checking that it is one line and that its traceback has no password."""
    assert "secret" not in "".join(traceback.format_exception(error))
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize("source", ["webcam:7", "rtsp://user:secret@127.0.0.1:9/one", "http://user:secret@127.0.0.1:9"])
def test_unreachable_source_is_one_line_without_the_password(source: str) -> None:
    with pytest.raises(DataError, match="cannot be opened") as raised:
        LiveVideo(source)
    check_message(raised.value)


def test_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError, match="webcam:0"):
        LiveVideo("gopher://x")


def test_passwords_are_redacted() -> None:
    assert redact_password("rtsp://me:p%40ss@camera:554/x?a=b") == "rtsp://me:***@camera:554/x?a=b"
    assert redact_password("rtsp://me:p@ss@camera/x") == "rtsp://me:***@camera/x"
    assert redact_password("rtsp://me:p/ss@camera/x") == "rtsp://me:***@camera/x"
    assert redact_password("http://camera/x?usr=me&pwd=pass&a=b") == "http://camera/x?usr=me&pwd=***&a=b"
    for plain in ("rtsp://camera/x", "rtsp://camera:554/x", "rtsp://camera:554/x@y", "rtsp://[::1]:554/x@y"):
        assert redact_password(plain) == plain


@pytest.fixture(scope="module")
def encoded() -> EncodedClip:
    """Four seconds at 25 frames per second."""
    return encode_clip(100)


def take(video: LiveVideo, count: int, *, each: float = 0.0) -> list[LiveFrame]:
    """Take `count` frames, `each` seconds apart, and check that most are the newest; one may wait on a busy machine."""
    frames, ages = [], []
    for _ in range(count):
        frame = video.newest()
        assert frame is not None
        ages.append(time.monotonic() - frame.captured)
        frames.append(frame)
        time.sleep(each)
    assert count < 5 or np.median(ages) < 1 / video.fps + 0.15
    return frames


def take_until(video: LiveVideo, number: int) -> list[LiveFrame]:
    """Take frames up to the one that shows `number`, or one of the next three."""
    frames = take(video, 1)
    while not number <= number_of(frames[-1].image) < number + 4:
        assert len(frames) < 100
        frames += take(video, 1)
    return frames


def in_order(frames: list[LiveFrame]) -> bool:
    """Return whether numbers and times increase."""
    return all(a.number < b.number and a.seconds < b.seconds for a, b in pairwise(frames))


def shown_numbers(frames: list[LiveFrame]) -> list[int]:
    """Return the number that each frame shows; successive ones are less than 64 apart."""
    numbers = [number_of(frames[0].image)]
    for frame in frames[1:]:
        numbers.append(numbers[-1] + (number_of(frame.image) - numbers[-1]) % 64)
    return numbers


def delays(frames: list[LiveFrame], sent: list[float]) -> list[float]:
    """Return the delay of each frame, seconds."""
    return [frame.captured - sent[number] for frame, number in zip(frames, shown_numbers(frames), strict=True)]


@both
def test_stream_gives_frames_in_order_as_they_are_sent(kind: type[Camera], encoded: EncodedClip) -> None:
    with kind(encoded) as camera, LiveVideo(camera.address) as video:
        assert video.fps == 25
        frames = take(video, 30)
    assert video.broke == 0
    assert in_order(frames)
    assert frames[0].seconds == 0
    assert np.median(delays(frames, camera.sent[0])) < LATE
    assert delays(frames, camera.sent[0])[0] < 2  # not even the first one waited for the clip to end
    numbers = np.array(shown_numbers(frames))
    assert np.median(np.diff(numbers)) < 4
    assert np.median(np.abs([frame.seconds for frame in frames] - (numbers - numbers[0]) / 25)) < 0.2
    if kind is RtspCamera:
        assert camera.requests == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


@both
def test_slow_consumer_of_a_stream_is_not_behind(kind: type[Camera], encoded: EncodedClip) -> None:
    with kind(encoded) as camera, LiveVideo(camera.address) as video:
        frames = take(video, 8, each=0.25)
    assert in_order(frames)
    assert np.median(delays(frames, camera.sent[0])) < LATE
    assert frames[-1].number - len(frames) + 1 == video.dropped >= 20


@both
@pytest.mark.parametrize("hangs", [False, True])
def test_stream_that_breaks_off_is_reopened(
    kind: type[Camera], hangs: bool, encoded: EncodedClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("himpc.video.live_source.RECONNECT_DELAY", 0.1)
    monkeypatch.setattr("himpc.video.live_source.SILENCE_TIMEOUT", 2.0)
    with kind(encoded, breaks=[45], hangs=hangs) as camera, LiveVideo(camera.address) as video:
        frames = take(video, 10)
        while camera.connections < 2:
            frames += take(video, 1)
        frames += take(video, 10)
    assert (video.broke, camera.connections) == (1, 2)
    assert in_order(frames)
    assert max(b.seconds - a.seconds for a, b in pairwise(frames)) > (2 if hangs else 0.5)
    assert np.median(delays(frames[-8:], camera.sent[1])) < LATE


@both
def test_lost_stream_is_one_line(kind: type[Camera], encoded: EncodedClip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("himpc.video.live_source.RECONNECT_DELAY", 0.1)
    with kind(encoded) as camera, LiveVideo(camera.address) as video:
        take(video, 3)
        camera.close()
        start = time.monotonic()
        with pytest.raises(DataError, match="did not come back in 5 tries") as raised:
            deque(iter(video.newest, None))
    assert time.monotonic() - start < 8  # five tries, and none waits for a silent stream
    assert video.broke == 1
    check_message(raised.value)


@both
def test_silent_server_is_one_line(kind: type[Camera], encoded: EncodedClip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("himpc.video.live_source.SILENCE_TIMEOUT", 0.5)
    start = time.monotonic()
    with (
        kind(encoded, breaks=[0], hangs=True) as camera,
        pytest.raises(DataError, match=r"within 0\.5 s") as raised,
    ):
        LiveVideo(camera.address)
    assert time.monotonic() - start < 8  # of the 20 s that it stays silent
    check_message(raised.value)


def test_refused_request_is_one_line(encoded: EncodedClip) -> None:
    with (
        HttpCamera(encoded, status="404 Not Found") as camera,
        pytest.raises(DataError, match="404 Not Found") as raised,
    ):
        LiveVideo(camera.address)
    check_message(raised.value)


def test_sound_only_is_one_line() -> None:
    with HttpCamera(encode_sound(2)) as camera, pytest.raises(FormatError, match="sends no video") as raised:
        LiveVideo(camera.address)
    check_message(raised.value)


@both
def test_frames_of_another_size_get_the_first_size(kind: type[Camera]) -> None:
    wider = encode_clip(50) + encode_clip(50, size=(96, 48), first=50)
    with kind(wider) as camera, LiveVideo(camera.address) as video:
        frames = take_until(video, 60)
    assert video.broke == 0
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert not frames[-1].image[:6].any()
    assert frames[0].image[:6].any()


def test_large_frames_of_a_stream_are_scaled_down(encoded: EncodedClip) -> None:
    with HttpCamera(encoded) as camera, LiveVideo(camera.address, max_side=32) as video:
        assert take(video, 1)[0].image.shape == (24, 32, 3)


@both
def test_damaged_frame_does_not_break_a_stream(kind: type[Camera], encoded: EncodedClip) -> None:
    torn = EncodedClip(25, list(encoded.units), list(encoded.chunks))
    for number in range(40, 46):
        torn.units[number] = b"\0\0\0\1\x65" + bytes(range(9, 200))
        torn.chunks[number] = torn.chunks[number][:60] + bytes(128) + torn.chunks[number][188:]
    with kind(torn) as camera, LiveVideo(camera.address) as video:
        frames = take_until(video, 60)
    assert (video.broke, camera.connections) == (0, 1)
    assert in_order(frames)


def test_recorded_stream_is_played_at_its_pace_and_once(clip: Path) -> None:
    class SilentHandler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SilentHandler, directory=str(clip.parent))) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with LiveVideo(f"http://127.0.0.1:{server.server_address[1]}/{clip.name}") as video:
            frames = list(islice(iter(video.newest, None), 100))
        server.shutdown()
    assert 1.8 < frames[-1].captured - frames[0].captured < 3.8
    assert (video.seen, video.broke) == (60, 0)
    assert np.median(np.abs([frame.seconds - frame.number / 30 for frame in frames])) < 0.2


@both
def test_closing_does_not_wait_for_a_silent_stream(kind: type[Camera], encoded: EncodedClip) -> None:
    with kind(encoded, breaks=[45], hangs=True) as camera:
        video = LiveVideo(camera.address)
        take(video, 1)
        threading.Timer(1.0, video.close).start()
        start = time.monotonic()
        deque(iter(video.newest, None))  # a waiting consumer returns, too
        assert time.monotonic() - start < 6  # a silent stream is closed after 10 s
        start = time.monotonic()
        video.close()
        assert time.monotonic() - start < 5


def test_program_ends_while_a_stream_is_silent(encoded: EncodedClip) -> None:
    script = """if True:
        import sys, time
        from himpc.video.live_video import LiveVideo
        LiveVideo(sys.argv[1]).newest()
        print(time.monotonic())
    """
    with RtspCamera(encoded, breaks=[45], hangs=True) as camera:
        done = subprocess.run([sys.executable, "-c", script, camera.address], capture_output=True, text=True)
        ended = time.monotonic()
    assert (done.returncode, done.stderr) == (0, "")
    assert ended - float(done.stdout) < 8  # a silent stream is closed after 10 s
