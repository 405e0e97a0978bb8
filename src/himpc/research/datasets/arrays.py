"""The authors' preprocessed arrays (docs/benchmarks.md), which most users of these data sets hold.

A folder holds, for a data set NAME and windows of F frames, ``source_{x,y,z}_NAME_F.npy``, floats ``(N F, J)``: the
joints of one window after the other, and ``frame_id_NAME_F.npy``, whole numbers ``(N,)``: whom each window shows. In a
test set the first three are called ``t_source_...``. ``ids_NAME_F.npy``, which lies beside them, is a pickle and is
never opened; ``frame_id`` says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, FormatError
from himpc.reading import MAX_COORDINATE
from himpc.reading.axes import recognise_up, to_y_up
from himpc.recordings import Windows
from himpc.research.data import LabelledWindows
from himpc.research.datasets.npy import open_npy
from himpc.research.folders import name_key
from himpc.skeleton import Layout, centre

__all__ = ["MAX_POSITIONS", "ArrayFolder"]

MAX_POSITIONS = 2**30
"""The most joint positions that one set may ask memory for: 12 GiB as float32."""

_CHECKED_FRAMES = 2**14
"""Frames that are looked at, evenly spread, to see which way is up."""


@dataclass(frozen=True)
class ArrayFolder:
    """A folder of arrays.

    Parameters
    ----------
    path : Path
        Where.
    name : str
        NAME in the file names; case and separators do not matter.
    length : int
        F, frames a window.
    test : bool
        Whether the files are called ``t_source_...``.
    """

    path: Path
    name: str
    length: int
    test: bool

    def read(self, layout: Layout, orders: tuple[tuple[int, ...], ...] = ()) -> LabelledWindows:
        """Read the windows of this folder.

        The arrays do not say where a recording ends, so the windows of one person in a row count as one.

        Parameters
        ----------
        layout : Layout
            The J joints.
        orders : tuple of tuple of int
            Joint orders that the columns may be in beside the layout's: column i holds joint ``order[i]``. The one in
            which bones are shortest is taken, for a wrong order joins joints that are far apart.

        Raises
        ------
        DataError
            If a file is missing.
        FormatError
            If a file is no plain array of the expected type and shape, or holds values that no body has.
        """
        prefix = "t_source" if self.test else "source"
        axes = [open_npy(self._find(f"{prefix}_{axis}_{self.name}_{self.length}.npy"), "f") for axis in "xyz"]
        owner = open_npy(self._find(f"frame_id_{self.name}_{self.length}.npy"), "iu")
        self._check_shapes(axes, owner, layout)
        joints = np.empty((len(axes[0]), len(layout), 3), dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for i, axis in enumerate(axes):
                joints[:, :, i] = axis
        self._check_values(joints)
        joints = _upright(_in_order(joints, layout, orders), layout)
        starts = np.arange(len(owner), dtype=np.int64) * self.length
        change = np.concatenate([[0], owner[1:] != owner[:-1]]).astype(np.int64)
        windows = Windows(
            frames=centre(joints, layout).astype(np.float32, copy=False),
            starts=starts,
            recording=np.cumsum(change),
            length=self.length,
            layout=layout,
            n_recordings=int(change.sum()) + 1,
        )
        return LabelledWindows(windows, np.array([str(number) for number in owner.tolist()]))

    def _find(self, name: str) -> Path:
        try:
            files = sorted(entry for entry in self.path.iterdir() if entry.is_file())
        except OSError as error:
            raise DataError(f"{self.path}: cannot be opened: {error.strerror or error}") from error
        alike = [entry for entry in files if name_key(entry.name) == name_key(name)]
        if not alike:
            arrays = [entry.name for entry in files if entry.suffix.lower() == ".npy"]
            found = ", ".join(arrays[:6]) or "no .npy files"
            raise DataError(f"{self.path}: lacks {name}, expected it among the preprocessed arrays; found {found}")
        return next((entry for entry in alike if entry.name == name), alike[0])

    def _check_shapes(self, axes: list[NDArray[np.generic]], owner: NDArray[np.generic], layout: Layout) -> None:
        if owner.ndim != 1 or not len(owner):
            raise FormatError(f"{self.path}: frame_id has shape {owner.shape}, expected one number a window")
        expected = (len(owner) * self.length, len(layout))
        for axis, array in zip("xyz", axes, strict=True):
            if array.shape != expected:
                raise FormatError(
                    f"{self.path}: {axis} has shape {array.shape}, expected {expected}: {len(owner)} windows (by "
                    f"frame_id) of {self.length} frames, {len(layout)} joints of layout {layout.name!r}"
                )
        if expected[0] * expected[1] > MAX_POSITIONS:
            raise FormatError(f"{self.path}: {expected[0]} frames of {expected[1]} joints are too many for memory")

    def _check_values(self, joints: NDArray[np.float32]) -> None:
        for start in range(0, len(joints), _CHECKED_FRAMES):
            block = joints[start : start + _CHECKED_FRAMES]
            bad = np.flatnonzero(~(np.abs(block) <= MAX_COORDINATE).all(axis=(1, 2)))
            if len(bad):
                raise FormatError(
                    f"{self.path}: row {start + bad[0]} holds a value that is not finite or farther than "
                    f"{MAX_COORDINATE:g} m, expected joint positions"
                )


def _in_order(joints: NDArray[np.float32], layout: Layout, orders: tuple[tuple[int, ...], ...]) -> NDArray[np.float32]:
    """Return the joints in the layout's order, from the one of some orders in which bones are shortest."""
    sample = joints[:: 1 + len(joints) // _CHECKED_FRAMES]
    a, b = np.array(layout.bones).T
    places = [np.arange(len(layout)), *(np.argsort(order) for order in orders)]
    lengths = [np.linalg.norm(sample[:, place[a]] - sample[:, place[b]], axis=2).sum() for place in places]
    best = int(np.argmin(lengths))
    return joints if best == 0 else joints[:, places[best]]


def _upright(joints: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """Turn bodies that stand head down, as the reader of the raw frames does."""
    if recognise_up(joints[:: 1 + len(joints) // _CHECKED_FRAMES], layout) != "-y":
        return joints
    return to_y_up(joints, "-y").astype(np.float32, copy=False)
