"""Adam, whose moments are tensors that a checkpoint stores."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam

__all__ = ["Adam"]


class Adam:
    """Update parameters as `torch.optim.Adam` with ``fused=True`` does, bit for bit.

    To construct that class imports torch's compiler, which takes more than a second of every training.

    Attributes
    ----------
    state : dict
        By parameter, its tensors ``step``, ``exp_avg`` and ``exp_avg_sq``.

    References
    ----------
    Kingma, Ba: Adam: a method for stochastic optimization. ICLR 2015.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float) -> None:
        self._learning_rate = learning_rate
        self.state = {
            parameter: {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
            for parameter in parameters
        }

    def zero_grad(self) -> None:
        """Remove the gradients of all parameters."""
        for parameter in self.state:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters that have a gradient."""
        used = [(parameter, state) for parameter, state in self.state.items() if parameter.grad is not None]
        adam(
            [parameter for parameter, _ in used],
            [parameter.grad for parameter, _ in used if parameter.grad is not None],
            [state["exp_avg"] for _, state in used],
            [state["exp_avg_sq"] for _, state in used],
            [],
            [state["step"] for _, state in used],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self._learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
