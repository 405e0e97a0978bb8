"""Recordings as labelled arrays of xarray, with the dimensions of the package movement, and as tables of pandas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import DataError, LayoutError
from himpc.skeleton import Layout, get_layout, layout_names

if TYPE_CHECKING:
    from himpc.recordings.recording import Recording

__all__ = ["METADATA", "from_dataset", "parse_poses", "restore_layout", "to_dataframe", "to_dataset"]

METADATA = "himpc"
"""The attribute of a data set that holds, as JSON, what himpc knows of a recording: layout, labels, clock and size."""

_LABELS = ("person", "session", "camera")
_SIZE = {"true_size": True, "equal_size": False}
"""What the lengths of a recording mean (see `himpc.Recording`), and what they mean where nothing is stated."""
_UNNAMED = "id_0"
"""The individual of a recording without a label, named as movement names individuals."""
_DIMENSIONS = ("time", "space", "keypoints", "individuals")
_UNEVEN = 0.02
"""Time steps that differ by more than this share are not of one frame rate."""


def to_dataset(recording: Recording) -> Any:
    """Make the data set of a recording; see `himpc.Recording.to_xarray`."""
    xarray = require("xarray", "interchange")
    metadata = {name: getattr(recording, name) for name in (*_LABELS, "source", *_SIZE)}
    metadata |= {"layout": recording.layout.to_dict(), "clock": recording.clock and recording.clock.name}
    position = recording.joints[..., : recording.dimensions].transpose(0, 2, 1)[..., None]
    if recording.dimensions == 2:
        position = position * np.array([1, -1], np.float32)[:, None, None]  # pixels of movement have y down
    coordinates = {
        "time": _times(recording),
        "space": list("xyz")[: recording.dimensions],
        "keypoints": list(recording.layout.joints),
        "individuals": [recording.person or _UNNAMED],
    }
    unit = {"units": "m", "up": "y"} if recording.dimensions == 3 else {"units": "pixels"}
    variables: dict[str, Any] = {"position": (_DIMENSIONS, np.ascontiguousarray(position), unit)}
    if recording.confidence is not None:
        variables["confidence"] = ("time", "keypoints", "individuals"), recording.confidence[..., None]
    attributes = {
        "source_software": "himpc",
        "ds_type": "poses",
        "time_unit": "frames" if recording.fps is None else "seconds",
        **({} if recording.fps is None else {"fps": float(recording.fps)}),
        METADATA: json.dumps(metadata),
    }
    return xarray.Dataset(variables, coordinates, attributes)


def to_dataframe(recording: Recording) -> Any:
    """Make the table of a recording; see `himpc.Recording.to_pandas`."""
    pandas = require("pandas", "interchange")
    axes = "xyz"[: recording.dimensions]
    table = pandas.DataFrame(
        recording.joints[..., : recording.dimensions].reshape(len(recording), -1),
        index=pandas.Index(_times(recording), name="frame" if recording.fps is None else "time"),
        columns=[f"{joint}_{axis}" for joint in recording.layout.joints for axis in axes],
    )
    if recording.confidence is not None:
        names = [f"{joint}_confidence" for joint in recording.layout.joints]
        table = table.join(pandas.DataFrame(recording.confidence, table.index, names))
    return table


def parse_poses(
    position: NDArray[Any],
    confidence: NDArray[Any] | None,
    *,
    times: NDArray[Any],
    keypoints: Sequence[str],
    individual: str,
    attributes: Mapping[str, Any],
    layout: Layout | None = None,
) -> dict[str, Any]:
    """Return the fields of a recording from one individual of a data set, whose content is untrusted.

    Parameters
    ----------
    position : array ``(frames, space, keypoints)``
        Metres with y up, or pixels with y down if `space` is 2.
    confidence : array ``(frames, keypoints)``, optional
    times : array ``(frames,)``
        In the attribute ``time_unit``, seconds if there is none.
    keypoints : sequence of str
    individual : str
    attributes : mapping
        ``fps``, ``time_unit`` and `METADATA`.
    layout : Layout, optional
        The joints, if `METADATA` does not hold them or the caller states others.

    Raises
    ------
    DataError
        If the times are not even, or the metadata is damaged.
    LayoutError
        If the keypoints are not the joints of the layout.
    """
    metadata = _parse_metadata(attributes.get(METADATA))
    layout = layout or _parse_layout(metadata.get("layout"), keypoints)
    if sorted(keypoints) != sorted(layout.joints):
        odd = sorted(set(keypoints) ^ set(layout.joints)) or ["a keypoint that is there twice"]
        raise LayoutError(
            f"the keypoints are not the joints of layout {layout.name!r}: they differ in {', '.join(odd[:5])}",
            hint="keep all keypoints, or state the layout of those that are left: {layout}",
        )
    order = [list(keypoints).index(joint) for joint in layout.joints]
    points = np.asarray(position, dtype=np.float32)[:, :, order].transpose(0, 2, 1)
    if points.shape[2] == 2:
        flat = points * np.array([1, -1], np.float32)
        points = np.pad(flat, ((0, 0), (0, 0), (0, 1)))
        points[..., 2][np.isnan(flat).any(axis=2)] = np.nan
    fps, start = _parse_times(np.asarray(times), attributes)
    clock = metadata.get("clock")
    labels = {name: metadata[name] for name in _LABELS if isinstance(metadata.get(name), str)}
    if individual != _UNNAMED:
        labels["person"] = individual
    return {
        "joints": points,
        "layout": layout,
        "confidence": None if confidence is None else np.asarray(confidence, np.float32)[:, order],
        "dimensions": position.shape[1],
        "fps": fps,
        "source": metadata.get("source") if isinstance(metadata.get("source"), str) else "",
        "start": start if isinstance(clock, str) else None,
        "clock": clock if isinstance(clock, str) else None,
        **labels,
        **{name: found if isinstance(found := metadata.get(name), bool) else known for name, known in _SIZE.items()},
    }


def from_dataset(dataset: Any, layout: Layout | None, individual: str | None) -> dict[str, Any]:
    """Return the fields of a recording from a data set; see `himpc.Recording.from_xarray`."""
    xarray = require("xarray", "interchange")
    if not isinstance(dataset, xarray.Dataset) or "position" not in dataset:
        raise DataError(f"found {type(dataset).__name__}, expected an xarray.Dataset with the variable 'position'")
    plural = {name: f"{name}s" for name in ("keypoint", "individual") if name in dataset.dims}
    dataset = dataset.rename(plural)  # later versions of movement name dimensions in the singular
    position = dataset["position"]
    if set(position.dims) != set(_DIMENSIONS) or any(name not in position.coords for name in _DIMENSIONS):
        found = ", ".join(map(str, position.dims))
        raise DataError(f"'position' is over {found}, expected {', '.join(_DIMENSIONS)}, each with coordinates")
    space = [str(axis) for axis in position["space"].values]
    if space not in (["x", "y"], ["x", "y", "z"]):
        raise DataError(f"the axes of 'position' are {', '.join(space)}, expected x and y, or x, y and z")
    _check_frame(dataset, layout)
    names = [str(name) for name in position["individuals"].values]
    if (individual is None and len(names) != 1) or (individual is not None and names.count(individual) != 1):
        raise DataError(
            f"the data set holds {', '.join(names[:8]) or 'no individuals'}, expected one to choose",
            hint="choose one of them by its name",
        )
    chosen = dataset.isel(individuals=0 if individual is None else names.index(individual))
    confidence = chosen["confidence"].transpose("time", "keypoints").values if "confidence" in chosen else None
    return parse_poses(
        chosen["position"].transpose("time", "space", "keypoints").values,
        confidence,
        times=position["time"].values,
        keypoints=[str(name) for name in position["keypoints"].values],
        individual=individual or names[0],
        attributes=dataset.attrs,
        layout=layout,
    )


def _check_frame(dataset: Any, layout: Layout | None) -> None:
    """Check that positions in space are in metres and y up: as himpc writes, or as the caller vouches by a layout."""
    if dataset.sizes["space"] == 2:
        return
    unit, up = (dataset["position"].attrs.get(name) for name in ("units", "up"))
    if unit not in (None, "m") or up not in (None, "y") or (layout is None and (unit, up) != ("m", "y")):
        found = f"unit {unit or 'not stated'}, upward axis {up or 'not stated'}"
        raise DataError(
            f"'position' has {found}; expected metres with y up",
            hint="convert it, and set its attributes 'units' to 'm' and 'up' to 'y'; or write it by to_netcdf, and "
            "{read()} finds both",
        )


def restore_layout(table: Mapping[str, Any]) -> Layout:
    """Parse a layout; a built-in one is returned as built in, with the names of joints in files."""
    layout = Layout.from_dict(table, where="its layout")
    built_in = map(get_layout, layout_names())
    return next((x for x in built_in if x == layout and layout.name in (x.name, *x.aliases)), layout)


def _times(recording: Recording) -> NDArray[np.float64]:
    """Return the time of each frame in seconds, or its number if the frame rate is unknown."""
    return (recording.start or 0.0) + np.arange(len(recording)) / (recording.fps or 1.0)


def _parse_times(times: NDArray[Any], attributes: Mapping[str, Any]) -> tuple[float | None, float]:
    """Return frame rate and start; the times win over the stated rate, because a selection of frames leaves it."""
    in_seconds = _text(attributes.get("time_unit", "seconds")) == "seconds"
    if times.dtype.kind not in "fiu" or not np.isfinite(times).all():
        raise DataError(f"the times are {times.dtype}, expected finite numbers of seconds or frames")
    steps = np.diff(times.astype(np.float64))
    step = float(np.median(steps)) if len(steps) else 0.0
    if len(steps) and (step <= 0 or np.abs(steps - step).max() > _UNEVEN * step):
        raise DataError(
            f"the times are not even: their steps are {steps.min():g} to {steps.max():g}",
            hint="interpolate to one frame rate, or make a recording of each part",
        )
    stated = _parse_number(attributes.get("fps"))
    start = float(times[0]) if len(times) else 0.0
    if not in_seconds:
        return (stated and stated / (step or 1.0)), start
    if stated and (not step or abs(stated * step - 1) < _UNEVEN):
        return stated, start
    return (1 / step if step else None), start


def _parse_metadata(value: Any) -> dict[str, Any]:
    try:
        metadata = json.loads(_text(value)) if value is not None else {}
    except (ValueError, RecursionError) as error:
        raise DataError(f"its attribute {METADATA!r} is not valid JSON") from error
    if not isinstance(metadata, dict):
        raise DataError(f"its attribute {METADATA!r} is no JSON table")
    return metadata


def _parse_layout(table: Any, keypoints: Sequence[str]) -> Layout:
    """Return the layout that metadata states, as built in where it is, or the built-in one of the keypoints."""
    if isinstance(table, dict):
        return restore_layout(table)
    fitting = [known for known in map(get_layout, layout_names()) if sorted(known.joints) == sorted(keypoints)]
    if len(fitting) != 1:
        raise LayoutError(
            f"the keypoints {', '.join(keypoints)[:80]} are of {len(fitting)} known layouts", hint="state it: {layout}"
        )
    return fitting[0]


def _parse_number(value: Any) -> float | None:
    try:
        number = float(np.ravel(value)[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if 0 < number < np.inf else None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
