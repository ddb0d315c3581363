"""mbipy.phase_retrieval; UMPA answers only where its windows fit, so that the images are continued by mirror images."""

from importlib.metadata import version as installed

import numpy as np
from mbipy.phase_retrieval import lcs, umpa


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    reference, sample = (measurement[name].astype(float) for name in ("reference", "sample"))
    if settings["method"] == "lcs":
        found = lcs(np.moveaxis(sample, 0, -1), np.moveaxis(reference, 0, -1))
        transmission, displacement = found.transmission, np.stack([found.phase_gy, found.phase_gx])
    else:
        border = settings["window"] // 2 + settings["search"] // 2
        padding = [(0, 0), (border, border), (border, border)]
        reference, sample = (np.pad(stack, padding, mode="reflect") for stack in (reference, sample))
        windows = (settings["search"],) * 2, (settings["window"],) * 2
        rows, columns, transmission, _ = umpa(sample, reference, *windows)
        displacement = np.stack([rows, columns])
    return {"displacement": displacement.astype("f4"), "transmission": transmission.astype("f4")}


def version():
    return installed("mbipy")
