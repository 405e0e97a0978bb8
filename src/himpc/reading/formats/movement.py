"""netCDF of the package movement: the variable ``position`` over time, space, keypoints and individuals.

movement writes netCDF 4, which is HDF5. It is read by pyfive, in Python alone, because a damaged file must never stop
the process: h5py did not end on one of 1500 damaged copies of a small file; pyfive refused or read each.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import DataError, FormatError, LayoutError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.keypoints import flat_pose, restore_pixels
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.named_points import explain_unknown, resolve_points
from himpc.reading.formats.parsing.positions import MAX_JOINTS, check_memory, check_positions, mask_missing
from himpc.reading.formats.parsing.text import MAX_BYTES
from himpc.reading.formats.parsing.timeline import Timeline, choose_rate, find_timeline
from himpc.reading.formats.parsing.world import numbered_origins
from himpc.recordings import METADATA, Origin, Quality, Recording, parse_poses

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.nc",
    reads="`position` over time, space, keypoints and individuals, in 3D or 2D, with `confidence` and `fps`; "
    "recordings that himpc saved, as they were",
    assumes="2D is in pixels, y down; unit and upward axis are as the body shows; individuals with "
    "names are people, those with numbers are not known",
    ignores="classic netCDF (3); other variables",
    source="https://movement.neuroinformatics.dev",
    exports=(
        Export(
            "movement",
            'load the file of another program, and save it with `dataset.to_netcdf("walk.nc")`',
            "https://movement.neuroinformatics.dev",
        ),
    ),
)

_DIMENSIONS = ("time", "space", "keypoint", "individual")
_AUTOMATIC_NAME = re.compile(r"(id|individual|person|subject|track|animal)?[_ -]?[0-9]*", re.IGNORECASE)


@dataclass(frozen=True)
class _Poses:
    """The content of a file.

    Attributes
    ----------
    positions : array ``(time, space, keypoints, individuals)``
    confidence : array ``(time, keypoints, individuals)``
        In [0, 1]; 1 where the file states none.
    coordinates : dict
        Names or times along each dimension.
    attributes : mapping
        Those of the data set.
    unit : str or None
        The unit of length that the file states.
    states_confidence : bool
    """

    positions: NDArray[np.float64]
    confidence: NDArray[np.float64]
    coordinates: dict[str, NDArray[Any]]
    attributes: Mapping[str, Any]
    unit: str | None
    states_confidence: bool

    def names(self, dimension: str) -> list[str]:
        """Return the names along a dimension."""
        return [_text(value) for value in self.coordinates[dimension]]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the suffix of netCDF, and the magic number of HDF5 or of classic netCDF."""
    return path.suffix.lower() in (".nc", ".netcdf") and head.startswith((b"\x89HDF\r\n\x1a\n", b"CDF"))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each individual of a data set of poses."""
    poses = _load(path)
    frames = len(poses.positions)
    check_positions(path, range(1, frames + 1), poses.positions, row_name="frame")
    if METADATA in poses.attributes and replace(options, layout=None, preferred_layout=None) == FileOptions():
        return _read_own(path, poses)
    times = poses.coordinates["time"].astype(np.float64)
    in_seconds = _text(poses.attributes.get("time_unit", "seconds")) == "seconds"
    timeline = find_timeline(
        path,
        range(1, frames + 1),
        numbers=None if in_seconds else times,
        seconds=times if in_seconds else None,
        stated=_number(poses.attributes.get("fps")),
        row_name="frame",
    )
    read_poses = _read_in_space if poses.positions.shape[1] == 3 else _read_in_pixels
    automatic = all(_AUTOMATIC_NAME.fullmatch(name) for name in poses.names("individual"))
    recordings = read_poses(path, poses, timeline, options)
    return [recording.with_(person=None) if automatic else recording for recording in recordings]


def _read_own(path: Path, poses: _Poses) -> list[Recording]:
    """Read individuals that himpc wrote, in metres with y up and with their layout, as they were."""
    recordings = []
    for i, (who, origin) in enumerate(
        zip(poses.names("individual"), numbered_origins(path, poses.positions.shape[3]), strict=True)
    ):
        try:
            fields = parse_poses(
                poses.positions[..., i],
                poses.confidence[..., i] if poses.states_confidence else None,
                times=poses.coordinates["time"],
                keypoints=poses.names("keypoint"),
                individual=who,
                attributes=poses.attributes,
            )
            fields |= {"clock": None if fields["start"] is None else Origin(path), "source": str(origin)}
            recordings.append(Recording(**fields, origin=origin, quality=Quality(frames_read=len(poses.positions))))
        except (DataError, LayoutError) as error:
            raise FormatError(f"{path}: {error.message}", hint=error.hint) from error
    return recordings


def _read_in_space(path: Path, poses: _Poses, timeline: Timeline, options: FileOptions) -> list[Recording]:
    individuals, keypoints = poses.names("individual"), poses.names("keypoint")
    points = poses.positions.transpose(0, 3, 2, 1).reshape(len(poses.positions), -1, 3)
    labels = [f"{who}:{point}" if len(individuals) > 1 else point for who in individuals for point in keypoints]
    return marker_recordings(
        path,
        labels,
        lambda columns: timeline.place(mask_missing(points[:, columns])),
        options,
        unit=poses.unit,
        fps=timeline.fps,
        start=timeline.start,
        notes=timeline.notes,
    )


def _read_in_pixels(path: Path, poses: _Poses, timeline: Timeline, options: FileOptions) -> list[Recording]:
    """Read poses in 2D, with y down, whose keypoints are the joints of a body."""
    keypoints = poses.names("keypoint")
    resolution = resolve_points(keypoints, options)
    if resolution is None:
        problem = explain_unknown(keypoints, options)
        raise FormatError(f"{path}: {problem.message}", hint=problem.hint)
    columns = list(resolution.columns)
    origins = numbered_origins(path, poses.positions.shape[3])
    rate, notes = choose_rate(options, timeline.fps)
    recordings, bodies = [], []
    for i in range(len(origins)):
        seen = mask_missing(np.pad(poses.positions[:, :, columns, i].transpose(0, 2, 1), ((0, 0), (0, 0), (0, 1))))
        # A joint that is the mean of keypoints has their mean confidence.
        certainty = np.repeat(poses.confidence[:, columns, i, None], 3, axis=2)
        body, certain = resolution.compute(timeline.place(seen)), resolution.compute(timeline.place(certainty))
        bodies.append(np.concatenate([body[..., :2], certain[..., :1]], axis=2))
    notes = (*notes, *restore_pixels(bodies, options, str(path)))
    for values, who, origin in zip(bodies, poses.names("individual"), origins, strict=True):
        joints, confidence = flat_pose(values)
        recordings.append(
            Recording(
                joints,
                resolution.layout,
                fps=rate,
                person=who if len(origins) > 1 else None,
                origin=origin,
                confidence=confidence,
                dimensions=2,
                quality=Quality(frames_read=len(joints), notes=(resolution.note, *timeline.notes, *notes)),
                start=timeline.start,
                clock=Origin(path),
            )
        )
    return recordings


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
        raise FormatError(
            f"{path}: holds no variable 'position' (its variables are {found[:100]})", hint=FACTS.advice()
        )
    position = file["position"]
    names = [file[reference[0]].name.strip("/") for reference in position.attrs["DIMENSION_LIST"]]
    dimensions = [name.removesuffix("s") for name in names]
    if sorted(dimensions) != sorted(_DIMENSIONS):
        raise FormatError(
            f"{path}: 'position' is over {', '.join(names)[:100]}, expected {', '.join(_DIMENSIONS)}",
            hint=FACTS.advice(),
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
    if axes not in (["x", "y"], ["x", "y", "z"]) or min(sizes.values()) == 0:
        found = f"its axes are {', '.join(axes)[:40]} over {sizes['time']} times"
        raise FormatError(f"{path}: {found}, expected x and y, or x, y and z")
    values = np.asarray(position[...], dtype=np.float64)
    order = [dimensions.index(dimension) for dimension in _DIMENSIONS]
    unit = position.attrs.get("units")
    positions = values.transpose(order)
    confidence = np.ones((len(positions), *positions.shape[2:]))
    states_confidence = (
        "confidence" in variables and file["confidence"].shape == confidence.shape and order == [0, 1, 2, 3]
    )
    if states_confidence:
        stated = np.asarray(file["confidence"][...], dtype=np.float64)
        confidence = np.where(np.isfinite(stated), np.clip(stated, 0, 1), 1)  # NaN where the tracker gave none
    return _Poses(
        positions, confidence, coordinates, dict(file.attrs), None if unit is None else _text(unit), states_confidence
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Any) -> float | None:
    try:
        number = float(np.ravel(value)[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if 0 < number < np.inf else None
