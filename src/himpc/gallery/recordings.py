"""Prepare recordings for a gallery: join their parts, convert them to the model's layout, and embed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, count_noun
from himpc.gallery.integrity import fingerprint
from himpc.model import pool_windows
from himpc.recordings import (
    Progress,
    Recording,
    Windows,
    camera_headings,
    cannot_link,
    describe_sizes,
    heading_sectors,
    number_whole_recordings,
    system_name,
    to_common_layout,
)
from himpc.skeleton import POINTS, Layout, centre

if TYPE_CHECKING:
    from himpc.model import Model

BATCH_SIZE = 256
"""Number of whole recordings that are embedded together, which bounds memory."""


@dataclass(frozen=True, eq=False)
class EmbeddedRecording:
    """A whole recording and its embeddings; the parts that long gaps split it into are joined."""

    source: str
    person: str | None
    session: str | None
    camera: str | None
    fps: float | None
    frames: int
    """The number of frames of all parts."""
    joints: NDArray[np.float32] | None
    """The joints of all parts, ``(frames, J, 3)``, one after the other, in the model's layout; None if they are not
    stored."""
    fingerprint: str
    """A hash (SHA-256) of the joints; copies of a recording have the same one."""
    quality: float
    """The share of the frames of the file that remain after cleaning, in [0, 1]."""
    pooled: NDArray[np.float32]
    """The mean of the windows, ``(D,)``; zeros if there are none."""
    windows: NDArray[np.float32]
    """One vector per window, ``(N, D)``."""
    starts: NDArray[np.int64]
    """The first frame of each window, ``(N,)``."""
    enrolled: str | None = None
    """When it was enrolled in another gallery: ISO 8601, UTC."""
    simultaneous: frozenset[str] = frozenset()
    """The fingerprints of recordings that overlap it in time, and so show other people."""
    note: str = ""
    """What to know if it was converted from another layout; otherwise empty."""
    sectors: int = 0
    """The headings relative to the camera that it shows (`himpc.recordings.heading_sectors`); 0 if not known."""
    heading: complex | None = None
    """Their mean (`himpc.learning.heading_vectors`); None if not known."""
    system: str | None = None
    """The system that made it (`himpc.recordings.system_name`); None if not known."""


def embed_recordings(
    model: Model, recordings: Sequence[Recording], progress: Progress | None = None
) -> list[EmbeddedRecording]:
    """Embed whole recordings; one that is shorter than a window has no windows.

    Raises
    ------
    LayoutError, DataError, ModelError
        If a recording cannot be converted to the model's layout, or has another number of dimensions.
    """
    groups = group_parts(recordings)
    batches = [groups[start : start + BATCH_SIZE] for start in range(0, len(groups), BATCH_SIZE)]
    embedded = (list(_embed_batch(model, batch)) for batch in batches)
    results = embedded if progress is None else progress(embedded, len(batches), "embedding")
    whole = [recording for batch in results for recording in batch]
    others: dict[int, set[str]] = {}
    for first, second in cannot_link(recordings).tolist():
        others.setdefault(first, set()).add(whole[second].fingerprint)
        others.setdefault(second, set()).add(whole[first].fingerprint)
    return [replace(each, simultaneous=frozenset(others.get(i, ()))) for i, each in enumerate(whole)]


def embed_moved(model: Model, recording: EmbeddedRecording, joints: NDArray[np.float32]) -> EmbeddedRecording:
    """Embed a recording again whose joints were moved, in the model's layout, with the same windows."""
    of = np.zeros(len(recording.starts), dtype=np.int64)
    frames = centre(joints, model.layout)
    windows = model.embed(Windows(frames, recording.starts, of, model.window_length, model.layout, 1))
    pooled = pool_windows(windows, of, 1, model.pose_scale)[0].astype(np.float32)
    return replace(recording, windows=windows, pooled=pooled)


def pairs_apart(recordings: Sequence[EmbeddedRecording]) -> NDArray[np.int64]:
    """Return the pairs of recordings, as indices ``(P, 2)``, that overlap in time, and so show different people."""
    index_of = {each.fingerprint: index for index, each in enumerate(recordings)}
    pairs = {
        (index, index_of[other])
        for index, each in enumerate(recordings)
        for other in each.simultaneous
        if index < index_of.get(other, -1)
    }
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def summarize_headings(parts: Sequence[Recording]) -> tuple[int, complex | None]:
    """Return the sectors that the headings of a whole recording show, and their mean; 0 and None if not known."""
    from himpc.learning import heading_vectors

    degrees = np.concatenate([camera_headings(part) for part in parts])
    (mean,) = heading_vectors([degrees], np.zeros(1, dtype=np.int64)).tolist()
    return heading_sectors(degrees), None if np.isnan(mean) else mean


def mean_headings(headings: Sequence[complex | None]) -> NDArray[np.complex128]:
    """Return mean headings as `himpc.learning.group_recordings` takes them: NaN for those that are not known."""
    return np.array([complex("nan") if each is None else each for each in headings], dtype=np.complex128)


def group_parts(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Return the parts of each whole recording, in the order in which whole recordings first appear."""
    groups: dict[int, list[Recording]] = {}
    for number, recording in zip(number_whole_recordings(recordings).tolist(), recordings, strict=True):
        groups.setdefault(number, []).append(recording)
    return list(groups.values())


def check_persons(recordings: Sequence[Recording]) -> None:
    """Check that the person of each recording is known.

    Raises
    ------
    DataError
        If a person is None.
    """
    unnamed = [recording.source for recording in recordings if recording.person is None]
    if unnamed:
        raise DataError(
            f"{count_noun(len(unnamed), 'recording')} without a person (the first is {unnamed[0] or 'nameless'})",
            hint="name people by {name}, {labels} or {person}, or enroll new people without names by {unnamed=True}",
        )


def remove_copies(recordings: Sequence[EmbeddedRecording]) -> list[EmbeddedRecording]:
    """Remove duplicates of recordings; of two copies, one with a person is preferred.

    Raises
    ------
    DataError
        If copies have different people.
    """
    by_fingerprint: dict[str, EmbeddedRecording] = {}
    for recording in recordings:
        other = by_fingerprint.setdefault(recording.fingerprint, recording)
        if other.person is None and recording.person is not None:
            by_fingerprint[recording.fingerprint] = recording
        elif recording.person not in (None, other.person):
            raise DataError(
                f"{other.source} and {recording.source} are the same recording, but show {other.person!r} and "
                f"{recording.person!r}",
                hint="leave out the one with the wrong label",
            )
    return list(by_fingerprint.values())


def _embed_batch(model: Model, groups: Sequence[list[Recording]]) -> Iterator[EmbeddedRecording]:
    parts, _ = to_common_layout(
        [part for group in groups for part in group], model.input_layout, owner="the gallery", size=model.body_size
    )
    vectors, of, starts = np.empty((0, model.size), np.float32), np.empty(0, np.int64), np.empty(0, np.int64)
    if any(len(part) >= model.window_length for part in parts):
        cut = Windows.cut(parts, model.window_length)
        first = np.cumsum([0, *map(len, parts)])
        vectors, of = model.embed(cut), cut.recording
        starts = cut.starts - first[of]
    parts = [part.to(model.layout) for part in parts]
    edges = np.searchsorted(of, np.arange(len(parts) + 1))
    end = 0
    for group in groups:
        begin, end = end, end + len(group)
        own_parts, rows = parts[begin:end], slice(edges[begin], edges[end])
        offsets = np.cumsum([0, *map(len, own_parts)])[of[rows] - begin]
        note = "; ".join((*_describe_conversion(group[0].layout, model), *describe_sizes(group, model.body_size)))
        sectors, heading = summarize_headings(group)
        joined = _join(own_parts, vectors[rows], starts[rows] + offsets, model.pose_scale)
        yield replace(joined, note=note, sectors=sectors, heading=heading, system=system_name(group[0]))


def _describe_conversion(layout: Layout, model: Model) -> tuple[str, ...]:
    """Return a note on a recording of another layout than those of the model's training; else nothing."""
    if layout == model.layout or layout.name in (POINTS, model.training.get("layout")):
        return ()
    note = f"recordings of {layout.name} were converted to {model.layout.name}, the layout of the gallery"
    if model.scoring is None:  # with one, offsets of systems are removed
        note += "; two systems measure one person differently, so enroll recordings of both"
    return (note,)


def _join(
    parts: Sequence[Recording],
    windows: NDArray[np.float32],
    starts: NDArray[np.int64],
    pose_scale: NDArray[np.float64] | None,
) -> EmbeddedRecording:
    first = parts[0]
    read = sum(part.quality.frames_read for part in parts)
    frames = sum(map(len, parts))
    joints = parts[0].joints if len(parts) == 1 else np.concatenate([part.joints for part in parts])
    pooled = pool_windows(windows, np.zeros(len(windows), dtype=np.int64), 1, pose_scale)[0]
    return EmbeddedRecording(
        source=first.whole_source,
        person=first.person,
        session=first.session,
        camera=first.camera,
        fps=first.fps,
        frames=frames,
        joints=joints,
        fingerprint=fingerprint(joints),
        quality=min(1.0, frames / read) if read else 1.0,
        pooled=np.nan_to_num(pooled).astype(np.float32),  # zeros without windows
        windows=windows,
        starts=starts,
    )
