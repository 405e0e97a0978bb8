"""Recordings as a gallery takes them: whole, in the model's layout, embedded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.api import embed
from himpc.errors import DataError
from himpc.gallery.integrity import fingerprint
from himpc.model import Model
from himpc.recordings import Recording, number_whole_recordings
from himpc.recordings.progress import Progress

__all__ = ["EmbeddedRecording", "check_people", "embed_recordings"]

_AT_ONCE = 256
"""Recordings that are embedded together, so that no more memory is taken than they need."""


@dataclass(frozen=True, eq=False)
class EmbeddedRecording:
    """A whole recording: the parts that long gaps split it into are one again.

    Attributes
    ----------
    source : str
    person, session, camera : str, optional
    fps : float, optional
    frames : int
        Of all parts.
    joints : float32 array ``(frames, J, 3)``, optional
        Of all parts, one after the other, in the model's layout; None where they are not kept.
    fingerprint : str
        A hash (SHA-256) of the joints: copies of a recording have the same one.
    quality : float
        Share of the frames read that were kept, in [0, 1].
    pooled : float32 array ``(D,)``
        The mean of the windows; of no use where there are none.
    windows : float32 array ``(N, D)``
    starts : int64 array ``(N,)``
        The first frame of each window.
    enrolled : str, optional
        When it was enrolled in another gallery: ISO 8601, UTC.
    """

    source: str
    person: str | None
    session: str | None
    camera: str | None
    fps: float | None
    frames: int
    joints: NDArray[np.float32] | None
    fingerprint: str
    quality: float
    pooled: NDArray[np.float32]
    windows: NDArray[np.float32]
    starts: NDArray[np.int64]
    enrolled: str | None = None


def embed_recordings(
    model: Model, recordings: Sequence[Recording], progress: Progress | None = None
) -> list[EmbeddedRecording]:
    """Embed recordings, each take as one; one that is shorter than a window has none.

    Raises
    ------
    LayoutError, ModelError
        If a recording cannot be brought into the model's layout, or is of another kind.
    """
    blocks = list(_blocks(_by_take(recordings)))
    done = (_embedded(model, block) for block in blocks)
    return [
        take for block in (done if progress is None else progress(done, len(blocks), "embedding")) for take in block
    ]


def check_people(persons: Sequence[str | None], sources: Sequence[str]) -> None:
    """Check that it is known whom each recording shows, before anything is done with them.

    Raises
    ------
    DataError
        If a person is None.
    """
    nameless = [source for person, source in zip(persons, sources, strict=True) if person is None]
    if nameless:
        raise DataError(
            f"whom {len(nameless)} recordings show is not known (the first is {nameless[0] or 'nameless'}): "
            "say it by --name, --labels or --person, or enroll them as new people by --unnamed"
        )


def _by_take(recordings: Sequence[Recording]) -> list[list[Recording]]:
    groups: dict[int, list[Recording]] = {}
    for number, recording in zip(number_whole_recordings(recordings).tolist(), recordings, strict=True):
        groups.setdefault(number, []).append(recording)
    return list(groups.values())


def _blocks(groups: Sequence[list[Recording]]) -> Iterator[Sequence[list[Recording]]]:
    for start in range(0, len(groups), _AT_ONCE):
        yield groups[start : start + _AT_ONCE]


def _embedded(model: Model, groups: Sequence[list[Recording]]) -> list[EmbeddedRecording]:
    parts = [part.to(model.layout) for group in groups for part in group]
    long_enough = any(len(part) >= model.window_length for part in parts)
    if long_enough:
        found = embed(model, parts)
        first = np.cumsum([0, *map(len, parts)])
        vectors, of, starts = (
            found.vectors,
            found.windows.recording,
            found.windows.starts - first[found.windows.recording],
        )
    else:
        vectors, of, starts = np.empty((0, model.size), np.float32), np.empty(0, np.int64), np.empty(0, np.int64)
    edges = np.searchsorted(of, np.arange(len(parts) + 1))
    done, at = [], 0
    for group in groups:
        own, at = parts[at : at + len(group)], at + len(group)
        rows = slice(edges[at - len(group)], edges[at])
        before = np.cumsum([0, *map(len, own)])[of[rows] - (at - len(group))]
        done.append(_take(own, vectors[rows], starts[rows] + before))
    return done


def _take(parts: Sequence[Recording], windows: NDArray[np.float32], starts: NDArray[np.int64]) -> EmbeddedRecording:
    first = parts[0]
    read = sum(part.quality.frames_read for part in parts)
    kept = sum(map(len, parts))
    joints = parts[0].joints if len(parts) == 1 else np.concatenate([part.joints for part in parts])
    pooled = windows.mean(axis=0, dtype=np.float64) if len(windows) else np.zeros(windows.shape[1])
    return EmbeddedRecording(
        source=first.whole_source,
        person=first.person,
        session=first.session,
        camera=first.camera,
        fps=first.fps,
        frames=kept,
        joints=joints,
        fingerprint=fingerprint(joints),
        quality=min(1.0, kept / read) if read else 1.0,
        pooled=pooled.astype(np.float32),
        windows=windows,
        starts=starts,
    )
