"""Make the small networks of the tests of rtmlib: python tests/video/make_networks.py (needs onnx).

They stand in for YOLOX and RTMPose, with the same inputs and outputs, so that all of rtmlib's way from a picture to
points is gone. The detector always finds one box; the pose network finds the brightest column and row, 17 times. The
third stands in for RTMW3D: whatever it is shown, it sees the same body among 133 joints, `STANDING`.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent / "data"
SIZE = 64
HEIGHT, WIDTH, DEPTH = 64, 48, 36

# Column, row (pixels of the crop) and bin of depth of each joint: a standing person with the left hand held forward.
STANDING = np.array(
    [
        *[(24, 8, 36), (25, 7, 36), (23, 7, 36), (26, 8, 37), (22, 8, 37)],
        *[(28, 16, 36), (20, 16, 36), (29, 23, 36), (19, 23, 36), (29, 24, 24), (19, 29, 36)],
        *[(27, 32, 36), (21, 32, 36), (27, 44, 36), (21, 44, 36), (27, 56, 36), (21, 56, 36)],
    ]
)


def detector() -> onnx.ModelProto:
    """One box with a score, as a YOLOX with its own suppression gives: left, top, right, bottom, score."""
    box = np.array([[[8, 8, 40, 56, 0.9]]], dtype=np.float32)
    nodes = [
        helper.make_node("ReduceSum", ["image"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["box", "nothing"], ["dets"]),
    ]
    constants = [numpy_helper.from_array(box, "box"), numpy_helper.from_array(np.zeros(1, np.float32), "zero")]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])
    dets = helper.make_tensor_value_info("dets", TensorProto.FLOAT, [1, 1, 5])
    return finished(nodes, [image], [dets], constants)


def pose() -> onnx.ModelProto:
    """SimCC of 17 joints: how bright each column and row is, two bins a pixel."""
    nodes = []
    for axis, name in ((2, "simcc_x"), (3, "simcc_y")):
        nodes += [
            helper.make_node("ReduceMax", ["image"], [f"{name}_all"], axes=[1, axis], keepdims=0),
            helper.make_node("Unsqueeze", [f"{name}_all", "one"], [f"{name}_row"]),
            helper.make_node("Resize", [f"{name}_row", "", f"{name}_twice"], [f"{name}_bins"], mode="nearest"),
            helper.make_node("Expand", [f"{name}_bins", f"{name}_shape"], [name]),
        ]
    constants = [
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        *(numpy_helper.from_array(np.array([1, 1, 2], np.float32), f"simcc_{axis}_twice") for axis in "xy"),
        numpy_helper.from_array(np.array([1, 17, 2 * WIDTH], np.int64), "simcc_x_shape"),
        numpy_helper.from_array(np.array([1, 17, 2 * HEIGHT], np.int64), "simcc_y_shape"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])
    outputs = [
        helper.make_tensor_value_info("simcc_x", TensorProto.FLOAT, [1, 17, 2 * WIDTH]),
        helper.make_tensor_value_info("simcc_y", TensorProto.FLOAT, [1, 17, 2 * HEIGHT]),
    ]
    return finished(nodes, [image], outputs, constants)


def pose3d() -> onnx.ModelProto:
    """SimCC of 133 joints in 3D, two bins a pixel: those of `STANDING`, and nothing of the others."""
    nodes = [
        helper.make_node("ReduceSum", ["image"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
    ]
    constants = [numpy_helper.from_array(np.zeros(1, np.float32), "zero")]
    constants.append(numpy_helper.from_array(np.array([0, 0, 0, 0, 116, 0], np.int64), "others"))
    outputs = []
    bins = ((2 * WIDTH, 2 * STANDING[:, 0]), (2 * HEIGHT, 2 * STANDING[:, 1]), (2 * DEPTH, STANDING[:, 2]))
    for axis, (count, places) in zip("xyz", bins, strict=True):
        peaks = np.zeros((1, 17, count), np.float32)
        peaks[0, np.arange(17), places] = 0.9
        constants.append(numpy_helper.from_array(peaks, f"peaks_{axis}"))
        nodes.append(helper.make_node("Add", [f"peaks_{axis}", "nothing"], [f"body_{axis}"]))
        nodes.append(helper.make_node("Pad", [f"body_{axis}", "others"], [f"simcc_{axis}"]))
        outputs.append(helper.make_tensor_value_info(f"simcc_{axis}", TensorProto.FLOAT, [1, 133, count]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])
    return finished(nodes, [image], outputs, constants)


def finished(nodes, inputs, outputs, constants) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "test", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    onnx.save(detector(), FOLDER / "detector.onnx")
    onnx.save(pose(), FOLDER / "pose.onnx")
    onnx.save(pose3d(), FOLDER / "pose3d.onnx")
