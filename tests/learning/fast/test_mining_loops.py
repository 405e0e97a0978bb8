"""The compiled loss against that of tensors in float64, and its exponentials against those of numpy."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from himpc.learning._fast.hi_mpc import mined_cross_entropy
from himpc.learning._fast.mining_loops import exponentials


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 7), st.integers(1, 70)),
    st.sampled_from(["hard", "off", "inverted"]),
    st.booleans(),
    st.sampled_from([0.1, 1.0, 30.0]),
)
def test_losses_and_gradients_equal_those_of_tensors(shape, mining, mining_gradient, spread):
    generator = torch.Generator().manual_seed(shape[1] * 100 + shape[3])
    logits = (torch.randn(shape, generator=generator) - 0.5) * spread  # below zero, above, and on both sides
    labels = torch.randint(shape[3], shape[1:2], generator=generator)
    found = mined_cross_entropy(logits.clone(), labels, mining, mining_gradient)
    expected = mined_cross_entropy(logits.double(), labels, mining, mining_gradient)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=2e-6, atol=2e-6 * spread)


def test_exponentials_are_accurate_to_the_last_bits_and_never_denormal():
    row = np.concatenate([-np.linspace(0, 69, 100_001), [-80.0, -1000.0, -np.inf]]).astype(np.float32)
    found = row.copy()
    total = exponentials(found, np.float32(0))
    assert total == pytest.approx(found.sum(dtype=np.float64), rel=1e-5)
    exact = np.exp2((row * np.float32(np.log2(np.e))).astype(np.float64))  # apart from the rounding of z · log2(e)
    np.testing.assert_allclose(found[:-3], exact[:-3], rtol=1.5e-7)
    np.testing.assert_allclose(found[-3:], 2.0**-100)
    assert found[0] == 1


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf])
def test_nan_and_infinity_reach_the_loss(value):
    logits = torch.zeros(1, 2, 3, 40)
    logits[0, 1, 2, 7] = value
    losses, _ = mined_cross_entropy(logits, torch.tensor([0, 0]))
    assert losses.isfinite().tolist() == [[True, False]]


def test_a_certain_and_right_window_gives_no_gradient():
    logits = torch.randn(2, 50, 6, 9, generator=torch.Generator().manual_seed(0))
    logits[..., 4] += 200  # Adam would scale the remains of rounding to full steps
    losses, gradient = mined_cross_entropy(logits, torch.full((50,), 4))
    assert not losses.any()
    assert gradient.abs().max() < 2.0**-90


@pytest.mark.slow
def test_code_loaded_from_the_cache_gives_the_same_bits(tmp_path):
    script = """
import numpy as np
from himpc.learning._fast.mining_loops import write_mined_losses
logits = np.random.default_rng(0).normal(size=(2, 9, 6, 40)).astype(np.float32)  # with 32 and more, sums are unrolled
losses = np.empty((2, 9), np.float32)
write_mined_losses(logits, np.arange(9), -1.0, 1.0, True, losses)
print(losses.tobytes().hex(), logits.tobytes().hex())
"""
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    compiled, loaded = (
        subprocess.run(command, capture_output=True, env=environment, check=True).stdout for _ in range(2)
    )
    assert list(tmp_path.rglob("*.nbc"))
    assert loaded == compiled
