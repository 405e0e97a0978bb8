"""Matrix products in float32 at the rate of the processor, whoever made it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["linear", "matmul"]


def matmul(rows: Tensor, columns: Tensor) -> Tensor:
    """Return ``rows @ columns.mT``; no gradient flows through it.

    Parameters
    ----------
    rows : tensor ``(n, h)`` or ``(M, n, h)``
    columns : tensor ``(k, h)`` or ``(M, k, h)``
        In any order of memory.

    Returns
    -------
    tensor ``(n, k)``, or ``(M, n, k)`` where either has M

    Notes
    -----
    On a CPU torch multiplies float32 by MKL, which leaves the wide instructions of processors that are not Intel's
    unused; the oneDNN in the same torch does not, and is twice as fast there (docs/performance.md). torch has no public
    name for that product. Where the private one is missing, and for other dtypes and devices, this is a plain product.
    """
    with torch.no_grad():
        fast = _onednn() if rows.device.type == "cpu" and rows.dtype == torch.float32 else None
        if fast is None or not rows.numel() or not columns.numel():
            return rows @ columns.mT
        if rows.dim() == columns.dim() == 2:
            return fast(rows, columns)
        count = max(len(stack) for stack in (rows, columns) if stack.dim() == 3)
        rows, columns = (stack.expand(count, -1, -1) for stack in (rows, columns))
        parts = [fast(a, b) for a, b in zip(rows, columns, strict=True)]
        return parts[0][None] if count == 1 else torch.stack(parts)


def linear(rows: Tensor, columns: Tensor, bias: Tensor, *, relu: bool = False) -> Tensor:
    """Return ``rows @ columns.mT + bias``, or with `relu` its positive part; like `product` otherwise.

    Parameters
    ----------
    rows : tensor ``(n, h)``
    columns : tensor ``(k, h)``
    bias : tensor ``(k,)``

    Returns
    -------
    tensor ``(n, k)``
    """
    with torch.no_grad():
        fast = _onednn() if rows.device.type == "cpu" and rows.dtype == torch.float32 else None
        if fast is not None and len(rows) > 1:  # which prepares the columns first: not worth it for one row
            return fast(rows, columns, bias, "relu" if relu else "none")
        found = torch.addmm(bias, rows, columns.mT)
        return found.relu_() if relu else found


def _onednn() -> Callable[..., Tensor] | None:
    """Return oneDNN's product, or None where this torch has none or has it switched off."""
    backend = torch.backends.mkldnn
    available = backend.is_available()  # type: ignore[no-untyped-call]
    if not (available and backend.enabled and hasattr(torch.ops.mkldnn, "_linear_pointwise")):
        return None
    linear = torch.ops.mkldnn._linear_pointwise

    def multiply(rows: Tensor, columns: Tensor, bias: Tensor | None = None, after: str = "none") -> Tensor:
        found: Tensor = linear(rows.contiguous(), columns, bias, after, [], "")
        return found

    return multiply
