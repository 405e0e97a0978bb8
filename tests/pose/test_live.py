"""A live source gives the newest picture and is never behind; who is seen live is told by a gallery."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import ConfigError, DataError
from himpc.pose.live import LiveVideo, shown_source

pytest.importorskip("av")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 30 pictures a second; each picture is brighter than the one before."""
    from himpc.pose.film import Film

    path = tmp_path_factory.mktemp("live") / "clip.mp4"
    with Film(path, 64, 48, 30) as film:
        for number in range(60):
            film.add(np.full((48, 64, 3), 4 * number, dtype=np.uint8))
    return path


def test_whoever_is_fast_sees_every_picture_at_its_time(clip: Path) -> None:
    start = time.monotonic()
    with LiveVideo(str(clip)) as video:
        frames = []
        while (frame := video.newest()) is not None:
            frames.append(frame)
    assert 1.9 <= time.monotonic() - start < 4
    assert len(frames) + video.dropped == video.seen == 60
    assert video.dropped <= 6
    assert all(a.number < b.number and a.seconds < b.seconds for a, b in pairwise(frames))


def test_whoever_is_slow_misses_pictures_and_is_not_behind(clip: Path) -> None:
    ages = []
    with LiveVideo(str(clip)) as video:
        while (frame := video.newest()) is not None:
            ages.append(time.monotonic() - frame.captured)
            time.sleep(0.2)
    assert video.dropped >= 40
    assert max(ages[1:-1]) < 0.1  # the newest one, not one that waited


def test_closing_ends_it_at_once(clip: Path) -> None:
    video = LiveVideo(str(clip))
    assert video.newest() is not None
    start = time.monotonic()
    video.close()
    assert time.monotonic() - start < 1
    assert video.newest() is None


@pytest.mark.parametrize("source", ["webcam:7", "rtsp://user:secret@127.0.0.1:9/one"])
def test_what_is_not_there_is_one_clear_line_without_the_password(source: str) -> None:
    with pytest.raises(DataError, match="cannot be opened") as raised:
        LiveVideo(source)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError, match="webcam:0"):
        LiveVideo("gopher://x")


def test_a_password_is_not_shown() -> None:
    assert shown_source("rtsp://me:p%40ss@camera:554/x?a=b") == "rtsp://me:***@camera:554/x?a=b"
    assert shown_source("rtsp://camera/x") == "rtsp://camera/x"
