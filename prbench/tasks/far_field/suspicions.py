"""What an answer of the task gives reason to doubt."""

from __future__ import annotations

import numpy as np

from prbench.core.reconstruction import Reconstruction

SUPPORT_THRESHOLD = 0.05
"""Fraction of the largest magnitude from which on a pixel belongs to an object that comes without a support."""
_LARGEST_SHARE = 0.6
"""Of the object's frame, which is half the detector's in every axis, that a support may fill without a word."""


def suspicions(reconstruction: Reconstruction) -> tuple[str, ...]:
    """A support that fills the object's frame, since any pattern is explained by it; starts that memory did not hold."""
    x = np.asarray(reconstruction.object)
    support = reconstruction.aux.get("support")
    if getattr(support, "shape", None) == x.shape:
        inside = np.asarray(support) != 0
    else:
        inside = np.abs(x) > SUPPORT_THRESHOLD * float(np.abs(x).max())
    share = float(inside.mean())
    cut = reconstruction.aux.get("starts_cut")
    said = () if cut is None else (f"memory held {cut[0]} of {cut[1]} starts; crop or bin the pattern for more",)
    if share <= _LARGEST_SHARE:
        return said
    return (
        *said,
        f"the support fills {100 * share:.0f} % of the object's frame: R says little then; compare the free R (holdout=)",
    )
