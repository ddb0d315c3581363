"""cohere_core.controller.phasing, which reads arrays from files, transforms the other way round, and forgets the scale.

Its direct space is therefore the conjugate of prbench's; the scale is that of the measured amplitudes. A support that is known
replaces the shrink-wrap. Unmeasured pixels are zeros to it.
"""

import os
import tempfile
from importlib.metadata import version as installed

import numpy as np
from cohere_core.controller import phasing


def prepare(settings, device):
    phasing.set_lib_from_pkg("np")


def solve(measurement, settings, seed):
    amplitude, support = np.sqrt(measurement["intensity"]), measurement["support"]
    steps = "+".join((f"{settings['rounds']}*({settings['er']}*ER+{settings['hio']}*HIO)", f"{settings['er']}*ER"))
    params = {"algorithm_sequence": steps, "hio_beta": settings["hio_beta"], "initial_support_area": (0.5,) * amplitude.ndim}
    with tempfile.TemporaryDirectory() as folder:
        np.save(os.path.join(folder, "data.npy"), amplitude)
        if support is None:
            params |= {"shrink_wrap_trigger": [1, 1], "shrink_wrap_type": "GAUSS"}
            params |= {"shrink_wrap_threshold": settings["threshold"], "shrink_wrap_gauss_sigma": settings["sigma"]}
        else:
            np.save(os.path.join(folder, "support.npy"), support.astype(amplitude.dtype))
            params["continue_dir"] = folder
        worker = phasing.create_rec(params, os.path.join(folder, "data.npy"), "np", -1, debug=True)
        worker.iterate()
    x = np.conj(worker.get_image())
    model = np.abs(np.fft.fftshift(np.fft.fftn(x)))
    return {"object": x * (np.sum(model * amplitude) / np.sum(model**2)), "counts": {"iterations": len(worker.errs)}}


def version():
    return installed("cohere-core")
