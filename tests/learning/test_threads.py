"""Work on several threads gives what one gives, in order, and leaves torch's settings as they were."""

import pytest
import torch

from himpc.learning.objective import level_loss
from himpc.learning.threads import on_one_thread, on_threads


@pytest.fixture
def threads():
    """Set torch's threads, and set them back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_results_come_in_order_and_each_has_its_share_of_the_threads(threads, count):
    threads(count)
    found = on_threads(lambda item: (item, torch.get_num_threads()), range(3))
    assert found == [(item, max(count // 3, 1)) for item in range(3)]
    assert torch.get_num_threads() == count
    assert on_threads(lambda _: torch.get_num_threads(), [0]) == [count]


def test_an_error_comes_through_and_the_settings_back(threads):
    threads(2)
    with pytest.raises(ZeroDivisionError):
        on_threads(lambda item: 1 // item, [1, 0])
    assert torch.get_num_threads() == 2


def test_short_operations_keep_to_one_thread_and_the_settings_come_back(threads):
    threads(2)
    with on_one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(RuntimeError), on_one_thread():
        torch.zeros(2) @ torch.zeros(3)
    assert torch.get_num_threads() == 2


def test_no_gradient_is_recorded(threads):
    threads(2)
    weight = torch.ones(1, requires_grad=True)
    assert not any(found.requires_grad for found in on_threads(lambda item: item * weight, [1, 2]))


def test_loss_and_gradients_are_the_same_bits_on_one_thread_and_on_three(threads):
    frames, heads = torch.randn(32, 6, 64, requires_grad=True), torch.randn(8, 64, 64, requires_grad=True)
    prototypes, labels = torch.randn(40, 64) / 64, torch.arange(32)

    def bits(count):
        threads(count)
        loss = level_loss(frames, prototypes, heads, labels)
        return loss.detach(), *torch.autograd.grad(loss, [frames, heads])

    one, three = bits(1), bits(3)
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))
