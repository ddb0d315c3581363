"""Finding the degree of coherence of the beam while an object is being found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from prbench.backend import Array
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence, longest_side, nearest_width

from ._selection import by_score
from ._state import ProjectionState

_FIRST = 1.0
"""Width that a search begins with, in sides of the object's frame."""
_ROUNDS = 10
"""Richardson-Lucy steps an update."""
_REACH = 1 / 16
"""Part of the detector's side that the point spread reaches to either side."""
_PREFERENCE = 0.8
"""Misfit of the point spread, over that of the best Gaussian, below which it is taken instead: it has more parameters."""
_LOOSE, _TIGHT = 0.05, 0.0005
"""Regularisation of projections at first and at the end of a run that fits the coherence. A choice."""
_LOOSE_UNTIL = 0.5
"""Part of the run during which it stays loose."""
_FLOOR = 1e-3
"""Of the point spread's maximum, where a fit begins: what is zero stays zero."""
_BRACKET = 1.5
"""Factor on the width within which one update looks for the best Gaussian."""


class CoherencePolicy(ABC):
    """What is known of the beam's coherence, and how it changes during a run."""

    @abstractmethod
    def first(self, y: FarField) -> Coherence | None:
        """The degree of coherence to begin with; None: full."""

    @abstractmethod
    def next_update(self, k: int) -> int | None:
        """The first step after ``k`` at which it is updated; None where it never is."""

    @abstractmethod
    def update(self, s: ProjectionState, progress: float) -> None:
        """Give the batch a better one after a fraction of the run."""

    @abstractmethod
    def refitted(self, y: FarField, coherence: Coherence | None, x: Array) -> Coherence | None:
        """The degree of coherence once an object, complex (*shape), has been refined."""


@dataclass(frozen=True)
class KnownCoherence(CoherencePolicy):
    """A beam whose coherence is known.

    Attributes:
        width: standard deviation of the degree of coherence in sides of the object's frame; None: full coherence.
    """

    width: float | None = None

    def first(self, y: FarField) -> Coherence | None:
        """A Gaussian of the width."""
        return None if self.width is None else of_width(y, self.width)

    def next_update(self, k: int) -> int | None:  # noqa: ARG002 - whatever the step
        """None: there is no such step."""
        return None

    def update(self, s: ProjectionState, progress: float) -> None:
        """Leave the state unchanged."""

    def refitted(self, y: FarField, coherence: Coherence | None, x: Array) -> Coherence | None:  # noqa: ARG002 - it is known
        """The coherence unchanged."""
        return coherence


@dataclass(frozen=True)
class FittedCoherence(CoherencePolicy):
    """The point spread is fitted to what the best start expects, every so many steps.

    Attributes:
        every: steps between updates.
    """

    every: int

    def first(self, y: FarField) -> Coherence:
        """A beam coherent over the object's frame."""
        return replace(of_width(y, _FIRST), regularisation=_LOOSE)

    def next_update(self, k: int) -> int | None:
        """The next multiple of ``every``."""
        return k - k % self.every + self.every

    def update(self, s: ProjectionState, progress: float) -> None:
        """Fit to the estimate of the start with the best score.

        Moduli follow the pattern the more closely the further the run is: early on the coherence is wrong, and objects that
        have taken up what is wrong with it would confirm it.
        """
        best = by_score(s.scores_now())[0]
        better = self.refitted(s.y, s.coherence, s.estimate(best))
        tightening = max(0.0, (progress - _LOOSE_UNTIL) / (1 - _LOOSE_UNTIL))
        s.coherence = replace(better, regularisation=_LOOSE * (_TIGHT / _LOOSE) ** tightening)

    def refitted(self, y: FarField, coherence: Coherence | None, x: Array) -> Coherence:
        """Fit to the object."""
        return fitted(y, self.first(y) if coherence is None else coherence, x)


def of_width(y: FarField, sides: float) -> Coherence:
    """A Gaussian degree of coherence, its width in sides of the object's frame."""
    assert y.object_shape is not None
    return Coherence.gaussian(y.backend, y.shape, sides * longest_side(y.object_shape))


def gaussian_of(coherence: Coherence | None) -> Coherence | None:
    """The Gaussian nearest to a degree of coherence, which is all that a result says of it."""
    return None if coherence is None else Coherence.gaussian(coherence.backend, coherence.shape, coherence.width)


def reported(y: FarField, coherence: Coherence | None) -> dict[str, np.ndarray]:
    """What a result says of the beam: ``coherence``, the width in sides of the object's frame, where it is not full."""
    assert y.object_shape is not None
    return {} if coherence is None else {"coherence": np.asarray(coherence.width / longest_side(y.object_shape))}


def fitted(y: FarField, before: Coherence, x: Array) -> Coherence:
    """A degree of coherence under which an object explains the pattern better.

    The point spread is updated by steps of Richardson and Lucy, which keep it positive (Clark et al. 2012,
    doi:10.1038/ncomms1994), and symmetric, since its first moment is a phase ramp of the object. Where the Gaussian of least
    misfit near it explains the pattern about as well, that is taken: it has one parameter, and converges faster.

    Args:
        y: measurement.
        before: to begin with.
        x: the object, complex (*shape).
    """
    host = y.backend.to_numpy
    amplitude, intensity = host(y.amplitude).astype(np.float64), host(y.backend.xp.abs(y.transform(x[None])[0])) ** 2.0
    model = _Model(amplitude, intensity)
    spread = model.richardson_lucy(_spread_of(before) if before.spread is None else before.spread, _ROUNDS)
    free = np.fft.fftn(spread).real
    width = nearest_width(free, np.abs(model.autocorrelation) ** 2)
    width = float(np.clip(width, before.width / _BRACKET, before.width * _BRACKET))
    width, misfit = model.best_width(width)
    y.counters.ffts += model.transforms // 2
    if model.misfit(free) < _PREFERENCE * misfit:
        return Coherence.of_point_spread(y.backend, spread, width)
    return replace(Coherence.gaussian(y.backend, y.shape, width), spread=spread)


def _spread_of(c: Coherence) -> np.ndarray:
    """The point spread on the detector's grid, its middle first, not negative, cut to its reach, of sum 1."""
    half = c.backend.to_numpy(c.degree).astype(np.float64)
    spread = np.fft.irfftn(half, s=c.shape, axes=tuple(range(len(c.shape))))
    return _compact(np.maximum(spread, _FLOOR * spread.max()))


def _compact(spread: np.ndarray) -> np.ndarray:
    for axis, n in enumerate(spread.shape):
        near = np.abs(np.fft.fftfreq(n, 1 / n)) <= max(2, round(_REACH * n))
        spread = spread * near.reshape([-1 if a == axis else 1 for a in range(spread.ndim)])
    axes = tuple(range(spread.ndim))
    spread = (spread + np.roll(np.flip(spread), (1,) * spread.ndim, axis=axes)) / 2
    return np.asarray(spread / spread.sum())


class _Model:
    """The pattern that one object makes under any degree of coherence; on the host, in double precision.

    Attributes:
        transforms: real transforms made.
    """

    def __init__(self, amplitude: np.ndarray, intensity: np.ndarray) -> None:
        self.amplitude, self.measured = np.maximum(amplitude, 0), amplitude >= 0
        self.intensity = intensity
        self.axes, self.shape = tuple(range(intensity.ndim)), intensity.shape
        self.spectrum = np.fft.rfftn(intensity, axes=self.axes)
        self.transforms = 1

    @property
    def autocorrelation(self) -> np.ndarray:
        return np.fft.fftn(self.intensity)

    def expected(self, degree: np.ndarray) -> np.ndarray:
        """The blurred pattern, at least a small part of the sharp one."""
        self.transforms += 1
        half = degree[..., : self.spectrum.shape[-1]]
        result = np.fft.irfftn(self.spectrum * half, s=self.shape, axes=self.axes)
        return np.maximum(result, 1e-3 * self.intensity)

    def misfit(self, degree: np.ndarray) -> float:
        """Norm of the difference of amplitudes over measured pixels."""
        return float(np.linalg.norm((np.sqrt(self.expected(degree)) - self.amplitude)[self.measured]))

    def richardson_lucy(self, spread: np.ndarray, rounds: int) -> np.ndarray:
        """Update a point spread, the sharp pattern given."""
        tiny = 1e-12 * float(self.intensity.max()) + 1e-300
        for _ in range(rounds):
            expected = self.expected(np.fft.fftn(spread).real) + tiny
            ratio = np.where(self.measured, self.amplitude**2 / expected, 1.0)
            back = np.fft.irfftn(np.fft.rfftn(ratio, axes=self.axes) * self.spectrum.conj(), s=self.shape, axes=self.axes)
            spread = _compact(np.maximum(spread * back, 0))
            self.transforms += 4
        return spread

    def best_width(self, width: float) -> tuple[float, float]:
        """The width of the Gaussian of least misfit near a given one, pixels, and its misfit."""
        from scipy.optimize import minimize_scalar

        from prbench.tasks.far_field.coherence import gaussian_degree

        result = minimize_scalar(
            lambda log_width: self.misfit(gaussian_degree(self.shape, float(np.exp(log_width)))),
            bounds=(float(np.log(width / _BRACKET)), float(np.log(width * _BRACKET))),
            method="bounded",
            options={"xatol": 1e-5, "maxiter": 20},
        )
        return float(np.exp(result.x)), float(result.fun)
