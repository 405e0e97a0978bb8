"""Verify that catalog and store of a gallery hold exactly the enrolled data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import GalleryError, count_noun
from himpc.gallery.catalog import Catalog, queries
from himpc.gallery.checked_store import digest_entries
from himpc.gallery.integrity import find_mismatches, fingerprint
from himpc.gallery.records import EnrolledRecording
from himpc.gallery.store import Entries, VectorStore

if TYPE_CHECKING:
    from himpc.model import Model

BATCH_SIZE = 2_000
"""Recordings whose vectors are read together, which bounds memory."""


def find_orphans(connection: Connection, store: VectorStore) -> NDArray[np.int64]:
    """Return the ids of orphaned vectors: those of recordings that the catalog does not list."""
    return np.setdiff1d(store.ids(), queries.all_ids(connection))


def check_vectors(catalog: Catalog, store: VectorStore, model: Model) -> Iterator[tuple[int, int | None]]:
    """Yield the id of each recording whose vectors are damaged, and how many windows of it are stored.

    The number is None if all are stored but have changed. Recordings of an older version of himpc have no digests yet:
    their pooled vector must be the mean of their windows.
    """
    with catalog.read() as connection:
        ids = queries.all_ids(connection)
    for start in range(0, len(ids), BATCH_SIZE):
        batch = ids[start : start + BATCH_SIZE]
        entries = store.entries(batch)
        found = digest_entries(entries)
        counts = dict(zip(entries.ids.tolist(), _window_counts(entries), strict=True))
        altered = set(
            entries.ids[find_mismatches(entries.pooled, entries.windows, entries.of, model.pose_scale)].tolist()
        )
        with catalog.read() as connection:
            expected = queries.digests_of(connection, batch.tolist())
            windows = queries.windows_of(connection, batch.tolist())
        for id, digests in expected.items():
            if counts.get(id, 0) != windows[id]:
                yield id, counts.get(id, 0)
            elif id in altered or (digests[0] is not None and found[id] != digests):
                yield id, None


def find_problems(catalog: Catalog, store: VectorStore, model: Model) -> list[str]:
    """Describe each problem in a sentence: damaged files, missing or altered data, and orphaned vectors."""
    problems = catalog.find_problems()
    try:
        problems += store.check()
        damaged = dict(check_vectors(catalog, store, model))
        with catalog.read() as connection:
            orphans = find_orphans(connection, store)
    except GalleryError as error:
        return [*problems, error.render()]
    with catalog.read() as connection:
        enrolled = queries.list_recordings(connection)
        fingerprints = queries.fingerprints_of(connection, [each.id for each in enrolled])
    for each, expected in zip(enrolled, fingerprints, strict=True):
        name, advice = f"{each.source} ({each.person})", f"remove recording {each.id} and enroll it again"
        if (count := damaged.get(each.id)) is not None:
            problems.append(f"{name}: {count} of {each.windows} windows are stored: verify with repair, or {advice}")
        is_altered = each.id in damaged and count is None
        if is_altered or not _has_joints(catalog, each, len(model.layout), expected):
            problems.append(
                f"{name}: its stored data has changed since it was enrolled: verify with repair, restore the gallery "
                f"from a backup, or {advice}"
            )
    if len(orphans):
        problems.append(
            f"vectors of {count_noun(len(orphans), 'recording')} that the catalog does not list: verify with repair to "
            "erase them"
        )
    return problems


def _has_joints(catalog: Catalog, enrolled: EnrolledRecording, n_joints: int, expected: str) -> bool:
    """Return whether the joints of a recording have the expected fingerprint, or are not stored on purpose."""
    if not enrolled.skeleton:
        return True
    try:
        with catalog.read() as connection:  # one at a time: a long transaction would block erasure
            return fingerprint(queries.joints_of(connection, enrolled.id, n_joints)) == expected
    except GalleryError:
        return False


def _window_counts(entries: Entries) -> list[int]:
    counts: list[int] = np.bincount(entries.of, minlength=len(entries.ids)).tolist()
    return counts
