"""The network that answers an autocorrelation with an object."""

from __future__ import annotations

import torch
from torch import nn

from ..networks.unet import UNet

_GAIN = 3.0
"""What the perceptron's input is multiplied by: most lags of an autocorrelation are far below its maximum, 1."""

_SMALL = 3e-4
"""What keeps the gradient finite where the draft's spectrum vanishes, of its typical modulus."""


class LagNetwork(nn.Module):
    """Autocorrelation in, object out: a dense draft, which is given the measured amplitudes, and a U-Net that corrects it.

    What an object is at a pixel depends on its autocorrelation at every lag, which no stack of small convolutions reaches
    cheaply; a perceptron reaches it and blurs. So a perceptron over half of the lags, the other half being their complex
    conjugates, drafts the object; the draft is projected onto the amplitudes that the autocorrelation stands for; and a U-Net of
    three levels sees both beside the autocorrelation itself, of which the lags ``2 r`` and ``2 r + 1`` stand at index r: a convex
    body and its autocorrelation have one shape at scales 1 and 2.

    Args:
        side: of the object's frame in pixels, a multiple of 4; the input has ``2 side - 1`` lags an axis.
        width: channels of the finest level of the U-Net.
        hidden: units of the perceptron's layers.
    """

    def __init__(self, side: int, *, width: int, hidden: int) -> None:
        super().__init__()
        self.side = side
        self.draft = nn.Sequential(
            nn.Linear(4 * side * side, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, 2 * side * side),
        )
        self.correct = UNet(2 + 2 + 8, 2, width=width, levels=3, norm="batch")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """To (B, 2, side, side), real and imaginary part of an object of mean square 1.

        Args:
            x: (B, 2, 2 side - 1, 2 side - 1), real and imaginary part of the autocorrelation, lag 0 in the middle and 1 there.
        """
        x = nn.functional.pad(x, (1, 0, 1, 0))
        draft = self.draft(_GAIN * x[..., self.side :].flatten(1)).unflatten(1, (2, self.side, self.side)).to(x.dtype)
        with torch.autocast(x.device.type, enabled=False):
            projected = self.projected(draft, x)
        result: torch.Tensor = draft + self.correct(torch.cat([draft, projected, nn.functional.pixel_unshuffle(x, 2)], dim=1))
        return result

    def projected(self, draft: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """The draft with the modulus of its Fourier transform replaced by the amplitudes, cut to the frame."""
        lags = torch.fft.ifftshift(torch.complex(x[:, 0], x[:, 1]), dim=(-2, -1))
        amplitude = self.side * torch.fft.fft2(lags).real.clamp(min=0).sqrt()
        spectrum = torch.fft.fft2(torch.complex(draft[:, 0], draft[:, 1]), s=lags.shape[1:])
        replaced = torch.fft.ifft2(spectrum * amplitude / (spectrum.abs() + _SMALL * self.side))
        inside = replaced[:, : self.side, : self.side]
        return torch.stack([inside.real, inside.imag], dim=1)
