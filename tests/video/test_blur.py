"""A copy of a video shows no person, and everything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from himpc.skeleton import get_layout
from himpc.video import Detection, PoseEstimator, Video, estimate, write_blurred

pytest.importorskip("av")
pytest.importorskip("cv2")
from clips import write

LAYOUT = get_layout("mediapipe-33")
STRIPES = (np.indices((180, 320))[1] // 4 % 2 * 200).astype(np.uint8)[..., None].repeat(3, axis=2)


class Walker(PoseEstimator):
    """A person who walks to the right, is missed in some frames, and is refused in others."""

    name, dimensions, layout = "walker", 3, LAYOUT

    def __init__(self, missed: tuple[int, ...] = (), refused: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._missed, self._refused = missed, refused

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        frame = round(25 * seconds)
        body = np.random.default_rng(0).uniform(0, 1, (33, 3)).astype(np.float32)
        points = (body[:, :2] * [20, 50] + [60 + frame, 70]).astype(np.float32)
        found = Detection(points, np.ones(33, np.float32), body)
        if frame in self._refused:
            self.refused_boxes.append(found.box)
        return [] if frame in (*self._missed, *self._refused) else [found]


def contrast(path: Path) -> NDArray[np.float64]:
    """Return the contrast of the stripes where the person walks, and where none does, in each frame."""
    with Video(path) as video:
        return np.array([
            [frame.image[75:115, 60 + n : 80 + n].std(), frame.image[75:115, 230:310].std()]
            for n, frame in enumerate(video)
        ])  # fmt: skip


@pytest.mark.parametrize("min_rate", [15, 8], ids=["all frames", "every third"])
@pytest.mark.parametrize("estimator", [
    Walker(), Walker(missed=tuple(range(5))), Walker(missed=tuple(range(12, 30))), Walker(refused=tuple(range(40))),
    Walker(missed=tuple(range(31, 40))),
], ids=["always", "late", "gap", "refused", "left"])  # fmt: skip
def test_person_is_covered_in_every_frame(tmp_path: Path, estimator: Walker, min_rate: float) -> None:
    source = write(tmp_path / "a.mp4", pictures=40, size=(320, 180), look=lambda i: STRIPES)
    write_blurred(tmp_path / "b.mp4", estimate(source, estimator, min_rate=min_rate))
    before, after = contrast(source), contrast(tmp_path / "b.mp4")
    assert len(before) == len(after) == 40
    assert (before > 60).all()
    assert (after[:, 0] < 40).all()
    assert (after[:, 1] > 60).all()


def test_video_without_people_is_copied(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", pictures=8, size=(320, 180), look=lambda i: STRIPES)
    write_blurred(tmp_path / "b.mp4", estimate(source, Walker(missed=tuple(range(8)))))
    assert (contrast(tmp_path / "b.mp4") > 60).all()
