"""UMPA.model, whose maps lack a border; the images are continued by mirror images. Its shifts point to the reference."""

import os
from importlib.metadata import version as installed

import numpy as np
from UMPA import model


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    border = settings["window"] + settings["max_shift"]
    padding = [(0, 0), (border, border), (border, border)]
    stacks = (np.pad(measurement[name].astype(float), padding, mode="reflect") for name in ("sample", "reference"))
    sample, reference = ([np.ascontiguousarray(image) for image in stack] for stack in stacks)
    kind = model.UMPAModelDF if settings["dark_field"] else model.UMPAModelNoDF
    work = kind(sample, reference, window_size=settings["window"], max_shift=settings["max_shift"])
    found = work.match(num_threads=int(os.environ.get("OMP_NUM_THREADS", "1")), quiet=True)
    rows, columns = (-np.asarray(found[name]) for name in ("dy", "dx"))
    return {"displacement": np.stack([rows, columns]).astype("f4"), "transmission": np.asarray(found["T"]).astype("f4")}


def version():
    return installed("UMPA")
