"""Independent networks side by side in one module: put together from seeds, and cut to some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

Make = Callable[[int], nn.Module]
"""Makes fresh networks, that many side by side, in their place and layout; every tensor of theirs that is no scalar begins with
the axis along which they stand."""


def from_seeds(make: Make, seeds: Sequence[int]) -> nn.Module:
    """One network a seed, side by side; each has the weights that it would have alone."""
    singles = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            singles.append(make(1).state_dict())
    stacked = _to_be_filled(make, len(seeds))
    first = singles[0]
    stacked.load_state_dict({k: torch.cat([one[k] for one in singles]) if v.ndim else v for k, v in first.items()})
    return stacked


def narrowed(
    networks: Sequence[nn.Module], makes: Sequence[Make], starts: int, rows: Sequence[int], optimiser: torch.optim.Adam
) -> tuple[list[nn.Module], torch.optim.Adam]:
    """The networks of some starts, and an optimiser that goes on where the given one was.

    Args:
        networks: each of ``starts`` networks side by side; ``makes`` made them.
        makes: one for each of ``networks``.
        starts: how many stand side by side.
        rows: those that go on, in this order.
        optimiser: of all parameters of ``networks``, in their order.
    """

    def subset(tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.ndim:
            return tensor
        return tensor.reshape(starts, -1, *tensor.shape[1:])[list(rows)].flatten(0, 1)

    fewer = []
    for network, make in zip(networks, makes, strict=True):
        cut = _to_be_filled(make, len(rows))
        cut.load_state_dict({k: subset(v) for k, v in network.state_dict().items()})
        fewer.append(cut)
    old = [p for network in networks for p in network.parameters()]
    new = [p for network in fewer for p in network.parameters()]
    going = torch.optim.Adam(new, **{k: v for k, v in optimiser.defaults.items() if k in ("lr", "betas", "eps", "fused")})
    for before, after in zip(old, new, strict=True):
        if before in optimiser.state:
            # Fused Adam walks through memory: its averages must be laid out as the parameter is.
            going.state[after] = {
                k: torch.empty_like(after).copy_(subset(v)) if v.ndim else v.clone() for k, v in optimiser.state[before].items()
            }
    return fewer, going


def _to_be_filled(make: Make, count: int) -> nn.Module:
    """Networks whose first weights are of no use: making them draws all the same, from a generator that is put back."""
    with torch.random.fork_rng(devices=[]):
        return make(count)
