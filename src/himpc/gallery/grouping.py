"""Group the recordings of a gallery by person, of several systems without their offsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.gallery.recordings import EmbeddedRecording, embed_moved, mean_headings, pairs_apart
from himpc.gallery.records import EnrolledRecording
from himpc.gallery.store import Entries
from himpc.model import pool_windows

if TYPE_CHECKING:
    from himpc.learning import SystemEffects
    from himpc.model import Model

__all__ = ["centre_enrolled", "group_unnamed"]

SAME_PERSON_RATIO = 1.75
"""Two recordings of one person are at most this many times as far apart as the halves of one of them.

Of simulated pairs of different people, none is as near on easy suites, under 1 % on medium and 5 % on hard ones; of
pairs of one person, 90, 50 and 40 % are."""

MAX_CENTRED = 2_000
"""Maximum number of enrolled recordings of several systems whose skeletons are given one mean body to group them."""

MAX_JOINED = 100
"""Of more recordings without a person, `himpc.group` alone decides."""


def group_unnamed(
    model: Model, recordings: Sequence[EmbeddedRecording], threshold: float | None = None
) -> tuple[list[int | None], tuple[str, ...]]:
    """Group the recordings without a person by person; return the group of each, None where it has a person, and notes.

    Four or more recordings are grouped by `himpc.group`. Groups are then joined while the mean distance between their
    recordings is that of one person: at most `threshold`, the distance that is a match in the gallery, or, if the
    gallery has no threshold yet, at most `SAME_PERSON_RATIO` times the distance between the halves of a recording. With
    the identity prior, its evidence alone decides. Recordings that overlap in time are never in one group.
    """
    from himpc.learning import MIN_RECORDINGS, group_recordings

    groups: list[int | None] = [index if each.person is None else None for index, each in enumerate(recordings)]
    unnamed = [index for index in groups if index is not None]
    if len(unnamed) < 2:
        return groups, ()
    labels = np.arange(len(unnamed))
    notes: tuple[str, ...] = ()
    apart = pairs_apart([recordings[index] for index in unnamed])
    if len(unnamed) >= (MIN_RECORDINGS if model.scoring is None else 2):
        centred, effects = centre_recordings(model, [recordings[index] for index in unnamed])
        vectors = np.concatenate([each.windows for each in centred])
        of = np.repeat(np.arange(len(unnamed)), [len(recordings[index].windows) for index in unnamed])
        grouping = group_recordings(
            vectors,
            of,
            len(unnamed),
            whiten=not model.whitened,
            scoring=model.scoring,
            cannot_link=apart,
            headings=mean_headings([recordings[index].heading for index in unnamed]),
            leave_ungrouped=False,
            systems=effects,
        )
        labels, notes = grouping.groups, grouping.remarks
    if model.scoring is None and len(unnamed) <= MAX_JOINED:
        labels = _join_near_groups([recordings[index] for index in unnamed], labels, threshold, apart)
    for index, group in zip(unnamed, labels.tolist(), strict=True):
        groups[index] = group
    return groups, notes


def _join_near_groups(
    recordings: Sequence[EmbeddedRecording],
    labels: NDArray[np.int64],
    threshold: float | None,
    apart: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Join the two nearest groups, by the mean distance of their recordings, until none are as near as one person."""
    pooled = np.stack([each.pooled for each in recordings]).astype(np.float64)
    limits: NDArray[np.float64] | float = threshold or 0.0
    if threshold is None:
        within = SAME_PERSON_RATIO * np.array([_distance_of_halves(each) for each in recordings])
        limits = np.maximum(within[:, None], within[None])
    excess = np.linalg.norm(pooled[:, None] - pooled[None], axis=2) - limits
    excess[apart, apart[:, ::-1]] = np.inf
    labels = labels.copy()
    while True:
        names = np.unique(labels)
        masks = [labels == name for name in names]
        mean = np.array([[excess[np.ix_(one, other)].mean() for other in masks] for one in masks])
        np.fill_diagonal(mean, np.inf)
        first, second = np.unravel_index(mean.argmin(), mean.shape)
        if not mean[first, second] <= 0:
            return labels
        labels[masks[second]] = names[first]


def _distance_of_halves(recording: EmbeddedRecording) -> float:
    """Return the distance between the means of the first and the second half of a recording; 0 if it has one window."""
    middle = len(recording.windows) // 2
    if not middle:
        return 0.0
    first, second = recording.windows[:middle].mean(axis=0), recording.windows[middle:].mean(axis=0)
    return float(np.linalg.norm(first - second))


def centre_recordings(
    model: Model, recordings: Sequence[EmbeddedRecording]
) -> tuple[list[EmbeddedRecording], SystemEffects | None]:
    """Give the recordings of each system the mean body of the model's, to group them, and embed them again.

    None, and recordings as they are, if `centre_windows` would change nothing.
    """
    from himpc.learning import centre_on_model, system_effects

    if model.scoring is None or any(each.system is None for each in recordings):
        return list(recordings), None
    names, system = np.unique([str(each.system) for each in recordings], return_inverse=True)
    if len(names) < 2:
        return list(recordings), None
    centred, bodies = list(recordings), []
    for number in range(len(names)):
        rows = np.flatnonzero(system == number).tolist()
        moved, (known, own, _) = centre_on_model(
            model, [joints for row in rows if (joints := recordings[row].joints) is not None]
        )
        for row, joints in zip(rows, moved, strict=True):
            centred[row] = embed_moved(model, recordings[row], joints)
        bodies.append(own)
    effects = system_effects(model, model.layout, np.stack([*bodies, known]), system, tuple(names.tolist()))
    return centred, effects


def centre_windows(
    model: Model, windows: NDArray[np.floating], of: NDArray[np.integer], systems: Sequence[str | None]
) -> tuple[NDArray[np.floating], SystemEffects | None]:
    """Give the embeddings of the recordings of each system the same mean, to group them.

    Parameters
    ----------
    model : Model
    windows : array ``(N, D)``
        The embeddings of windows.
    of : int array ``(N,)``
        The recording of each.
    systems : sequence of str or None
        The system of each of R recordings.

    Returns
    -------
    windows : array ``(N, D)``
    effects : SystemEffects or None
        None, and windows as they are, if there is one system, one is not known, or the model has no scoring.
    """
    from himpc.learning import centre_embeddings

    if model.scoring is None or None in systems or len(set(systems)) < 2:
        return windows, None
    names, system = np.unique([str(each) for each in systems], return_inverse=True)
    pooled = pool_windows(windows, of, len(systems), model.pose_scale)
    _, effects = centre_embeddings(model, pooled, system, tuple(names.tolist()))
    return windows - effects.shift[system[of]], effects


def centre_enrolled(
    model: Model,
    listed: Sequence[EnrolledRecording],
    entries: Entries,
    systems: Sequence[str | None],
    joints_of: Callable[[int], NDArray[np.float32]],
) -> tuple[NDArray[np.floating], SystemEffects | None]:
    """Return the windows of enrolled recordings as `centre_recordings` does, from their skeletons.

    Where a skeleton is not stored, or there are more than `MAX_CENTRED`, embeddings are centred instead.
    """
    if len(set(systems)) < 2 or len(listed) > MAX_CENTRED or not all(each.skeleton for each in listed):
        return centre_windows(model, entries.windows, entries.of, systems)
    rows = [np.flatnonzero(entries.of == number) for number in range(len(listed))]
    recordings = [
        EmbeddedRecording(
            each.source, None, None, None, each.fps, each.frames, joints_of(each.id), "", each.quality,
            entries.pooled[number], entries.windows[own], entries.starts[own], system=systems[number],
        )
        for number, (each, own) in enumerate(zip(listed, rows, strict=True))
    ]  # fmt: skip
    centred, effects = centre_recordings(model, recordings)
    windows = entries.windows.copy()
    for own, recording in zip(rows, centred, strict=True):
        windows[own] = recording.windows
    return windows, effects
