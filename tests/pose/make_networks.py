"""Make the two small networks of the tests of rtmlib: python tests/pose/make_networks.py (needs onnx).

They stand in for YOLOX and RTMPose, with the same inputs and outputs, so that all of rtmlib's way from a picture to
points is gone. The detector always finds one box; the pose network finds the brightest column and row, 17 times.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent / "data"
SIZE = 64
HEIGHT, WIDTH = 64, 48


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


def finished(nodes, inputs, outputs, constants) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "test", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    onnx.save(detector(), FOLDER / "detector.onnx")
    onnx.save(pose(), FOLDER / "pose.onnx")
