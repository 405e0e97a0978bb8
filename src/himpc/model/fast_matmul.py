"""Fast float32 matrix products on CPUs of any vendor."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def matmul(rows: Tensor, columns: Tensor) -> Tensor:
    """Compute ``rows @ columns.mT`` without gradient.

    Parameters
    ----------
    rows : tensor ``(n, h)`` or ``(M, n, h)``
    columns : tensor ``(k, h)`` or ``(M, k, h)``
        In any memory order.

    Returns
    -------
    tensor ``(n, k)``, or ``(M, n, k)`` if either has M

    Notes
    -----
    On a CPU, torch multiplies float32 by MKL, which does not use the wide instructions of processors of other vendors
    than Intel. The oneDNN in torch does and is twice as fast there, but torch has no public name
    for its product. If the private name is missing, and for other dtypes and devices, this is ``rows @ columns.mT``.
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
    """Compute ``rows @ columns.mT + bias``, or with `relu` its positive part; otherwise as `matmul`.

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
        if fast is not None and len(rows) > 1:  # for one row, oneDNN's preparation of the columns does not pay
            return fast(rows, columns, bias, "relu" if relu else "none")
        result = torch.addmm(bias, rows, columns.mT)
        return result.relu_() if relu else result


def _onednn() -> Callable[..., Tensor] | None:
    """Return the matrix product of oneDNN, or None if it is missing or disabled in this torch."""
    backend = torch.backends.mkldnn
    available = backend.is_available()  # type: ignore[no-untyped-call]
    if not (available and backend.enabled and hasattr(torch.ops.mkldnn, "_linear_pointwise")):
        return None
    linear = torch.ops.mkldnn._linear_pointwise

    def multiply(rows: Tensor, columns: Tensor, bias: Tensor | None = None, after: str = "none") -> Tensor:
        result: Tensor = linear(rows.contiguous(), columns, bias, after, [], "")
        return result

    return multiply
