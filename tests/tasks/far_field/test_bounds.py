"""The bound of Cramér and Rao: against the definition, by its scaling, and by what the best estimate reaches."""

import dataclasses

import numpy as np
import pytest

import prbench
from prbench.core import Case, Reconstruction, load_plugin
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.bounds import MOST_UNKNOWNS, bound_of, cramer_rao_nmse


def small_object(*, uniform=False):
    rng = np.random.default_rng(3)
    x = np.exp(1j * rng.uniform(-1, 1, (4, 5))) * (2.0 if uniform else rng.uniform(1, 2, (4, 5)))
    x[0, 0] = x[3, 1] = 0
    return x


def measured(x, gain=0.5, mask=None):
    field = np.zeros((9, 10), complex)
    field[2:6, 3:8] = x
    return FarField(np.fft.fftshift(np.abs(np.fft.fft2(field)) ** 2), mask, object_shape=x.shape, gain=gain)


def by_definition(x, y, jacobian):
    """The pseudo-inverse of the Fisher matrix of counts, derivatives taken one by one."""
    field = np.asarray(y.pad(x))
    expected = np.abs(np.fft.fftn(field)) ** 2 / y.gain
    mask = np.ones(y.shape, bool) if y.mask is None else np.fft.ifftshift(y.mask)
    spectrum = np.fft.fftn(field)
    slopes = [(2 / y.gain * (spectrum.conj() * np.fft.fftn(np.asarray(y.pad(d)))).real)[mask] for d in jacobian]
    root = np.stack(slopes) / np.sqrt(expected[mask])
    covariance = np.linalg.pinv(root @ root.T, rcond=1e-10)
    flat = np.stack([np.concatenate([d.real.ravel(), d.imag.ravel()]) for d in jacobian])
    return np.trace(flat.T @ covariance @ flat) / np.sum(np.abs(x) ** 2)


@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize("hidden", [False, True])
def test_the_bound_is_that_of_the_definition(uniform, hidden):
    x = small_object(uniform=uniform)
    mask = np.ones((9, 10), bool)
    mask[3:5, 4:6] = not hidden
    y = measured(x, mask=mask)
    units = [np.where(np.arange(x.size).reshape(x.shape) == pixel, 1.0, 0) for pixel in np.flatnonzero(x)]
    of_phases, of_parts = [*(1j * x * unit for unit in units), x / 2], [factor * unit for factor in (1, 1j) for unit in units]
    jacobian = of_phases if uniform else of_parts
    assert cramer_rao_nmse(x, y, uniform=uniform) == pytest.approx(by_definition(x, y, jacobian), rel=1e-6)


def test_it_scales_with_the_photons_and_falls_with_knowledge():
    x = small_object(uniform=True)
    one, ten = cramer_rao_nmse(x, measured(x, 0.1)), cramer_rao_nmse(x, measured(x, 1.0))
    assert ten == pytest.approx(10 * one, rel=1e-6)
    assert cramer_rao_nmse(x, measured(x, 1.0), uniform=True) < ten
    mask = np.ones((9, 10), bool)
    mask[4:6, 4:6] = False
    assert cramer_rao_nmse(x, measured(x, 1.0, mask)) > ten
    turned = x * np.exp(0.7j)
    assert cramer_rao_nmse(turned, measured(turned, 1.0)) == pytest.approx(ten, rel=1e-6)


def test_the_likelihood_reaches_it_and_nothing_gets_below_by_much():
    ratios = []
    for index in range(4):
        problem = prbench.get_dataset("crystal2d[size=16,photons=1000]").problem(index)
        support = np.asarray(problem.measurement.pad(np.asarray(problem.truth.object) != 0))
        start = np.asarray(problem.measurement.pad(np.asarray(problem.truth.object)))
        known = dataclasses.replace(problem.measurement, support=support, initial=start)
        found = prbench.solve("ml[iterations=150]", known, backend="numpy").reconstruction
        ratios.append(load_plugin("metric", "bound_ratio")(Case(Reconstruction(object=found.object), problem)))
    assert 0.7 < np.mean(ratios) < 1.4


def test_what_is_too_large_has_none():
    problem = prbench.get_dataset("cell2d[size=64,photons=10]").problem(0)
    whole = np.ones((MOST_UNKNOWNS // 100, 60), complex)
    y = FarField(np.ones((100, 120)), object_shape=whole.shape, gain=1.0)
    large = dataclasses.replace(problem, measurement=y, truth=Reconstruction(object=whole), object_region=None)
    assert bound_of(large) is None
    case = Case(Reconstruction(object=whole), large)
    assert np.isnan(load_plugin("metric", "bound_ratio")(case))
    assert case.notes["bound_ratio"]
