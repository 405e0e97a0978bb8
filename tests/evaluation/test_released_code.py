"""Rank-k and mAP of the authors' released code, from its own windows and weights (float32, and in float64)."""

from pathlib import Path

import numpy as np
import pytest

from himpc.evaluation import evaluate_ranking
from himpc.skeleton import LEVELS, get_layout, pool

TESTED = 320  # the released code tests five full batches of 64


@pytest.fixture(scope="module")
def reference():
    with np.load(Path(__file__).parents[1] / "hi_mpc_reference.npz", allow_pickle=False) as file:
        return dict(file)


def embed(reference, joints):
    """Window features of each level, and MSMR: docs/method.md, sections 2 and 5 in plain numpy."""
    features, multi = {}, []
    for level in LEVELS:
        weight = {name: reference[f"{level}_{name}"] for name in ("W1", "b1", "W2", "b2", "heads")}
        nodes = pool(joints, get_layout("kinect-v1"), level)
        x = nodes.reshape(*nodes.shape[:2], -1)
        hidden = np.maximum(x @ weight["W1"] + weight["b1"], 0) @ weight["W2"] + weight["b2"]
        features[level] = hidden.mean(axis=1)
        multi.append(np.mean([features[level] @ head for head in weight["heads"]], axis=0))
    return features | {"msmr": np.concatenate(multi, axis=1)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rank_k_and_map_equal_the_released_code(reference, dtype):
    reference = {name: each.astype(dtype) if each.dtype == np.float32 else each for name, each in reference.items()}
    gallery, probe = (embed(reference, reference[f"{side}_joints"][:TESTED]) for side in ("gallery", "probe"))
    np.testing.assert_allclose(gallery["msmr"], reference["gallery_msmr"], rtol=1e-3, atol=1e-4)
    for name in ("msmr", *LEVELS):
        ids = reference["probe_ids"][:TESTED], reference["gallery_ids"][:TESTED]
        result = evaluate_ranking(probe[name], gallery[name], *ids)
        assert [*result.rank.values(), result.mAP] == pytest.approx(reference[f"eval_{name}"], rel=1e-5), name
