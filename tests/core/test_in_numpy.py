"""A measurement seen through numpy, whatever library holds its arrays."""

import numpy as np

from prbench.backend import get_backend
from prbench.tasks.speckle import SpeckleStack


def test_it_shares_memory_and_counters() -> None:
    stack = np.ones((2, 5, 6))
    y = SpeckleStack(stack, stack, mask=np.ones((5, 6), bool), energy_ev=28e3, distance_m=2.0, pixel_m=6.5e-6, delta_beta=7.0)
    there = y.to(get_backend("torch", "double"))
    here = there.in_numpy()
    assert here.backend == get_backend("numpy", "double")
    assert isinstance(here.reference, np.ndarray)
    assert isinstance(here.mask, np.ndarray)
    here.reference[0, 0, 0] = 3
    assert float(there.reference[0, 0, 0]) == 3
    here.counters.operators += 1
    assert there.counters.operators == 1
    assert (here.delta_beta, here.shape) == (7.0, (5, 6))
    assert here.in_numpy() is here
