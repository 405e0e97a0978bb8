"""Videos are written completely or not at all."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import RunFolderError
from himpc.video import Video, VideoWriter

pytest.importorskip("av")


def test_video_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 65, 49, 12.5) as video_out:
        for i in range(10):
            video_out.add(np.full((49, 65, 3), 20 * i, np.uint8))
    with Video(path, cuts=False) as video:
        frames = list(video)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 10
    assert all(b.seconds - a.seconds == pytest.approx(0.08, abs=1e-3) for a, b in pairwise(frames))
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), VideoWriter(path, 64, 48, 25) as video_out:
        video_out.add(np.zeros((48 // int(video_out.width == 0), 64, 3), np.uint8))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_frame_rate_of_one_an_hour_is_written(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 48, 1 / 3600) as video_out:
        video_out.add(np.zeros((48, 64, 3), np.uint8))
    with Video(tmp_path / "a.mp4") as video:
        assert len(list(video)) == 1


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot be written"), VideoWriter(tmp_path / "none" / "a.mp4", 64, 48, 25):
        pass
