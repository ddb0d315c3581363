"""Blur kernels: camera shake and defocus."""

from __future__ import annotations

import numpy as np


def motion_kernel(size: int, rng: np.random.Generator, *, bend: float) -> np.ndarray:
    """The path of a shaken camera, drawn into (size, size) with weights that sum to one; its centre of mass is in the middle.

    The path's velocity turns at random; its length is three quarters of the size. After Boracchi and Foi, IEEE Trans. Image
    Process. 21 (2012) 3502, doi:10.1109/TIP.2012.2192126, whose impulses and inertia are left out.

    Args:
        size: odd side of the kernel.
        rng: of the path.
        bend: standard deviation of the turn over the whole path, radians; 0 is a straight line.
    """
    steps = 400
    angle = 2 * np.pi * rng.random() + np.cumsum(rng.standard_normal(steps)) * bend / np.sqrt(steps)
    path = np.cumsum(np.stack([np.sin(angle), np.cos(angle)]), axis=1)
    path -= path.mean(axis=1, keepdims=True)
    reach = np.abs(path).max()
    length = 0.75 * size / steps
    path *= min(length, (size // 2 - 1) / reach) if reach > 0 else 0.0
    kernel = np.zeros((size, size))
    rows, columns = path + size // 2
    low_r, low_c = np.floor(rows).astype(int), np.floor(columns).astype(int)
    for dr in (0, 1):
        for dc in (0, 1):
            weight = (1 - np.abs(rows - low_r - dr)) * (1 - np.abs(columns - low_c - dc))
            np.add.at(kernel, (low_r + dr, low_c + dc), weight)
    return np.asarray(kernel / kernel.sum())


def gaussian_kernel(size: int, sigma: float) -> np.ndarray:
    """A round Gaussian of ``sigma`` pixels in (size, size), summing to one."""
    axis = np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)
    kernel = np.outer(axis, axis)
    return np.asarray(kernel / kernel.sum())


def draw_kernel(name: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """A kernel by name: ``line``, ``curve``, ``shake`` or ``gaussian``, whose sigma is an eighth of the size."""
    if name == "gaussian":
        return gaussian_kernel(size, size / 8)
    return motion_kernel(size, rng, bend={"line": 0.0, "curve": 1.5, "shake": 5.0}[name])
