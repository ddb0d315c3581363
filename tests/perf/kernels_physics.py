"""What propagation costs: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench.backend import get_backend
from prbench.physics.propagation import propagate


def propagation(method: str, side: int, library: str = "torch") -> Callable[[], object]:
    """One propagation of a field by a distance that its sampling admits."""
    backend = get_backend(library)
    rng = np.random.default_rng(0)
    field = backend.asarray(rng.standard_normal((side, side)) + 1j * rng.standard_normal((side, side)))
    geometry = {"wavelength_m": 632.8e-9, "pixel_m": 8e-6, "distance_m": 0.02}
    return lambda: propagate(field, **geometry, backend=backend, method=method)  # type: ignore[arg-type]
