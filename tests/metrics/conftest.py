from dataclasses import replace

import numpy as np
import pytest

from prbench.core import Case, Problem, Provenance, Reconstruction
from prbench.tasks.far_field import FarField


def crystal(size=32, seed=0, spread=2.0):
    """A disc of magnitude 1 with a smooth phase of plus or minus ``spread``, without symmetry."""
    rows, columns = np.meshgrid(*2 * [np.linspace(-1, 1, size)], indexing="ij")
    phase = spread * np.sin(2 * rows + 0.3 + seed) * np.cos(1.5 * columns - 0.7)
    return (np.hypot(rows, 0.8 * columns) < 0.6) * np.exp(1j * phase)


def simulate(x, mask=None):
    shape = tuple(2 * n for n in x.shape)
    y = FarField(np.ones(shape), object_shape=x.shape)
    intensity = np.fft.fftshift(np.abs(np.fft.fftn(y.pad(np.asarray(x, complex)))) ** 2)
    return FarField(intensity, mask, object_shape=x.shape)


def make_case(x, found, *, aux=None, mask=None, support_size=None, gain=None, **problem):
    """A case with the measurement that ``x`` would give; ``problem`` overrides fields of the problem."""
    measurement = replace(simulate(x, mask), support_size=support_size, gain=gain)
    fields = Problem(measurement, Reconstruction(object=x), "test", "test", Provenance("simulated", "none"))
    return Case(Reconstruction(object=found, aux=aux or {}), replace(fields, **problem))


@pytest.fixture(name="crystal")
def _crystal():
    return crystal


@pytest.fixture(name="simulate")
def _simulate():
    return simulate


@pytest.fixture(name="make_case")
def _make_case():
    return make_case


@pytest.fixture
def copy_of():
    """A symmetric copy of an object that fits its frame."""
    return lambda x: np.exp(0.7j) * np.roll(np.flip(x).conj(), (2, -1), (0, 1))
