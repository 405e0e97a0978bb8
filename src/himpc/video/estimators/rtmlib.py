"""RTMPose and RTMW3D by rtmlib: 17 joints, in the plane of the picture or in 3D, with weights of your own.

Jiang et al., "RTMPose: Real-time multi-person pose estimation based on MMPose", 2023 (arXiv 2303.07399), and "RTMW:
Real-time multi-person 2D and 3D whole-body pose estimation", 2024 (arXiv 2407.08634); people are found by YOLOX (Ge et
al., 2021, arXiv 2107.08430). rtmlib and the official weights are Apache-2.0.
"""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, ModelError
from himpc.skeleton import get_layout
from himpc.video.detection import Detection
from himpc.video.estimators.metric_scale import STATURE, to_metres
from himpc.video.estimators.multi_person import check_picture, deduplicate
from himpc.video.parts import need

__all__ = ["RtmLib"]

_JOINTS = (17, 133)
"""Of a body, and of a whole body: its first 17 are the same."""
_WHERE = (
    "get yolox_m and rtmpose-m (body7, 17 joints) as ONNX from the model zoo of MMPose "
    "(https://github.com/open-mmlab/mmpose/tree/main/projects/rtmpose, Apache-2.0), unpack them, and give "
    "--weights yolox_m.onnx --weights rtmpose_m.onnx; for 3D, an RTMW3D of its folder rtmpose3d instead of rtmpose_m"
)

_DEPTH = 2.1744869
"""Metres that the bins of RTMW3D's depth reach before and behind the hips (`z_range` of its codec in MMPose)."""


class RtmLib:
    """Finds people by YOLOX and their joints by RTMPose, on this machine's processor.

    A pose model with two outputs sees in 2D, one with three (RTMW3D) in 3D; of the joints of a whole body the first 17
    are used. RTMW3D tells depth in metres and the rest in pixels: what a pixel is follows from a stature that is
    assumed, so its bodies have proportions but no size (see `to_metres`).

    The confidence of a joint is the model's score: the height of the peak from which its place is read, cut at 1. It is
    no probability.

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

    Attributes
    ----------
    refused : Counter
        What was found and not taken for a person, by reason.
    notes : tuple of str
        What must be known of what it finds.
    """

    name = "rtmlib"

    def __init__(self, weights: Sequence[Path], *, people: int = 10) -> None:
        self.layout = get_layout("coco-17")
        self.refused: Counter[str] = Counter()
        self._people = people
        if len(weights) != 2:
            raise ConfigError(f"rtmlib needs two files as weights, a detector and a pose model: {_WHERE}")
        for path in weights:
            if not path.is_file() and path.exists():
                raise ModelError(f"{path}: is a folder, a device or a pipe, expected an .onnx file")
            if not path.is_file():
                raise ConfigError(f"{path}: there is no such file: {_WHERE}")
        detector, pose = weights
        finds, _ = _looked_at(detector)
        sees, outputs = _looked_at(pose)
        if not _is_simcc(outputs):
            raise ModelError(
                f"{pose}: gives {', '.join(map(str, outputs))}, expected the SimCC outputs (people, joints, bins) of "
                "an RTMPose or RTMW3D model: two in 2D, three in 3D, for 17 joints or 133"
            )
        self.dimensions = len(outputs)
        in_3d = f"everybody is taken to be {STATURE:.2f} m tall: skeletons have proportions, and no size"
        self.notes = (in_3d,) if self.dimensions == 3 else ()
        rtmlib = need("rtmlib")
        how = {"model_input_size": sees[::-1], "backend": "onnxruntime", "device": "cpu"}
        with contextlib.redirect_stdout(io.StringIO()):
            self._find: Any = rtmlib.YOLOX(str(detector), model_input_size=finds, backend="onnxruntime", device="cpu")
            if self.dimensions == 2:
                self._see: Any = rtmlib.RTMPose(str(pose), **how)
            else:
                # rtmlib takes the middle of the depth's bins to be that of the picture's rows.
                reach = _DEPTH * sees[0] / (outputs[2][2] / 2)
                self._see = rtmlib.RTMPose3d(str(pose), z_range=reach, **how)
            self._try(detector, pose)

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
        found = [self._body(box, blue_first) for box in boxes]
        return deduplicate([each for each in found if each is not None], self._people)

    def _try(self, detector: Path, pose: Path) -> None:
        """Show both an empty picture; raise `ModelError` where one gives what it should not."""
        nothing = np.zeros((64, 64, 3), dtype=np.uint8)
        for path, look in (
            (detector, lambda: np.asarray(self._find(nothing), dtype=np.float64).reshape(-1, 4)),
            (pose, lambda: self._body(np.array([0.0, 0.0, 64.0, 64.0]), nothing)),
        ):
            try:
                look()
            except Exception as error:  # of many kinds, none of them promised
                kind = "a YOLOX detector" if path is detector else "an RTMPose or RTMW3D model"
                raise ModelError(f"{path}: does not work as {kind}: {str(error).splitlines()[0][:200]}") from error
        self.refused.clear()

    def forget(self) -> None:
        """Nothing is carried over."""

    def close(self) -> None:
        """Let go of the networks."""
        self._find = self._see = None

    def _body(self, box: NDArray[np.float64], image: NDArray[np.uint8]) -> Detection | None:
        """Return who is in a box; None where the body cannot be put into metres."""
        count = len(self.layout)
        seen = [np.asarray(each)[0, :count] for each in self._see(image, [box])]
        points, scores = seen[-1] if self.dimensions == 3 else seen[0], seen[1]
        confidence = np.clip(np.nan_to_num(scores.reshape(count)), 0, 1).astype(np.float32)
        points = points[:, :2].astype(np.float32)
        points[confidence == 0] = np.nan
        if self.dimensions == 2:
            return Detection(points, confidence)
        joints = to_metres(points, seen[0][:, 2], confidence, self.layout)
        if joints is None:
            self.refused["too few sure bones"] += 1
            return None
        joints[confidence == 0] = np.nan
        return Detection(points, confidence, joints)


def _is_simcc(outputs: list[list[Any]]) -> bool:
    """Tell whether outputs are those of a model that tells places by bins, in two dimensions or three."""
    if len(outputs) not in (2, 3) or any(len(shape) != 3 for shape in outputs):
        return False
    return len({shape[1] for shape in outputs}) == 1 and outputs[0][1] in _JOINTS and isinstance(outputs[-1][2], int)


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
