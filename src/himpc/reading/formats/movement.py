"""netCDF of the package movement: the variable ``position`` over time, space, keypoints and individuals.

movement writes netCDF 4, which is HDF5. It is read by pyfive, in Python alone, because a damaged file must never stop
the process: h5py did not end on one of 1500 damaged copies of a small file; pyfive refused or read each.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.text import MAX_BYTES, MAX_JOINTS, check_memory, check_positions, mask_missing
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.recordings import Recording

__all__ = ["read", "recognise"]

_DIMENSIONS = ("time", "space", "keypoint", "individual")
_AUTOMATIC_NAME = re.compile(r"(id|individual|person|subject|track|animal)?[_ -]?[0-9]*", re.IGNORECASE)
_HINT = "load it with movement, and save it with to_netcdf"


@dataclass(frozen=True)
class _Poses:
    """A file: positions ``(time, space, keypoints, individuals)``, coordinates by dimension, and attributes."""

    positions: NDArray[np.float64]
    coordinates: dict[str, NDArray[Any]]
    attributes: Mapping[str, Any]
    unit: str | None

    def names(self, dimension: str) -> list[str]:
        """Return the names along a dimension."""
        return [_text(value) for value in self.coordinates[dimension]]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the suffix of netCDF, and the magic number of HDF5 or of classic netCDF."""
    return path.suffix.lower() in (".nc", ".netcdf") and head.startswith((b"\x89HDF\r\n\x1a\n", b"CDF"))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each individual of a data set of poses in 3D."""
    poses = _load(path)
    individuals, keypoints = poses.names("individual"), poses.names("keypoint")
    frames = len(poses.positions)
    points = poses.positions.transpose(0, 3, 2, 1).reshape(frames, -1, 3)
    check_positions(path, range(frames), points)
    automatic = all(_AUTOMATIC_NAME.fullmatch(name) for name in individuals)
    separate = len(individuals) > 1 or not automatic
    labels = [f"{who}:{point}" if separate else point for who in individuals for point in keypoints]
    times = poses.coordinates["time"].astype(np.float64)
    in_seconds = _text(poses.attributes.get("time_unit", "seconds")) == "seconds"
    timeline = find_timeline(
        path,
        range(frames),
        numbers=None if in_seconds else times,
        seconds=times if in_seconds else None,
        stated=_number(poses.attributes.get("fps")),
    )
    recordings = marker_recordings(
        path,
        labels,
        lambda columns: timeline.place(mask_missing(points[:, columns])),
        options,
        unit=poses.unit,
        fps=timeline.fps,
        notes=timeline.notes,
    )
    return [recording.with_(person=None) if automatic else recording for recording in recordings]


def _load(path: Path) -> _Poses:
    pyfive = require("pyfive", "netcdf")
    if path.stat().st_size > MAX_BYTES:
        raise FormatError(f"{path}: is larger than {MAX_BYTES // 2**20} MiB", hint="split it into shorter recordings")
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about attributes of kinds that are not needed
        if file.read(3) == b"CDF":
            raise FormatError(f"{path}: is classic netCDF, expected netCDF 4", hint='save it with engine="netcdf4"')
        file.seek(0)
        try:
            return _parse(path, pyfive.File(file))
        except FormatError:
            raise
        except Exception as error:  # pyfive raises many kinds of errors for a damaged file
            raise FormatError(f"{path}: is a damaged netCDF file ({type(error).__name__})") from error


def _parse(path: Path, file: Any) -> _Poses:
    variables = list(file)
    if "position" not in variables:
        found = ", ".join(variables[:8]) or "none"
        raise FormatError(f"{path}: holds no variable 'position' (its variables are {found[:100]})", hint=_HINT)
    position = file["position"]
    names = [file[reference[0]].name.strip("/") for reference in position.attrs["DIMENSION_LIST"]]
    dimensions = [name.removesuffix("s") for name in names]
    if sorted(dimensions) != sorted(_DIMENSIONS):
        raise FormatError(
            f"{path}: 'position' is over {', '.join(names)[:100]}, expected {', '.join(_DIMENSIONS)}", hint=_HINT
        )
    sizes = dict(zip(dimensions, position.shape, strict=True))
    check_memory(path, sizes["individual"], sizes["time"], sizes["keypoint"])
    if position.dtype.kind not in "fiu" or prod(position.chunks or ()) > 3 * MAX_JOINTS:
        raise FormatError(f"{path}: 'position' is of type {position.dtype} in chunks of {position.chunks}")
    coordinates = {}
    for dimension, name in zip(dimensions, names, strict=True):
        if file[name].shape != (sizes[dimension],):
            raise FormatError(f"{path}: {name!r} is of shape {file[name].shape}, expected {sizes[dimension]} values")
        coordinates[dimension] = file[name][...]
    axes = [_text(value) for value in coordinates["space"]]
    if axes == ["x", "y"]:
        raise FormatError(f"{path}: holds poses in 2D, expected 3D", hint="triangulate them, or save them as COCO JSON")
    if axes != ["x", "y", "z"] or min(sizes.values()) == 0:
        raise FormatError(f"{path}: its axes are {', '.join(axes)[:40]} over {sizes['time']} times, expected x, y, z")
    values = np.asarray(position[...], dtype=np.float64)
    order = [dimensions.index(dimension) for dimension in _DIMENSIONS]
    unit = position.attrs.get("units")
    return _Poses(values.transpose(order), coordinates, dict(file.attrs), None if unit is None else _text(unit))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Any) -> float | None:
    try:
        number = float(np.ravel(value)[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if 0 < number < np.inf else None
