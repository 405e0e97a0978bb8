"""A recording: one person's joints over time, validated when made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, LayoutError
from himpc.recordings.mapped_arrays import blocks
from himpc.skeleton import Layout, convert

__all__ = ["MENDED", "Quality", "Recording"]


MENDED = "skeletons from video, made clean"
"""The note of `Quality` that `himpc.video` leaves."""

PART = "#part"
"""Stands in a source between the recording that was split and the number of the part."""


@dataclass(frozen=True)
class Quality:
    """What reading and cleaning found, counted in frames (`filled` in joints).

    Where a file's body was split into parts, each part counts the stretch of frames that it comes from, so that sums
    over recordings are sums over files.

    Attributes
    ----------
    frames_read : int
        Frames in the file for this body.
    empty, frozen, impossible : int
        Frames rejected: no joint seen; the very pose of the frame before; bone lengths or speeds no body has.
    incomplete : int
        Frames dropped because a joint was missing for too long to fill, or too few frames stood between two gaps.
    filled : int
        Joints interpolated over short gaps; all joints of a rejected frame, too.
    parts : int
        Recordings that the file's body was split into, because of long gaps.
    notes : tuple of str
        What else a person should know, such as the axis that was recognised as up.
    """

    frames_read: int = 0
    empty: int = 0
    frozen: int = 0
    impossible: int = 0
    incomplete: int = 0
    filled: int = 0
    parts: int = 1
    notes: tuple[str, ...] = ()

    @property
    def mended(self) -> bool:
        """Whether `himpc.video` has made the skeletons clean, so that reading them does not do it once more."""
        return MENDED in self.notes

    @property
    def dropped(self) -> int:
        """Frames rejected or dropped for any reason."""
        return self.empty + self.frozen + self.impossible + self.incomplete


@dataclass(frozen=True, eq=False)
class Recording:
    """One person's skeleton over time, and what is known about it.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joint positions in metres, y up, stored as float32. A joint that was not seen is NaN in all three axes.
        With ``dimensions=2`` they are pixels, y up, and the third axis is 0.
    layout : Layout
        The J joints.
    fps : float, optional
        Frames per second.
    person, session, camera : str, optional
        What is known. Nothing in `himpc.learning` reads them.
    source : str
        Where it came from: the path, with ``#body`` or ``#part`` where the file held several.
    confidence : array ``(frames, J)``, optional
        Per-joint confidence in [0, 1].
    dimensions : {3, 2}
        2 marks an image-plane estimate; it is never mixed with 3D.
    quality : Quality
        What reading and cleaning found.

    Raises
    ------
    DataError
        If the array has another shape, no frames, infinite values, or a joint that is NaN in some axes only.
    """

    joints: NDArray[np.float32] = field(repr=False)
    layout: Layout
    fps: float | None = None
    person: str | None = None
    session: str | None = None
    camera: str | None = None
    source: str = ""
    confidence: NDArray[np.float32] | None = field(default=None, repr=False)
    dimensions: int = 3
    quality: Quality = field(default_factory=Quality)

    def __post_init__(self) -> None:
        where = self.source or "recording"
        joints = np.asarray(self.joints)
        expected = f"expected (frames, {len(self.layout)} joints of layout {self.layout.name!r}, 3)"
        if joints.ndim != 3 or joints.shape[1:] != (len(self.layout), 3):
            raise DataError(f"{where}: joints have shape {joints.shape}, {expected}")
        if len(joints) == 0:
            raise DataError(f"{where}: holds no frames")
        if joints.dtype.kind not in "fiu":
            raise DataError(f"{where}: joints are {joints.dtype}, expected numbers")
        with np.errstate(over="ignore"):
            joints = np.ascontiguousarray(joints, dtype=np.float32)
        for block in blocks(joints):
            if np.isinf(block).any():
                raise DataError(f"{where}: joints hold infinite values; a joint that was not seen must be NaN")
            missing = np.isnan(block)
            if (missing.any(axis=2) != missing.all(axis=2)).any():
                raise DataError(f"{where}: a joint is NaN in some axes only; one that was not seen must be NaN in all")
        if self.dimensions not in (2, 3):
            raise DataError(f"{where}: dimensions is {self.dimensions!r}, expected 2 or 3")
        if self.fps is not None and not (np.isfinite(self.fps) and self.fps > 0):
            raise DataError(f"{where}: fps is {self.fps!r}, expected a number above 0")
        object.__setattr__(self, "joints", joints)
        if self.confidence is not None:
            confidence = np.ascontiguousarray(self.confidence, dtype=np.float32)
            if confidence.shape != joints.shape[:2]:
                raise DataError(f"{where}: confidence has shape {confidence.shape}, expected {joints.shape[:2]}")
            object.__setattr__(self, "confidence", confidence)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.joints)

    @property
    def seconds(self) -> float | None:
        """Length in seconds, where the frame rate is known."""
        return None if self.fps is None else len(self) / self.fps

    @property
    def take(self) -> str | None:
        """What the parts of a recording that was split at long gaps have in common; None if it was not split."""
        whole, part, number = self.source.rpartition(PART)
        return whole if part and number.isdecimal() else None

    @property
    def complete(self) -> bool:
        """Whether every joint of every frame is there."""
        return not any(np.isnan(block).any() for block in blocks(self.joints))

    def to(self, layout: Layout) -> Recording:
        """Return the recording in another layout, where joints correspond (see `himpc.skeleton.convert`).

        Raises
        ------
        LayoutError
            If a joint of the other layout has no counterpart.
        """
        if layout == self.layout:
            return self
        try:
            joints = convert(self.joints, self.layout, layout)
        except LayoutError as error:
            raise LayoutError(f"{self.source or 'recording'}: {error}") from error
        return self.with_(joints=joints, layout=layout, confidence=None)

    def with_(self, **changes: Any) -> Recording:
        """Return a copy with some fields changed, validated again."""
        return replace(self, **changes)
