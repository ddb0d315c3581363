"""algotom.prep.filtering.fresnel_filter, 1 / (1 + ratio f^2) with f in cycles per pixel, which is Paganin's for this ratio."""

from importlib.metadata import version as installed

import numpy as np
from algotom.prep.filtering import fresnel_filter


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    ratio = (
        np.pi * measurement["wavelength_m"] * measurement["distance_m"] * measurement["delta_beta"] / measurement["pixel_m"] ** 2
    )
    # Padded here: the filter's own padding stretches its frequencies by the padded size over the image's.
    pad = settings["pad"]
    larger = np.pad(measurement["intensity"].astype(float), pad, mode="edge")
    filtered = fresnel_filter(larger, settings["scale"] * ratio, dim=2, pad=0, apply_log=settings["apply_log"])
    filtered = filtered[pad : larger.shape[0] - pad, pad : larger.shape[1] - pad]
    phase = measurement["delta_beta"] / 2 * np.log(np.maximum(filtered, 1e-6))
    return {"phase": phase.astype(measurement["intensity"].dtype)}


def version():
    return installed("algotom")
