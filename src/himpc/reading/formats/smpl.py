"""SMPL joints in NumPy ``.npz`` archives, such as those of AMASS, where they hold joints and not only parameters.

Loper et al., "SMPL: A Skinned Multi-Person Linear Model", 2015; Mahmood et al., "AMASS", ICCV 2019. The array ``Jtr``
or ``joints`` ``(frames, J, 3)`` is read, in metres: the 24 joints of SMPL, or the 22 with which those of SMPL-H and
SMPL-X begin. ``poses``, ``trans`` and ``betas`` alone are parameters: joints follow from them and a body model, which
himpc does not have.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.arrays import is_npz, npz_names, npz_shape, read_npz, to_float64
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.positions import MAX_COORDINATE, check_memory
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.npz",
    reads="joints in an array `Jtr`, `joints`, `joints_3d`, `joints3d` or `keypoints3d` (frames, J, 3): the 24 of SMPL "
    "(J is 24 or 45), or the first 22 of SMPL-H and SMPL-X (22, 52, 55, 73, 127 or 144); the rate in "
    "`mocap_framerate` or `fps`",
    assumes="one person, in metres; the upward axis that the body shows",
    ignores="hands and face; parameters (`poses`, `betas`, `trans`), from which a body model computes joints",
    source="Loper et al., SMPL, 2015; Mahmood et al., AMASS, ICCV 2019",
    exports=(
        Export(
            "the Python package smplx",
            "save the output `joints` of the body model in an array of that name, with `mocap_framerate`",
            "https://github.com/vchoutas/smplx",
        ),
    ),
)

_JOINTS = ("Jtr", "joints", "joints_3d", "joints3d", "keypoints3d")
_PARAMETERS = ("poses", "pose_body", "body_pose", "betas", "trans", "root_orient", "global_orient")
_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")
_LAYOUTS = {
    22: "smpl-22",
    24: "smpl-24",
    45: "smpl-24",
    52: "smpl-22",
    55: "smpl-22",
    73: "smpl-22",
    127: "smpl-22",
    144: "smpl-22",
}


def recognise(path: Path, head: bytes) -> bool:
    """Recognise an archive with the names of joints or parameters, that is not himpc's own."""
    if not is_npz(head):
        return False
    names = npz_names(path)
    if "himpc_version" in names:
        return False
    return any(name in names for name in _PARAMETERS) or any(_is_of_smpl(npz_shape(path, name)) for name in _JOINTS)


def _is_of_smpl(shape: tuple[int, ...]) -> bool:
    """Return whether an array of a shape may be the joints of a body model."""
    return len(shape) == 3 and shape[2] == 3 and shape[1] in _LAYOUTS


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of an archive of joints.

    Raises
    ------
    FormatError
        If it holds parameters only, or is damaged.
    """
    names = npz_names(path)
    name = next((name for name in _JOINTS if name in names), None)
    if name is None:
        raise FormatError(
            f"{path}: holds parameters of SMPL ({', '.join(n for n in _PARAMETERS if n in names)}), expected joints",
            hint=FACTS.advice(),
        )
    joints = read_npz(path, name)
    if joints.dtype.kind not in "fiu" or joints.ndim != 3 or joints.shape[2] != 3 or joints.shape[1] not in _LAYOUTS:
        raise FormatError(
            f"{path}: {name!r} is {joints.dtype} with shape {joints.shape}, expected numbers (frames, J, 3) with J one "
            f"of {sorted(_LAYOUTS)}"
        )
    layout = get_layout(_LAYOUTS[joints.shape[1]])
    check_memory(path, 1, len(joints), len(layout))
    body = _values(joints, layout, path)
    detections = [Detection(i, None, values, f"{path}, frame {i + 1}") for i, values in enumerate(body)]
    return body_recordings(path, detections, len(body), layout, options, unit="m", fps=_rate(path, names))


def _values(joints: NDArray[np.floating], layout: Layout, path: Path) -> NDArray[np.float64]:
    """Return ``(frames, J, 4)``: the joints of the layout, and a confidence of 1."""
    body = to_float64(joints[:, : len(layout)])
    if (np.abs(body) > MAX_COORDINATE).any():
        raise FormatError(f"{path}: a joint is farther than {MAX_COORDINATE:g} from the origin; the file is damaged")
    return np.concatenate([body, np.ones((*body.shape[:2], 1))], axis=2)


def _rate(path: Path, names: list[str]) -> float | None:
    """Return the frame rate that an archive states."""
    name = next((name for name in _RATES if name in names), None)
    rate = read_npz(path, name) if name else np.zeros(())
    fps = float(rate.reshape(-1)[0]) if rate.size == 1 and rate.dtype.kind in "fiu" else 0.0
    return fps if np.isfinite(fps) and fps > 0 else None
