"""Finding the degree of coherence of the beam while an object is being found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from prbench.backend import Array
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence, gaussian_degree, longest_side, nearest_width

from ._coherence_fit import fitted_together
from ._selection import by_score
from ._state import ProjectionState
from ._updates import UPDATES

_FIRST = 1.0
"""Width that a search begins with, in sides of the object's frame."""
_ROUNDS = 10
"""Richardson-Lucy steps an update."""
_REACH = 1 / 16
"""Part of the detector's side that the point spread reaches to either side."""
_PREFERENCE = 0.8
"""Misfit of the point spread, over that of the best Gaussian, below which it is taken instead: it has more parameters."""
_SEARCH_FROM = 0.4
"""Part of a run at the first width: while the object is not found yet, more blur explains every pattern better."""
_FIRST_FACTOR, _LAST_FACTOR = 1.2, 1.01
"""Between the widths that one update compares, at the beginning of the search and at its end."""
_TRIAL_STEPS = 20
"""Steps of error reduction by which the object follows a width before its misfit is taken."""
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
        return of_width(y, _FIRST)

    def next_update(self, k: int) -> int | None:
        """The next multiple of ``every``."""
        return k - k % self.every + self.every

    def update(self, s: ProjectionState, progress: float) -> None:
        """Compare three widths by what the start with the best score comes to under each, and take the best of their parabola.

        The object follows each width by a few steps of error reduction: an object fitted under one width confirms that width,
        and a comparison that left the object alone would hardly move. The last update fits that start and the width together.
        """
        before = s.coherence
        if before is None or progress < _SEARCH_FROM:
            return
        best = by_score(s.scores_now())[0]
        factor = _FIRST_FACTOR * (_LAST_FACTOR / _FIRST_FACTOR) ** ((progress - _SEARCH_FROM) / (1 - _SEARCH_FROM))
        tried = [_tried(s, best, before.width * factor**power) for power in (-1, 0, 1)]
        width = before.width * factor ** _vertex(*(misfit**2 for _, misfit in tried))
        s.coherence = fitted(s.y, before, tried[1][0], width)
        if s.k + self.every >= s.k / progress:
            _finish(s, best, s.coherence.width)

    def refitted(self, y: FarField, coherence: Coherence | None, x: Array) -> Coherence:
        """Fit to the object."""
        return fitted(y, self.first(y) if coherence is None else coherence, x)


def _finish(s: ProjectionState, start: int, width: float) -> None:
    """Put the start and the Gaussian in the place of which both together explain the pattern, where they do."""
    found = fitted_together(s.y, s.estimate(start), s.support[start], width)
    if found is not None:
        x, width = found
        x = s.y.backend.xp.astype(x, s.g.dtype)
        s.g[start], s.p[start] = x, x
        s.coherence = Coherence.gaussian(s.y.backend, s.y.shape, width)


def _tried(s: ProjectionState, start: int, width: float) -> tuple[Array, float]:
    """The object (*shape) that a start comes to under a Gaussian of a width in pixels, and its misfit."""
    y, xp, x = s.y, s.y.backend.xp, s.estimates([start])
    beam = Coherence.gaussian(y.backend, y.shape, width)
    one = replace(s, g=x, p=xp.asarray(x, copy=True), support=s.support[[start]], coherence=beam, part_size=1)
    for _ in range(_TRIAL_STEPS):
        UPDATES["ER"](one)
    return one.estimate(0), float(y.modulus_error(one.estimates(), beam)[0])


def _vertex(low: float, middle: float, high: float) -> float:
    """Where the parabola through values at -1, 0 and 1 is least between them."""
    bend = low - 2 * middle + high
    if not bend > 0:
        return -1.0 if low < high else 1.0
    return float(np.clip((low - high) / (2 * bend), -1, 1))


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


def fitted(y: FarField, before: Coherence, x: Array, width: float | None = None) -> Coherence:
    """A degree of coherence under which an object explains the pattern better.

    The point spread is updated by steps of Richardson and Lucy, which keep it positive (Clark et al. 2012,
    doi:10.1038/ncomms1994), and symmetric, since its first moment is a phase ramp of the object. Where the Gaussian of least
    misfit near it, or of the width given, explains the pattern about as well, that is taken: it has one parameter, and converges
    faster.

    Args:
        y: measurement.
        before: to begin with.
        x: the object, complex (*shape).
        width: of the Gaussian, pixels.
    """
    host = y.backend.to_numpy
    amplitude, intensity = host(y.amplitude).astype(np.float64), host(y.backend.xp.abs(y.transform(x[None])[0])) ** 2.0
    model = _Model(amplitude, intensity)
    spread = model.richardson_lucy(_spread_of(before) if before.spread is None else before.spread, _ROUNDS)
    free = np.fft.fftn(spread).real
    if width is None:
        width = nearest_width(free, np.abs(model.autocorrelation) ** 2)
        width = model.best_width(float(np.clip(width, before.width / _BRACKET, before.width * _BRACKET)))
    misfit = model.misfit(gaussian_degree(model.shape, width))
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

    def best_width(self, width: float) -> float:
        """The width of the Gaussian of least misfit near a given one, pixels."""
        from scipy.optimize import minimize_scalar

        result = minimize_scalar(
            lambda log_width: self.misfit(gaussian_degree(self.shape, float(np.exp(log_width)))),
            bounds=(float(np.log(width / _BRACKET)), float(np.log(width * _BRACKET))),
            method="bounded",
            options={"xatol": 1e-5, "maxiter": 20},
        )
        return float(np.exp(result.x))
