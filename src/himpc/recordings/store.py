"""The file of recordings of himpc: a NumPy ``.npz`` without pickles.

The archive is the one that ``numpy.savez`` writes (a zip file, not compressed), with these arrays for R recordings of L
layouts:

===================  ==================  =============================================================================
key                  type and shape      meaning
===================  ==================  =============================================================================
``himpc_version``    int64 ``()``        version of this format, 1
``joints``           float32 ``(P, 3)``  joint positions of all frames of all recordings, one after the other: metres
                                         and y up, NaN where not seen (pixels where ``dimensions`` is 2)
``offsets``          int64 ``(R + 1,)``  recording r is ``joints[offsets[r]:offsets[r+1]].reshape(frames, J, 3)``
``layouts``          text ``(L,)``       the layouts as JSON, the same shape as their TOML tables
``layout``           int64 ``(R,)``      which layout each recording has
``fps``              float64 ``(R,)``    frames per second, NaN where not known
``dimensions``       int64 ``(R,)``      3 or 2
``has_confidence``   bool ``(R,)``       whether the recording has confidences
``confidence``       float32 ``(Q,)``    those of the recordings that have them, one per joint, one after the other
``person`` and       text ``(R,)``       the labels of each recording; also ``session``, ``camera`` and ``source``
``known``            bool ``(R, 3)``     whether person, session and camera are known
``quality``          int64 ``(R, 7)``    the counts of `Quality`, in the order of its fields
``notes``            text ``(R,)``       the notes of `Quality`, a JSON list
``cleaned``          bool ``(R,)``       whether skeletons from video were cleaned when they were estimated
``whole``            int64 ``(R,)``      the number of the whole recording that each is, or is a part of, from 1
``part``             int64 ``(R,)``      the number of the part, from 1; 0 for a whole recording
``whole_source``     text ``(R,)``       the source of the whole recording
``start``            float64 ``(R,)``    the time of the first frame in seconds (frames if ``fps`` is NaN), or NaN
``clock``            int64 ``(R,)``      the number of the clock of ``start``, from 1; 0 where it is NaN
``clock_source``     text ``(R,)``       the name of the film, stream or file of the clock
``true_size``        bool ``(R,)``       whether lengths are true, not assumed by a pose estimator
``equal_size``       bool ``(R,)``       whether bodies were scaled to one size, to be compared by proportions
===================  ==================  =============================================================================

Files of earlier versions lack the last one, two, five, or nine.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import replace_atomically
from himpc.errors import DataError, FormatError
from himpc.recordings.interchange import restore_layout
from himpc.recordings.mapped_arrays import iter_blocks, read_array
from himpc.recordings.recording import MAX_FPS, MIN_FPS, Origin, Quality, Recording, number_whole_recordings
from himpc.skeleton import Layout

__all__ = ["VERSION", "load", "save"]

VERSION = 1
"""Version of the format; files of later versions are refused."""

_LABELS = ("person", "session", "camera")
_COUNTS = ("frames_read", "empty", "frozen", "impossible", "incomplete", "filled", "parts")

# Kind (as in `numpy.dtype.kind`) and number of axes of each array.
_ARRAYS = {
    "himpc_version": ("i", 0),
    "joints": ("f", 2),
    "offsets": ("i", 1),
    "layouts": ("U", 1),
    "layout": ("i", 1),
    "fps": ("f", 1),
    "dimensions": ("i", 1),
    "has_confidence": ("b", 1),
    "confidence": ("f", 1),
    "person": ("U", 1),
    "session": ("U", 1),
    "camera": ("U", 1),
    "source": ("U", 1),
    "known": ("b", 2),
    "quality": ("i", 2),
    "notes": ("U", 1),
    "cleaned": ("b", 1),
    "whole": ("i", 1),
    "part": ("i", 1),
    "whole_source": ("U", 1),
    "start": ("f", 1),
    "clock": ("i", 1),
    "clock_source": ("U", 1),
    "true_size": ("b", 1),
    "equal_size": ("b", 1),
}
_ADDED = ("cleaned", "whole", "part", "whole_source")
_CLOCK = ("start", "clock", "clock_source")
_SIZE = ("true_size", "equal_size")

# How files without the added arrays express the same.
_CLEANED_NOTE = "skeletons from video, made clean"
_PART = re.compile(r"(?P<whole>.*)#part(?P<number>\d+)", re.DOTALL)

_Arrays = dict[str, NDArray[Any]]


def save(recordings: Sequence[Recording], path: str | Path) -> None:
    """Write recordings to an ``.npz``, atomically.

    Raises
    ------
    DataError
        If there is no recording, or a text holds a NUL character.
    RunFolderError
        If the file cannot be written.
    """
    if not recordings:
        raise DataError(f"{path}: there are no recordings to save")
    arrays = _pack(recordings)
    with replace_atomically(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
        _write_numbers(archive, "joints", [r.joints.reshape(-1, 3) for r in recordings])
        _write_numbers(archive, "confidence", [r.confidence.ravel() for r in recordings if r.confidence is not None])
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def load(path: str | Path) -> list[Recording]:
    """Read the recordings of an ``.npz`` that `save` wrote.

    The origin of each, and its clock, is the ``.npz`` itself, so that files from two machines are never confused; parts
    of one recording, and recordings of one clock, still belong together.

    Raises
    ------
    FormatError
        If the file is damaged, of a later version, or not written by himpc. Declared sizes are checked before memory is
        allocated.

    Notes
    -----
    Joints of 256 MiB or more stay in the file and are mapped, so that a file of any size opens in little memory. It may
    be replaced while its recordings are in use, as `save` does, but not be changed in place.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path)
            names = {name.removesuffix(".npy") for name in archive.namelist()}
            arrays = {name: read_array(archive, name, path, *kind) for name, kind in _ARRAYS.items() if name in names}
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: cannot be read as himpc's .npz: {reason}") from error
    try:
        return _unpack(_complete(arrays), Path(path).absolute())
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise FormatError(f"{path}: is damaged: {error}") from error


def _write_numbers(archive: zipfile.ZipFile, name: str, parts: Sequence[NDArray[np.float32]]) -> None:
    """Write one array, part by part; it is never in memory as a whole."""
    shape = (sum(map(len, parts)), *(parts[0].shape[1:] if parts else ()))
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            for block in iter_blocks(part):
                file.write(block.data)


def _pack(recordings: Sequence[Recording]) -> _Arrays:
    """Return all arrays except those of joints and confidences."""
    layouts = list(dict.fromkeys(r.layout for r in recordings))
    return {
        "himpc_version": np.array(VERSION, dtype=np.int64),
        "offsets": np.cumsum([0, *(r.joints.shape[0] * r.joints.shape[1] for r in recordings)], dtype=np.int64),
        "layouts": np.array([json.dumps(layout.to_dict()) for layout in layouts]),
        "layout": np.array([layouts.index(r.layout) for r in recordings], dtype=np.int64),
        "fps": np.array([np.nan if r.fps is None else r.fps for r in recordings], dtype=np.float64),
        "dimensions": np.array([r.dimensions for r in recordings], dtype=np.int64),
        "has_confidence": np.array([r.confidence is not None for r in recordings]),
        **{key: _texts([getattr(r, key) or "" for r in recordings], key) for key in (*_LABELS, "source")},
        "known": np.array([[getattr(r, key) is not None for key in _LABELS] for r in recordings]),
        "quality": np.array([[getattr(r.quality, key) for key in _COUNTS] for r in recordings], dtype=np.int64),
        "notes": np.array([json.dumps(r.quality.notes) for r in recordings]),
        "cleaned": np.array([r.quality.cleaned for r in recordings]),
        "whole": number_whole_recordings(recordings) + 1,
        "part": np.array([(r.origin and r.origin.part) or 0 for r in recordings], dtype=np.int64),
        "whole_source": _texts([r.whole_source for r in recordings], "source"),
        **_pack_clocks(recordings),
        **{key: np.array([getattr(r, key) for r in recordings], dtype=bool) for key in _SIZE},
    }


def _pack_clocks(recordings: Sequence[Recording]) -> _Arrays:
    clocks = list(dict.fromkeys(r.clock for r in recordings if r.clock is not None))
    return {
        "start": np.array([np.nan if r.start is None else r.start for r in recordings], dtype=np.float64),
        "clock": np.array([0 if r.clock is None else clocks.index(r.clock) + 1 for r in recordings], dtype=np.int64),
        "clock_source": _texts([r.clock.name if r.clock else "" for r in recordings], "clock"),
    }


def _texts(values: list[str], key: str) -> NDArray[np.str_]:
    if any("\0" in value for value in values):
        raise DataError(f"the {key} of a recording holds a NUL character, which cannot be saved")
    return np.array(values, dtype=np.str_)


def _check_members(archive: zipfile.ZipFile, path: str | Path) -> None:
    """Check that the archive was written by himpc, is complete, and of a version that can be read."""
    names = [name.removesuffix(".npy") for name in archive.namelist()]
    if "himpc_version" not in names:
        listed = ", ".join(repr(name) for name in names[:5]) or "nothing"
        raise FormatError(f"{path}: is not himpc's: it holds {listed}, expected 'himpc_version' among its arrays")
    version = read_array(archive, "himpc_version", path, *_ARRAYS["himpc_version"])
    if version != VERSION:
        raise FormatError(f"{path}: is of version {version}, expected {VERSION}", hint="update himpc")
    if missing := [name for name in _ARRAYS if name not in names and name not in (*_ADDED, *_CLOCK, *_SIZE)]:
        raise FormatError(f"{path}: lacks the array {missing[0]!r}")


def _complete(arrays: _Arrays) -> _Arrays:
    """Return the arrays of a file; those that an earlier version lacks are derived from its sources and notes."""
    count = len(arrays["source"])
    arrays = {"equal_size": np.zeros(count, dtype=bool)} | arrays
    if set(_CLOCK) - set(arrays):
        unknown = {
            "start": np.full(count, np.nan),
            "clock": np.zeros(count, np.int64),
            "clock_source": np.full(count, ""),
        }
        arrays = arrays | unknown
    if not set(_ADDED) - set(arrays):
        return {"true_size": ~arrays["cleaned"], **arrays}  # what was cleaned is from one camera
    sources = arrays["source"].tolist()
    split = [_PART.fullmatch(source) for source in sources]
    wholes = [found["whole"] if found else source for found, source in zip(split, sources, strict=True)]
    keys = [found["whole"] if found else number for number, found in enumerate(split)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys), start=1)}
    cleaned = np.array([_CLEANED_NOTE in _notes(text) for text in arrays["notes"].tolist()], dtype=bool)
    return (
        {"true_size": ~cleaned}
        | arrays
        | {
            "cleaned": cleaned,
            "whole": np.array([numbers[key] for key in keys], dtype=np.int64),
            "part": np.array([int(found["number"]) if found else 0 for found in split], dtype=np.int64),
            "whole_source": np.array(wholes, dtype=np.str_),
        }
    )


def _unpack(arrays: _Arrays, path: Path) -> list[Recording]:
    _check_lengths(arrays)
    layouts = [_layout(text) for text in arrays["layouts"].tolist()]
    texts = {
        key: arrays[key].tolist() for key in (*_LABELS, "source", "notes", "known", "quality", *_ADDED, *_CLOCK, *_SIZE)
    }
    offsets, used = arrays["offsets"].tolist(), 0
    recordings = []
    for r, number in enumerate(arrays["layout"].tolist()):
        layout, rows = layouts[number], offsets[r + 1] - offsets[r]
        confidence = None
        if arrays["has_confidence"][r]:
            confidence = arrays["confidence"][used : used + rows].reshape(-1, len(layout))
            used += rows
        fps, doubts = _rate(float(arrays["fps"][r]))
        labels = {key: texts[key][r] for key, is_known in zip(_LABELS, texts["known"][r], strict=True) if is_known}
        counts = dict(zip(_COUNTS, texts["quality"][r], strict=True))
        quality = Quality(**counts, notes=(*_notes(texts["notes"][r]), *doubts), cleaned=texts["cleaned"][r])
        origin = Origin(path, texts["whole"][r], texts["part"][r] or None, texts["whole_source"][r])
        number, name = texts["clock"][r], texts["clock_source"][r]
        clock = Origin(path, number, whole_source=name) if number > 0 and not doubts else None
        recordings.append(
            Recording(
                joints=arrays["joints"][offsets[r] : offsets[r + 1]].reshape(-1, len(layout), 3),
                layout=layout,
                fps=fps,
                source=texts["source"][r],
                confidence=confidence,
                dimensions=int(arrays["dimensions"][r]),
                quality=quality,
                origin=origin,
                start=None if clock is None else texts["start"][r],
                clock=clock,
                true_size=texts["true_size"][r],
                equal_size=texts["equal_size"][r],
                **labels,
            )
        )
    return recordings


def _rate(stored: float) -> tuple[float | None, tuple[str, ...]]:
    """Return a stored frame rate, or None and a note if it is none that a recording may have."""
    if np.isnan(stored) or not 0 < stored < np.inf or MIN_FPS <= stored <= MAX_FPS:
        return None if np.isnan(stored) else stored, ()
    return None, (
        f"the file states {stored:g} frames a second, which is not from {MIN_FPS:g} to {MAX_FPS:g} and is ignored",
    )


def _check_lengths(arrays: _Arrays) -> None:
    """Check that the arrays have matching lengths."""
    count, offsets = len(arrays["layout"]), arrays["offsets"]
    one_each = (
        "fps",
        "dimensions",
        "has_confidence",
        "known",
        "quality",
        "notes",
        "source",
        *_LABELS,
        *_ADDED,
        *_CLOCK,
        *_SIZE,
    )
    if odd := [key for key in one_each if len(arrays[key]) != count]:
        raise DataError(f"it declares {count} recordings, but {odd[0]!r} has {len(arrays[odd[0]])}")
    widths = {"joints": 3, "known": len(_LABELS), "quality": len(_COUNTS)}
    if odd := [key for key, width in widths.items() if arrays[key].shape[1] != width]:
        raise DataError(f"{odd[0]!r} has shape {arrays[odd[0]].shape}, expected {widths[odd[0]]} columns")
    if count == 0:
        raise DataError("it holds no recordings")
    if odd := [key for key in ("quality", "whole", "part", "clock") if arrays[key].min() < 0]:
        raise DataError(f"{odd[0]!r} holds negative numbers")
    if not 0 <= arrays["layout"].min() <= arrays["layout"].max() < len(arrays["layouts"]):
        raise DataError("a recording names a layout that is not in the file")
    if len(offsets) != count + 1 or offsets[0] != 0 or offsets[-1] != len(arrays["joints"]):
        raise DataError("'offsets' does not divide 'joints'")
    if (offsets[1:] < offsets[:-1]).any():
        raise DataError("'offsets' runs backwards")
    if np.diff(offsets)[arrays["has_confidence"]].sum() != len(arrays["confidence"]):
        raise DataError("'confidence' does not have one number per joint")


def _layout(text: str) -> Layout:
    table = json.loads(text)
    if not isinstance(table, dict):
        raise DataError("a layout is not a JSON table")
    return restore_layout(table)


def _notes(text: str) -> tuple[str, ...]:
    notes = json.loads(text)
    if not isinstance(notes, list):
        raise DataError("'notes' is not a JSON list")
    return tuple(map(str, notes))
