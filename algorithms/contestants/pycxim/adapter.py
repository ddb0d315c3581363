"""pyCXIM's PhaseRetrievalFuns, steps chained as its scripts chain them; a known support is kept, not updated."""

import numpy as np
import pyCXIM
from pyCXIM.phase_retrieval.phase_retrieval_numpy import PhaseRetrievalFuns


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    intensity, support, mask = (measurement[name] for name in ("intensity", "support", "mask"))
    precision = "32" if intensity.dtype == np.float32 else "64"
    unmeasured = None if mask is None else ~mask
    work = PhaseRetrievalFuns(intensity, seed % 2**31, support=support, MaskFFT=unmeasured, precision=precision)
    for number in range(settings["rounds"]):
        work.HIO(settings["hio"])
        if support is None:
            sigma = settings["sigma"] ** (1 - number / max(1, settings["rounds"] - 1))
            work.Sup(sigma, settings["threshold"])
    work.ER(settings["er"])
    work.End()
    return {"object": work.get_img(), "counts": {"iterations": settings["rounds"] * settings["hio"] + settings["er"]}}


def version():
    return pyCXIM.__version__
