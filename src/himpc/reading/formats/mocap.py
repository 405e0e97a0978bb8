"""What the readers of motion capture share: from joints in metres, in a file's own axes, to a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import find_up, to_y_up
from himpc.reading.formats.base import FileOptions, Up
from himpc.reading.formats.text import FARTHEST
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import Layout

__all__ = ["to_recording"]


def to_recording(
    joints: NDArray[np.floating],
    layout: Layout,
    options: FileOptions,
    origin: Origin,
    *,
    up: Up | None = None,
    fps: float | None = None,
    notes: tuple[str, ...] = (),
) -> Recording:
    """Return joints in metres as a recording, y up; how the upward axis was found is among its notes.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in metres; NaN where not seen.
    options : FileOptions
        What the user says, for what neither the file nor the body shows.
    origin : Origin
        The file, and the body in it.
    up : {"x", "y", "z", "-x", "-y", "-z"}, optional
        The axis that the file says is up.
    fps : float, optional
        The frame rate that the file states; one that is no number above 0 does not count.
    notes : tuple of str
        What else a person should know.

    Raises
    ------
    FormatError
        If there are no frames, a joint is absurdly far away, or nothing shows which axis is up.
    """
    if not len(joints):
        raise FormatError(f"{origin}: holds no frames")
    unseen = np.isnan(joints).any(axis=2)
    if (np.abs(joints) > FARTHEST).any():
        raise FormatError(f"{origin}: a joint is farther than {FARTHEST:g} m from the origin; the file is damaged")
    axis, note = find_up(joints, layout, str(origin), stated=up, said=options.up)
    placed = to_y_up(joints, axis).astype(np.float32)
    placed[unseen] = np.nan
    rate = fps if fps is not None and np.isfinite(fps) and fps > 0 else options.fps
    quality = Quality(frames_read=len(placed), notes=(*notes, note))
    return Recording(placed, layout, fps=rate, origin=origin, quality=quality)
