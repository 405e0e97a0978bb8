"""The fast product equals that of torch, for every shape and memory order."""

import pytest
import torch

from himpc.model import matmul


@pytest.mark.parametrize("rows", [(7, 5), (3, 7, 5), (1, 7, 5), (7, 0), (0, 5)])
@pytest.mark.parametrize("columns", ["(k, h)", "(M, k, h)"])
@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_product_equals_that_of_torch(rows, columns, order, dtype):
    stack = (rows[0],) if len(rows) == 3 else (3,)
    a = torch.randn(rows, dtype=dtype)
    b = torch.randn(*(() if columns == "(k, h)" else stack), 4, rows[-1], dtype=dtype)
    if order == "columns":
        a, b = (x.mT.contiguous().mT for x in (a, b))
    torch.testing.assert_close(matmul(a, b), a @ b.mT)


def test_product_without_onednn_is_equal(monkeypatch):
    a, b = torch.randn(30, 20), torch.randn(10, 20)
    fast = matmul(a, b)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    torch.testing.assert_close(matmul(a, b), fast)


def test_product_is_reproducible():
    a, b = torch.randn(1536, 256), torch.randn(370, 256)
    assert torch.equal(matmul(a, b), matmul(a.clone(), b.clone()))
