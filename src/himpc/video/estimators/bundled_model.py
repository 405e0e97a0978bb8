"""The model that MediaPipe 0.10.21 carries, put into the form that its present interface takes.

The wheel holds the two networks of its old interface. The present one wants them in a zip, each with a note on how
pixels are to be scaled: the detector's to [-1, 1], the landmark model's to [0, 1].
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from himpc.video.parts import need

__all__ = ["bundled_model"]

_NETWORKS = (
    ("pose_detector.tflite", "pose_detection/pose_detection.tflite", 127.5, 127.5),
    ("pose_landmarks_detector.tflite", "pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
)


def bundled_model() -> bytes | None:
    """Return a ``.task`` file made of the networks that the installed package carries; None where it carries none."""
    folder = Path(str(need("mediapipe").__file__)).parent / "modules"
    if not all((folder / path).is_file() for _, path, _, _ in _NETWORKS):
        return None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, path, mean, spread in _NETWORKS:
            archive.writestr(name, _with_scaling((folder / path).read_bytes(), mean, spread))
    return buffer.getvalue()


def _with_scaling(network: bytes, mean: float, spread: float) -> bytes:
    """Return a network with the note that pixels less `mean`, divided by `spread`, go in."""
    writers = need("mediapipe.tasks.python.metadata.metadata_writers.metadata_writer")
    writer = writers.MetadataWriter.create(bytearray(network))
    writer.add_general_info("pose")
    writer.add_image_input([mean], [spread])
    noted, _ = writer.populate()
    return bytes(noted)
