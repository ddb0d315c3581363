"""pyholoscope's off-axis functions on hologram and background, on the full grid; the sign is that of the side band found."""

from importlib.metadata import version as installed

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import pyholoscope
from skimage.restoration import unwrap_phase


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    image, background = measurement["interferogram"], measurement["background"]
    found = pyholoscope.off_axis_find_mod(background, mask_fraction=settings["mask_fraction"])
    estimate = np.atleast_1d(pyholoscope.off_axis_find_crop_radius(background, mask_fraction=settings["mask_fraction"])).min()
    room = min(*found, *(n - at for n, at in zip(image.shape, found, strict=True)))
    radius = int(min(settings["radius"] * estimate, room))
    waves = [pyholoscope.off_axis_demod(frame, found, radius, return_full=True) for frame in (image, background)]
    row, column = (at - n // 2 for at, n in zip(found, image.shape, strict=True))
    sign = np.sign(column if abs(column) >= 1 else row)
    return {"phase": (sign * unwrap_phase(np.angle(waves[0] * np.conj(waves[1])))).astype(image.dtype)}


def version():
    return installed("pyholoscope")
