"""Networks side by side: what each would be alone, and going on with some of them."""

from __future__ import annotations

import torch

from prbench.algorithms.networks.skip import SkipNetwork
from prbench.algorithms.networks.starts import from_seeds, narrowed


def make(starts: int) -> SkipNetwork:
    return (
        SkipNetwork(2, 2, 1, channels=6, scales=2, skip_channels=2, starts=starts).double().to(memory_format=torch.channels_last)
    )


def trained(network, optimiser, z, targets, steps):
    for _ in range(steps):
        optimiser.zero_grad()
        (network(z)[0] - targets).square().sum().backward()
        optimiser.step()


def adam(network) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=1e-2, fused=True)


def test_a_start_is_the_network_of_its_seed():
    z = torch.rand(1, 6, 12, 12).double()
    together = from_seeds(make, [3, 1, 2])(z)
    for row, seed in enumerate([3, 1, 2]):
        alone = from_seeds(make, [seed])(z[:, 2 * row : 2 * row + 2])
        torch.testing.assert_close(alone[:, 0], together[:, row], rtol=1e-4, atol=1e-5)


def test_making_networks_leaves_the_random_state_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    from_seeds(lambda _: make(1), [1])
    torch.manual_seed(5)
    assert torch.equal(before, torch.random.get_rng_state())


def test_starts_that_go_on_do_what_they_would_have_done():
    z, targets = torch.rand(1, 6, 12, 12).double(), torch.rand(3, 12, 12).double()
    whole = from_seeds(make, [1, 2, 3])
    optimiser = adam(whole)
    trained(whole, optimiser, z, targets, 5)
    rows = [2, 0]
    (some,), going = narrowed([whole], [make], 3, rows, optimiser)
    few = z.reshape(3, 2, 12, 12)[rows].reshape(1, 4, 12, 12)
    trained(some, going, few, targets[rows], 5)
    trained(whole, optimiser, z, targets, 5)
    with torch.no_grad():
        torch.testing.assert_close(some(few)[0], whole(z)[0, rows], rtol=1e-6, atol=1e-8)
