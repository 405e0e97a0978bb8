"""Export of models to ONNX, to run without himpc and torch."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc._files import write_atomically
from himpc._version import __version__
from himpc.model.array_inference import MIN_LENGTH, MIN_SQUARE
from himpc.model.pooling import POSE_EXPONENT
from himpc.model.weights import Arrangement
from himpc.skeleton import MIN_SIDE_LENGTH, Layout, side_lines

if TYPE_CHECKING:
    from himpc.model.model import Model

OPSET = 18
IR_VERSION = 8
"""Versions of 2022, which all current runtimes support."""


def export_onnx(model: Model, path: str | Path) -> None:
    """Write a model to one ``.onnx`` file, including centring and alignment.

    The input ``joints`` is float32 ``(windows, frames, J, 3)``: recorded joint positions in metres, y up, none missing.
    The output ``embeddings`` is float32 ``(windows, levels · H)``, equal to that of `Model.embed`. The numbers of
    windows and frames are variable. The metadata of the file hold the window length of the training, the names of
    the joints and the fingerprint of the model.

    Parameters
    ----------
    model : Model
        On any device.
    path : path
        The file to write.

    Raises
    ------
    DependencyError
        If the package onnx is not installed.
    RunFolderError
        If the file cannot be written.
    """
    onnx, helper = require("onnx", "onnx"), require("onnx.helper", "onnx")
    graph = _Graph()
    layers = model.arrangement()
    joints = _centre(graph, "joints", model.layout)
    if model.align:
        joints = _align(graph, joints, model.layout)
    output = _windows(graph, _frames(graph, joints, layers), layers)
    graph.add("Identity", [output], "embeddings")
    floats = onnx.TensorProto.FLOAT
    built = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "himpc",
            [helper.make_tensor_value_info("joints", floats, ["windows", "frames", len(model.layout), 3])],
            [helper.make_tensor_value_info("embeddings", floats, ["windows", layers.size])],
            graph.constants,
        ),
        producer_name="himpc",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(built, _metadata(model))
    onnx.checker.check_model(built, full_check=True)
    write_atomically(path, built.SerializeToString())


def _metadata(model: Model) -> dict[str, str]:
    return {
        "fingerprint": model.fingerprint,
        "layout": model.layout.name,
        "joints": json.dumps(model.layout.joints),
        "window_length": str(model.window_length),
        "dimensions": str(model.dimensions),
    }


class _Graph:
    """Nodes and constants of an ONNX graph, with generated names."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: list[str | NDArray[Any]], name: str = "", **attributes: Any) -> str:
        """Add one operation on earlier results and constants; return the name of its result."""
        from onnx import helper, numpy_helper

        names = []
        for value in inputs:
            if isinstance(value, str):
                names.append(value)
            else:
                names.append(f"constant_{len(self.constants)}")
                self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), names[-1]))
        name = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [name], name=name, **attributes))
        return name


def _centre(graph: _Graph, joints: str, layout: Layout) -> str:
    """Subtract the root, as `himpc.skeleton.centre` does."""
    root = graph.add("Gather", [joints, np.array(layout.root)], axis=2)
    return graph.add("Sub", [joints, graph.add("ReduceMean", [root, np.array([2])], keepdims=1)])


def _align(graph: _Graph, joints: str, layout: Layout) -> str:
    """Turn each frame to one heading, as `himpc.skeleton.body_frame` does, in float64 as there."""
    leftward = np.zeros((1, len(layout)))
    ends = side_lines(layout)
    np.add.at(leftward[0], ends[:, 0], 1 / len(ends))
    np.add.at(leftward[0], ends[:, 1], -1 / len(ends))
    precise = graph.add("Cast", [joints], to=11)  # 11 is double
    line = graph.add("MatMul", [leftward, precise])  # (windows, frames, 1, 3)
    across, along = (graph.add("Gather", [line, np.array([axis])], axis=3) for axis in (0, 2))
    squares = [graph.add("Mul", [side, side]) for side in (across, along)]
    length = graph.add("Sqrt", [graph.add("Add", [*squares])])
    is_visible = graph.add("Greater", [length, np.array(MIN_SIDE_LENGTH)])
    cosine = graph.add("Where", [is_visible, graph.add("Div", [across, length]), np.array(1.0)])
    sine = graph.add("Where", [is_visible, graph.add("Div", [along, length]), np.array(0.0)])
    x, y, z = (graph.add("Gather", [precise, np.array([axis])], axis=3) for axis in range(3))
    turned_x = graph.add("Add", [graph.add("Mul", [cosine, x]), graph.add("Mul", [sine, z])])
    turned_z = graph.add("Sub", [graph.add("Mul", [cosine, z]), graph.add("Mul", [sine, x])])
    return graph.add("Cast", [graph.add("Concat", [turned_x, y, turned_z], axis=3)], to=1)  # 1 is float


def _frames(graph: _Graph, joints: str, layers: Arrangement) -> str:
    """Encode frames: `ArrayInference.encode_frames`."""
    described = _described(graph, joints, layers)
    activations = graph.add("Relu", [_layer(graph, described, *layers.first)])
    if not layers.by_frame:
        return activations
    parts = _levels(graph, activations, layers, len(layers.first[0]) // len(layers.levels))
    second = [_layer(graph, part, *layer) for part, layer in zip(parts, layers.second, strict=True)]
    features = graph.add("Concat", [*second], axis=-1)
    if layers.skip is not None:
        features = graph.add("Add", [features, _layer(graph, described, *layers.skip)])
    if layers.pose_scale is not None:
        scaled = graph.add("Mul", [features, layers.pose_scale])
        squares = graph.add("ReduceSumSquare", [scaled, np.array([-1])], keepdims=1)
        limited = graph.add("Max", [squares, np.array(MIN_SQUARE, dtype=np.float32)])
        weights = graph.add("Pow", [limited, np.array(-POSE_EXPONENT / 2, dtype=np.float32)])
        return graph.add("Concat", [graph.add("Mul", [features, weights]), weights], axis=-1)
    if not layers.normalise:
        return features
    levels = _levels(graph, features, layers, layers.hidden)
    return graph.add("Concat", [_unit(graph, level) for level in levels], axis=-1)


def _described(graph: _Graph, joints: str, layers: Arrangement) -> str:
    """Compute the inputs of the first layers."""
    flat = graph.add("Reshape", [joints, np.array([0, 0, -1])])
    distances = []
    for pool in layers.pools:
        nodes = graph.add("MatMul", [pool, joints])
        ends = [graph.add("Gather", [nodes, end], axis=2) for end in np.triu_indices(len(pool), 1)]
        distances.append(graph.add("ReduceL2", [graph.add("Sub", [*ends]), np.array([3])], keepdims=0))
    return graph.add("Concat", [flat, *distances], axis=-1) if distances else flat


def _layer(graph: _Graph, rows: str, weights: Any, bias: Any) -> str:
    return graph.add("Add", [graph.add("MatMul", [rows, weights.T]), bias])


def _windows(graph: _Graph, frames: str, layers: Arrangement) -> str:
    """Compute the embeddings of windows from encoded frames: `ArrayInference.embed_means`."""
    embeddings = []
    mean = graph.add("ReduceMean", [frames, np.array([1])], keepdims=0)
    if layers.pose_scale is not None:
        axis, end = np.array([-1]), np.array([layers.encoded_size])
        size = np.array([layers.size])
        total = graph.add("Slice", [mean, np.array([0]), size, axis])
        mean = graph.add("Div", [total, graph.add("Slice", [mean, size, end, axis])])
    for level, last in zip(_levels(graph, mean, layers, layers.hidden), layers.last, strict=True):
        part = _unit(graph, level) if layers.normalise else level
        embeddings.append(part if last is None else _layer(graph, part, *last))
    return graph.add("Concat", [*embeddings], axis=-1)


def _levels(graph: _Graph, rows: str, layers: Arrangement, width: int) -> list[str]:
    """Split the last axis into the parts of the levels, each of a width."""
    edges = [np.array([level * width]) for level in range(len(layers.levels) + 1)]
    last = np.array([-1])
    return [graph.add("Slice", [rows, a, b, last]) for a, b in pairwise(edges)]


def _unit(graph: _Graph, rows: str) -> str:
    length = graph.add("ReduceL2", [rows, np.array([-1])], keepdims=1)
    return graph.add("Div", [rows, graph.add("Max", [length, np.array(MIN_LENGTH, dtype=np.float32)])])
