"""solvephase.wirtinger on its operators for coded diffraction patterns and matrices, whose rows are prbench's as they are."""

import numpy as np
import solvephase


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    if measurement["mask"] is not None:
        raise NotImplementedError("all values must be measured")
    precision = "single" if measurement["intensity"].dtype == np.float32 else "double"
    backend = solvephase.get_backend("cpu", precision)
    masks = measurement["modulations"]
    if masks is None:
        operator = solvephase.MatrixOperator(measurement["matrix"], backend=backend)
    elif masks.shape[1] == 1 and masks.ndim == 4:
        operator = solvephase.CodedDiffractionOperator(masks[:, 0], backend=backend)
    else:
        raise NotImplementedError("patterns of one transform in two axes, or a matrix, are taken")
    options = {name: settings[name] for name in ("method", "iterations", "tol")}
    found = solvephase.wirtinger(operator, measurement["intensity"], seed=seed, **options)
    return {"object": solvephase.to_numpy(found.x), "counts": {"iterations": int(found.n_iter)}}


def version():
    return solvephase.__version__
