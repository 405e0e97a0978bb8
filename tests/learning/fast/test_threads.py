"""Work on several threads gives the results of one, in order, and restores the settings of torch."""

import pytest
import torch

from himpc.learning import Config
from himpc.learning._fast.hi_mpc import hi_mpc
from himpc.learning._fast.threads import map_on_threads, single_thread


@pytest.fixture
def threads():
    """Set the number of threads of torch, and restore it."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_results_are_ordered_and_items_share_the_threads(threads, count):
    threads(count)
    found = map_on_threads(lambda item: (item, torch.get_num_threads()), range(3))
    assert found == [(item, max(count // 3, 1)) for item in range(3)]
    assert torch.get_num_threads() == count
    assert map_on_threads(lambda _: torch.get_num_threads(), [0]) == [count]


def test_an_error_propagates_and_settings_are_restored(threads):
    threads(2)
    with pytest.raises(ZeroDivisionError):
        map_on_threads(lambda item: 1 // item, [1, 0])
    assert torch.get_num_threads() == 2


def test_single_thread_limits_torch_and_restores_settings(threads):
    threads(2)
    with single_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(RuntimeError), single_thread():
        torch.zeros(2) @ torch.zeros(3)
    assert torch.get_num_threads() == 2


def test_no_gradient_is_recorded(threads):
    threads(2)
    weight = torch.ones(1, requires_grad=True)
    assert not any(found.requires_grad for found in map_on_threads(lambda item: item * weight, [1, 2]))


def test_loss_and_gradients_have_the_same_bits_on_one_thread_and_three(threads):
    frames, heads = torch.randn(32, 6, 64, requires_grad=True), torch.randn(8, 64, 64, requires_grad=True)
    prototypes, labels = torch.randn(40, 64) / 64, torch.arange(32)

    def bits(count):
        threads(count)
        loss = hi_mpc(frames, prototypes, heads, labels, Config())
        return loss.detach(), *torch.autograd.grad(loss, [frames, heads])

    one, three = bits(1), bits(3)
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))
