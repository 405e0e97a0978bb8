"""RTMPose by rtmlib: 17 joints in the plane of the picture, with weights of your own.

Jiang et al., "RTMPose: Real-time multi-person pose estimation based on MMPose", 2023 (arXiv 2303.07399); people are
found by YOLOX (Ge et al., 2021, arXiv 2107.08430). rtmlib and the official weights are Apache-2.0.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, ModelError
from himpc.pose.detection import Detection
from himpc.pose.estimators.several import check_picture, distinct
from himpc.pose.parts import need
from himpc.skeleton import get_layout

__all__ = ["Rtm"]

_JOINTS = 17
_WHERE = (
    "get yolox_m and rtmpose-m (body7, 17 joints) as ONNX from the model zoo of MMPose "
    "(https://github.com/open-mmlab/mmpose/tree/main/projects/rtmpose, Apache-2.0), unpack them, and give "
    "--weights yolox_m.onnx --weights rtmpose_m.onnx"
)


class Rtm:
    """Finds people by YOLOX and their joints by RTMPose, on this machine's processor.

    The confidence of a joint is RTMPose's score: the height of the peak from which its place is read, cut at 1. It is
    no probability. RTMPose's 3D models are not taken: what they call depth is in no unit of length.

    Parameters
    ----------
    weights : sequence of Path
        A detector and a pose model, both ``.onnx``. Nothing is downloaded.
    people : int
        The most people in a picture.

    Raises
    ------
    ConfigError
        If a file is missing; says where to get it.
    ModelError
        If a file is no such network.
    """

    name = "rtmlib"
    dimensions = 2

    def __init__(self, weights: Sequence[Path], *, people: int = 10) -> None:
        self.layout = get_layout("coco-17")
        self._people = people
        if len(weights) != 2:
            raise ConfigError(f"rtmlib needs two files as weights, a detector and a pose model: {_WHERE}")
        for path in weights:
            if not path.is_file():
                raise ConfigError(f"{path}: there is no such file: {_WHERE}")
        detector, pose = weights
        finds, _ = _looked_at(detector)
        sees, outputs = _looked_at(pose)
        if len(outputs) != 2 or any(len(shape) != 3 or shape[1] != _JOINTS for shape in outputs):
            raise ModelError(
                f"{pose}: gives {', '.join(map(str, outputs))}, expected the two SimCC outputs (people, 17, bins) of "
                "an RTMPose model for 17 body joints in 2D"
            )
        rtmlib = need("rtmlib")
        with contextlib.redirect_stdout(io.StringIO()):
            self._find: Any = rtmlib.YOLOX(str(detector), model_input_size=finds, backend="onnxruntime", device="cpu")
            self._see: Any = rtmlib.RTMPose(str(pose), model_input_size=sees[::-1], backend="onnxruntime", device="cpu")

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Return the people in a picture ``(height, width, 3)``; see `Estimator`.

        Raises
        ------
        DataError
            If it is no picture.
        """
        check_picture(image)
        blue_first = np.ascontiguousarray(image[..., ::-1])
        boxes = np.asarray(self._find(blue_first), dtype=np.float64).reshape(-1, 4)[: 2 * self._people]
        if not len(boxes):
            return []
        points, scores = self._see(blue_first, boxes)
        return distinct([_detection(p, s) for p, s in zip(points, scores, strict=True)], self._people)

    def forget(self) -> None:
        """Nothing is carried over."""

    def close(self) -> None:
        """Let go of the networks."""
        self._find = self._see = None


def _detection(points: NDArray[np.floating], scores: NDArray[np.floating]) -> Detection:
    confidence = np.clip(np.nan_to_num(scores), 0, 1).astype(np.float32)
    seen = points.astype(np.float32)
    seen[confidence == 0] = np.nan
    return Detection(seen, confidence)


def _looked_at(path: Path) -> tuple[tuple[int, int], list[list[Any]]]:
    """Return the height and width of the pictures that a network takes, and the shapes of what it gives."""
    runtime = need("onnxruntime")
    try:
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # of many kinds, none of them promised
        raise ModelError(f"{path}: is no ONNX network: {str(error).splitlines()[0][:200]}") from error
    shape = session.get_inputs()[0].shape
    if len(session.get_inputs()) != 1 or len(shape) != 4 or not all(isinstance(side, int) for side in shape[2:]):
        raise ModelError(f"{path}: takes {shape}, expected one picture (1, 3, height, width)")
    return (shape[2], shape[3]), [list(output.shape) for output in session.get_outputs()]
