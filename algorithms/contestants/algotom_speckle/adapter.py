"""algotom.prep.phase, which tells where in the reference a window of the sample is: the shift to it is minus the displacement."""

from importlib.metadata import version as installed

import numpy as np
from algotom.prep import phase


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    border = settings["margin"] + settings["win_size"] // 2
    padding = [(0, 0), (border, border), (border, border)]  # it leaves so many pixels at each edge without an answer
    reference, sample = (np.pad(measurement[name], padding, mode="reflect") for name in ("reference", "sample"))
    options = {name: settings[name] for name in ("find_shift", "win_size", "margin", "dim")}
    found = phase.retrieve_phase_based_speckle_tracking(
        reference, sample, dark_signal=True, return_shift=True, chunk_size=None, ncore=1, **options
    )
    columns, rows, _, transmission, _ = (np.asarray(array)[border:-border, border:-border] for array in found)
    return {"displacement": -np.stack([rows, columns]).astype("f4"), "transmission": transmission.astype("f4")}


def version():
    return installed("algotom")
