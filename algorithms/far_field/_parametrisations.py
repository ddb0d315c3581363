"""How the outputs of networks make an object: magnitude and phase, or real and imaginary part."""

from __future__ import annotations

import torch

Outputs = list[torch.Tensor]
"""What each network has drawn: real (starts, outputs of it, *frame)."""


def magnitude_and_phase(outputs: Outputs) -> torch.Tensor:
    """``sigmoid(a) exp(i b)`` of two networks: the magnitude lies between 0 and 1, the phase goes beyond pi where it must."""
    magnitude, phase = outputs
    return torch.polar(torch.sigmoid(magnitude[:, 0]), phase[:, 0])


def phase_alone(outputs: Outputs) -> torch.Tensor:
    """``exp(i b)`` of one network, for objects of uniform magnitude that fill their frame."""
    phase = outputs[0][:, 0]
    return torch.polar(torch.ones_like(phase), phase)


def real_and_imaginary(outputs: Outputs) -> torch.Tensor:
    """``a + i b`` of one network with two outputs."""
    both = outputs[0]
    return torch.complex(both[:, 0].contiguous(), both[:, 1].contiguous())


def nonnegative_real_and_imaginary(outputs: Outputs) -> torch.Tensor:
    """``softplus(a) + i b`` of two networks."""
    real, imaginary = outputs
    return torch.complex(torch.nn.functional.softplus(real[:, 0]), imaginary[:, 0].contiguous())
