"""Northwestern-UCLA JSON: the 20 joints of a Kinect v1, as distributed for action recognition.

Wang et al., "Cross-view Action Modeling, Learning and Recognition", CVPR 2014, in the form of CTR-GCN (Chen et al.,
ICCV 2021): an object with ``file_name`` (``a01_s01_e00_v01``: action, person, episode and view), ``skeletons``, a list
of frames of 20 lists of x, y, z, and ``label``, the action. Metres, camera axes (y up).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.json_poses import read_document
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.keypoints import is_json, load_json, parse_points
from himpc.reading.formats.parsing.positions import check_memory
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.json",
    reads="the 20 joints in `skeletons`; person, session and camera from `file_name`, such as `a01_s01_e00_v01`",
    assumes="metres, y up; no rate: state {fps}; one person a file",
    ignores="the action in `label`",
    source="Wang et al., CVPR 2014, in the form of CTR-GCN (Chen et al., ICCV 2021)",
)

_NAME = re.compile(r"(?P<action>a[0-9]+)_(?P<person>s[0-9]+)_(?P<episode>e[0-9]+)_(?P<camera>v[0-9]+).*")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the key of the frames."""
    return is_json(head) and b'"skeletons"' in head


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    content = load_json(path)
    frames = content.get("skeletons") if isinstance(content, dict) else None
    layout = get_layout("kinect-v1")
    if not isinstance(frames, list) or not any(
        isinstance(frame, list) and len(frame) == len(layout) for frame in frames
    ):
        return read_document(path, content, options)
    check_memory(path, 1, len(frames), len(layout))
    detections = [
        Detection(i, None, _values(frame, len(layout), f"{path}, frame {i + 1}"), f"{path}, frame {i + 1}")
        for i, frame in enumerate(frames)
        if frame
    ]
    return body_recordings(path, detections, len(frames), layout, options, unit="m", up="y", labels=_labels(content))


def _values(frame: Any, count: int, where: str) -> Any:
    return np.column_stack([parse_points(frame, where, "skeletons", width=3, count=count), np.ones(count)])


def _labels(content: dict[str, Any]) -> dict[str, str]:
    """Return the labels that the name in a file gives, if it is one of the data set."""
    name = content.get("file_name")
    match = _NAME.fullmatch(name) if isinstance(name, str) and len(name) < 64 else None
    if match is None:
        return {}
    return {"person": match["person"], "session": match["action"] + match["episode"], "camera": match["camera"]}
