"""A MobileNet-v2 encoder, a decoder of chosen links, and a head that answers at full resolution."""

from __future__ import annotations

import torch
from torch import nn

from .links import Links
from .mobilenet_v2 import MULTIPLE, STRIDES, MobileNetV2, centre
from .sparse_decoder import WIDTH, MergedDecoder, SparseDecoder, SuperDecoder
from .unet import extended, folded


class SparseNet(nn.Module):
    """Images to images of the same size.

    The last stage of the decoder is half as fine as the image; the head makes of each of its pixels four of the answer by a 3x3
    convolution, whose channels are their positions (Shi et al., CVPR 2016, 1874, arXiv:1609.05158).

    Args:
        links: of the decoder; None for the supernet with all links weighted, of which a search finds those that matter.
        inputs: channels in.
        outputs: channels out.
        width: channels of each decoder stage.
    """

    def __init__(self, links: Links | None, inputs: int = 1, outputs: int = 1, width: int = WIDTH) -> None:
        super().__init__()
        self.encoder = MobileNetV2(inputs)
        self.decoder: nn.Module = SuperDecoder(width=width) if links is None else SparseDecoder(links, width=width)
        fine = STRIDES[0]
        self.head = nn.Sequential(nn.Conv2d(width, outputs * fine**2, 3, padding=1), nn.PixelShuffle(fine))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, inputs, H, W) to (B, outputs, H, W); sides that are not multiples of 32 are mirrored out and cut back."""
        rows, columns = x.shape[-2:]
        features = self.encoder(extended(x, MULTIPLE))
        result: torch.Tensor = self.head(self.decoder(features))[..., :rows, :columns]
        return result


def merged(network: SparseNet) -> SparseNet:
    """A trained network in evaluation mode, changed into its fastest form.

    Norms are folded, convolutions joined where possible, and no image is copied to give it a frame of zeros.
    """
    assert isinstance(network.decoder, SparseDecoder)
    if not isinstance(network.decoder, SuperDecoder):
        network.decoder = MergedDecoder(network.decoder).eval()
    folded(network)
    centre(network)
    # Joined and padded kernels are new tensors; in the other layout each would be turned round in every pass.
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.to(memory_format=torch.channels_last)  # unlike contiguous, also the strides of 1x1
    return network
