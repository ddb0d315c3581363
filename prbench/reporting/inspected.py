"""The picture of a file that was inspected."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prbench.core.inspection import Inspection

_LARGEST = 1024
"""Pixels of the longer side; larger images are binned."""


def save_inspected(inspection: Inspection, path: Path) -> Path | None:
    """Draw the picture of an inspection as a PNG, in grey levels, logarithmic where it spans decades.

    Args:
        inspection: what to draw.
        path: of the file; its folder is made.

    Returns:
        ``path``, or None where there is no picture.
    """
    from PIL import Image

    if inspection.picture is None:
        return None
    values = np.where(np.isfinite(inspection.picture), inspection.picture, 0).astype(np.float64)
    factor = -(-max(values.shape) // _LARGEST)
    if factor > 1:
        rows, columns = (n // factor * factor for n in values.shape)
        values = values[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor).mean(axis=(1, 3))
    if inspection.is_logarithmic:
        values = np.log1p(np.maximum(values, 0) / max(float(values[values > 0].min()), 1e-30)) if (values > 0).any() else values
        low, high = 0.0, float(values.max())
    else:
        low, high = (float(level) for level in np.percentile(values, (0.5, 99.5)))
    grey = np.clip((values - low) / max(high - low, 1e-30), 0, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((255 * grey).round().astype(np.uint8)).save(path)
    return path
