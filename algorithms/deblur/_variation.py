"""The image that a known kernel explains with the least total variation."""

from __future__ import annotations

import torch

from prbench.tasks.deblur import BlurredImage

_ITERATIONS = 120


def deconvolved(y: BlurredImage, kernel: torch.Tensor, weight: float, span: float) -> torch.Tensor:
    """The image of ``min |k * x - y|^2 / 2 + weight |grad x|``, the length of the gradient smoothed near zero, by Adam.

    Rudin, Osher, Fatemi, Physica D 60 (1992) 259, doi:10.1016/0167-2789(92)90242-F.

    Args:
        y: on a torch backend.
        kernel: (*kernel_shape).
        weight: of the total variation, in units of the image.
        span: range of the image's values.
    """
    x = padded(y.image, y.kernel_shape).clone().requires_grad_()
    optimiser = torch.optim.Adam([x], lr=0.015 * span)
    for _ in range(_ITERATIONS):
        optimiser.zero_grad()
        misfit = y.blur(x, kernel) - y.image
        if y.mask is not None:
            misfit = torch.where(y.mask, misfit, torch.zeros_like(misfit))
        loss = 0.5 * misfit.square().sum() + weight * gradient_lengths(x, span).sum()
        loss.backward()
        optimiser.step()
    return x.detach()


def gradient_lengths(x: torch.Tensor, span: float) -> torch.Tensor:
    """Length of the gradient, smoothed below a few thousandths of the range."""
    down, right = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
    return (down**2 + right**2 + (3e-3 * span) ** 2).sqrt()


def padded(image: torch.Tensor, sizes: tuple[int, int]) -> torch.Tensor:
    """An image with its edge pixels repeated outwards, to the shape of the sharp one."""
    rows, columns = (k // 2 for k in sizes)
    return torch.nn.functional.pad(image[None, None], (columns, columns, rows, rows), mode="replicate")[0, 0]
