"""Adam equals that of torch, bit for bit."""

import torch

from himpc.learning.optimiser import Adam


def test_steps_equal_those_of_torch():
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(3, 4, generator=generator, requires_grad=True), torch.zeros(2, requires_grad=True)]
    theirs = [each.detach().clone().requires_grad_() for each in ours]
    optimiser, reference = Adam(ours, 0.01), torch.optim.Adam(theirs, lr=0.01, fused=True)
    for step in range(5):
        gradients = [torch.randn(each.shape, generator=generator) for each in ours]
        for parameters, each in ((ours, optimiser), (theirs, reference)):
            each.zero_grad()
            for parameter, gradient in zip(parameters[: 1 + (step != 2)], gradients, strict=False):
                parameter.grad = gradient.clone()
            each.step()
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
