"""A whole gallery as one file, from one store to another: safetensors, so that a stranger's is safe to open."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import replace_atomically
from himpc.errors import FormatError, GalleryError, ModelError, RunFolderError, escape_unprintable
from himpc.gallery.calibration import Calibration
from himpc.gallery.catalog import queries
from himpc.gallery.gallery import Gallery
from himpc.gallery.integrity import find_mismatches, fingerprint
from himpc.gallery.model_facts import MODEL_FILES, model_from_facts, model_to_facts
from himpc.gallery.opening import exists
from himpc.gallery.recordings import EmbeddedRecording

__all__ = ["export_gallery", "import_gallery"]

VERSION = "1"

_FIELDS: dict[str, tuple[type, ...]] = {
    "person": (str,),
    "named": (bool,),
    "source": (str,),
    "session": (str, type(None)),
    "camera": (str, type(None)),
    "fps": (int, float, type(None)),
    "frames": (int,),
    "kept": (int,),
    "fingerprint": (str,),
    "quality": (int, float),
    "enrolled": (str,),
}
"""What the file says of each recording, and of what type; `kept` is how many frames of joints there are."""

_FINGERPRINT = re.compile("[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", re.ASCII)

Arrays = dict[str, NDArray[Any]]


def export_gallery(gallery: Gallery, path: str | Path) -> int:
    """Write people, embeddings, skeletons and the model of a gallery to one file; return how many recordings.

    The file is safetensors: ``pooled (R, D)``, ``windows (N, D)``, ``of (N,)``, ``starts (N,)``, ``joints (P, 3)``,
    ``recordings`` (JSON, a list of R tables), the two files of the model, as bytes, and in its metadata what
    `Gallery.calibrate` has learned. What was searched and done is not in it.

    Raises
    ------
    GalleryError
        If it is empty, or cannot be read.
    RunFolderError
        If the file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    unnamed = {person.name for person in gallery.people() if not person.named}
    listed = gallery.recordings()
    if not listed:
        raise GalleryError(f"{gallery.where}: nobody is enrolled, so there is nothing to export")
    entries = gallery.embeddings([each.id for each in listed])
    if len(entries.ids) != len(listed):
        raise GalleryError(f"{gallery.where}: vectors are missing: himpc gallery verify says which")
    if len(find_mismatches(entries.pooled, entries.windows, entries.of)):  # an import would refuse the file
        raise GalleryError(f"{gallery.where}: vectors have changed on the disk: himpc gallery verify says which")
    joints = [gallery.joints(each.id) if each.skeleton else np.empty((0, 1, 3), np.float32) for each in listed]
    rows = [
        {name: getattr(each, name) for name in _FIELDS if name not in ("named", "kept", "fingerprint")}
        | {"named": each.person not in unnamed, "kept": len(own), "fingerprint": fingerprint}
        for each, own, fingerprint in zip(listed, joints, gallery.fingerprints([e.id for e in listed]), strict=True)
    ]
    arrays: Arrays = {
        "pooled": entries.pooled,
        "windows": entries.windows,
        "of": entries.of,
        "starts": entries.starts,
        "joints": np.concatenate([own.reshape(-1, 3) for own in joints]),
        "recordings": _bytes(json.dumps(rows).encode()),
        **{name: _bytes(content) for name, content in model_to_facts(gallery.model).items()},
    }
    learned = "" if gallery.learned is None else json.dumps(gallery.learned.to_dict())
    with replace_atomically(path) as beside:
        beside.touch(0o600)  # tells what cannot be written in the system's own words
        try:
            save_file(arrays, beside, metadata={"himpc_gallery": VERSION, "calibration": learned})
        except SafetensorError as error:
            raise RunFolderError(
                f"{path}: cannot be written: {escape_unprintable(str(error))}; choose another place"
            ) from error
    gallery.note("exported", len(listed))
    return len(listed)


def import_gallery(path: str | Path, where: str | Path) -> tuple[int, int]:
    """Enroll what `export_gallery` wrote; return how many recordings are new, and how many were there already.

    Names that are equal are one person; people without a name come as new ones. A gallery that is made takes over what
    `Gallery.calibrate` had learned.

    Parameters
    ----------
    path : path
    where : path or str
        The gallery, which is made with the file's model if there is none.

    Raises
    ------
    FormatError
        If the file is no gallery, damaged, or of another version.
    GalleryError
        If the gallery there has another model, or cannot be written; nothing is enrolled then.
    """
    arrays, learned = _read(Path(path))
    try:
        model = model_from_facts({name: arrays[name].tobytes() for name in MODEL_FILES}, "cpu")
    except ModelError as error:
        raise FormatError(f"{path}: the model in it is damaged: export the gallery again ({error})") from error
    found, groups = _takes(arrays, model.size, len(model.layout), path)
    there = exists(where)
    with Gallery.open(where) if there else Gallery.create(where, model) as gallery:
        if gallery.model.fingerprint != model.fingerprint:
            raise GalleryError(
                f"{path}: its model is {model.fingerprint[:12]}, that of {gallery.where} is "
                f"{gallery.model.fingerprint[:12]}: embeddings of two models cannot be compared"
            )
        added, already = gallery.take_over(found, groups)
        if learned is not None and not there:
            gallery.keep(learned)
        gallery.index()
    return added, already


def _read(path: Path) -> tuple[Arrays, Calibration | None]:
    """Return the arrays of a file, each of its expected type, and the calibration in it, if there is one.

    safetensors checks that the arrays are what the file holds.
    """
    from safetensors import SafetensorError, safe_open

    expected = {"pooled": "F32", "windows": "F32", "of": "I64", "starts": "I64", "joints": "F32", "recordings": "U8"}
    expected |= dict.fromkeys(MODEL_FILES, "U8")
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            if about.get("himpc_gallery") != VERSION or set(file.keys()) != set(expected):
                raise FormatError(f"{path}: is no gallery of version {VERSION} that himpc gallery export wrote")
            types = {name: file.get_slice(name).get_dtype() for name in expected}
            if odd := [name for name, kind in expected.items() if types[name] != kind]:
                raise FormatError(f"{path}: {odd[0]!r} is {types[odd[0]]}, expected {expected[odd[0]]}")
            return {name: file.get_tensor(name) for name in expected}, _learned(about.get("calibration", ""), path)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: cannot be read as a gallery: {reason}") from error


def _learned(text: str, path: Path) -> Calibration | None:
    try:
        return Calibration.from_dict(json.loads(text)) if text else None
    except (ValueError, RecursionError) as error:  # a DataError is one
        raise FormatError(f"{path}: is damaged: {error}") from error


def _takes(
    arrays: Arrays, size: int, joints: int, path: str | Path
) -> tuple[list[EmbeddedRecording], list[int | None]]:
    """Return the takes of a file, and for each whose person has no name, a number for the person."""
    rows = _rows(arrays["recordings"], path)
    pooled, windows, of, starts = (arrays[name] for name in ("pooled", "windows", "of", "starts"))
    kept = np.array([row["kept"] for row in rows], dtype=np.int64)
    fits = (
        pooled.shape == (len(rows), size)
        and windows.ndim == 2
        and windows.shape == (len(of), size)
        and of.shape == starts.shape == (len(windows),)
        and (np.diff(of) >= 0).all()
        and len(of) > 0
        and of[0] >= 0
        and np.array_equal(np.unique(of), np.arange(len(rows)))
        and (starts >= 0).all()
        and (starts < np.array([row["frames"] for row in rows])[of]).all()
        and (kept >= 0).all()
        and arrays["joints"].shape == (int(kept.sum()) * joints, 3)
        and np.isfinite(pooled).all()
        and np.isfinite(windows).all()
    )
    if not fits or len(find_mismatches(pooled, windows, of)):
        raise FormatError(f"{path}: is damaged: its arrays do not fit one another")
    edges, ends = np.searchsorted(of, np.arange(len(rows) + 1)), np.cumsum([0, *kept * joints])
    unnamed = {name: number for number, name in enumerate(sorted({r["person"] for r in rows if not r["named"]}))}
    found, groups = [], []
    for place, row in enumerate(rows):
        own = slice(edges[place], edges[place + 1])
        skeleton = arrays["joints"][ends[place] : ends[place + 1]].reshape(-1, joints, 3)
        if len(skeleton) and fingerprint(skeleton) != row["fingerprint"]:
            raise FormatError(
                f"{path}: is damaged: the joints of {escape_unprintable(row['source'])} are not those enrolled"
            )
        found.append(
            EmbeddedRecording(
                **{name: row[name] for name in ("source", "session", "camera", "fps", "frames", "fingerprint")},
                **{name: row[name] for name in ("quality", "enrolled")},
                person=queries.check_name(row["person"]) if row["named"] else None,
                joints=skeleton if len(skeleton) else None,
                pooled=pooled[place],
                windows=windows[own],
                starts=starts[own],
            )
        )
        groups.append(None if row["named"] else unnamed[row["person"]])
    return found, groups


def _rows(text: NDArray[np.uint8], path: str | Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text.tobytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: is damaged: its list of recordings is no JSON") from error
    if not isinstance(rows, list) or not rows or not all(map(_is_row, rows)):
        raise FormatError(f"{path}: is damaged: its list of recordings is not of {', '.join(_FIELDS)} that make sense")
    if len({row["fingerprint"] for row in rows}) != len(rows):
        raise FormatError(f"{path}: is damaged: it holds a recording twice")
    return rows


def _is_row(row: object) -> bool:
    return (
        isinstance(row, Mapping)
        and set(row) == set(_FIELDS)
        and all(isinstance(row[name], kinds) for name, kinds in _FIELDS.items())
        and not any(isinstance(row[name], bool) for name in _FIELDS if name != "named")
        and all(text == escape_unprintable(text) for text in row.values() if isinstance(text, str))
        and 0 < row["frames"] <= 2**31 - 1
        and row["kept"] in (0, row["frames"])
        and (row["fps"] is None or 0 < row["fps"] < 1e9)
        and 0 <= row["quality"] <= 1
        and _FINGERPRINT.fullmatch(row["fingerprint"]) is not None
        and _TIME.fullmatch(row["enrolled"]) is not None
    )


def _bytes(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, dtype=np.uint8)
