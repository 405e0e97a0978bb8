"""What every vector store must do (`himpc.gallery.store.base.VectorStore`), as checks of a store at an empty place.

``test_conformance.py`` runs all `CHECKS` against every registered store, and a new store runs them by `runpy`. A place
has ``open(size=16, make=False)``, which opens a store, and ``files()``, the contents of its files by name.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from himpc.errors import DataError, GalleryError
from himpc.gallery.store import Entries

SIZE, RECORDINGS, WINDOWS = 16, 12, 3


def batch(number, recordings=RECORDINGS, size=SIZE):
    """Return random entries, always the same for a number."""
    rng = np.random.default_rng(number)
    windows = rng.normal(size=(recordings, WINDOWS, size)).astype(np.float32)
    return Entries(
        ids=rng.integers(1, 2**62, recordings),
        pooled=windows.mean(axis=1),
        windows=windows.reshape(-1, size),
        of=np.repeat(np.arange(recordings), WINDOWS),
        starts=np.tile(np.arange(WINDOWS) * 6, recordings),
    )


def reference_nearest(queries, ids, vectors, k):
    """Return ids and distances by the definition."""
    distances = cdist(queries.astype(np.float64), vectors.astype(np.float64))
    order = np.array([np.lexsort((ids, row))[:k] for row in distances])
    return ids[order], np.take_along_axis(distances, order, axis=1)


def is_stored(store, entries):
    """Return whether a store returns exactly what was added."""
    found = store.entries(entries.ids)
    parts = ("ids", "pooled", "windows", "of", "starts")
    return all(np.array_equal(getattr(found, part), getattr(entries, part)) for part in parts)


def files_with(place, *entries):
    """Return the names of the files that hold numbers of the entries."""
    vectors = [vector for each in entries for vector in (*each.pooled, *each.windows)]
    pieces = [np.ascontiguousarray(vector[4:12]).tobytes() for vector in vectors]
    return [name for name, content in place.files().items() if any(piece in content for piece in pieces)]


def check_empty(place):
    store = place.open(make=True)
    assert not len(store.ids())
    assert store.nearest(batch(1).pooled, 2)[0].tolist() == [[0, 0]] * RECORDINGS
    assert not len(store.entries(batch(1).ids).ids)
    assert not len(store.windows(np.empty(0, np.int64)).of)
    store.remove(batch(1).ids)
    assert store.index() in (True, False)
    assert store.check() == []


def check_order_of_entries(place):
    store, one, two = place.open(make=True), batch(1), batch(2)
    store.add(one)
    store.add(two)
    assert store.ids().tolist() == sorted([*one.ids.tolist(), *two.ids.tolist()])
    assert is_stored(store, one)
    wanted = np.array([two.ids[3], 5, one.ids[0]])
    for found in (store.entries(wanted), store.windows(wanted)):
        assert found.ids.tolist() == [two.ids[3], one.ids[0]]
        assert np.array_equal(found.windows, np.concatenate([two.windows[9:12], one.windows[:3]]))
        assert found.of.tolist() == [0, 0, 0, 1, 1, 1]
        assert found.starts.tolist() == [0, 6, 12, 0, 6, 12]
    assert store.windows(wanted).pooled.shape == (2, 0)
    pooled = store.pooled(wanted)
    assert np.array_equal(pooled[[0, 2]], [two.pooled[3], one.pooled[0]])
    assert np.isnan(pooled[1]).all()
    assert store.check() == []


def check_recording_without_windows(place):
    store, entries = place.open(make=True), batch(1)
    bare = replace(entries, windows=entries.windows[3:], of=entries.of[3:], starts=entries.starts[3:])
    store.add(bare)
    assert is_stored(store, bare)


def check_second_reader(place):
    """Another open store sees changes at its next call."""
    writer, reader = place.open(make=True), place.open()
    for number in (1, 2):
        writer.add(batch(number))
        assert is_stored(reader, batch(number))
        assert reader.nearest(batch(number).pooled[:1], 1)[0][0, 0] == batch(number).ids[0]
    writer.remove(batch(1).ids)
    assert reader.ids().tolist() == sorted(batch(2).ids.tolist())


def check_reopening(place):
    store = place.open(make=True)
    store.add(batch(1))
    store.close()
    assert is_stored(place.open(), batch(1))
    assert is_stored(place.open(make=True), batch(1))  # which creates nothing


def check_refusals(place):
    store, entries = place.open(make=True), batch(1)
    not_finite = entries.pooled.copy()
    not_finite[2, 3] = np.nan
    for wrong, message in (
        (replace(entries, pooled=entries.pooled[:, :8]), "pooled of new embeddings have shape"),
        (replace(entries, pooled=not_finite), "not finite"),
        (replace(entries, ids=-entries.ids), "positive"),
        (replace(entries, ids=np.ones_like(entries.ids)), "distinct"),
        (replace(entries, of=entries.of[::-1]), "in their order"),
        (replace(entries, starts=entries.starts[1:]), "starts of new embeddings have shape"),
    ):
        with pytest.raises(DataError, match=message):
            store.add(wrong)
    assert not len(store.ids())
    for queries, k in ((entries.pooled[:, :8], 1), (not_finite, 1), (entries.pooled, 0)):
        with pytest.raises(DataError, match=r"queries|k must be"):
            store.nearest(queries, k)


def check_exact_search(place):
    store, entries = place.open(make=True), batch(1, recordings=60)
    store.add(entries)
    queries = np.concatenate([batch(2).pooled, entries.pooled[:1]])
    for exact in (False, True):
        ids, distances = store.nearest(queries, 10, exact=exact)
        expected, expected_distances = reference_nearest(queries, entries.ids, entries.pooled, 10)
        assert np.array_equal(ids, expected)
        assert np.allclose(distances, expected_distances, rtol=1e-6)
        assert distances[-1, 0] == 0
    ids, distances = store.nearest(queries, 70)
    assert (ids[:, 60:] == 0).all()
    assert np.isinf(distances[:, 60:]).all()
    assert (ids[:, :60] > 0).all()


def check_ties(place):
    """Equal vectors are returned by ascending id."""
    store, entries = place.open(make=True), batch(1)
    store.add(replace(entries, pooled=np.repeat(entries.pooled[:1], RECORDINGS, axis=0)))
    assert store.nearest(entries.pooled[:1], 5)[0][0].tolist() == sorted(entries.ids.tolist())[:5]


def check_erasure(place):
    store = place.open(make=True)
    for number in range(1, 9):
        store.add(batch(number))
    removed, also_removed, partly = batch(3), batch(8), batch(5)
    assert files_with(place, removed)
    ids = np.concatenate([removed.ids[:7], partly.ids[:1], also_removed.ids, [17]])
    store.remove(ids)
    store.remove(removed.ids)
    assert not files_with(place, removed, also_removed)
    assert not np.isin(ids, store.ids()).any()
    assert is_stored(store, batch(4))
    assert store.entries(partly.ids).ids.tolist() == partly.ids[1:].tolist()
    assert store.nearest(removed.pooled, 1)[1].min() > 0.1


def check_missing_or_other_size(place):
    with pytest.raises(GalleryError, match="missing"):
        place.open()
    place.open(make=True).close()
    for make in (False, True):
        with pytest.raises(GalleryError, match="another model"):
            place.open(24, make=make)


CHECKS = {name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")}
