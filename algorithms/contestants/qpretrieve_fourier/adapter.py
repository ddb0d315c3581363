"""qpretrieve.OffAxisHologram of the hologram and of its background, which has the same side band; the ratio is unwrapped.

Which of the two side bands it finds is its own matter: the sign is turned where that is not the one of positive column frequency.
"""

import numpy as np
import qpretrieve
from skimage.restoration import unwrap_phase


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    holograms = [qpretrieve.OffAxisHologram(measurement[name].astype(float)) for name in ("interferogram", "background")]
    options = {name: settings[name] for name in ("filter_name", "filter_size")}
    holograms[1].run_pipeline(**options)
    band = holograms[1].pipeline_kws["sideband_freq"]
    holograms[0].run_pipeline(sideband_freq=band, **options)
    field, empty = (np.asarray(hologram.field)[0] for hologram in holograms)
    sign = np.sign(band[1] if abs(band[1]) * field.shape[1] >= 1 else band[0])
    return {"phase": (sign * unwrap_phase(np.angle(field * np.conj(empty)))).astype(measurement["interferogram"].dtype)}


def version():
    return qpretrieve.__version__
