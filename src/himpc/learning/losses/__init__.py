"""The losses of training, in one table.

A loss is a function of one level and one batch (see `Loss`). The setting ``loss`` names it; CONTRIBUTING.md has a
recipe for a new one.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from torch import Tensor

    from himpc.learning.config import Config

__all__ = ["LOSSES", "Loss", "get_loss"]

LOSSES = {
    "hi_mpc": "himpc.learning.losses.hi_mpc:hi_mpc",
}
"""The reference implementation of each loss: ``module:function``."""

FAST_LOSSES = {
    "hi_mpc": "himpc.learning._fast.hi_mpc:hi_mpc",
}
"""Faster implementations of the same formulas, which training uses instead."""


class Loss(Protocol):
    """A loss of one level on one batch of B windows."""

    def __call__(self, frames: Tensor, prototypes: Tensor, heads: Tensor, labels: Tensor, config: Config) -> Tensor:
        """Compute the loss, a scalar, which is minimised.

        The caller applies ``contrast``, ``temperature``, ``mask``, ``normalise`` and ``joint_weight``. The loss divides
        its logits by sqrt(H).

        Parameters
        ----------
        frames : tensor ``(B, F, H)``
            Features of the frames of each window. With ``contrast="windows"`` F is 1: their mean.
        prototypes : tensor ``(K, H)``
            Mean feature of each pseudo-label, a constant.
        heads : tensor ``(M, H, H)``
            Meta-transformations, trained. If M is 0, features and prototypes are compared as they are.
        labels : int64 tensor ``(B,)``
            Pseudo-label of each window, 0 to K - 1.
        config : Config
            All settings.
        """


def get_loss(name: str) -> Loss:
    """Return the fastest implementation of a loss, given by a key of `LOSSES`."""
    return cast(Loss, resolve_name(FAST_LOSSES.get(name) or LOSSES[name]))
