"""The authors' preprocessed arrays of a data set (docs/benchmarks.md).

For a data set NAME and windows of F frames, a folder contains ``source_{x,y,z}_NAME_F.npy``, floats ``(N F, J)``: the
joints of one window after the other; and ``frame_id_NAME_F.npy``, integers ``(N,)``: the person in each window. In a
test set the first three are named ``t_source_...``. ``ids_NAME_F.npy`` beside them is a pickle with the same content as
``frame_id`` and is never opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, FormatError
from himpc.reading import MAX_COORDINATE, recognise_up, to_y_up
from himpc.recordings import Windows
from himpc.research.data import LabelledWindows
from himpc.research.datasets.npy import open_npy
from himpc.research.folders import normalise_name
from himpc.skeleton import Layout, centre

MAX_POSITIONS = 2**30
"""Joint positions that one set may hold in memory: 12 GiB as float32."""

_SAMPLED_FRAMES = 2**14
"""Frames, evenly spread, from which joint order and up axis are recognised."""


@dataclass(frozen=True)
class ArrayFolder:
    """A folder of arrays.

    Parameters
    ----------
    path : Path
    name : str
        NAME in the file names; case and separators do not matter.
    length : int
        F, frames per window.
    test : bool
        Whether the files are named ``t_source_...``.
    """

    path: Path
    name: str
    length: int
    test: bool

    def read(self, layout: Layout, orders: tuple[tuple[int, ...], ...] = ()) -> LabelledWindows:
        """Read the windows of this folder.

        The arrays do not state where a recording ends, so consecutive windows of one person count as one recording.

        Parameters
        ----------
        layout : Layout
            The J joints.
        orders : tuple of tuple of int
            Possible joint orders of the columns besides the layout's: column i holds joint ``order[i]``. The order with
            the shortest bones is used, because a wrong order connects distant joints.

        Raises
        ------
        DataError
            If a file is missing.
        FormatError
            If a file is not an array of the expected type and shape, or holds values that are not joint positions.
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
        joints = _to_upright(_to_layout_order(joints, layout, orders), layout)
        change = np.concatenate([[0], owner[1:] != owner[:-1]]).astype(np.int64)
        windows = Windows(
            frames=centre(joints, layout).astype(np.float32, copy=False),
            starts=np.arange(len(owner), dtype=np.int64) * self.length,
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
        matches = [entry for entry in files if normalise_name(entry.name) == normalise_name(name)]
        if not matches:
            arrays = [entry.name for entry in files if entry.suffix.lower() == ".npy"]
            found = ", ".join(arrays[:6]) or "no .npy files"
            raise DataError(f"{self.path}: lacks {name}, expected it among the preprocessed arrays; found {found}")
        return next((entry for entry in matches if entry.name == name), matches[0])

    def _check_shapes(self, axes: list[NDArray[np.generic]], owner: NDArray[np.generic], layout: Layout) -> None:
        if owner.ndim != 1 or not len(owner):
            raise FormatError(f"{self.path}: frame_id has shape {owner.shape}, expected one number per window")
        expected = (len(owner) * self.length, len(layout))
        for axis, array in zip("xyz", axes, strict=True):
            if array.shape != expected:
                raise FormatError(
                    f"{self.path}: {axis} has shape {array.shape}, expected {expected}: {len(owner)} windows (by "
                    f"frame_id) of {self.length} frames, {len(layout)} joints of layout {layout.name!r}"
                )
        if expected[0] * expected[1] > MAX_POSITIONS:
            raise FormatError(f"{self.path}: {expected[0]} frames of {expected[1]} joints do not fit into memory")

    def _check_values(self, joints: NDArray[np.float32]) -> None:
        for start in range(0, len(joints), _SAMPLED_FRAMES):
            block = joints[start : start + _SAMPLED_FRAMES]
            invalid = np.flatnonzero(~(np.abs(block) <= MAX_COORDINATE).all(axis=(1, 2)))
            if len(invalid):
                raise FormatError(
                    f"{self.path}: row {start + invalid[0]} holds a value that is not finite or farther than "
                    f"{MAX_COORDINATE:g} m, expected joint positions"
                )


def _to_layout_order(
    joints: NDArray[np.float32], layout: Layout, orders: tuple[tuple[int, ...], ...]
) -> NDArray[np.float32]:
    """Return the joints in the layout's order, from the candidate order with the shortest bones."""
    sample = joints[:: 1 + len(joints) // _SAMPLED_FRAMES]
    a, b = np.array(layout.bones).T
    places = [np.arange(len(layout)), *(np.argsort(order) for order in orders)]
    lengths = [np.linalg.norm(sample[:, place[a]] - sample[:, place[b]], axis=2).sum() for place in places]
    best = int(np.argmin(lengths))
    return joints if best == 0 else joints[:, places[best]]


def _to_upright(joints: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """Turn bodies that are head down, as the reader of the raw frames does."""
    if recognise_up(joints[:: 1 + len(joints) // _SAMPLED_FRAMES], layout) != "-y":
        return joints
    return to_y_up(joints, "-y").astype(np.float32, copy=False)
