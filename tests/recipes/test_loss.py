"""The recipe "Add a loss" of CONTRIBUTING.md, followed with a toy loss: cross-entropy of window means."""

import sys

import pytest

import himpc
from himpc.errors import ConfigError
from himpc.learning.losses import LOSSES

MODULE = """
from torch.nn import functional


def window_mean(frames, prototypes, heads, labels, config):
    '''Compute the cross-entropy of the products of window means and prototypes.'''
    return functional.cross_entropy(frames.mean(dim=1) @ prototypes.T / frames.shape[-1] ** 0.5, labels)
"""
SETTINGS = {"hidden": 16, "heads": 0, "levels": ("component",), "max_epochs": 3}


@pytest.fixture
def window_mean(tmp_path, monkeypatch):
    """Add the loss to the table."""
    (tmp_path / "window_mean.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(LOSSES, "window_mean", "window_mean:window_mean")
    yield
    sys.modules.pop("window_mean", None)


@pytest.mark.usefixtures("window_mean")
def test_loss_of_the_table_trains_a_model():
    walks = himpc.simulate(people=4, recordings=3, seconds=2.0, difficulty="easy", seed=0)
    learner = himpc.HiMPC("clean", settings={**SETTINGS, "loss": "window_mean"}, device="cpu").fit(walks)
    losses = [record.loss for record in learner.history_.epochs]
    assert losses[-1] < losses[0]
    assert learner.model_.settings["loss"] == "window_mean"
    published = himpc.HiMPC("clean", settings=SETTINGS, device="cpu").fit(walks)
    assert published.history_.epochs[0].loss != losses[0]


def test_loss_that_is_not_in_the_table_raises():
    with pytest.raises(ConfigError, match=r"loss: must be one of hi_mpc.*, found 'window_mean'"):
        himpc.Config(loss="window_mean")
