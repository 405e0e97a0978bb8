"""Recordings: one person's continuous skeleton sequence, where it comes from, and how good it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, LayoutError, count_noun
from himpc.recordings.interchange import from_dataset, to_dataframe, to_dataset
from himpc.recordings.mapped_arrays import iter_blocks
from himpc.skeleton import Layout, convert

__all__ = [
    "MAX_FPS",
    "MIN_FPS",
    "Origin",
    "Quality",
    "Recording",
    "count_recordings",
    "normalize_label",
    "number_whole_recordings",
]

MIN_FPS, MAX_FPS = 1.0, 10_000.0
"""Frames a second of a recording of motion: from a picture a second to the fastest cameras of laboratories."""

MAX_START = 1e11
"""Seconds, 3,000 years: up to here a time is exact to a small part of a frame."""


@dataclass(frozen=True)
class Origin:
    """The identity of a recording: the file, the body in it, and the part.

    Attributes
    ----------
    path : Path or None
        The file, or folder of frames, as an absolute path; None for a recording that was made in memory.
    body : int, str or None
        The body within the file; None where the file holds one. Without a path, an identifier that is unique.
    part : int or None
        The number of the part, from 1, where the recording was split at long gaps.
    whole_source : str
        The name of the whole recording of which this is a part, to show. It is not compared.

    Examples
    --------
    >>> str(Origin(Path("/data/walk.c3d"), body=2, part=1))
    '/data/walk.c3d#2#part1'
    """

    path: Path | None = None
    body: int | str | None = None
    part: int | None = None
    whole_source: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text("" if self.path is None else str(self.path))

    def text(self, name: str) -> str:
        """Format the origin for display, with `name` in place of the path."""
        body = "" if self.body is None or self.path is None else f"#{self.body}"
        return f"{name}{body}" + ("" if self.part is None else f"#part{self.part}")

    @property
    def name(self) -> str:
        """The name to show: `whole_source`, or else the text of the origin."""
        return self.whole_source or str(self) or str(self.body or "")

    @property
    def whole(self) -> Origin:
        """The origin of the whole recording: equal for all its parts."""
        return Origin(self.path, self.body)


@dataclass(frozen=True)
class Quality:
    """What reading and cleaning found, counted in frames (`filled` in joints).

    If a recording was split into parts, each part counts the frames from its start to that of the next part, so that
    sums over recordings are sums over files.

    Attributes
    ----------
    frames_read : int
        Frames in the file for this body.
    empty, frozen, impossible : int
        Frames rejected: without any joint; identical to the frame before; with bone lengths or speeds that no body has.
    incomplete : int
        Frames dropped because a joint was missing for too long to fill, or too few frames lay between two gaps.
    filled : int
        Joints interpolated over short gaps, including all joints of a rejected frame.
    parts : int
        Number of parts that the recording was split into at long gaps.
    notes : tuple of str
        What else a person should know, such as the axis that was recognised as up.
    cleaned : bool
        Whether the skeletons were cleaned when they were estimated from video, so that reading leaves them as they are.
    """

    frames_read: int = 0
    empty: int = 0
    frozen: int = 0
    impossible: int = 0
    incomplete: int = 0
    filled: int = 0
    parts: int = 1
    notes: tuple[str, ...] = ()
    cleaned: bool = False

    @property
    def dropped(self) -> int:
        """Frames rejected or dropped for any reason."""
        return self.empty + self.frozen + self.impossible + self.incomplete


@dataclass(frozen=True, eq=False)
class Recording:
    """One person's continuous skeleton sequence, validated on construction.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joint positions in metres, y up, stored as float32. A joint that was not seen is NaN in all three axes. With
        ``dimensions=2`` they are pixels, y up, and the third axis is 0.
    layout : Layout
        The J joints.
    fps : float, optional
        Frames per second.
    person, session, camera : str, optional
        Labels, in the Unicode form NFC. Nothing in `himpc.learning` reads them.
    source : str
        The name to show: the path, with ``#body`` or ``#part`` if the file held several. Derived from `origin` if not
        given. It is never parsed.
    confidence : array ``(frames, J)``, optional
        Confidence of each joint in [0, 1].
    dimensions : {3, 2}
        2 for estimates in the image plane, which are never mixed with 3D.
    quality : Quality
        What reading and cleaning found.
    origin : Origin, optional
        The file, the body in it and the part.
    start : float, optional
        The time of the first frame on `clock`: seconds, or frames if `fps` is None.
    clock : Origin, optional
        The film, stream or file whose time `start` is. Recordings of one clock are of one camera, or of one system that
        sees all people at once: two that overlap in time show different people (`himpc.recordings.cannot_link`).
    true_size : bool
        Whether lengths are true. One uncalibrated camera shows proportions, and the size of a body is assumed.
    equal_size : bool
        Whether the body was scaled to one size, to be compared by its proportions (`himpc.recordings.scale_bodies`).

    Raises
    ------
    DataError
        If the array has another shape, no frames, infinite values, or a joint that is NaN in some axes only; or only
        one of `start` and `clock` is given.

    Examples
    --------
    >>> from himpc.skeleton import get_layout
    >>> walk = Recording(np.zeros((60, 20, 3)), get_layout("kinect-v1"), fps=30, person="ann")
    >>> len(walk), walk.seconds
    (60, 2.0)
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
    origin: Origin | None = None
    start: float | None = None
    clock: Origin | None = None
    true_size: bool = True
    equal_size: bool = False

    def __post_init__(self) -> None:
        self._normalise()
        _check_values(self.joints, self.source or "recording")

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.joints)

    def __repr__(self) -> str:
        rate = "" if self.fps is None else f" at {self.fps:g} per second"
        labels = [f"{each} {value}" for each in ("person", "session", "camera") if (value := getattr(self, each))]
        facts = [f"{count_noun(len(self), 'frame')}{rate}", self.layout.name, *labels]
        return f"<Recording {self.source}: {', '.join(facts)}>".replace(" :", ":")

    @property
    def seconds(self) -> float | None:
        """Length in seconds, None if the frame rate is unknown."""
        return None if self.fps is None else len(self) / self.fps

    @property
    def whole_source(self) -> str:
        """The name of the whole recording: the source, without the number of a part."""
        return (self.origin.whole_source if self.origin is not None and self.origin.part else "") or self.source

    @property
    def complete(self) -> bool:
        """True if every joint was seen in every frame."""
        return not any(np.isnan(block).any() for block in iter_blocks(self.joints))

    def to(self, layout: Layout) -> Recording:
        """Convert the recording to another layout (see `himpc.skeleton.convert`).

        Raises
        ------
        LayoutError
            If a joint of the other layout cannot be derived.
        """
        if layout == self.layout:
            return self
        try:
            joints = convert(self.joints, self.layout, layout)
        except LayoutError as error:
            raise error.with_message(f"{self.source or 'recording'}: {error.message}") from error
        return self._derive(joints=joints, layout=layout, confidence=None)

    def to_xarray(self) -> Any:
        """Make an `xarray.Dataset` with the dimensions of the package movement, which `from_xarray` turns back.

        Returns
        -------
        xarray.Dataset
            ``position`` over time, space, keypoints and individuals (one), in metres with y up, or in pixels with y
            down for 2D; ``confidence`` where it is known; and the attributes ``fps`` and ``time_unit``.

        Raises
        ------
        DependencyError
            If xarray is not installed (extra ``interchange``).
        """
        return to_dataset(self)

    @classmethod
    def from_xarray(cls, dataset: Any, *, layout: Layout | None = None, individual: str | None = None) -> Recording:
        """Make a recording from one individual of an `xarray.Dataset` of `to_xarray` or of the package movement.

        Parameters
        ----------
        dataset : xarray.Dataset
            ``position`` over time, space, keypoints and individuals.
        layout : Layout, optional
            The joints that the keypoints are, in any order; by default as `to_xarray` stated, or the known layout with
            these joints. Stating it vouches for metres and y up where the data set states neither.
        individual : str, optional
            The name of the individual; needed if there are several. It is the label of the person, unless it is
            movement's ``id_0``.

        Raises
        ------
        DataError
            If the data set has other variables, dimensions, units or axes, or its times are not even.
        LayoutError
            If the keypoints are not the joints of the layout.
        DependencyError
            If xarray is not installed (extra ``interchange``).
        """
        poses = from_dataset(dataset, layout, individual)
        clock = poses.pop("clock")
        count = Quality(frames_read=len(poses["joints"]))
        return cls(**poses, quality=count, clock=None if clock is None else Origin(body=clock))

    def to_pandas(self) -> Any:
        """Make a `pandas.DataFrame`, one row a frame, with columns such as ``left_knee_x``, for example to write CSV.

        The index is the time in seconds, or the number of the frame if the frame rate is unknown. Columns such as
        ``left_knee_confidence`` follow where the confidence is known.

        Raises
        ------
        DependencyError
            If pandas is not installed (extra ``interchange``).
        """
        return to_dataframe(self)

    def with_(self, **changes: Any) -> Recording:
        """Return a copy with some fields changed; joints are validated again only if they are among them."""
        changed = self._derive(**changes)
        if changed.joints is not self.joints:
            _check_values(changed.joints, changed.source or "recording")
        return changed

    def _derive(self, **changes: Any) -> Recording:
        """Return a copy with some fields changed, whose joints are known to be valid because they follow from these."""
        if unknown := set(changes) - {each.name for each in fields(self)}:
            raise TypeError(f"a recording has no field {min(unknown)!r}")
        derived = copy(self)
        vars(derived).update(changes)
        derived._normalise()
        return derived

    def _normalise(self) -> None:
        """Bring arrays into the form in which they are stored, and check everything but the values of joints."""
        if not self.source and self.origin is not None:
            object.__setattr__(self, "source", str(self.origin))
        _check_types(self)
        for name in ("person", "session", "camera"):
            if (label := getattr(self, name)) is not None:
                object.__setattr__(self, name, normalize_label(label))
        where = self.source or "recording"
        joints = np.asarray(self.joints)
        if joints.ndim != 3 or joints.shape[1:] != (len(self.layout), 3):
            expected = f"expected (frames, {len(self.layout)} joints of layout {self.layout.name!r}, 3)"
            raise DataError(f"{where}: joints have shape {joints.shape}, {expected}")
        if len(joints) == 0:
            raise DataError(f"{where}: holds no frames")
        if joints.dtype.kind not in "fiu":
            raise DataError(f"{where}: joints are {joints.dtype}, expected numbers")
        if self.dimensions not in (2, 3):
            raise DataError(f"{where}: dimensions is {self.dimensions!r}, expected 2 or 3")
        with np.errstate(over="ignore"):
            joints = np.ascontiguousarray(joints, dtype=np.float32)
        object.__setattr__(self, "joints", joints)
        if self.confidence is not None:
            confidence = np.ascontiguousarray(self.confidence, dtype=np.float32)
            if confidence.shape != joints.shape[:2]:
                raise DataError(f"{where}: confidence has shape {confidence.shape}, expected {joints.shape[:2]}")
            object.__setattr__(self, "confidence", confidence)


def normalize_label(label: str) -> str:
    """Return a label in the Unicode form NFC, so that a letter and its accent are one character.

    File systems and keyboards differ in this form; without it, one name on the screen would be two people.

    >>> normalize_label("Jose\u0301") == "Jos\u00e9"
    True
    """
    return unicodedata.normalize("NFC", label) if isinstance(label, str) else label


def number_whole_recordings(recordings: Sequence[Recording]) -> NDArray[np.int64]:
    """Number whole recordings: the parts of a recording that was split at long gaps get the same number.

    Parameters
    ----------
    recordings : sequence of Recording
        R recordings.

    Returns
    -------
    int64 array ``(R,)``
        Numbers from 0, in the order in which whole recordings first appear.
    """
    numbers: dict[Origin | int, int] = {}
    keys = [r.origin.whole if r.origin is not None and r.origin.part else i for i, r in enumerate(recordings)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def count_recordings(recordings: Sequence[Recording]) -> str:
    """Count whole recordings, and their parts if some were split, such as "20 recordings in 22 parts"."""
    wholes = int(number_whole_recordings(recordings).max(initial=-1)) + 1
    parts = f" in {count_noun(len(recordings), 'part')}" if wholes < len(recordings) else ""
    return f"{count_noun(wholes, 'recording')}{parts}"


def _check_types(recording: Recording) -> None:
    for name in ("person", "session", "camera", "source"):
        value = getattr(recording, name)
        if not isinstance(value, str) and (value is not None or name == "source"):
            raise DataError(f"{name} of a recording is {value!r}, expected a text")
    if not isinstance(recording.layout, Layout):
        raise DataError(f"layout of a recording is {recording.layout!r}, expected one of himpc.skeleton.get_layout")
    fps: Any = recording.fps
    if fps is not None and not (isinstance(fps, Real) and MIN_FPS <= float(fps) <= MAX_FPS):
        found = f"fps is {fps!r}, expected a number from {MIN_FPS:g} to {MAX_FPS:g}"
        raise DataError(f"{recording.source or 'recording'}: {found}")
    start: Any = recording.start
    if start is not None and not (isinstance(start, Real) and abs(float(start)) <= MAX_START):
        found = f"start is {start!r}, expected a number of seconds from -{MAX_START:.0e} to {MAX_START:.0e}"
        raise DataError(f"{recording.source or 'recording'}: {found}")
    if recording.true_size and recording.equal_size:
        raise DataError(f"{recording.source or 'recording'}: is both of true size and scaled to one size, expected one")
    if not isinstance(recording.clock, Origin | None) or (start is None) != (recording.clock is None):
        found = f"start {start!r} and clock {recording.clock!r}"
        raise DataError(f"{recording.source or 'recording'}: has {found}, expected both, or None for both")


def _check_values(joints: NDArray[np.float32], where: str) -> None:
    """Check that no coordinate is infinite, and that joints are NaN in all axes or in none."""
    for block in iter_blocks(joints):
        if np.isinf(block).any():
            raise DataError(f"{where}: joints hold infinite values; a joint that was not seen must be NaN")
        missing = np.isnan(block)
        if (missing.any(axis=2) != missing.all(axis=2)).any():
            raise DataError(f"{where}: a joint is NaN in some axes only; one that was not seen must be NaN in all")
