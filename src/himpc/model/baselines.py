"""Baselines without learning: bone lengths, the anthropometric descriptors D13 and D16, and the raw pose.

Each describes every frame and averages over the frames of a window. Result tables show them beside a trained model,
which must be better than a tape measure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.recordings import Windows
from himpc.skeleton import Layout, body_frame

Floats = NDArray[np.floating]

_MIN_THIGH = 0.1
"""Metres. A shorter thigh is a tracking error, and D13 divides by its length."""

_BLOCK_FRAMES = 2**15
"""Number of frames that are described at once, which bounds memory."""


class Baseline(ABC):
    """A fixed description of a skeleton, which embeds windows as a model does.

    Attributes
    ----------
    name, title : str
        The key in `BASELINES`, and the name in tables.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def measure(self, joints: Floats, layout: Layout) -> Floats:
        """Describe each frame.

        Parameters
        ----------
        joints : array ``(T, J, 3)``
            Joint positions, metres, y up.
        layout : Layout
            The J joints.

        Returns
        -------
        array ``(T, D)``

        Raises
        ------
        LayoutError
            If the layout lacks a required joint.
        """

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Compute the mean description of each window, ``(N, D)``.

        Raises
        ------
        LayoutError
            If the layout lacks a required joint.
        """
        means: list[Floats] = []
        places: list[NDArray[np.int64]] = []
        for rows, joints, index in windows.blocks(_BLOCK_FRAMES):
            values = self.measure(joints, windows.layout)
            total = np.zeros((len(rows), values.shape[1]))
            for frames in index.T:  # F passes over the rows, without a copy of all windows
                total += values[frames]
            means.append((total / windows.length).astype(np.float32))
            places.append(rows)
        return np.concatenate(means)[np.argsort(np.concatenate(places))]


class BoneLengths(Baseline):
    """The length in metres of every bone of the layout, in the order of `Layout.bones`."""

    name = "bones"
    title = "Bone lengths"

    def measure(self, joints: Floats, layout: Layout) -> Floats:
        bones = np.array(layout.bones)
        return _length(joints[:, bones[:, 0]] - joints[:, bones[:, 1]])


class D13(Baseline):
    """Thirteen anthropometric measures: two heights, nine distances, two proportions.

    Height of head and of neck above the mean of the feet; the distances below; neck to spine over the right and over
    the left thigh, each thigh at least 0.1 m long. The y axis must point up.
    """

    name = "d13"
    title = "D13"
    distances: ClassVar[tuple[tuple[str, str], ...]] = (
        ("left_shoulder", "neck"),
        ("right_shoulder", "neck"),
        ("spine", "right_shoulder"),
        ("right_shoulder", "right_wrist"),
        ("left_shoulder", "left_wrist"),
        ("right_hip", "right_knee"),
        ("left_knee", "left_hip"),
        ("neck", "spine"),
        ("right_hip", "left_hip"),
    )

    def measure(self, joints: Floats, layout: Layout) -> Floats:
        _require(layout, self.title, {"head", "left_foot", "right_foot"}.union(*self.distances))
        heights = [_height(joints, layout, "head"), _height(joints, layout, "neck")]
        distances = _distances(joints, layout, self.distances)
        thighs = distances[:, [5, 6]]
        trunk = distances[:, [7]]
        return np.hstack([np.stack(heights, axis=1), distances, trunk / np.maximum(thighs, _MIN_THIGH)])


class D16(Baseline):
    """Sixteen anthropometric measures: the distances below, and the height of the head above the mean of the feet.

    The y axis must point up.
    """

    name = "d16"
    title = "D16"
    distances: ClassVar[tuple[tuple[str, str], ...]] = (
        ("head", "neck"),
        ("spine", "neck"),
        ("spine", "pelvis"),
        ("right_shoulder", "neck"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
        ("neck", "left_shoulder"),
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("right_hip", "pelvis"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_foot"),
        ("left_hip", "pelvis"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_foot"),
    )

    def measure(self, joints: Floats, layout: Layout) -> Floats:
        _require(layout, self.title, set().union(*self.distances))
        height = _height(joints, layout, "head")
        return np.hstack([_distances(joints, layout, self.distances), height[:, None]])


class RawPose(Baseline):
    """The joint positions, centred on the root and flattened joint by joint: the input of the encoder."""

    name = "raw"
    title = "Raw pose"

    def measure(self, joints: Floats, layout: Layout) -> Floats:
        return joints.reshape(len(joints), -1)


class BodyFrame(Baseline):
    """The pose turned to one heading, and the bone lengths: independent of the view."""

    name = "body"
    title = "Pose in the body frame, and bone lengths"

    def measure(self, joints: Floats, layout: Layout) -> Floats:
        turned = body_frame(joints, layout).reshape(len(joints), -1)
        return np.hstack([turned, BoneLengths().measure(joints, layout)])


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {baseline.name: baseline for baseline in (BoneLengths(), D13(), D16(), RawPose(), BodyFrame())}
)


def _require(layout: Layout, title: str, joints: set[str]) -> None:
    if missing := [joint for joint in sorted(joints) if not layout.has(joint)]:
        raise LayoutError(
            f"{title} measures joints that layout {layout.name!r} lacks: {', '.join(missing)}",
            hint="use bone lengths instead",
        )


def _length(vectors: Floats) -> Floats:
    length: Floats = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))
    return length


def _distances(joints: Floats, layout: Layout, pairs: tuple[tuple[str, str], ...]) -> Floats:
    ends = np.array([[layout.index(a), layout.index(b)] for a, b in pairs])
    return _length(joints[:, ends[:, 0]] - joints[:, ends[:, 1]])


def _height(joints: Floats, layout: Layout, top: str) -> Floats:
    y = joints[..., 1]
    height: Floats = y[:, layout.index(top)] - (y[:, layout.index("left_foot")] + y[:, layout.index("right_foot")]) / 2
    return height
