"""pyphase.phaseretrieval on one distance: energies in keV, the phase negative in matter, as prbench's."""

import os
from importlib.metadata import version as installed

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")
from pyphase import phaseretrieval


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    intensity, ratio = measurement["intensity"], measurement["delta_beta"]
    told = {
        "shape": intensity.shape,
        "pixel_size": float(measurement["pixel_m"]),
        "distance": np.array([measurement["distance_m"]]),
        "energy": measurement["energy_ev"] / 1e3,
        "alpha": [settings["alpha_low"], settings["alpha_high"]],
    }
    if settings["method"] == "paganin":
        if ratio is None:
            raise NotImplementedError("Paganin's method needs delta_beta")
        retrieval = phaseretrieval.TIEHOM(delta_beta=ratio, **told)
    else:
        retrieval = phaseretrieval.CTFPurePhase(**told) if ratio is None else phaseretrieval.CTFHOM(delta_beta=ratio, **told)
    phase, _ = retrieval.reconstruct_image(intensity)
    return {"phase": np.asarray(phase, intensity.dtype)}


def version():
    return installed("pyphase")
