"""Azure Kinect JSON: 32 joints of each body, in millimetres, as the offline processor of the samples writes them.

An object with ``joint_names``, ``bone_list`` and ``frames``. A frame has ``timestamp_usec`` and ``bodies``, each with a
``body_id`` and ``joint_positions``, a list of x, y, z a joint. The axes are those of the depth camera: x right, y down,
z forward.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.json_poses import read_document
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.keypoints import (
    check_frames,
    check_objects,
    is_json,
    load_json,
    parse_id,
    parse_points,
)
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.json",
    reads="the 32 joints of each body, by `body_id` and `timestamp_usec`",
    assumes="millimetres, in the axes of the depth camera: y down",
    ignores="orientations",
    source="https://github.com/microsoft/Azure-Kinect-Samples",
    exports=(
        Export(
            "offline_processor, a sample of the Body Tracking SDK",
            "`offline_processor.exe walk.mkv walk.json`",
            "https://github.com/microsoft/Azure-Kinect-Samples/tree/master/body-tracking-samples/offline_processor",
        ),
    ),
)

_MARKS = (b'"k4abt_sdk_version"', b'"num_bodies"', b'"bone_list"')
_POSITIONS = b'"joint_positions"'


def recognise(path: Path, head: bytes) -> bool:
    """Recognise keys of the body tracking SDK."""
    is_of_body = _POSITIONS in head and (b'"bodies"' in head or b'"body_id"' in head)
    return is_json(head) and (is_of_body or any(mark in head for mark in _MARKS))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each body that the tracker followed."""
    content = load_json(path)
    layout = get_layout("azure-kinect")
    if not isinstance(content, dict) or "frames" not in content:
        return read_document(path, content, options)
    frames = check_frames(content.get("frames"), path)
    order = _joint_order(content.get("joint_names"), layout, path)
    stamps = [_seconds(frame, f"{path}, frame {i}") for i, frame in enumerate(frames, start=1)]
    timeline = find_timeline(path, range(1, len(frames) + 1), seconds=np.array(stamps), row_name="frame")
    detections = [
        _detection(body, place, order, f"{path}, frame {i}")
        for i, (frame, place) in enumerate(zip(frames, timeline.places.tolist(), strict=True), start=1)
        for body in check_objects(frame.get("bodies") or [], f"{path}, frame {i}: expected a list of 'bodies'")
    ]
    return body_recordings(path, detections, timeline, layout, options, unit="mm", up="-y")


def _joint_order(names: Any, layout: Layout, path: Path) -> NDArray[np.intp]:
    """Return, for each joint of the layout, its place in the file, which may list its joints in an order of its own."""
    if names is None:
        return np.arange(len(layout))
    found = [layout.find(name) if isinstance(name, str) else None for name in names] if isinstance(names, list) else []
    if set(found) != set(range(len(layout))) or len(found) != len(layout):
        raise FormatError(
            f"{path}: 'joint_names' does not name each of the {len(layout)} joints of an Azure Kinect once"
        )
    return np.argsort(np.array(found, dtype=np.intp))


def _seconds(frame: dict[str, Any], where: str) -> float:
    """Return the time of a frame; NaN if it states none."""
    if frame.get("timestamp_usec") is None:
        return float("nan")
    stamp = frame["timestamp_usec"]
    if type(stamp) not in (int, float) or not abs(stamp) < 2**63:
        raise FormatError(f"{where}: timestamp_usec is not a number of microseconds")
    return float(stamp) / 1e6


def _detection(body: dict[str, Any], frame: int, order: NDArray[np.intp], where: str) -> Detection:
    points = parse_points(body.get("joint_positions"), where, "joint_positions", width=3, count=len(order))
    values = np.column_stack([points, np.ones(len(order))])[order]
    person = body.get("body_id")
    return Detection(frame, None if person is None else parse_id(person, where, "body_id"), values, where)
