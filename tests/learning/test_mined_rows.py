"""The compiled loss against the formula by whole tensors, in float64, and its power of two against numpy's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from himpc.learning.mined_rows import powers_of_two
from himpc.learning.objective import mined_cross_entropy


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 7), st.integers(1, 70)),
    st.sampled_from(["hard", "off", "inverted"]),
    st.booleans(),
    st.sampled_from([0.1, 1.0, 30.0]),
)
def test_losses_and_gradients_equal_those_by_whole_tensors(shape, mining, mining_gradient, spread):
    generator = torch.Generator().manual_seed(shape[1] * 100 + shape[3])
    logits = (torch.randn(shape, generator=generator) - 0.5) * spread  # below zero, above, and on both sides
    labels = torch.randint(shape[3], shape[1:2], generator=generator)
    found = mined_cross_entropy(logits.clone(), labels, mining, mining_gradient)
    expected = mined_cross_entropy(logits.double(), labels, mining, mining_gradient)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=2e-6, atol=2e-6 * spread)


def test_powers_are_right_to_the_last_bits_and_none_is_denormal():
    row = np.concatenate([-np.linspace(0, 69, 100_001), [-80.0, -1000.0, -np.inf]]).astype(np.float32)
    found = row.copy()
    total = powers_of_two(found, np.float32(0))
    assert total == pytest.approx(found.sum(dtype=np.float64), rel=1e-5)
    exact = np.exp2((row * np.float32(np.log2(np.e))).astype(np.float64))  # what z · log2(e) rounds to is not looked at
    np.testing.assert_allclose(found[:-3], exact[:-3], rtol=1.5e-7)
    np.testing.assert_allclose(found[-3:], 2.0**-100)
    assert found[0] == 1


@pytest.mark.parametrize("strange", [np.nan, -np.nan, np.inf])
def test_what_is_no_number_is_not_hidden(strange):
    logits = torch.zeros(1, 2, 3, 40)
    logits[0, 1, 2, 7] = strange
    losses, _ = mined_cross_entropy(logits, torch.tensor([0, 0]))
    assert losses.isfinite().tolist() == [[True, False]]


def test_a_sure_and_right_window_gives_no_gradient_at_all():
    logits = torch.randn(2, 50, 6, 9, generator=torch.Generator().manual_seed(0))
    logits[..., 4] += 200  # Adam would make whole steps of what rounding leaves
    losses, gradient = mined_cross_entropy(logits, torch.full((50,), 4))
    assert not losses.any()
    assert gradient.abs().max() < 2.0**-90
