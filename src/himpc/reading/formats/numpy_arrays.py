"""NumPy arrays of joints of any arrangement: ``.npy``, and ``.npz`` of other programs.

An array is (frames, joints, 3) or (frames, 3 joints), with axes in any order, with people or samples as further axes:
(3, frames, joints, people) and (samples, 3, frames, joints, people) as of ST-GCN, or (samples, frames, 150) as of NTU
RGB+D in the form of CTR-GCN. Frames of zeros are padding. An array of J strings names the joints; else the order is
that of a layout or data set, which the shape of the body confirms (see `joint_order`).
x, y and a confidence, or x and y alone, are keypoints of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, Hint
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.freemocap import is_of_landmarks
from himpc.reading.formats.parsing.arrays import is_npz, npy_shape, npz_names, read_npy, read_npz, to_float64
from himpc.reading.formats.parsing.joint_order import find_order, known_counts, order_error
from himpc.reading.formats.parsing.keypoints import are_keypoints, may_be_positions
from himpc.reading.formats.parsing.poses import pose_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_origin
from himpc.reading.formats.parsing.text import MAX_BYTES
from himpc.reading.formats.parsing.timeline import Timeline
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "read_arrays", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.npy, *.npz",
    reads="an array of joints with its axes in any order: frames, joints, x y z or x y, also with a confidence, people "
    "and samples, such as (frames, J, 3), (frames, 75) or (samples, 3, frames, J, people); in a `.npz` also an array "
    "of J names, and `fps`",
    assumes="joints without names are in the order of a layout or data set in which bones keep their length; unit and "
    "upward axis are as the body shows; 2D is in pixels; frames of zeros are padding; a `.npy` has no rate: state "
    "{fps}",
    ignores="arrays of Python objects, which can run code; several arrays of poses, unless one has a name such as "
    "`positions`",
    source="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
    exports=(
        Export(
            "NumPy",
            '`np.savez("walk.npz", positions=joints, joint_names=names, fps=30)`',
            "https://numpy.org/doc/stable/reference/generated/numpy.savez.html",
        ),
    ),
)

_ARRAY = b"\x93NUMPY"
_AXES = ("samples", "people", "frames", "joints", "axes")
_ARRANGEMENTS = {
    3: ("frames joints axes", "axes frames joints", "frames axes joints", "joints axes frames", "joints frames axes"),
    4: (
        *("frames people joints axes", "axes frames joints people", "samples frames joints axes"),
        *("samples axes frames joints", "frames joints axes people"),
    ),
    5: (
        *("samples axes frames joints people", "samples people frames joints axes"),
        *("samples frames people joints axes",),
    ),
}
"""The axes of arrays by their number, the most usual arrangement first."""
_MAX_PEOPLE, _MIN_JOINTS = 10, 5
_COORDINATES = (3, 2, 4)
"""Numbers of a joint: x, y, z; x, y; or x, y, z and a confidence. The three may be x, y and a confidence, too."""
_PREFERRED = (
    "positions",
    "keypoints",
    "poses",
    "skeleton",
    "skeletons",
    "joints",
    "xyz",
    "points",
    "data",
    "x",
    "arr_0",
)
_RATES = ("fps", "frame_rate", "framerate", "mocap_framerate", "mocap_frame_rate", "sampling_rate", "rate", "frequency")
_CHECKED_SAMPLES = 20
_MAX_OUTSIDE = 0.02
"""Share of the coordinates of keypoints that may be beyond the left or upper edge of the picture."""


@dataclass(frozen=True)
class _Poses:
    """The bodies of an array, ``(samples, people, frames, joints, axes)``, and the name of each joint, if known.

    `has_stated_unit` tells that the user states a unit of length, so that they are no keypoints of pictures; `is_split`
    that joints and axes were one axis of the array.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    fps: float | None
    has_stated_unit: bool = False
    is_split: bool = False

    @cached_property
    def is_2d(self) -> bool:
        """Whether these are keypoints of pictures: x and y, alone or with a confidence, in pixels or as shares."""
        if self.values.shape[4] != 3 or self.has_stated_unit:
            return bool(self.values.shape[4] == 2)
        return are_keypoints(self.values[:_CHECKED_SAMPLES])

    @cached_property
    def may_be_features(self) -> bool:
        """Whether rows may be other numbers than joints, such as embeddings: no places in pictures, or no confidence.

        In 2D, the shape of a body is little evidence.
        """
        checked = self.values[:_CHECKED_SAMPLES]
        if checked.shape[4] == 4 and np.nanmin(checked[..., 3], initial=0) < 0:
            return True
        return bool(self.is_split and self.is_2d and np.mean(checked[..., :2] < 0) > _MAX_OUTSIDE)

    @cached_property
    def sample_bodies(self) -> list[NDArray[np.float64]]:
        """The bodies ``(frames, joints, 3)``, or in 2D ``(frames, joints, 2)``, of the first samples."""
        bodies = self.values[:_CHECKED_SAMPLES, 0, :, :, : 2 if self.is_2d else 3]
        filled = [body[_are_filled(body)] for body in bodies]
        return [mask_origin(body) for body in filled if len(body)]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise NumPy arrays and archives of them, other than those of himpc, FreeMoCap and SMPL."""
    if is_npz(head):
        names = npz_names(path)
        return bool(names) and "himpc_version" not in names
    if not head.startswith(_ARRAY):
        return False
    return not is_of_landmarks(npy_shape(head))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person of each sample of an array."""
    with path.open("rb") as file:
        is_array = file.read(len(_ARRAY)) == _ARRAY
    if is_array:
        return _recordings(path, _arrange(path, read_npy(path), (), None, options), options)
    return read_arrays(path, _load_arrays(path), options)


def _recordings(path: Path, poses: _Poses, options: FileOptions) -> list[Recording]:
    """Return each person of each sample."""
    samples, people, frames, joints, _ = poses.values.shape
    check_memory(path, samples * people, frames, joints)
    check_positions(path, range(1, samples + 1), poses.values, row_name="sample")
    recordings = []
    for sample in range(1, samples + 1):
        detections = _detections(path, poses, sample)
        if detections:  # frames of zeros at the end are padding
            length = max(detection.frame for detection in detections) + 1
            timeline = Timeline(np.arange(length), length, poses.fps)
            group = str(sample) if samples > 1 else None
            recordings += pose_recordings(path, detections, timeline, poses.names, options, group=group)
    if not recordings:
        raise FormatError(f"{path}: shows no person: every point is missing or at 0, 0, 0")
    return recordings


def _detections(path: Path, poses: _Poses, sample: int) -> list[Detection]:
    """Return the people in the frames of a sample that show any."""
    values = poses.values[sample - 1]
    if values.shape[3] == (2 if poses.is_2d else 3):
        # In space, a joint at the origin may be the root of a body that is centred on it: see `body_recordings`.
        is_seen = np.isfinite(values).all(axis=3, keepdims=True)
        is_seen &= (values != 0).any(axis=3 if poses.is_2d else (2, 3), keepdims=True)
        values = np.concatenate([np.where(is_seen, values, 0), is_seen], axis=3)
    return [
        Detection(int(frame), str(person) if len(values) > 1 else None, body[frame], f"{path}, frame {frame + 1}")
        for person, body in enumerate(values)
        for frame in np.flatnonzero(_are_filled(body))
    ]


def read_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], options: FileOptions) -> list[Recording]:
    """Read the people in the array of poses among some arrays, with the names and frame rate that are beside it."""
    rate = next((arrays[name] for name in _RATES if name in arrays), np.zeros(()))
    fps = float(rate.reshape(-1)[0]) if rate.size == 1 and rate.dtype.kind in "fiu" else 0.0
    names = [array for array in arrays.values() if array.ndim == 1 and array.dtype.kind == "U" and array.size > 1]
    found: dict[str, _Poses] = {}
    hint: Hint | None = None
    for name, array in arrays.items():
        if array.dtype.kind in "fiu" and array.ndim >= 2 and may_be_positions(name):
            try:
                found[name] = _arrange(path, array, names, fps if np.isfinite(fps) and fps > 0 else None, options)
            except FormatError as error:
                hint = error.hint
    if not found:
        held = ", ".join(f"{name[:30]} {array.shape}" for name, array in list(arrays.items())[:6])
        raise FormatError(f"{path}: holds no array of joints of a person, but {held}", hint=hint)
    chosen = next((name for name in _PREFERRED if name in found), None)
    if len(found) > 1 and chosen is None:
        raise FormatError(
            f"{path}: holds several arrays of poses: {', '.join(name[:30] for name in list(found)[:6])}",
            hint="save each as a file of its own",
        )
    return _recordings(path, found[chosen or next(iter(found))], options)


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Load the arrays of numbers and text of an archive, within bounds; those of Python objects are left out."""
    arrays: dict[str, NDArray[Any]] = {}
    problem: FormatError | None = None
    for name in npz_names(path):
        try:
            arrays[name] = read_npz(path, name)
        except FormatError as error:
            problem = error
        if sum(array.nbytes for array in arrays.values()) > MAX_BYTES:
            raise FormatError(f"{path}: its arrays are larger than {MAX_BYTES >> 20} MiB", hint="split it")
    if not arrays:
        raise problem or FormatError(f"{path}: holds no arrays")
    return arrays


def _arrange(
    path: Path, array: NDArray[Any], names: Sequence[NDArray[Any]], fps: float | None, options: FileOptions
) -> _Poses:
    """Find the arrangement of an array that gives bodies: by the user's layout, by names, or by their shape."""
    if array.dtype.kind not in "fiu" or not array.size:
        raise FormatError(f"{path}: is an array of {array.dtype} of shape {array.shape}, expected numbers")
    candidates = [_name(values, names, fps, options, split) for split, values in _arrangements(to_float64(array))]
    is_stated = [options.layout is not None and len(options.layout) == poses.values.shape[3] for poses in candidates]
    for poses, stated in zip(candidates, is_stated, strict=True):
        if poses.names or stated:
            return poses
    for poses in sorted(candidates, key=lambda poses: poses.is_2d):  # in 2D, there is less evidence
        if (
            poses.values.shape[3] in known_counts()
            and not poses.may_be_features
            and poses.sample_bodies
            and find_order(poses.sample_bodies, options, str(path))
        ):
            return poses
    if not candidates:
        raise FormatError(
            f"{path}: is an array of {array.dtype} of shape {array.shape}, expected numbers (frames, points, 3), or "
            "(frames, points, 2) for 2D",
            hint="save the positions of the joints in one of these shapes",
        )
    raise order_error(str(path), candidates[0].values.shape[3])


def _name(
    values: NDArray[np.float64],
    names: Sequence[NDArray[Any]],
    fps: float | None,
    options: FileOptions,
    is_split: bool,
) -> _Poses:
    """Return poses with the names that are as many as the joints, or numbers if points are used as they are."""
    count = values.shape[3]
    labels = next((tuple(str(name) for name in each) for each in names if len(each) == count), ())
    has_stated_unit = options.unit is not None or options.scale is not None
    return _Poses(values, labels or (_numbers(count) if options.as_points else ()), fps, has_stated_unit, is_split)


def _numbers(count: int) -> tuple[str, ...]:
    """Return a name for each point, of its number."""
    return tuple(f"point{number:0{len(str(count))}}" for number in range(1, count + 1))


def _arrangements(array: NDArray[np.float64]) -> Iterator[tuple[bool, NDArray[np.float64]]]:
    """Yield whether joints and axes were one axis, and the array as ``(samples, people, frames, joints, axes)``."""
    for split in _splits(array):
        for text in _ARRANGEMENTS.get(split.ndim, ()):
            names = text.split()
            size = dict(zip(names, split.shape, strict=True))
            if size["axes"] not in _COORDINATES or size["joints"] < _MIN_JOINTS or size.get("people", 1) > _MAX_PEOPLE:
                continue
            turned = split.transpose([names.index(name) for name in _AXES if name in names])
            yield (
                split is not array,
                np.expand_dims(turned, tuple(i for i, name in enumerate(_AXES) if name not in names)),
            )


def _splits(array: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield the array as it is, and with its last axis split into people, joints and axes in each way."""
    yield array
    *others, width = array.shape
    for people, axes in ((1, 3), (2, 3), (1, 4), (1, 2)):
        joints = width // (people * axes)
        if array.ndim in (2, 3) and joints in known_counts() and joints * people * axes == width:
            yield array.reshape(*others, *([people] if people > 1 else []), joints, axes)


def _are_filled(body: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether some joint of each frame is neither missing nor at the origin."""
    filled: NDArray[np.bool_] = (np.nan_to_num(body[..., :3]) != 0).any(axis=(-1, -2))
    return filled
