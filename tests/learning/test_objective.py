"""The objective against the plain formula of the paper and against what the authors' code computed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning.meta_products import meta_products
from himpc.learning.objective import level_loss, mined_cross_entropy, mining_weights, predictions
from himpc.model import LevelEncoder
from himpc.skeleton import LEVELS

REFERENCE = np.load(Path(__file__).parents[1] / "hi_mpc_reference.npz", allow_pickle=False)


def plain_loss(frames, prototypes, heads, labels, mining, mining_gradient=True):
    """Hi-MPC equations as they stand, one window, head and frame after the other; the head of no heads is 1."""
    losses = []
    heads = heads if len(heads) else torch.eye(frames.shape[-1], dtype=frames.dtype)[None]
    for window, y in zip(frames, labels, strict=True):
        for head in heads:
            z = (window @ head) @ (prototypes @ head).T / heads.shape[-1] ** 0.5
            guess = z.mean(dim=0).argmax()
            sign = (-1 if guess == y else 1) * {"hard": 1, "inverted": -1, "off": 0}[mining]
            weights = torch.softmax(sign * z[:, guess], dim=0)
            weights = weights if mining_gradient else weights.detach()
            losses.append(sum(w * -torch.log_softmax(row, dim=0)[y] for w, row in zip(weights, z, strict=True)))
    return sum(losses) / len(losses)


@settings(max_examples=25)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 20),
    st.sampled_from([0, 1, 3]),
    st.sampled_from(["hard", "off", "inverted"]),
    st.booleans(),
)
def test_loss_and_gradients_equal_the_plain_formula(windows, frames, groups, heads, mining, mining_gradient):
    generator = torch.Generator().manual_seed(windows * 1000 + frames * 100 + groups)
    sizes = [(windows, frames, 5), (groups, 5), (heads, 5, 5)]
    inputs = [torch.randn(*size, generator=generator, dtype=torch.float64).requires_grad_() for size in sizes]
    labels = torch.randint(groups, (windows,), generator=generator)
    fast = level_loss(*inputs, labels, mining, weight=0.5, mining_gradient=mining_gradient)
    plain = 0.5 * plain_loss(*inputs, labels, mining, mining_gradient)
    torch.testing.assert_close(fast, plain)
    learned = [inputs[0], inputs[2]]  # the prototypes are constants
    found, expected = (torch.autograd.grad(loss, learned, materialize_grads=True) for loss in (fast, plain))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)
    with torch.no_grad():
        assert level_loss(*inputs, labels, mining, weight=0.5, mining_gradient=mining_gradient) == fast


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_losses_and_gradients_equal_the_reference(dtype, device):
    encoders, losses = {}, {}
    for level in LEVELS:
        encoder = encoders[level] = reference_encoder(level, dtype).to(device)
        frames = torch.from_numpy(REFERENCE[f"{level}_frames"]).to(device, dtype)
        features = encoder(frames.flatten(0, 1).flatten(1)).unflatten(0, frames.shape[:2])
        expected = REFERENCE[f"{level}_features"]
        np.testing.assert_allclose(features.mean(dim=1).detach().cpu(), expected, rtol=1e-5, atol=1e-6)
        prototypes = torch.from_numpy(REFERENCE[f"{level}_prototypes"]).to(device, dtype)
        labels = torch.from_numpy(REFERENCE[f"{level}_labels"].astype(np.int64)).to(device)
        weight = len(encoder.heads) if level == "joint" else 1.0  # the released code sums the joint level's heads
        losses[level] = level_loss(features, prototypes, encoder.heads, labels, weight=weight)
        assert losses[level].item() == pytest.approx(REFERENCE[f"{level}_loss"], rel=1e-5)
    total = torch.stack(list(losses.values())).mean()
    assert total.item() == pytest.approx(REFERENCE["total_loss"], rel=1e-5)
    total.backward()
    gradients = {
        "grad_joint_W1": encoders["joint"].w1.grad,
        "grad_component_W2": encoders["component"].w2.grad,
        "grad_joint_head0": encoders["joint"].heads.grad[0],
        "grad_limb_head1": encoders["limb"].heads.grad[1],
    }
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient.cpu(), REFERENCE[name], rtol=1e-4, atol=1e-4 * abs(REFERENCE[name]).max())


def reference_encoder(level, dtype):
    weights = {name: REFERENCE[f"{level}_{name}"] for name in ("W1", "b1", "W2", "b2", "heads")}
    encoder = LevelEncoder(weights["W1"].shape[0], weights["W1"].shape[1], len(weights["heads"]))
    encoder.load_state_dict({name.lower(): torch.from_numpy(weight) for name, weight in weights.items()})
    return encoder.to(dtype)


def test_mining_looks_where_the_paper_says():
    logits = torch.tensor([[[[3.0, 0.0], [1.0, 0.0]]]])  # one head, one window, two frames; both say group 0
    assert predictions(logits).item() == 0
    right, wrong = torch.tensor([0]), torch.tensor([1])
    assert mining_weights(logits, right).argmax() == 1  # already right: the frame that agrees least
    assert mining_weights(logits, wrong).argmax() == 0  # wrong: the frame most sure of the wrong group
    torch.testing.assert_close(mining_weights(logits, right, "inverted"), mining_weights(logits, wrong))
    assert mining_weights(logits, right, "off").unique().tolist() == [0.5]


def test_far_logits_give_finite_losses_and_no_denormal_gradients():
    logits = torch.tensor([[[[0.0, 1000.0, 990.0]]]])
    losses, gradient = mined_cross_entropy(logits.clone(), torch.tensor([0]))
    torch.testing.assert_close(losses, torch.tensor([[1000.0 + float(np.log1p(np.exp(-10)))]]))
    torch.testing.assert_close(gradient, logits.softmax(dim=-1) - torch.tensor([1.0, 0.0, 0.0]))
    assert gradient[gradient != 0].abs().min() > torch.finfo(torch.float32).tiny


def test_one_group_gives_no_gradient():
    frames = torch.randn(3, 2, 4, requires_grad=True)
    level_loss(frames, torch.randn(1, 4), torch.randn(2, 4, 4), torch.zeros(3, dtype=torch.int64)).backward()
    torch.testing.assert_close(frames.grad, torch.zeros(3, 2, 4))


@pytest.mark.parametrize(
    ("rows", "centres", "kept"),
    [(6, 2, 2), (64, 40, 8), (6, 20, 8)],
    ids=["few centres", "many centres", "fewer rows than centres"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_order_of_the_products_agrees_with_autograd(rows, centres, kept, dtype):
    generator = torch.Generator().manual_seed(rows)
    f, c, w, by_logits = (
        torch.randn(*size, generator=generator, dtype=torch.float64)
        for size in [(rows, 8), (centres, 8), (3, 8, 8), (3, rows, centres)]
    )
    f.requires_grad_(), w.requires_grad_()
    expected = (f @ w) @ (c @ w).mT
    by_rows, by_heads = torch.autograd.grad(expected, [f, w], by_logits)
    f, c, w, by_logits = (x.detach().to(dtype) for x in (f, c, w, by_logits))
    order = meta_products(f, c, heads=3)
    between = order.between(w)
    assert between.shape == (3, kept, 8)  # the centres under each head, or its square
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == torch.float32 else {}
    torch.testing.assert_close(order.logits(between), expected.detach().to(dtype), **close)
    found = order.gradients(by_logits, between, w)
    torch.testing.assert_close(found, (by_rows.to(dtype), by_heads.to(dtype)), **close)


def test_all_heads_at_once_equal_one_after_the_other(monkeypatch):
    inputs = [torch.randn(4, 3, 8), torch.randn(5, 8), torch.randn(3, 8, 8)]
    labels = torch.tensor([0, 4, 2, 2])

    def gradients(at_once):
        monkeypatch.setattr("himpc.learning.objective._heads_at_once", lambda heads: at_once)
        frames, heads = (inputs[i].clone().requires_grad_() for i in (0, 2))
        loss = level_loss(frames, inputs[1], heads, labels)
        return loss.detach(), *torch.autograd.grad(loss, [frames, heads])

    torch.testing.assert_close(gradients(1), gradients(3))
