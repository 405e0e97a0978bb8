"""Cuts between shots are detected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from himpc.video.decoding import Video

pytest.importorskip("av")
from clips import write


def _scene(seed: int) -> np.ndarray:
    return np.kron(np.random.default_rng(seed).integers(0, 256, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)


def test_cuts_are_detected_and_pans_are_not(tmp_path: Path) -> None:
    wide = np.kron(np.random.default_rng(5).integers(0, 256, (6, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)

    def look(i: int) -> np.ndarray:
        return _scene(1) if i < 10 else _scene(2) if i < 20 else wide[:, 4 * (i - 20) : 4 * (i - 20) + 64]

    with Video(write(tmp_path / "a.mp4", pictures=60, look=look)) as video:
        assert [frame.number for frame in video if frame.starts_shot] == [0, 10, 20]


def test_shared_video_is_one_shot(shared_data: Path) -> None:
    with Video(shared_data / "video" / "one-by-one-person-detection.mp4", max_side=192) as video:
        frames = [(frame.number, frame.seconds) for frame in video if frame.starts_shot]
    assert frames == [(0, 0.0)]
