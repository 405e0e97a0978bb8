"""Verify that catalog and store of a gallery hold exactly the enrolled data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc.errors import count_noun
from himpc.gallery.catalog import Catalog, queries
from himpc.gallery.integrity import find_mismatches, fingerprint
from himpc.gallery.store import VectorStore


def find_orphans(connection: Connection, store: VectorStore) -> NDArray[np.int64]:
    """Return the ids of orphaned vectors: those of recordings that the catalog does not list."""
    return np.setdiff1d(store.ids(), queries.all_ids(connection))


def find_problems(catalog: Catalog, store: VectorStore, n_joints: int) -> list[str]:
    """Describe each problem in a sentence: damaged files, missing or altered data, and orphaned vectors."""
    with catalog.read() as connection:
        enrolled = queries.list_recordings(connection)
        orphans = find_orphans(connection, store)
        ids = [each.id for each in enrolled]
        fingerprints = queries.fingerprints_of(connection, ids)
    altered_ids = set()
    for each, expected in zip(enrolled, fingerprints, strict=True):
        with catalog.read() as connection:  # one at a time: a long transaction would block erasure
            if each.skeleton and fingerprint(queries.joints_of(connection, each.id, n_joints)) != expected:
                altered_ids.add(each.id)
    entries = store.entries(np.array(ids, dtype=np.int64))
    altered_ids |= set(entries.ids[find_mismatches(entries.pooled, entries.windows, entries.of)].tolist())
    window_counts = np.bincount(entries.of, minlength=len(entries.ids)).tolist()
    windows = dict(zip(entries.ids.tolist(), window_counts, strict=True))
    problems = [*catalog.find_problems(), *store.check()]
    for each in enrolled:
        name, count = f"{each.source} ({each.person})", windows.get(each.id, 0)
        if count != each.windows:
            problems.append(
                f"{name}: {count} of {each.windows} windows are stored: remove recording {each.id} and enroll it again"
            )
        if each.id in altered_ids:
            problems.append(
                f"{name}: its stored data has changed since it was enrolled: restore the gallery from a backup, or "
                f"remove recording {each.id} and enroll it again"
            )
    if len(orphans):
        problems.append(
            f"vectors of {count_noun(len(orphans), 'recording')} that the catalog does not list: verify with repair to "
            "erase them"
        )
    return problems
