"""Exact nearest neighbours, from blocks of vectors."""

import runpy
from pathlib import Path

import numpy as np

from himpc.gallery.store.nearest import NearestNeighbours

reference_nearest = runpy.run_path(str(Path(__file__).with_name("conformance.py")))["reference_nearest"]


def test_nearest_equals_the_definition_with_ties_and_an_offset():
    rng = np.random.default_rng(0)
    vectors = (rng.integers(0, 3, (300, 4)) + 1000).astype(np.float32)  # many are equally near, far from the origin
    ids, queries = rng.permutation(300) + 1, vectors[:270] + np.float32(0.25)
    near = NearestNeighbours(queries, 4, 290)
    for first in range(0, 300, 77):
        near.add(ids[first : first + 77], vectors[first : first + 77])
    found, distances = near.result()
    expected, apart = reference_nearest(queries, ids, vectors, 290)
    assert np.array_equal(found, expected)
    assert np.allclose(distances, apart, atol=1e-6)
