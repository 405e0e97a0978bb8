"""A vector store made by following "Add a vector store" in CONTRIBUTING.md: plain NumPy files."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import GalleryError
from himpc.gallery import Gallery, get_service
from himpc.gallery.store import STORES, StoreType
from himpc.gallery.store.assembly import assemble_entries, assemble_pooled, assemble_windows, check_entries
from himpc.gallery.store.nearest import NearestNeighbours

pytest.importorskip("sqlalchemy")

CHECKS = runpy.run_path(str(Path(__file__).parents[1] / "gallery" / "conformance.py"))["CHECKS"]


class NumpyStore:
    """A folder with one ``.npz`` file, which is read and replaced as a whole."""

    file_names = frozenset({"vectors.npz", "size.json"})

    def __init__(self, place, size, *, make=False):
        self._file, self._size_file, self.size = place / "vectors.npz", place / "size.json", size
        if make and not self._size_file.exists():
            place.mkdir(parents=True, exist_ok=True)
            self._size_file.write_text(json.dumps(size))
        if not self._size_file.exists():
            raise GalleryError(f"{place}: is missing", hint="restore the gallery from a backup")
        if (found := json.loads(self._size_file.read_text())) != size:
            raise GalleryError(f"{place}: holds vectors of {found} numbers, expected {size}: is of another model")

    def _read(self):
        """Return ids, pooled vectors, and recordings, starts and vectors of windows."""
        if not self._file.exists():
            ids, vectors = np.empty(0, np.int64), np.empty((0, self.size), np.float32)
            return ids, vectors, ids, ids, vectors
        with np.load(self._file) as arrays:
            return tuple(arrays[f"arr_{number}"] for number in range(5))

    def _write(self, *arrays):
        temporary = self._file.with_suffix(".tmp.npz")
        np.savez(temporary, *arrays)
        temporary.replace(self._file)

    def add(self, entries):
        check_entries(entries, self.size)
        new = (entries.ids, entries.pooled, entries.ids[entries.of], entries.starts, entries.windows)
        self._write(*(np.concatenate(both) for both in zip(self._read(), new, strict=True)))

    def nearest(self, queries, k, *, exact=False):
        neighbours = NearestNeighbours(queries, self.size, k)
        neighbours.add(*self._read()[:2])
        return neighbours.result()

    def pooled(self, ids):
        return assemble_pooled(ids, *self._read()[:2])

    def entries(self, ids):
        arrays = self._read()
        return assemble_entries(ids, arrays[:2], arrays[2:])

    def windows(self, ids):
        return assemble_windows(ids, *self._read()[2:])

    def ids(self):
        return np.sort(self._read()[0])

    def remove(self, ids):
        known, pooled, of, starts, windows = self._read()
        rows, window_rows = ~np.isin(known, ids), ~np.isin(of, ids)
        self._write(known[rows], pooled[rows], of[window_rows], starts[window_rows], windows[window_rows])

    def index(self):
        return False

    def check(self):
        pooled = self._read()[1]
        return [] if np.isfinite(pooled).all() else [f"{self._file}: vectors are not finite"]

    def close(self):
        pass


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(STORES, "numpy", StoreType(f"{__name__}:NumpyStore"))


class Place:
    """An empty place for a `NumpyStore`."""

    def __init__(self, folder):
        self._folder = folder

    def open(self, size=16, *, make=False):
        return NumpyStore(self._folder, size, make=make)

    def files(self):
        return {path.name: path.read_bytes() for path in self._folder.iterdir()}


@pytest.mark.parametrize("check", CHECKS)
def test_toy_store_conforms_to_the_protocol(tmp_path, check):
    CHECKS[check](Place(tmp_path / "vectors"))


def test_toy_store_serves_a_gallery(tmp_path, walks, walkers_model):
    url = f"numpy://{tmp_path / 'gallery'}"
    with Gallery.create(url, walkers_model) as gallery:
        gallery.enroll(walks("a", "b", "c"))
        assert [answer.matches[0].person for answer in gallery.search(walks("a", days=("3",)))] == ["a", "a"]
        gallery.remove("b")
        assert gallery.verify() == []
    for location in (url, tmp_path / "gallery"):  # the catalog knows the kind of its store
        with Gallery.open(location) as gallery:
            assert [person.name for person in gallery.people()] == ["a", "c"]
            assert isinstance(get_service(gallery)._store.store, NumpyStore)
