"""The Jaccard distance of k-reciprocal neighbour sets, as a formula on N x N matrices.

Reference: Zhong et al.: Re-ranking person re-identification with k-reciprocal encoding. CVPR 2017. The steps are those
of docs/method.md, section 3. Training uses the sparse forms `himpc.learning._fast.jaccard` on a CPU and
`himpc.learning._fast.tensor_clustering` on a GPU; tests/learning/fast/test_jaccard.py compares them with this one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dense_jaccard_distances(
    features: NDArray[np.floating], ranks: NDArray[np.integer], k2: int = 6
) -> NDArray[np.float64]:
    """Compute the Jaccard distance between all windows, ``(N, N)``, in N³ operations.

    Parameters
    ----------
    features : float array ``(N, H)``
        Window features, not normalised.
    ranks : int array ``(N, k1)``
        The k1 nearest windows of each, itself first (step 1).
    k2 : int
        Neighbours over which query expansion averages.
    """
    n, k1 = ranks.shape
    half = min(k1, round(k1 / 2) + 1)

    def reciprocal(i: int, k: int) -> set[int]:
        return {int(c) for c in ranks[i, :k] if i in ranks[c, :k]}

    weights = np.zeros((n, n))
    for i in range(n):
        core = reciprocal(i, k1)  # step 2
        expanded = set(core)
        for c in core:  # step 3
            candidates = reciprocal(c, half)
            if len(candidates & core) > 2 / 3 * len(candidates):
                expanded |= candidates
        members = sorted(expanded)
        logits = -(2 - 2 * features[members] @ features[i])  # step 4: the squared distance of unit vectors
        powers = np.exp(logits - logits.max())
        weights[i, members] = powers / powers.sum()
    weights = np.stack([weights[ranks[i, :k2]].mean(axis=0) for i in range(n)])  # step 5
    overlap = np.minimum(weights[:, None], weights[None]).sum(axis=2)  # step 6
    distances: NDArray[np.float64] = np.clip(1 - overlap / (2 - overlap), 0, None)
    return distances
