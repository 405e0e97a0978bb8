"""VectorStore in memory: what is found among them is exact."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from himpc.gallery.store.memory import InMemoryIndex


@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 80), st.integers(1, 70))
def test_nearest_equals_the_definition(seed, count, size, k):
    rng = np.random.default_rng(seed)
    vectors = (rng.normal(size=(count, size)) * rng.uniform(0, 3, size) + 5).astype(np.float32)
    vectors[count // 2 :] = vectors[: count - count // 2]  # equals among them
    ids = rng.permutation(count) + 1
    queries = (vectors[:2] + 0.1 * rng.normal(size=(len(vectors[:2]), size))).astype(np.float32)
    found, distances = InMemoryIndex(ids, vectors).nearest(queries, k)
    expected = np.linalg.norm(queries[:, None].astype(float) - vectors[None], axis=2)
    count_found = min(k, count)
    for row in range(len(queries)):
        order = np.lexsort((ids, expected[row]))[:count_found]
        np.testing.assert_array_equal(found[row, :count_found], ids[order])
        np.testing.assert_allclose(distances[row, :count_found], expected[row][order], rtol=1e-5, atol=1e-6)
    assert (found[:, count_found:] == 0).all()
    assert np.isinf(distances[:, count_found:]).all()
