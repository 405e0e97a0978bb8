"""RTMPose and RTMW3D by rtmlib: 17 joints in 2D or 3D, with local weights.

Jiang et al., "RTMPose: Real-time multi-person pose estimation based on MMPose", 2023 (arXiv 2303.07399), and "RTMW:
Real-time multi-person 2D and 3D whole-body pose estimation", 2024 (arXiv 2407.08634). People are detected by YOLOX (Ge
et al., 2021, arXiv 2107.08430). rtmlib and the official weights are Apache-2.0.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import ConfigError, ModelError
from himpc.skeleton import get_layout
from himpc.video.detection import Detection, PoseEstimator
from himpc.video.estimators.metric_scale import ASSUMED_STATURE, to_metres
from himpc.video.estimators.multi_person import check_image, check_people, deduplicate

_JOINT_COUNTS = (17, 133)
"""Body and whole body, whose first 17 joints are those of the body."""

_HINT = (
    "get yolox_m and rtmpose-m (body7, 17 joints) as ONNX from the model zoo of MMPose "
    "(https://github.com/open-mmlab/mmpose/tree/main/projects/rtmpose, Apache-2.0), unpack them, and pass "
    "{weights=yolox_m.onnx} and {weights=rtmpose_m.onnx}; for 3D, an RTMW3D of its folder rtmpose3d instead of "
    "rtmpose_m"
)

_DEPTH_RANGE = 2.1744869
"""Metres before and behind the hips that the depth bins of RTMW3D cover (`z_range` of its codec in MMPose)."""


class RtmLib(PoseEstimator):
    """Pose estimator based on YOLOX and RTMPose or RTMW3D, on the CPU.

    A pose model with two outputs is 2D, one with three (RTMW3D) is 3D. RTMW3D gives depth in metres and the other axes
    in pixels; the size of a pixel follows from an assumed stature (see `to_metres`). The confidence of a joint is the
    height of its peak, clipped to 1; it is not a probability.

    Parameters
    ----------
    weights : sequence of paths
        A detector and a pose model, both ``.onnx``.
    people : int
        The most people in a frame, 1 to 100.

    Raises
    ------
    ConfigError
        If a file is missing; the hint says where to get it.
    ModelError
        If a file is not such a network.
    """

    name = "rtmlib"

    def __init__(self, weights: Sequence[str | Path] = (), *, people: int = 10) -> None:
        super().__init__()
        check_people(people)
        self.layout = get_layout("coco-17")
        self._max_people = people
        detector, pose = _check_files([Path(path) for path in weights])
        detector_size, _ = _inspect(detector)
        pose_size, outputs = _inspect(pose)
        if not _is_simcc(outputs):
            raise ModelError(
                f"{pose}: gives {', '.join(map(str, outputs))}, expected the SimCC outputs (people, joints, bins) of "
                "an RTMPose or RTMW3D model: two in 2D, three in 3D, for 17 joints or 133"
            )
        self.dimensions = len(outputs)
        if self.dimensions == 3:
            self.notes = (
                f"every person is assumed to be {ASSUMED_STATURE:.2f} m tall: skeletons have proportions but no size",
            )
        rtmlib = require("rtmlib", "video")
        settings = {"backend": "onnxruntime", "device": "cpu"}
        with contextlib.redirect_stdout(io.StringIO()):
            self._detector: Any = rtmlib.YOLOX(str(detector), model_input_size=detector_size, **settings)
            if self.dimensions == 2:
                self._pose: Any = rtmlib.RTMPose(str(pose), model_input_size=pose_size[::-1], **settings)
            else:
                # rtmlib centres the depth bins by the number of image rows.
                z_range = _DEPTH_RANGE * pose_size[0] / (outputs[2][2] / 2)
                self._pose = rtmlib.RTMPose3d(str(pose), z_range=z_range, model_input_size=pose_size[::-1], **settings)
            self._check_networks(detector, pose)

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Detect the people in a frame (see `PoseEstimator.detect`).

        Raises
        ------
        DataError
            If the image is not uint8 RGB.
        """
        check_image(image)
        bgr = np.ascontiguousarray(image[..., ::-1])
        boxes = np.asarray(self._detector(bgr), dtype=np.float64).reshape(-1, 4)[: 2 * self._max_people]
        detections = [self._detect_in_box(box, bgr) for box in boxes]
        return deduplicate([each for each in detections if each is not None], self._max_people)

    def close(self) -> None:
        """Release the networks."""
        self._detector = self._pose = None

    def _check_networks(self, detector: Path, pose: Path) -> None:
        """Run both networks on a black image and raise `ModelError` if one does not give what it should."""
        black = np.zeros((64, 64, 3), dtype=np.uint8)
        for path, kind, run in (
            (detector, "a YOLOX detector", lambda: np.asarray(self._detector(black), np.float64).reshape(-1, 4)),
            (pose, "an RTMPose or RTMW3D model", lambda: self._detect_in_box(np.array([0.0, 0.0, 64.0, 64.0]), black)),
        ):
            try:
                run()
            except Exception as error:  # rtmlib and onnxruntime document no exception types
                raise ModelError(f"{path}: does not work as {kind}: {str(error).splitlines()[0][:200]}") from error
        self.refused.clear()

    def _detect_in_box(self, box: NDArray[np.float64], bgr: NDArray[np.uint8]) -> Detection | None:
        """Estimate the pose of the person in a box; None if a 3D pose cannot be scaled to metres."""
        count = len(self.layout)
        outputs = [np.asarray(each)[0, :count] for each in self._pose(bgr, [box])]
        points, scores = outputs[-1] if self.dimensions == 3 else outputs[0], outputs[1]
        confidence = np.clip(np.nan_to_num(scores.reshape(count)), 0, 1).astype(np.float32)
        points = points[:, :2].astype(np.float32)
        points[confidence == 0] = np.nan
        if self.dimensions == 2:
            return Detection(points, confidence)
        joints = to_metres(points, outputs[0][:, 2], confidence, self.layout)
        if joints is None:
            self.refused["too few sure bones"] += 1
            return None
        joints[confidence == 0] = np.nan
        return Detection(points, confidence, joints)


def _check_files(weights: Sequence[Path]) -> Sequence[Path]:
    if len(weights) != 2:
        raise ConfigError("rtmlib needs two files as weights, a detector and a pose model", hint=_HINT)
    for path in weights:
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file", hint=_HINT)
        if not path.is_file():
            raise ModelError(f"{path}: is a folder, a device or a pipe, expected an .onnx file")
    return weights


def _is_simcc(outputs: list[list[Any]]) -> bool:
    """Return whether output shapes are those of a SimCC model, in two dimensions or three."""
    if len(outputs) not in (2, 3) or any(len(shape) != 3 for shape in outputs):
        return False
    same_joints = len({shape[1] for shape in outputs}) == 1
    return same_joints and outputs[0][1] in _JOINT_COUNTS and isinstance(outputs[-1][2], int)


def _inspect(path: Path) -> tuple[tuple[int, int], list[list[Any]]]:
    """Return the input height and width of a network, and the shapes of its outputs."""
    runtime = require("onnxruntime", "video")
    try:
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime documents no exception types
        raise ModelError(f"{path}: is no ONNX network: {str(error).splitlines()[0][:200]}") from error
    shape = session.get_inputs()[0].shape
    if len(session.get_inputs()) != 1 or len(shape) != 4 or not all(isinstance(side, int) for side in shape[2:]):
        raise ModelError(f"{path}: takes {shape}, expected one image (1, 3, height, width)")
    return (shape[2], shape[3]), [list(output.shape) for output in session.get_outputs()]
