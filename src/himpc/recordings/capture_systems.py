"""The systems that made recordings: cameras with their trackers, suits, marker sets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from himpc.recordings.recording import Recording
from himpc.skeleton import layout_names

__all__ = ["number_systems", "system_name"]

MARKER_SUFFIXES = (".c3d", ".trc")
"""Files of markers, whose joints are computed from these, and have the layout of a depth camera."""

FROM_MARKERS, ASSUMED_SIZE = " from markers", " of assumed size"
"""What the names of such systems end in."""


def number_systems(recordings: Sequence[Recording]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the systems that made recordings, before they are brought to one layout.

    Recordings are of one system if they have one layout, or parts of it, and if both or neither are computed from
    markers, and have a true size.

    Returns
    -------
    system : int64 array ``(R,)``
        From 0, in the order of the names.
    names : tuple of str
        The name of each, such as ``"kinect-v1"``.

    Examples
    --------
    >>> import himpc
    >>> walks = [himpc.simulate(1, 1, layout=name, seconds=1.0)[0] for name in ("kinect-v2", "coco-17", "kinect-v2")]
    >>> number_systems(walks)
    (array([1, 0, 1]), ('coco-17', 'kinect-v2'))
    """
    keys = [system_name(each) for each in recordings]
    found = sorted(set(keys))
    names = [
        name.removesuffix(ASSUMED_SIZE) if name.removesuffix(ASSUMED_SIZE) not in found else name for name in found
    ]
    return np.array([found.index(key) for key in keys], dtype=np.int64), tuple(names)


def system_name(recording: Recording) -> str:
    """Return the name of the system that made a recording, whatever others there are; see `number_systems`.

    Examples
    --------
    >>> import himpc
    >>> [system_name(himpc.simulate(1, 1, layout=name)[0]) for name in ("kinect-v1-lower-body", "kinect-v2")]
    ['kinect-v1', 'kinect-v2']
    """
    from_markers = FROM_MARKERS if _is_from_markers(recording) else ""
    return _whole_layout(recording.layout.name) + from_markers + ("" if recording.true_size else ASSUMED_SIZE)


@cache
def _whole_layout(layout: str) -> str:
    """Return the name of the layout of which this is a part, or its own: ``kinect-v1`` for ``kinect-v1-14``."""
    wholes = [name for name in layout_names() if layout == name or layout.startswith(f"{name}-")]
    return max(wholes, key=len, default=layout)


def _is_from_markers(recording: Recording) -> bool:
    path = None if recording.origin is None else recording.origin.path
    return path is not None and path.suffix.lower() in MARKER_SUFFIXES
