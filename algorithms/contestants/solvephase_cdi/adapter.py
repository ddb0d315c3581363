"""solvephase.cdi, whose objects and supports are centred like prbench's, and whose transform is unitary."""

import numpy as np
import solvephase


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    if measurement["intensity"].ndim != 2:
        raise NotImplementedError("solvephase.cdi takes patterns of two axes")
    support = measurement["support"]
    if support is None:
        support = solvephase.autocorrelation_support(measurement["intensity"], measured=measurement["mask"])
    found = solvephase.cdi(
        measurement["intensity"],
        support,
        intensity=True,
        schedule=f"hio:{settings['hio']},er:{settings['er']}",
        starts=settings["starts"],
        beta=settings["beta"],
        shrinkwrap=measurement["support"] is None,
        constraint="positive" if measurement["real"] and measurement["nonnegative"] else "complex",
        measured=measurement["mask"],
        precision="single" if measurement["intensity"].dtype == np.float32 else "double",
        seed=seed,
    )
    return {"object": solvephase.to_numpy(found.object) / np.sqrt(measurement["intensity"].size)}


def version():
    return solvephase.__version__
