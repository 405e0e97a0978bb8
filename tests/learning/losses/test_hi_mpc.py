"""The formula of the loss and its fast form, against plain loops and against the result of the authors' code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning import Config
from himpc.learning._fast import hi_mpc as fast
from himpc.learning._fast.hi_mpc import hi_mpc, mined_cross_entropy
from himpc.learning.losses import LOSSES, get_loss
from himpc.learning.losses import hi_mpc as formula
from himpc.learning.losses.hi_mpc import mining_weights, predict
from himpc.model import LevelEncoder
from himpc.skeleton import LEVELS

REFERENCE = np.load(Path(__file__).parents[2] / "hi_mpc_reference.npz", allow_pickle=False)


def loop_loss(frames, prototypes, heads, labels, config):
    """Compute METHOD section 4 one window, head and frame at a time; without heads, one head is the identity."""
    losses = []
    heads = heads if len(heads) else torch.eye(frames.shape[-1], dtype=frames.dtype)[None]
    for window, y in zip(frames, labels, strict=True):
        for head in heads:
            z = (window @ head) @ (prototypes @ head).T / heads.shape[-1] ** 0.5
            predicted = z.mean(dim=0).argmax()
            sign = (-1 if predicted == y else 1) * {"hard": 1, "inverted": -1, "off": 0}[config.mining]
            weights = torch.softmax(sign * z[:, predicted], dim=0)
            weights = weights if config.mining_gradient else weights.detach()
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
def test_formula_and_fast_form_equal_loops_over_windows(windows, frames, groups, heads, mining, mining_gradient):
    generator = torch.Generator().manual_seed(windows * 1000 + frames * 100 + groups)
    sizes = [(windows, frames, 5), (groups, 5), (heads, 5, 5)]
    inputs = [torch.randn(*size, generator=generator, dtype=torch.float64).requires_grad_() for size in sizes]
    labels = torch.randint(groups, (windows,), generator=generator)
    config = Config(mining=mining, mining_gradient=mining_gradient)
    learned = [inputs[0], inputs[2]]  # the prototypes are constants
    expected = loop_loss(*inputs, labels, config)
    gradients = torch.autograd.grad(expected, learned, materialize_grads=True)
    for loss in (formula.hi_mpc, get_loss("hi_mpc")):
        found = loss(*inputs, labels, config)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(torch.autograd.grad(found, learned, materialize_grads=True), gradients)
        with torch.no_grad():
            assert loss(*inputs, labels, config) == found


def test_training_uses_the_fast_form():
    assert get_loss("hi_mpc") is fast.hi_mpc
    assert LOSSES["hi_mpc"] == "himpc.learning.losses.hi_mpc:hi_mpc"


@pytest.mark.parametrize("loss", [formula.hi_mpc, fast.hi_mpc], ids=["formula", "fast"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_losses_and_gradients_equal_the_reference(dtype, loss, device):
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
        losses[level] = weight * loss(features, prototypes, encoder.heads, labels, Config())
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


def test_mining_weighs_frames_as_published():
    logits = torch.tensor([[[[3.0, 0.0], [1.0, 0.0]]]])  # one head, one window, two frames; both predict 0
    assert predict(logits).item() == 0
    right, wrong = torch.tensor([0]), torch.tensor([1])
    assert mining_weights(logits, right).argmax() == 1  # right: the frame that agrees least
    assert mining_weights(logits, wrong).argmax() == 0  # wrong: the frame most certain of the wrong prototype
    torch.testing.assert_close(mining_weights(logits, right, "inverted"), mining_weights(logits, wrong))
    assert mining_weights(logits, right, "off").unique().tolist() == [0.5]


def test_far_logits_give_finite_losses_and_no_denormal_gradients():
    logits = torch.tensor([[[[0.0, 1000.0, 990.0]]]])
    losses, gradient = mined_cross_entropy(logits.clone(), torch.tensor([0]))
    torch.testing.assert_close(losses, torch.tensor([[1000.0 + float(np.log1p(np.exp(-10)))]]))
    torch.testing.assert_close(gradient, logits.softmax(dim=-1) - torch.tensor([1.0, 0.0, 0.0]))
    assert gradient[gradient != 0].abs().min() > torch.finfo(torch.float32).tiny


def test_one_prototype_gives_no_gradient():
    frames = torch.randn(3, 2, 4, requires_grad=True)
    hi_mpc(frames, torch.randn(1, 4), torch.randn(2, 4, 4), torch.zeros(3, dtype=torch.int64), Config()).backward()
    torch.testing.assert_close(frames.grad, torch.zeros(3, 2, 4))


def test_all_heads_per_thread_equal_one_at_a_time(monkeypatch):
    inputs = [torch.randn(4, 3, 8), torch.randn(5, 8), torch.randn(3, 8, 8)]
    labels = torch.tensor([0, 4, 2, 2])

    def gradients(at_once):
        monkeypatch.setattr("himpc.learning._fast.hi_mpc._heads_per_thread", lambda heads: at_once)
        frames, heads = (inputs[i].clone().requires_grad_() for i in (0, 2))
        loss = hi_mpc(frames, inputs[1], heads, labels, Config())
        return loss.detach(), *torch.autograd.grad(loss, [frames, heads])

    torch.testing.assert_close(gradients(1), gradients(3))
