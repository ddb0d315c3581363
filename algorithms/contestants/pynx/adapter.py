"""PyNX's operators on a CDI object, whose arrays have zero frequency and the object's centre at index 0."""

import numpy as np
import pynx
from pynx.cdi import CDI, ER, RAAR, AutoCorrelationSupport, FreePU, InitObjRandom, ScaleObj, SupportUpdate


def prepare(settings, device):
    """The GPU is chosen by PyNX with the first operator."""


def solve(measurement, settings, seed):
    intensity, support, mask = (measurement[name] for name in ("intensity", "support", "mask"))
    unmeasured = None if mask is None else np.fft.fftshift(~mask).astype(np.int8)
    known = None if support is None else np.fft.fftshift(support).astype(np.int8)
    cdi = CDI(np.fft.fftshift(intensity), obj=None, support=known, mask=unmeasured)
    if known is None:
        cdi = AutoCorrelationSupport(threshold=0.1) * cdi
    cdi = ScaleObj() * InitObjRandom(src="support", amin=0.8, amax=1, phirange=np.pi) * cdi
    update = SupportUpdate(threshold_relative=settings["threshold"], smooth_width=(2, 0.5, 600), method="rms")
    for _ in range(0, settings["raar"], 50):
        cdi = RAAR(beta=settings["beta"], nb_cycle=50) * cdi
        cdi = update * cdi if known is None else cdi
    cdi = FreePU() * ER(nb_cycle=settings["er"]) * cdi
    return {"object": np.fft.ifftshift(cdi.get_obj())}


def version():
    return pynx.__version__
