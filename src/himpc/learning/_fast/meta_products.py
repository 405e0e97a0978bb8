"""The logits of `himpc.learning.losses.hi_mpc`, multiplied in the order with the fewest operations.

tests/learning/fast/test_meta_products.py compares every order with the formula.
Shapes: R rows (frames of a batch), H features, M heads, K centres (prototypes). The logits are
``z[m, r, k] = (f_r W_m) · (c_k W_m) = f_r A_m c_k`` with ``A_m = W_m W_m^T``. The centres are constants, so only
the gradients for rows and heads are needed; with ``G_m = dL/dA_m`` the one for heads is ``(G_m + G_m^T) W_m``.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from himpc.model import matmul


class MetaProducts(Protocol):
    """One order of the products of a batch, for any number of heads at once."""

    def transform(self, heads: Tensor) -> Tensor:
        """Compute the transformation between rows and centres, an argument of the other two methods."""

    def logits(self, transform: Tensor) -> Tensor:
        """Compute z, ``(M, R, K)``."""

    def gradients(self, logit_gradients: Tensor, transform: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the gradients of ``sum(logit_gradients · z)`` for rows, ``(R, H)``, and heads, ``(M, H, H)``."""


def meta_products(rows: Tensor, centres: Tensor, heads: int) -> MetaProducts:
    """Choose the cheapest order of products for rows ``(R, H)`` and centres ``(K, H)``.

    Without heads, rows and centres are multiplied untransformed; the result has one head.
    """
    if not heads:
        return _NoHeads(rows, centres)
    (r, h), k = rows.shape, len(centres)
    cost_few = 3 * r * k * h + 3 * k * h**2 + h**3
    cost_many = 2 * r * k * h + (min(r, k) + 2 * r) * h**2 + 2 * h**3
    return _FewCentres(rows, centres) if cost_few <= cost_many else _ManyCentres(rows, centres)


class _NoHeads:
    def __init__(self, rows: Tensor, centres: Tensor) -> None:
        self._rows, self._centres, self._rows_transposed = rows, centres, rows.mT.contiguous()

    def transform(self, heads: Tensor) -> Tensor:
        return heads

    def logits(self, transform: Tensor) -> Tensor:
        return matmul(self._rows, self._centres)[None]

    def gradients(self, logit_gradients: Tensor, transform: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        return matmul(logit_gradients[0], self._centres.mT), heads


class _FewCentres(_NoHeads):
    """Multiply the centres by the heads twice, and the rows not at all: ``z = f (c W W^T)^T``.

    Multiply-adds of one head: 2 K H² and R K H for the logits; 2 R K H, K H² and H³ for the gradients.
    """

    def transform(self, heads: Tensor) -> Tensor:
        return matmul(matmul(self._centres, heads.mT), heads)

    def logits(self, transform: Tensor) -> Tensor:
        return matmul(self._rows, transform)

    def gradients(self, logit_gradients: Tensor, transform: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        square_gradients = matmul(self._centres.mT, matmul(self._rows_transposed, logit_gradients.mT))
        return _sum(matmul(logit_gradients, transform.mT)), _head_gradients(square_gradients, heads)


class _ManyCentres(_NoHeads):
    """Multiply rows or centres, whichever are fewer, by ``A = W W^T``, and the gradients by z by the centres once.

    ``Q = dL/dz C`` gives both gradients, ``dL/df = Q A`` and ``G = F^T Q``: two products over all pairs, not three.
    Multiply-adds of one head: H³, min(R, K) H² and R K H for the logits; R K H, 2 R H² and H³ for the gradients.
    """

    def transform(self, heads: Tensor) -> Tensor:
        return matmul(heads, heads)

    def logits(self, transform: Tensor) -> Tensor:
        if len(self._rows) < len(self._centres):
            return matmul(matmul(self._rows, transform), self._centres)
        return matmul(self._rows, matmul(self._centres, transform))

    def gradients(self, logit_gradients: Tensor, transform: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        projected = matmul(logit_gradients, self._centres.mT)  # Q, (M, R, H)
        square_gradients = matmul(self._rows_transposed, projected.mT)
        return _sum(matmul(projected, transform)), _head_gradients(square_gradients, heads)


def _sum(parts: Tensor) -> Tensor:
    return parts.sum(dim=0) if len(parts) > 1 else parts[0]


def _head_gradients(square_gradients: Tensor, heads: Tensor) -> Tensor:
    return matmul(square_gradients + square_gradients.mT, heads.mT)
