"""The error that photon noise leaves to any unbiased estimate: the bound of Cramér and Rao for far-field patterns."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from prbench.core import COMPLEX_OBJECT, Case, Problem, metric
from prbench.metrics.symmetry import FAR_FIELD, sa_nmse

from . import FarField

MOST_UNKNOWNS = 4000
"""Real unknowns up to which the metric computes the bound, in one or two seconds per problem."""

_ZERO = 1e-6
"""Part of the largest magnitude under which a pixel of the truth counts as outside its support."""


def cramer_rao_nmse(x: np.ndarray, y: FarField, *, uniform: bool = False) -> float:
    """Least mean squared error of an object over its squared norm, to first order in the noise, global phase removed.

    The detector counts photons, ``Poisson(|F x|^2 / gain)``. The Fisher matrix of the real and imaginary parts on the support is
    made of two Fourier transforms: with ``u = F x / |F x|`` and ``z_j = conj(u) exp(-2 pi i k r_j / n)``, its entries are
    ``(2 / gain) (Re, Im) of (sum z_j conj(z_l) +- sum z_j z_l)``, that is of transforms of the mask at ``r_j - r_l`` and of
    ``conj(u)^2`` at ``r_j + r_l``.

    Args:
        x: the true object, complex (*object_shape); its pixels that differ from zero are known to be the support.
        y: its measurement, with a gain.
        uniform: whether the estimate knows besides that the magnitude is one number on the support.

    Source: Rao, Bull. Calcutta Math. Soc. 37 (1945) 81; the matrix for far-field patterns is derived here.
    """
    field = np.asarray(y.pad(np.asarray(x, np.complex128)))
    magnitude = np.abs(field)
    pixels = np.argwhere(magnitude > _ZERO * magnitude.max())
    values = field[tuple(pixels.T)]
    fisher = _fisher_matrix(field, pixels, y)
    if uniform:
        phases, magnitude = values / np.abs(values), np.abs(values).mean()
        turn = 1j * magnitude * phases
        jacobian = np.block(
            [[np.diag(turn.real), phases.real[:, None]], [np.diag(turn.imag), phases.imag[:, None]]],
        )
        fisher = jacobian.T @ fisher @ jacobian
        global_phase = np.append(np.ones(len(values)), 0.0)
        weights = np.append(np.full(len(values), magnitude**2), len(values))  # of the parameters' errors in that of the object
    else:
        global_phase = np.concatenate([-values.imag, values.real])
        weights = np.ones(len(fisher))
    global_phase /= np.linalg.norm(global_phase)
    return float((weights @ _variances(fisher, global_phase)) / np.sum(np.abs(values) ** 2))


def _variances(fisher: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The diagonal of the inverse of a Fisher matrix on what is orthogonal to a direction that nothing measures."""
    from scipy.linalg import cholesky, lapack

    held = np.trace(fisher) / len(fisher)
    root = cholesky(fisher + held * np.outer(free, free), lower=True, overwrite_a=True)
    inverse, failed = lapack.dtrtri(root, lower=1, overwrite_c=1)
    assert not failed  # a root with a zero on its diagonal is none
    return np.asarray(np.sum(np.tril(inverse) ** 2, axis=0) - free**2 / held)


def _fisher_matrix(field: np.ndarray, pixels: np.ndarray, y: FarField) -> np.ndarray:
    """The Fisher matrix of the real parts, then the imaginary parts, of some pixels."""
    spectrum = np.fft.fftn(field)
    modulus = np.abs(spectrum)
    unit = np.divide(spectrum, modulus, out=np.zeros_like(spectrum), where=modulus > 0)
    measured = np.ones(y.shape) if y.mask is None else np.fft.ifftshift(np.asarray(y.mask, float))
    of_mask, of_phases = np.fft.fftn(measured), np.fft.fftn(measured * unit.conj() ** 2)
    shape = np.array(y.shape)
    difference = of_mask[tuple(np.moveaxis((pixels[:, None] - pixels[None]) % shape, -1, 0))]
    total = of_phases[tuple(np.moveaxis((pixels[:, None] + pixels[None]) % shape, -1, 0))]
    mixed = difference.imag - total.imag
    blocks = np.block([[difference.real + total.real, mixed], [mixed.T, difference.real - total.real]])
    assert y.gain is not None
    return np.asarray(2 / y.gain * blocks)


@lru_cache(maxsize=1)
def bound_of(problem: Problem) -> float | None:
    """The bound of a problem for a known support, computed once for its cells; None where it has too many unknowns."""
    assert problem.truth is not None
    x = np.asarray(problem.truth.object)
    y = problem.measurement
    assert isinstance(y, FarField)
    magnitude = np.abs(x)
    if 2 * np.count_nonzero(magnitude > _ZERO * magnitude.max()) > MOST_UNKNOWNS:
        return None
    return cramer_rao_nmse(x, y)


@metric(
    "bound_ratio",
    better="lower",
    needs="noise",
    removes=FAR_FIELD,
    cite="Rao, Bull. Calcutta Math. Soc. 37 (1945) 81",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="over bound",
    meaning="sa NMSE over the least that photon noise leaves to an unbiased estimate that knows the support",
    priority=13,
    smallest=0.05,
)
def bound_ratio(case: Case) -> float:
    """``sa_nmse`` over the bound of Cramér and Rao for an estimate that knows the support: about 1 is the best that noise allows,
    and what knows more than the support, such as one magnitude everywhere, can be below.
    """
    bound = bound_of(case.problem)
    if bound is None:
        return case.undefined("bound_ratio", f"the object has more than {MOST_UNKNOWNS // 2} pixels")
    case.notes["bound_ratio"] = f"the bound is {bound:.4g}"
    return sa_nmse(case) / bound
