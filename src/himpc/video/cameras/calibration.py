"""Calibration files: lenses and poses of cameras, as programs of OpenCV, Pose2Sim, anipose and FreeMoCap write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import FormatError
from himpc.video.cameras.calibration_tables import read_tables
from himpc.video.cameras.camera import CalibratedCamera

Floats = NDArray[np.float64]

MAX_CAMERAS = 64

DISTORTION_LENGTHS = (0, 4, 5, 8, 12, 14)
"""Numbers of coefficients in the model of OpenCV."""

MAX_ROTATION_ERROR = 0.01
"""Largest deviation of a rotation matrix, and of two statements of one rotation, in any element."""

MAX_SKEW = 0.05
"""Largest skew of the axes of the picture, in focal lengths."""

_NAMES = {
    "matrix": "matrix cameramatrix intrinsicmatrix intrinsics intrinsic k mtx m",
    "distortion": "distortion distortions distortioncoefficients distcoeffs distcoefs distcoef dist d",
    "rotation": "rotation rotationmatrix rotationvector rot rvec r",
    "translation": "translation translationvector tvec t",
    "pose": "extrinsics extrinsic extrinsicmatrix rt",
    "size": "size resolution imagesize imgsize",
    "width": "imagewidth width",
    "height": "imageheight height",
    "name": "name cameraname",
    "fisheye": "fisheye",
    "model": "distortionmodel",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}
"""What a key of a file means, without case and separators."""

_SHAPES = {"matrix": (9,), "rotation": (3, 9), "translation": (3,), "pose": (12, 16), "size": (2,)}
_SUFFIX = re.compile(r"[_-].+|\d+|[LR]|[Ll]eft|[Rr]ight")
_FISHEYE_MODELS = ("fisheye", "equidistant", "kannala_brandt4")
_FOCAL = ("fx", "fy", "cx", "cy")


@dataclass
class _Statements:
    """What a file states of one camera, by role."""

    name: str
    path: Path
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, role: str, value: Any) -> None:
        """Add a value; another one for the same role must be equal."""
        known = self.values.setdefault(role, value)
        if known is value or role == "name":
            return
        if role == "rotation":
            known, value = _to_rotation(known), _to_rotation(value)
        if np.shape(known) != np.shape(value) or not np.allclose(known, value, atol=MAX_ROTATION_ERROR):
            raise FormatError(f"{self.where}: states two different values of its {role}, expected one")

    @property
    def where(self) -> str:
        """The file and the camera, for errors."""
        return f"{self.path}, camera {self.name[:40]!r}" if self.name else str(self.path)


def read_calibration(paths: str | Path | Sequence[str | Path]) -> tuple[CalibratedCamera, ...]:
    """Read the cameras of calibration files.

    These are OpenCV's YAML, XML and JSON, of one camera or of a stereo pair; the TOML files of Pose2Sim, anipose and
    FreeMoCap; the pair of YAML files of EasyMocap; and JSON or ``.npz`` with such names as ``K``, ``dist``, ``R`` and
    ``t``. Poses are from world to camera axes. Nothing in a file is executed.

    Parameters
    ----------
    paths : path or sequence of paths
        One file, one a camera, or lenses and poses in files of their own.

    Returns
    -------
    tuple of CalibratedCamera
        In the order of the files. A camera without a name has that of its file.

    Raises
    ------
    FormatError
        If a file is damaged, states no lens, or contradicts itself.
    DependencyError
        If OpenCV or a reader of YAML is not installed.

    Examples
    --------
    >>> for camera in read_calibration("Calib_scene.toml"):  # doctest: +SKIP
    ...     print(camera.name, camera.size, camera.position)
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    if not files:
        raise FormatError("no calibration file is given, expected at least one")
    found: dict[str, _Statements] = {}
    for path in files:
        for statements in _find_statements(path):
            if not statements.name and "matrix" in statements.values:
                statements.name = str(statements.values.get("name", path.stem))
            known = found.setdefault(statements.name, statements)
            if known is not statements:
                if "matrix" in known.values and "matrix" in statements.values:
                    raise FormatError(f"{statements.where}: is stated twice, expected one camera of a name")
                for role, value in statements.values.items():
                    known.add(role, value)
    _share_stereo_pose(found)
    cameras = [_to_camera(each) for each in found.values() if "matrix" in each.values]
    if not cameras:
        raise FormatError(
            f"{', '.join(map(str, files))}: states no camera, expected a matrix of focal lengths, such as K",
            hint="give the file with the lenses as well, if poses are in a file of their own",
        )
    if len(cameras) > MAX_CAMERAS:
        raise FormatError(f"{files[0]}: holds {len(cameras)} cameras, expected {MAX_CAMERAS} at most")
    return tuple(cameras)


def _find_statements(path: Path) -> list[_Statements]:
    """Return what a file states of each camera; of the name "" is what it states of none."""
    groups: dict[str, _Statements] = {}
    _collect(read_tables(path), "", path, groups)
    return list(groups.values())


def _collect(table: dict[str, Any], name: str, path: Path, groups: dict[str, _Statements]) -> None:
    """Add the statements of a table, and of the tables in it."""
    table = _flatten(table)
    own = table.get("name", table.get("camera_name"))
    if isinstance(own, str | int) and "matrix" in {_split_key(key)[0] for key in table}:
        name = str(own)
    for key, value in table.items():
        role, suffix = _split_key(key)
        array = _to_array(value)
        if role and array is not None and array.ndim == 3 and len(array) <= MAX_CAMERAS:
            _add_stack(role, array, table, path, groups)  # one a camera, as of NumPy's arrays
        elif role and (parsed := _parse(role, value, array)) is not None:
            group = "_".join(filter(None, (name, suffix)))
            groups.setdefault(group, _Statements(group, path)).add(role, parsed)
        elif isinstance(value, dict) and not _is_matrix(value):
            _collect(value, str(key), path, groups)
        elif isinstance(value, list):
            for number, each in enumerate(value):
                if isinstance(each, dict):
                    _collect(each, str(number), path, groups)


def _add_stack(role: str, array: Floats, table: dict[str, Any], path: Path, groups: dict[str, _Statements]) -> None:
    names = table.get("names", table.get("camera_names"))
    for number, each in enumerate(array):
        name = str(names[number]) if isinstance(names, list) and len(names) == len(array) else str(number)
        if (parsed := _parse(role, None, each)) is not None:
            groups.setdefault(name, _Statements(name, path)).add(role, parsed)


def _flatten(table: dict[str, Any]) -> dict[str, Any]:
    """Move the content of tables such as "intrinsics" up, and make a matrix of single focal lengths."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and not _is_matrix(value) and _split_key(str(key)) in (("matrix", ""), ("pose", "")):
            flat |= _flatten(value)
        else:
            flat[str(key)] = value
    if set(_FOCAL) <= set(flat) and "matrix" not in {_split_key(key)[0] for key in flat}:
        fx, fy, cx, cy = (flat[name] for name in _FOCAL)
        flat["matrix"] = [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]
    return flat


def _split_key(key: str) -> tuple[str, str]:
    """Return what a key means, and the camera that it names, such as of ``K_01`` or ``M1``; "" for none."""
    for end in range(len(key), 0, -1):
        role = _ROLES.get(re.sub(r"[\W_]", "", key[:end]).lower())
        if role and (end == len(key) or _SUFFIX.fullmatch(key[end:])):
            return role, key[end:].strip("_- ")
    return "", ""


def _is_matrix(value: Any) -> bool:
    return isinstance(value, dict) and {"rows", "cols", "data"} <= set(value)


def _to_array(value: Any) -> Floats | None:
    """Return numbers as an array; None if they are none, or not finite."""
    try:
        if _is_matrix(value):
            array = np.array(value["data"], dtype=np.float64).reshape(int(value["rows"]), int(value["cols"]))
        elif isinstance(value, list | int | float | str) and not isinstance(value, bool):  # XML holds texts
            array = np.array(value, dtype=np.float64)
        else:
            return None
    except (ValueError, TypeError, OverflowError):
        return None
    return array if np.isfinite(array).all() else None


def _parse(role: str, value: Any, array: Floats | None) -> Any:
    """Return the value of a role; None if it is no such value."""
    if role in ("name", "model"):
        return str(value) if isinstance(value, str | int) else None
    if role == "fisheye":
        return bool(value) if isinstance(value, bool | int | float) else None
    if array is None:
        return None
    if role in ("width", "height"):
        return float(array) if array.size == 1 else None
    if role == "distortion":
        return array.ravel() if array.ndim in (1, 2) and array.size <= DISTORTION_LENGTHS[-1] else None
    return array.ravel() if array.size in _SHAPES[role] else None


def _share_stereo_pose(found: dict[str, _Statements]) -> None:
    """Give the second of two cameras the pose that a file of a stereo pair states without a name."""
    shared = found.get("")
    lenses = [each for each in found.values() if "matrix" in each.values]
    if shared is None or len(lenses) != 2 or not {"rotation", "translation"} <= set(shared.values):
        _check_poses(found)
        return
    if any("translation" in each.values for each in lenses):
        raise FormatError(f"{shared.where}: states poses of each camera and one of both, expected one kind")
    first, second = lenses
    first.values |= {"rotation": np.zeros(3), "translation": np.zeros(3)}
    # Rotations of each camera are those of rectification.
    second.values |= {role: shared.values[role] for role in ("rotation", "translation")}


def _check_poses(found: dict[str, _Statements]) -> None:
    """Check that no file states the pose of a camera without its lens."""
    for each in found.values():
        if {"rotation", "translation"} <= set(each.values) and "matrix" not in each.values:
            raise FormatError(
                f"{each.where}: states a pose, but no matrix of focal lengths",
                hint="give the file with the lenses as well; its cameras must have the same names",
            )


def _to_camera(statements: _Statements) -> CalibratedCamera:
    values, where = statements.values, statements.where
    matrix = values["matrix"].reshape(3, 3)
    (fx, skew, cx), (low, fy, cy), last = matrix
    if not (0 < fx < 1e6 and 0 < fy < 1e6 and low == 0 and np.allclose(last, [0, 0, 1]) and abs(skew) < MAX_SKEW * fx):
        raise FormatError(f"{where}: its matrix is {_text(matrix)}, expected [fx 0 cx, 0 fy cy, 0 0 1] in pixels")
    size = values.get("size")
    if size is None and {"width", "height"} <= set(values):
        size = np.array([values["width"], values["height"]])
    if size is not None and not ((size > 0) & (size < 1e5) & (size == np.rint(size))).all():
        raise FormatError(f"{where}: its size is {_text(size)}, expected width and height in pixels")
    if size is not None and not (-size[0] < cx < 2 * size[0] and -size[1] < cy < 2 * size[1]):
        raise FormatError(f"{where}: its principal point is {cx:g}, {cy:g}, far from pictures of {_text(size)}")
    rotation, translation = _find_pose(values, where)
    fisheye = bool(values.get("fisheye")) or values.get("model") in _FISHEYE_MODELS
    return CalibratedCamera(
        str(values.get("name", statements.name)),
        matrix,
        _find_distortion(values.get("distortion", np.zeros(0)), fisheye, where),
        None if size is None else (int(size[0]), int(size[1])),
        rotation,
        translation,
        fisheye,
    )


def _find_distortion(stated: Floats, fisheye: bool, where: str) -> Floats:
    if fisheye:
        if len(stated) > 4 and stated[4:].any():
            raise FormatError(f"{where}: has {len(stated)} coefficients of distortion, expected 4 of a fisheye lens")
        return np.pad(stated[:4], (0, max(0, 4 - len(stated))))
    length = next(length for length in DISTORTION_LENGTHS if length >= len(stated))
    return np.pad(stated, (0, length - len(stated)))


def _find_pose(values: dict[str, Any], where: str) -> tuple[Floats | None, Floats | None]:
    if "pose" in values and not {"rotation", "translation"} & set(values):
        pose = values["pose"].reshape(-1, 4)
        values = values | {"rotation": pose[:3, :3].ravel(), "translation": pose[:3, 3]}
    if "rotation" not in values or "translation" not in values:
        return None, None
    rotation = _to_rotation(values["rotation"])
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > MAX_ROTATION_ERROR or np.linalg.det(rotation) < 0:
        raise FormatError(f"{where}: its rotation is {_text(rotation)}, expected a rotation matrix or vector")
    return rotation, values["translation"]


def _to_rotation(value: Floats) -> Floats:
    """Return a rotation as a matrix; from a vector by the formula of Rodrigues."""
    if value.size == 9:
        return value.reshape(3, 3)
    matrix, _ = require("cv2", "video").Rodrigues(value.reshape(3, 1))
    return np.asarray(matrix, dtype=np.float64)


def _text(values: NDArray[np.floating]) -> str:
    return " ".join(f"{value:g}" for value in np.ravel(values)[:9])


def match_cameras(cameras: Sequence[CalibratedCamera], names: Sequence[str]) -> list[CalibratedCamera]:
    """Return the camera of each file: that whose name its path holds, or else the one in the same place.

    Raises
    ------
    FormatError
        If the names of the files contradict their order, or name no camera, and there are not as many files as cameras.
    """
    matches = [[camera for camera in cameras if _holds(name, camera.name)] for name in names]
    if all(len(each) == 1 for each in matches) and len({each[0].name for each in matches}) == len(names):
        return [each[0] for each in matches]
    in_order = len(cameras) == len(names) and all(
        camera in held or not held for camera, held in zip(cameras, matches, strict=True)
    )
    if not in_order:
        listed = ", ".join(camera.name for camera in cameras)
        raise FormatError(
            f"{', '.join(names)}: cannot be assigned to the cameras {listed}",
            hint="put the name of its camera into the path of each file, or give one file a camera in their order",
        )
    return list(cameras)


def _holds(name: str, camera: str) -> bool:
    """Return whether a path holds the name of a camera, as whole words."""
    return re.search(rf"(?<![a-z0-9]){re.escape(camera.lower())}(?![a-z0-9])", name.lower()) is not None
