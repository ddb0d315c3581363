"""The eight symmetries of the square acting on images and on fields of vectors: how training data are multiplied."""

from __future__ import annotations

import numpy as np

SYMMETRIES_OF_THE_SQUARE = 8
"""Number of symmetries; element 0 changes nothing."""


def rotated(images: np.ndarray, element: int) -> np.ndarray:
    """Images (..., H, W) mirrored and transposed; where they are transposed, H and W are exchanged.

    Args:
        images: of any leading shape.
        element: 0 to 7. Bit 0 mirrors the columns, bit 1 the rows, and then bit 2 transposes.
    """
    if element & 1:
        images = images[..., ::-1]
    if element & 2:
        images = images[..., ::-1, :]
    return images.swapaxes(-1, -2) if element & 4 else images


def rotated_vectors(field: np.ndarray, element: int) -> np.ndarray:
    """A field of vectors (..., 2, H, W), rows then columns, carried along by :func:`rotated`: its vectors turn as well."""
    moved = rotated(field, element)
    signs = np.array([-1 if element & 2 else 1, -1 if element & 1 else 1], dtype=field.dtype)[:, None, None]
    moved = np.asarray(moved * signs)
    return moved[..., ::-1, :, :] if element & 4 else moved
