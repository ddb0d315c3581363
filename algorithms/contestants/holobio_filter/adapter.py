"""holobio's functions behind its windows: the side band in the upper half of the spectrum, of hologram and background alike."""

from importlib.metadata import version as installed

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from holobio import pyDHM_methods, unwrapping
from skimage.restoration import unwrap_phase


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    image, background = measurement["interferogram"], measurement["background"]
    options = {"filter_type": settings["filter_type"], "show_ft_and_filter": False}
    waves, orders = [], []
    for frame in (image, background):
        wave, row, column = pyDHM_methods.spatialFilteringCF(frame, *frame.shape, **options)
        waves.append(wave)
        orders.append((int(row.item()) - frame.shape[0] // 2, int(column.item()) - frame.shape[1] // 2))
    row, column = orders[1]
    sign = np.sign(column if abs(column) >= 1 else row)
    wrapped = np.angle(waves[0] * np.conj(waves[1]))
    phase = unwrapping.phase_unwrap(wrapped) if settings["unwrap"] == "WPhU" else unwrap_phase(wrapped)
    return {"phase": (sign * phase).astype(image.dtype)}


def version():
    return installed("holobio")
