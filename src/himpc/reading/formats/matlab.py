"""MATLAB ``.mat``: the array ``d_skel`` (20, 3, frames) of UTD-MHAD, or arrays of joints as in ``.npz``.

Chen et al., "UTD-MHAD: A Multimodal Dataset for Human Action Recognition", ICIP 2015. Metres, camera axes (y up),
30 Hz. Files of version 5 to 7 are read by a small bounded parser; those of version 7.3 are HDF5 and are refused.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.numpy_arrays import read_arrays
from himpc.reading.formats.parsing.arrays import read_mat
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.positions import MAX_COORDINATE, check_memory
from himpc.reading.formats.parsing.published_orders import ORDERS
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.mat",
    reads="`d_skel` (20, 3, frames) of UTD-MHAD; arrays of joints as in `.npz`",
    assumes="UTD-MHAD is in metres, y up, at 30 frames a second; other arrays as in `.npz`",
    ignores="structures, cells and objects; version 7.3, which is refused",
    source="Chen et al., UTD-MHAD, ICIP 2015",
    exports=(
        Export(
            "MATLAB",
            "`save('walk.mat', 'positions', 'fps', '-v7')`",
            "https://www.mathworks.com/help/matlab/ref/save.html",
        ),
    ),
)

_NAME = "d_skel"
_FPS = 30.0
_, _ORDER = ORDERS["UTD-MHAD"]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the header of a MATLAB file."""
    return head.startswith(b"MATLAB 5.0 MAT-file") and head[126:128] in (b"IM", b"MI")


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    arrays = read_mat(path)
    layout = get_layout("kinect-v1")
    if _NAME not in arrays and arrays:
        return read_arrays(path, arrays, options)
    if _NAME not in arrays:
        raise FormatError(
            f"{path}: holds no array of numbers, expected {_NAME!r} (20 joints, 3, frames)",
            hint="export joints as CSV with columns such as left_hip_x, or save them as d_skel",
        )
    joints = arrays[_NAME]
    if joints.shape[:2] != (len(layout), 3) or joints.ndim > 3:
        raise FormatError(f"{path}: {_NAME!r} has shape {joints.shape}, expected (20, 3, frames)")
    body = joints.reshape(len(layout), 3, -1).transpose(2, 0, 1)
    check_memory(path, 1, len(body), len(layout))
    if not (np.abs(body[np.isfinite(body)]) <= MAX_COORDINATE).all() or np.isinf(body).any():
        raise FormatError(f"{path}: a joint is farther than {MAX_COORDINATE:g} from the origin; the file is damaged")
    values = np.concatenate([body, np.ones((*body.shape[:2], 1))], axis=2)
    values = values[:, [_ORDER.index(joint) for joint in layout.joints]]
    detections = [Detection(i, None, frame, f"{path}, frame {i + 1}") for i, frame in enumerate(values)]
    return body_recordings(path, detections, len(values), layout, options, unit="m", up="y", fps=_FPS)
