"""A kernel estimated from edges, from coarse to fine: an image of few edges that it explains, and the kernel this explains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from prbench.tasks.deblur import BlurredImage

from ._variation import padded

_COARSEST = 5
"""Pixels across the kernel, along its longer side, where the search begins."""

_STEP = 2**-0.5
_ROUNDS = 5
_LAST_ROUNDS = 10
_EDGE_COST = 2e-3
"""Of a pixel with a gradient, against the squared misfit of one of an image from 0 to 1."""

_KERNEL_COST = 20.0
_KERNEL_ITERATIONS = 20
_FAINT = 0.2
"""Part of the smoothed kernel's largest value under which a pixel does not belong to the kernel."""

_SMOOTHING_PX = 0.7
_LEAST_PART = 0.15
"""Of the kernel's sum: what a piece apart from the others must have."""

_FREQUENCIES = (torch.fft.fftfreq, torch.fft.rfftfreq)


def estimated_kernel(y: BlurredImage, span: float) -> torch.Tensor:
    """A kernel (*kernel_shape) that explains the gradients of the blurred image by few edges.

    Args:
        y: on a torch backend.
        span: range of the image's values.
    """
    scales = [1.0]
    while max(y.kernel_shape) * scales[-1] * _STEP >= _COARSEST:
        scales.append(scales[-1] * _STEP)
    kernel = _gaussian(y, _sizes(y, scales[-1]))
    for scale in reversed(scales[1:]):
        level = _coarser(y, scale)
        kernel = sharpened_kernel(level, _centred(_resized(kernel, level.kernel_shape)), span, _ROUNDS)
        y.counters.operators += level.counters.operators
    return sharpened_kernel(y, _centred(_resized(kernel, y.kernel_shape)), span, _LAST_ROUNDS)


def _sizes(y: BlurredImage, scale: float) -> tuple[int, int]:
    rows, columns = (k if scale == 1 else 2 * int(k * scale / 2) + 1 for k in y.kernel_shape)
    return rows, columns


def _coarser(y: BlurredImage, scale: float) -> BlurredImage:
    """The problem at a lower resolution."""
    sizes = _sizes(y, scale)
    rows, columns = (max(round(n * scale), k) for n, k in zip(y.shape, sizes, strict=True))
    host = y.backend.to_numpy
    mask = None if y.mask is None else host(_resized(y.mask.to(y.image.dtype), (rows, columns))) > 0.5
    mask = mask if mask is None or mask.any() else None
    return BlurredImage(host(_resized(y.image, (rows, columns))), sizes, mask=mask).to(y.backend)


def sharpened_kernel(y: BlurredImage, kernel: torch.Tensor, span: float, rounds: int) -> torch.Tensor:
    """A better kernel from a rough one at the same resolution.

    In turn the image of fewest gradients that the kernel explains, by half-quadratic splitting (Xu, Lu, Xu, Jia, ACM Trans.
    Graph. 30 (2011) 174, doi:10.1145/2070781.2024208), and the kernel by least squares between gradients, of which the pixels
    with little in them are left out (after Pan, Hu, Su, Yang, CVPR 2014, doi:10.1109/CVPR.2014.371).

    Args:
        y: on a torch backend.
        kernel: (*kernel_shape), sums to one.
        span: range of the image's values.
        rounds: of image and kernel.
    """
    seen = torch.ones_like(y.image, dtype=torch.bool) if y.mask is None else y.mask
    edges = torch.stack([seen & seen.roll(-1, axis) for axis in (0, 1)])
    edges[0, -1], edges[1, :, -1] = False, False
    image = y.image / span
    slopes = _slopes(image) * edges
    x = padded(image, y.kernel_shape)
    kernel = _significant_part(kernel)
    for _ in range(rounds):
        x = _few_edges(y, image, seen, x, kernel)
        kernel = _significant_part(_least_squares(y, slopes, edges, x, kernel))
        moves = centring(kernel)
        kernel, x = kernel.roll(moves, (0, 1)), x.roll([-m for m in moves], (0, 1))
    return kernel


def _few_edges(y: BlurredImage, image: torch.Tensor, seen: torch.Tensor, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """``min |k * x - y|^2 + cost |grad x|_0``, x cyclic; what is not seen of the blurred image is taken from the last x."""
    shape = x.shape
    top, left = (k - 1 for k in kernel.shape)
    K = torch.fft.rfft2(kernel, s=shape)
    slopes = [torch.exp(2j * torch.pi * f(n, device=x.device).to(x.dtype)) - 1 for f, n in zip(_FREQUENCIES, shape, strict=True)]
    down, right = slopes[0][:, None], slopes[1][None, :]
    steepness = down.abs() ** 2 + right.abs() ** 2
    weight = 2 * _EDGE_COST
    while weight < 1e3:
        y.counters.operators += 2
        X = torch.fft.rfft2(x)
        edges = torch.fft.irfft2(torch.stack([X * down, X * right]), s=shape)
        edges = edges * ((edges**2).sum(dim=0) > _EDGE_COST / weight)
        full_image = torch.fft.irfft2(K * X, s=shape)
        part = full_image[top:, left:]
        part.copy_(torch.where(seen, image, part))
        E = torch.fft.rfft2(edges)
        numerator = K.conj() * torch.fft.rfft2(full_image) + weight * (down.conj() * E[0] + right.conj() * E[1])
        x = torch.fft.irfft2(numerator / (K.abs() ** 2 + weight * steepness), s=shape)
        weight *= 2
    return x


def _least_squares(
    y: BlurredImage, slopes: torch.Tensor, edges: torch.Tensor, x: torch.Tensor, kernel: torch.Tensor
) -> torch.Tensor:
    sharp = _slopes(x)

    def normal(k: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = y.kernel_adjoint(edges * y.blur(sharp, k), sharp).sum(dim=0) + _KERNEL_COST * k
        return result

    return conjugate_gradients(normal, y.kernel_adjoint(slopes, sharp).sum(dim=0), kernel, _KERNEL_ITERATIONS)


def _slopes(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([x.roll(-1, axis) - x for axis in (0, 1)])


def _significant_part(kernel: torch.Tensor) -> torch.Tensor:
    """The kernel without what is negative, faint or a small piece apart; it sums to one."""
    from scipy.ndimage import gaussian_filter, label

    host = np.maximum(kernel.cpu().numpy(), 0)
    smooth = gaussian_filter(host, _SMOOTHING_PX, mode="constant")
    keep = smooth > _FAINT * smooth.max()
    pieces, count = label(keep, structure=np.ones((3, 3)))
    if count > 1:
        mass = np.bincount(pieces.ravel(), (host * keep).ravel())
        keep &= mass[pieces] >= _LEAST_PART * mass[1:].sum()
    part = host * keep
    if not part.any():  # an image without gradients tells of no blur
        part[part.shape[0] // 2, part.shape[1] // 2] = 1
    return torch.as_tensor(part / part.sum(), dtype=kernel.dtype, device=kernel.device)


def centring(kernel: torch.Tensor) -> list[int]:
    """Whole pixels by which to roll a kernel so that its centre of mass is nearest to the middle."""
    mass = kernel / kernel.sum()
    moves = []
    for axis, k in enumerate(kernel.shape):
        offset = torch.arange(k, dtype=kernel.dtype, device=kernel.device) - k // 2
        moves.append(-round(float((mass.sum(dim=1 - axis) * offset).sum())))
    return moves


def _gaussian(y: BlurredImage, sizes: tuple[int, int]) -> torch.Tensor:
    axes = [torch.arange(k, dtype=y.image.dtype, device=y.image.device) - k // 2 for k in sizes]
    rows, columns = (torch.exp(-0.5 * (axis / (k / 8)) ** 2) for axis, k in zip(axes, sizes, strict=True))
    return torch.outer(rows, columns) / (rows.sum() * columns.sum())


def _centred(kernel: torch.Tensor) -> torch.Tensor:
    """The kernel without what is negative, its centre of mass nearest to the middle."""
    kernel = kernel.clamp(min=0)
    return kernel.roll(centring(kernel), dims=(0, 1)) / kernel.sum()


def _resized(image: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    result: torch.Tensor = functional.interpolate(image[None, None], size=shape, mode="bilinear", antialias=True)[0, 0]
    return result


def conjugate_gradients(
    apply: Callable[[torch.Tensor], torch.Tensor], b: torch.Tensor, x: torch.Tensor, iterations: int
) -> torch.Tensor:
    """Solve ``apply(x) = b`` from ``x``, for a symmetric and positive map."""
    r = b - apply(x)
    p, square = r, (r * r).sum()
    for _ in range(iterations):
        if float(square) <= 1e-8 * float((b * b).sum()):
            break
        image = apply(p)
        length = square / (p * image).sum()
        x, r = x + length * p, r - length * image
        before, square = square, (r * r).sum()
        p = r + square / before * p
    return x
