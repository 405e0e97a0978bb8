"""Every order of the products against autograd."""

import pytest
import torch

from himpc.learning._fast.meta_products import meta_products


@pytest.mark.parametrize(
    ("rows", "centres", "kept"),
    [(6, 2, 2), (64, 40, 8), (6, 20, 8)],
    ids=["few centres", "many centres", "fewer rows than centres"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_order_of_the_products_equals_autograd(rows, centres, kept, dtype):
    generator = torch.Generator().manual_seed(rows)
    f, c, w, logit_gradients = (
        torch.randn(*size, generator=generator, dtype=torch.float64)
        for size in [(rows, 8), (centres, 8), (3, 8, 8), (3, rows, centres)]
    )
    f.requires_grad_(), w.requires_grad_()
    expected = (f @ w) @ (c @ w).mT
    by_rows, by_heads = torch.autograd.grad(expected, [f, w], logit_gradients)
    f, c, w, logit_gradients = (x.detach().to(dtype) for x in (f, c, w, logit_gradients))
    order = meta_products(f, c, heads=3)
    transform = order.transform(w)
    assert transform.shape == (3, kept, 8)  # the centres under each head, or its square
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == torch.float32 else {}
    torch.testing.assert_close(order.logits(transform), expected.detach().to(dtype), **close)
    found = order.gradients(logit_gradients, transform, w)
    torch.testing.assert_close(found, (by_rows.to(dtype), by_heads.to(dtype)), **close)
