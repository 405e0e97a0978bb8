"""CASIA-B's protocol from videos to its table."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from himpc.cli import main
from himpc.recordings import Recording
from himpc.video import Detection, PoseEstimator
from lens import Lens

pytest.importorskip("av")
from clips import write

SCRIPT = Path(__file__).parents[2] / "perf" / "casia_like.py"
LENS = Lens(96, 64, 50.0)
PICTURES, FPS = 42, 25
WANTED = {
    *("001-nm-01-054", "002-nm-01-054", "064-nm-01-054"),
    *(f"063-{condition}-01-{view}" for condition in ("nm", "bg", "cl") for view in ("054", "090")),
}
"""Two people for training and two for testing: the fewest videos with a match in each split."""


def drawn(script: ModuleType) -> Iterator[tuple[str, Recording]]:
    for name, walk in script.walks(2, ("054", "090"), {"nm": 1, "bg": 1, "cl": 1}, exact=True):
        if name in WANTED:
            yield name, walk


class GreyEstimator(PoseEstimator):
    """Returns the true joints of the walk whose number is the grey of the frame, divided by 20."""

    name, dimensions = "grey", 3

    def __init__(self, walks: list[Recording]) -> None:
        super().__init__()
        self.walks, self.layout = walks, walks[0].layout

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        walk = self.walks[round(float(image.mean()) / 20)]
        joints = walk.joints[round(seconds * FPS)]
        body = (joints - joints[[23, 24]].mean(axis=0)) * np.array([-1, 1, -1], dtype=np.float32)
        return [Detection(LENS.project(joints), np.ones(len(joints), np.float32), body)]


def test_videos_give_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("casia_like", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = sys.modules["casia_like"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    videos_folder, poses, out = tmp_path / "videos_folder", tmp_path / "poses", tmp_path / "run"
    videos_folder.mkdir()
    walks = dict(drawn(script))
    for number, name in enumerate(walks):
        grey = np.full((LENS.height, LENS.width, 3), 20 * number, np.uint8)
        path = videos_folder / f"{name}.avi"
        write(path, pictures=PICTURES, size=(LENS.width, LENS.height), codec="mpeg4", fps=FPS, look=lambda _, g=grey: g)
    monkeypatch.setattr("himpc.video.reader.open_estimator", lambda *_, **__: GreyEstimator([*walks.values()]))
    assert {path.stem for path in videos_folder.iterdir()} == WANTED
    assert main(["pose", str(videos_folder), "--out", str(poses), "--json"]) == 0
    videos = json.loads(capsys.readouterr().out)["videos"]
    tracks = {Path(video["video"]).stem: [each["frames"] for each in video["recordings"]] for video in videos}
    assert tracks.keys() == WANTED
    assert all(max(frames) >= 40 for frames in tracks.values()), tracks
    words = ["--root", str(poses / "recordings"), "--out", str(out), "--max-epochs", "1", "--hidden", "16", "--json"]
    several = sum(len(frames) - 1 for frames in tracks.values())
    assert main(["benchmark", "CASIA_B", *words]) == (3 if several else 0)
    document = json.loads(capsys.readouterr().out)
    assert len(document["benchmark"]["left_out"]) == several
    counts = document["benchmark"]["counts"]
    assert {part: (count["persons"], count["recordings"], count["windows"]) for part, count in counts.items()} == {
        "train": (2, 2, 2), "nm": (2, 3, 3), "bg": (1, 2, 2), "cl": (1, 2, 2), "all": (4, 9, 9)
    }  # fmt: skip
    assert list(document["splits"]) == ["Nm-Nm", "Bg-Bg", "Cl-Cl", "Cl-Nm", "Bg-Nm"]
    for split in document["splits"].values():
        for level in ("results", "recordings"):  # 064 has no second sequence, and none is its own match
            assert {score["queries"] for score in split[level].values()} == {2}
        assert set(split["views"]) == {"054", "090"}
        assert split["settings"]["window_length"] == 40
