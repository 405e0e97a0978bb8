"""The systems that made recordings: cameras with their trackers, suits, marker sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.recordings.recording import Recording
from himpc.skeleton import Layout, layout_names

__all__ = ["number_systems"]

MARKER_SUFFIXES = (".c3d", ".trc")
"""Files of markers, whose joints are computed from these, and have the layout of a depth camera."""


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
    bases = {layout: _whole_layout(layout) for layout in {recording.layout for recording in recordings}}
    keys = [(bases[each.layout], _is_from_markers(each), not each.true_size) for each in recordings]
    found = sorted(set(keys))
    names = [
        name + " from markers" * from_markers + " of assumed size" * (assumed and (name, from_markers, False) in found)
        for name, from_markers, assumed in found
    ]
    return np.array([found.index(key) for key in keys], dtype=np.int64), tuple(names)


def _whole_layout(layout: Layout) -> str:
    """Return the name of the layout of which this is a part, or its own: ``kinect-v1`` for ``kinect-v1-14``."""
    wholes = [name for name in layout_names() if layout.name == name or layout.name.startswith(f"{name}-")]
    return max(wholes, key=len, default=layout.name)


def _is_from_markers(recording: Recording) -> bool:
    path = None if recording.origin is None else recording.origin.path
    return path is not None and path.suffix.lower() in MARKER_SUFFIXES
