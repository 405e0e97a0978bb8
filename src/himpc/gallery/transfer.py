"""A whole gallery as one file, to move it between stores: safetensors, so that an untrusted file is safe to open."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from himpc._files import replace_atomically
from himpc._schema import parse, validated
from himpc.errors import FormatError, GalleryError, HimpcError, ModelError, escape_unprintable
from himpc.gallery.calibration import Calibration, load_calibration, save_calibration
from himpc.gallery.catalog.changes import check_name
from himpc.gallery.gallery import Gallery, get_service
from himpc.gallery.integrity import find_mismatches, fingerprint
from himpc.gallery.opening import gallery_exists
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.service import GalleryService
from himpc.model import CARD_FILE, WEIGHTS_FILE, Model

VERSION = "2"
"""The version of the format; files of version 1, which have neither headings nor simultaneous recordings, are read."""

READABLE_VERSIONS = ("1", VERSION)

ARRAY_TYPES = {"pooled": "F32", "windows": "F32", "of": "I64", "starts": "I64", "joints": "F32", "recordings": "U8"}
MODEL_FILES = (CARD_FILE, WEIGHTS_FILE)
ARRAY_TYPES |= dict.fromkeys(MODEL_FILES, "U8")

Arrays = dict[str, NDArray[Any]]


def _check_printable(text: str) -> str:
    if text != escape_unprintable(text):
        raise ValueError("has characters that cannot be printed")
    return text


Text = Annotated[str, AfterValidator(_check_printable)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]


@validated
class _Row:
    """The entry of a recording in the file; `kept` is the number of frames of joints in the file, 0 or all.

    `simultaneous` are the places in the list of recordings that overlap it in time, and `heading` the mean of the unit
    vectors of its heading relative to the camera.
    """

    person: Text
    named: bool
    source: Text
    session: Text | None
    camera: Text | None
    fps: Annotated[float, Field(gt=0, lt=1e9)] | None
    frames: Annotated[Count, Field(gt=0)]
    kept: Count
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    quality: Annotated[float, Field(ge=0, le=1)]
    enrolled: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00$")]
    sectors: Annotated[int, Field(ge=0, lt=2**31)] = 0
    heading: tuple[Cosine, Cosine] | None = None
    simultaneous: tuple[Count, ...] = ()
    system: Text | None = None


def export_gallery(gallery: Gallery, path: str | Path) -> int:
    """Write people, embeddings, skeletons and the model of a gallery to one file; return the number of recordings.

    The file is safetensors: ``pooled (R, D)``, ``windows (N, D)``, ``of (N,)``, ``starts (N,)``, ``joints (P, 3)``,
    ``recordings`` (JSON, a list of R tables) and the two files of the model, as bytes; its metadata holds the saved
    calibration. The audit log is not in it.

    Raises
    ------
    GalleryError
        If the gallery is empty, damaged, or cannot be read.
    RunFolderError
        If the file cannot be written. Without an entry in the log there is no file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    service = get_service(gallery)
    arrays, count = _to_arrays(service)
    saved = service.saved_calibration
    metadata = {"himpc_gallery": VERSION, "calibration": "" if saved is None else save_calibration(saved).decode()}
    with replace_atomically(path) as temporary:
        temporary.touch(0o600)
        try:
            save_file(arrays, temporary, metadata=metadata)
        except SafetensorError as error:
            raise _to_os_error(error) from error
        service.log("exported", count)  # before the file gets its name: no export is missing from the log
    return count


def _to_os_error(error: Exception) -> OSError:
    """Return the error of the system that safetensors has put into words, such as "... (os error 28)"."""
    number = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(escape_unprintable(str(error)))


def _to_arrays(service: GalleryService) -> tuple[Arrays, int]:
    unnamed = {person.name for person in service.people() if not person.named}
    enrolled = service.recordings()
    if not enrolled:
        raise GalleryError(f"{service.location}: no person is enrolled, so there is nothing to export")
    ids = [each.id for each in enrolled]
    entries = service.embeddings(ids)
    if len(entries.ids) != len(enrolled) or len(
        find_mismatches(entries.pooled, entries.windows, entries.of, service.model.pose_scale)
    ):
        raise GalleryError(
            f"{service.location}: vectors are missing or have changed on the disk", hint="{Gallery.verify()} lists them"
        )
    joints = [service.joints(each.id) if each.skeleton else np.empty((0, 1, 3), np.float32) for each in enrolled]
    copied = ("person", "source", "session", "camera", "fps", "frames", "quality", "enrolled")
    headings, partners = service.headings(ids), service.simultaneous(ids)
    rows = [
        {name: getattr(each, name) for name in copied}
        | {"named": each.person not in unnamed, "kept": len(own), "fingerprint": known}
        | {"sectors": sectors, "heading": None if mean is None else (mean.real, mean.imag), "simultaneous": others}
        | {"system": system}
        for each, own, known, (sectors, mean), others, system in zip(
            enrolled, joints, service.fingerprints(ids), headings, partners, service.systems(ids), strict=True
        )
    ]
    arrays: Arrays = {
        "pooled": entries.pooled,
        "windows": entries.windows,
        "of": entries.of,
        "starts": entries.starts,
        "joints": np.concatenate([own.reshape(-1, 3) for own in joints]),
        "recordings": _to_bytes(json.dumps(rows).encode()),
        **{name: _to_bytes(content) for name, content in service.model.to_files().items()},
    }
    return arrays, len(enrolled)


def import_gallery(path: str | Path, location: str | Path) -> tuple[int, int]:
    """Import a file of `export_gallery`; return the numbers of new recordings and of those enrolled before.

    People with equal names are one person; unnamed people are added as new ones. If there is no gallery at the
    location, one is created with the model and the calibration of the file.

    Raises
    ------
    FormatError
        If the file is not an exported gallery, is damaged, or has another version.
    GalleryError
        If the gallery has another model, or cannot be written; nothing is enrolled then.
    """
    arrays, calibration = _read(Path(path))
    try:
        model = Model.from_files({name: arrays[name].tobytes() for name in MODEL_FILES}, "its model")
    except ModelError as error:
        raise FormatError(f"{path}: is damaged: {error.message}", hint="export the gallery again") from error
    recordings, groups = _from_arrays(arrays, model, path)
    is_new = not gallery_exists(location)
    with Gallery.create(location, model) if is_new else Gallery.open(location) as gallery:
        if gallery.model.fingerprint != model.fingerprint:
            raise GalleryError(
                f"{path}: its model is {model.fingerprint[:12]}, that of {gallery.location} is "
                f"{gallery.model.fingerprint[:12]}: embeddings of two models cannot be compared"
            )
        service = get_service(gallery)
        counts = service.add_embedded(recordings, groups)
        if calibration is not None and is_new:
            service.saved_calibration = calibration
    return counts


def _read(path: Path) -> tuple[Arrays, Calibration | None]:
    """Return the arrays and the calibration of a file; safetensors validates the sizes of the arrays."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("himpc_gallery") not in READABLE_VERSIONS or set(file.keys()) != set(ARRAY_TYPES):
                raise FormatError(
                    f"{path}: is not a gallery exported by himpc in version {' or '.join(READABLE_VERSIONS)} of it"
                )
            for name, expected in ARRAY_TYPES.items():
                if (found := file.get_slice(name).get_dtype()) != expected:
                    raise FormatError(f"{path}: {name!r} is {found}, expected {expected}")
            document = metadata.get("calibration", "")
            calibration = load_calibration(document) if document else None
            return {name: file.get_tensor(name) for name in ARRAY_TYPES}, calibration
    except (OSError, SafetensorError) as error:
        if path.is_dir():
            raise FormatError(f"{path}: is a folder, expected a file that a gallery was exported to") from error
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: cannot be read as a gallery: {reason}") from error
    except HimpcError as error:
        raise error if isinstance(error, FormatError) else _damaged(path, str(error)) from error


def _from_arrays(arrays: Arrays, model: Model, path: str | Path) -> tuple[list[EmbeddedRecording], list[int | None]]:
    """Return the recordings of a file, and for each without a named person the number of an unnamed one."""
    joints = len(model.layout)
    rows = _parse_rows(arrays["recordings"], path)
    stored = np.array([row.kept for row in rows], dtype=np.int64)
    if not _arrays_fit(arrays, rows, model, int(stored.sum()) * joints):
        raise _damaged(path, "its arrays do not fit one another")
    windows, starts = arrays["windows"], arrays["starts"]
    edges, ends = np.searchsorted(arrays["of"], np.arange(len(rows) + 1)), np.cumsum([0, *stored * joints])
    unnamed = {name: number for number, name in enumerate(sorted({row.person for row in rows if not row.named}))}
    recordings = []
    for index, row in enumerate(rows):
        own = slice(edges[index], edges[index + 1])
        skeleton = arrays["joints"][ends[index] : ends[index + 1]].reshape(-1, joints, 3)
        if len(skeleton) and fingerprint(skeleton) != row.fingerprint:
            raise _damaged(path, f"the joints of {escape_unprintable(row.source)} are not those that were enrolled")
        recordings.append(
            EmbeddedRecording(
                source=row.source,
                person=check_name(row.person) if row.named else None,
                session=row.session,
                camera=row.camera,
                fps=row.fps,
                frames=row.frames,
                joints=skeleton if len(skeleton) else None,
                fingerprint=row.fingerprint,
                quality=row.quality,
                pooled=arrays["pooled"][index],
                windows=windows[own],
                starts=starts[own],
                enrolled=row.enrolled,
                simultaneous=frozenset(rows[other].fingerprint for other in row.simultaneous),
                sectors=row.sectors,
                heading=None if row.heading is None else complex(*row.heading),
                system=row.system,
            )
        )
    return recordings, [None if row.named else unnamed[row.person] for row in rows]


def _arrays_fit(arrays: Arrays, rows: list[_Row], model: Model, joint_rows: int) -> bool:
    pooled, windows, of, starts = (arrays[name] for name in ("pooled", "windows", "of", "starts"))
    shapes_fit = (
        pooled.shape == (len(rows), model.size)
        and windows.shape == (of.size, model.size)
        and of.shape == starts.shape == (len(windows),)
        and arrays["joints"].shape == (joint_rows, 3)
    )
    return bool(
        shapes_fit
        and (np.diff(of) >= 0).all()
        and np.array_equal(np.unique(of), np.arange(len(rows)))
        and (starts >= 0).all()
        and (starts < np.array([row.frames for row in rows])[of]).all()
        and np.isfinite(pooled).all()
        and np.isfinite(windows).all()
        and not len(find_mismatches(pooled, windows, of, model.pose_scale))
    )


def _parse_rows(document: NDArray[np.uint8], path: str | Path) -> list[_Row]:
    try:
        data = json.loads(document.tobytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its list of recordings is not valid JSON") from error
    rows = parse(list[_Row], data, source=f"{path}: is damaged: recordings", error=FormatError)
    if not rows or any(row.kept not in (0, row.frames) for row in rows):
        raise _damaged(path, "its list of recordings is empty, or has a skeleton of another length")
    if len({row.fingerprint for row in rows}) != len(rows):
        raise _damaged(path, "it holds a recording twice")
    if any(other >= len(rows) for row in rows for other in row.simultaneous):
        raise _damaged(path, "a recording overlaps one in time that it does not hold")
    return rows


def _damaged(path: str | Path, reason: str) -> FormatError:
    return FormatError(f"{path}: is damaged: {reason}")


def _to_bytes(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, dtype=np.uint8)
