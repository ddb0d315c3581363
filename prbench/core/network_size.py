"""How large a network is: numbers that it learns, and operations of one pass."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def size_of(network: torch.nn.Module, shape: Sequence[int]) -> tuple[int, int]:
    """:func:`parameter_count`, and :func:`network_flops` over an input of ``shape``.

    Nothing is computed where every operation of the network knows what shapes it makes.
    """
    try:
        flops = network_flops(copy.deepcopy(network).to("meta"), shape)
    except (RuntimeError, NotImplementedError):  # one that depends on values, or makes tensors on the host
        flops = network_flops(network, shape)
    return parameter_count(network), flops


def size_of_all(make: Callable[[], Iterable[tuple[torch.nn.Module, Sequence[int]]]]) -> tuple[int, int]:
    """:func:`size_of` of fresh networks together; torch's random numbers go on afterwards as if none had been made.

    Args:
        make: the networks, each with the shape of its input.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        sizes = [size_of(network, shape) for network, shape in make()]
    return sum(parameters for parameters, _ in sizes), sum(flops for _, flops in sizes)


def parameter_count(network: torch.nn.Module) -> int:
    """Number of trainable values of a network."""
    return sum(p.numel() for p in network.parameters())


def network_flops(network: torch.nn.Module, shape: Sequence[int]) -> int:
    """Floating-point operations of one pass over an input of ``shape``, (1, channels, ...).

    A multiplication with its addition counts two; counted are convolutions and matrix products, as torch's own counter does.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    like = next(network.parameters())
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(tuple(shape), device=like.device, dtype=like.dtype))
    return int(counter.get_total_flops())
