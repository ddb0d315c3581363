"""Far-field (coherent) diffraction: the squared modulus of an object's Fourier transform, in 2D or 3D."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core.checks import answer_array, light, real_array, refuse_intensities, same_shape
from prbench.core.measurement import Measurement
from prbench.core.reconstruction import Reconstruction
from prbench.errors import BadInput
from prbench.physics.continuation import continued
from prbench.physics.far_field import FourierPropagation, amplitude_gap, relaxed_to_counts, replace_intensity, replace_modulus

from .coherence import Coherence, named_coherence
from .suspicions import suspicions
from .window import best_window

UNIFORM_MAGNITUDE = "uniform magnitude"
"""What a solver assumes (:attr:`~prbench.core.Solver.assumes`) that takes the object to have one magnitude on its support."""

_BATCH_PIXELS = 1 << 18
"""Pixels of fields that are started at once: any batch in two dimensions, one field after another in three."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FarField(Measurement):
    """A far-field diffraction pattern ``Y = |F X|^2`` of a complex object X, 2D or 3D.

    Arrays are as a detector stores them, with zero frequency at index ``n // 2`` of every axis (CXI's convention). The Fourier
    transform is not normalised. Y determines X up to a global phase, a translation and a conjugate flip.

    Args:
        intensity: real, at least 0, shape of the detector; units of the detector. Values in unmeasured pixels are ignored.
        mask: bool, same shape, True where measured; all pixels where None.
        object_shape: shape of X, at most the detector's; half of it in every axis (oversampling 2) where None.
        support: bool, the detector's shape: pixels of the object grid where X may differ from zero; None where unknown.
        initial: complex, the detector's shape: an initial object in the middle of the grid; None where there is none.
        gain: units of ``intensity`` per photon; None where it is unknown or there is no shot noise. Likelihoods then use 1.
        support_size: number of object pixels that differ from zero, where that is known.
        real: whether X is known to be real.
        nonnegative: whether the real part of X is known to be nonnegative.
        wavelength_m, energy_ev: of the light; give one, the other follows.
        distance_m, pixel_m: geometry, for files and pictures; retrieval does not need it.

    Raises:
        BadInput: for shapes that disagree, fewer than two dimensions, measured intensities that are negative or not finite, and
            for a support without pixels, a support size or a gain out of range.
    """

    task: ClassVar[str] = "far-field"
    arrays: ClassVar[tuple[str, ...]] = ("intensity", "mask", "support", "initial")

    intensity: Array
    mask: Array | None = None
    object_shape: tuple[int, ...] | None = None
    support: Array | None = dataclasses.field(default=None, kw_only=True)
    initial: Array | None = dataclasses.field(default=None, kw_only=True)
    gain: float | None = dataclasses.field(default=None, kw_only=True)
    support_size: int | None = dataclasses.field(default=None, kw_only=True)
    real: bool = dataclasses.field(default=False, kw_only=True)
    nonnegative: bool = dataclasses.field(default=False, kw_only=True)
    wavelength_m: float | None = dataclasses.field(default=None, kw_only=True)
    energy_ev: float | None = dataclasses.field(default=None, kw_only=True)
    distance_m: float | None = dataclasses.field(default=None, kw_only=True)
    pixel_m: float | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        intensity = real_array("intensity", self.intensity, (2, 3), "2D or 3D array")
        shape = intensity.shape
        if self.mask is not None:
            mask = same_shape("mask", self.mask, shape, "the intensity").astype(bool)
            intensity = np.where(mask, intensity, intensity.dtype.type(0))
            object.__setattr__(self, "mask", mask)
        refuse_intensities(intensity, remedy="mask them (files: invalid=mask)", where="in every measured pixel")
        object.__setattr__(self, "intensity", intensity)
        wavelength_m, energy_ev = light(self.wavelength_m, self.energy_ev)
        object.__setattr__(self, "wavelength_m", wavelength_m)
        object.__setattr__(self, "energy_ev", energy_ev)
        self._check_knowledge(shape)

    def _check_knowledge(self, shape: tuple[int, ...]) -> None:
        """What is known of the object and its photons must fit the detector."""
        if self.support is not None:
            support = same_shape("support", self.support, shape, "the intensity").astype(bool)
            if not support.any():
                raise BadInput("support has no pixel; leave it out where it is not known")
            object.__setattr__(self, "support", support)
        if self.initial is not None:
            initial = np.asarray(self.initial)
            if initial.shape != shape or initial.dtype.kind not in "fc" or not np.isfinite(initial).all() or not initial.any():
                raise BadInput(f"initial must be a finite complex array of shape {shape} that is not zero, got {initial.shape}")
            wide = np.asarray(self.intensity).dtype == np.float64
            object.__setattr__(self, "initial", initial.astype(np.complex128 if wide else np.complex64))
        if self.support_size is not None and not 1 <= self.support_size <= math.prod(shape):
            raise BadInput(f"support_size must be in [1, {math.prod(shape)}], got {self.support_size}")
        if self.gain is not None and not (math.isfinite(self.gain) and self.gain > 0):
            raise BadInput(f"gain must be positive and finite, got {self.gain}; leave it out where it is not known")
        asked = self.object_shape or tuple(max(1, n // 2) for n in shape)
        try:
            object_shape = tuple(operator.index(n) for n in asked)
        except TypeError as error:
            raise BadInput(f"object_shape must be a tuple of {len(shape)} integers, got {asked!r}") from error
        if len(object_shape) != len(shape) or not all(1 <= m <= n for m, n in zip(object_shape, shape, strict=True)):
            raise BadInput(f"object_shape {object_shape} must have {len(shape)} axes, each at most the detector's {shape}")
        object.__setattr__(self, "object_shape", object_shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The detector's shape, which is the grid that solvers compute on."""
        return tuple(self.intensity.shape)

    @property
    def ndim(self) -> int:
        """Number of axes: 2 or 3."""
        return len(self.shape)

    @property
    def _object_shape(self) -> tuple[int, ...]:
        assert self.object_shape is not None
        return self.object_shape

    @cached_property
    def propagation(self) -> FourierPropagation:
        """The Fourier transform from object to detector, which counts nothing."""
        return FourierPropagation(self.shape, self._object_shape, self.backend)

    # What solvers compute with: zero frequency first, so that no step shifts anything.
    @cached_property
    def amplitude(self) -> Array:
        """``sqrt(Y)`` with zero frequency at index 0, and -1 in unmeasured pixels; real, detector shape."""
        xp = self.backend.xp
        amplitude = xp.sqrt(self.intensity)
        if self.mask is not None:
            amplitude[~self.mask] = -1
        return self.to_fft_order(amplitude)

    @cached_property
    def measured(self) -> Array:
        """True where measured, with zero frequency at index 0."""
        return self.amplitude >= 0

    @cached_property
    def amplitude_norm(self) -> float:
        """``|sqrt(Y)|``, the norm over measured pixels."""
        xp = self.backend.xp
        total = xp.sum(xp.where(self.measured, self.amplitude, xp.zeros_like(self.amplitude)) ** 2, dtype=xp.float64)
        return math.sqrt(float(total))

    def transform(self, g: Array, *, out: Array | None = None) -> Array:
        """``F g`` of a batch (B, *shape) of complex fields, zero frequency first; unnormalised, counted."""
        self.counters.ffts += g.shape[0]
        return self.propagation.transform(g, out=out)

    def inverse(self, G: Array, *, normalised: bool = True, out: Array | None = None) -> Array:
        """``F^-1 G`` of a batch; without its factor 1/N where ``normalised`` is false, and G may then be overwritten. Counted."""
        self.counters.ffts += G.shape[0]
        return self.propagation.inverse(G, normalised=normalised, out=out)

    def project_modulus(
        self,
        g: Array,
        *,
        spectrum: Array | None = None,
        out: Array | None = None,
        coherence: Coherence | None = None,
        relaxation: float = 0.0,
    ) -> Array:
        """``P_F g = F^-1[ M sqrt(Y) G/|G| + (1-M) G ]`` of a batch (B, *shape); two FFTs and one pass.

        Args:
            g: complex fields on the detector's grid; not changed unless it is ``out``.
            spectrum: work array of the same shape.
            out: array that may take the result.
            coherence: of the beam, full where None: ``|G|`` is then the root of the blurred ``|G|^2``, for one transform more.
            relaxation: the weight of :func:`~prbench.physics.far_field.relaxed_to_counts`; without effect on blurred patterns.
        """
        G = self.transform(g, out=spectrum)
        scale = 1.0 / math.prod(self.shape)
        if coherence is not None:
            self.counters.ffts += 2 * G.shape[0]
            intensity = self.propagation.intensity(G)
            wanted = coherence.sharpened(intensity, self.amplitude**2, self.measured)
            G = replace_intensity(G, wanted, intensity, self.measured, scale, self._tiny, out=G)
        elif relaxation:
            G = relaxed_to_counts(G, self.amplitude, scale, relaxation, self._tiny, out=G)
        else:
            G = replace_modulus(G, self.amplitude, scale, self._tiny, out=G)
        return self.inverse(G, normalised=False, out=out)

    def expected(self, G: Array, coherence: Coherence | None) -> Array:
        """The intensities that the detector expects of spectra (B, *shape), zero frequency first; a blur is counted."""
        intensity = self.propagation.intensity(G)
        if coherence is None:
            return intensity
        self.counters.ffts += G.shape[0]
        return coherence.blur(intensity)

    @property
    def _tiny(self) -> float:
        """Keeps 0/0 out of the modulus projection without touching anything a detector could have seen."""
        return 1e-30 if self.backend.precision == "single" else 1e-200

    def autocorrelation_support(self, threshold: float = 0.04) -> Array:
        """Where the autocorrelation of the object exceeds ``threshold`` of its maximum: bool (*shape), centred at ``n // 2``.

        It holds every translate of the object that contains the origin, up to twice as wide as the object. Counted.
        """
        xp = self.backend.xp
        measured = xp.where(self.measured, self.amplitude, xp.zeros_like(self.amplitude))
        autocorrelation = xp.abs(self.inverse(xp.astype(measured * measured, self.backend.complex)[None])[0])
        inside = autocorrelation > threshold * xp.max(autocorrelation)
        return self.propagation.centred(inside)

    def random_start(self, rng: np.random.Generator, starts: int, *, interpolated: bool = False) -> Array:
        """Fields with the measured amplitudes and uniformly random phases: complex (starts, *shape). Counted.

        Unmeasured amplitudes begin at zero, or where ``interpolated`` at the mean of those measured around them.

        From :attr:`initial`, where there is one, the phases differ at random by up to a quarter of a turn, those of the first
        field not at all; what is not measured is the initial object's.
        """
        xp = self.backend.xp
        if self.initial is None:
            G, width, offset = self._first_amplitude(interpolated), 2 * np.pi, 0.0
        else:
            G = self.transform(xp.astype(self.initial, self.backend.complex)[None])
            G, width, offset = replace_modulus(G, self.amplitude, 1.0, self._tiny, out=G), np.pi, 0.5
        fields = self.backend.empty((starts, *self.shape), self.backend.complex)
        size = max(1, _BATCH_PIXELS // math.prod(self.shape))
        for low in range(0, starts, size):
            count = min(size, starts - low)
            turns = rng.random((count, *self.shape), dtype=np.float32)
            turns -= np.float32(offset)
            turns *= np.float32(width)
            if low == 0 and self.initial is not None:
                turns[0] = 0
            phase = self.backend.asarray(turns)
            fields[low : low + count] = self.inverse(G * (xp.cos(phase) + 1j * xp.sin(phase)))
        return fields

    def _first_amplitude(self, interpolated: bool) -> Array:
        xp = self.backend.xp
        if not interpolated or self.mask is None:
            return xp.where(self.measured, self.amplitude, xp.zeros_like(self.amplitude))
        amplitude, mask = self.backend.to_numpy(self.intensity) ** 0.5, self.backend.to_numpy(self.mask)
        return self.to_fft_order(self.backend.asarray(continued(amplitude, mask)))

    def modulus_error(self, g: Array, coherence: Coherence | None = None) -> Array:
        """``| |F g| - sqrt(Y) | / | sqrt(Y) |`` over measured pixels, one number per field of the batch: the R-factor of each.

        With a beam that is not fully coherent, ``|F g|`` is the root of the blurred ``|F g|^2``.
        """
        xp = self.backend.xp
        G = self.transform(g)
        if coherence is None and self.backend.device == "cpu":
            fields = [G[i : i + 1] for i in range(len(G))]
            gaps = [amplitude_gap.total(one, self.amplitude, 0.0, over=one) for one in fields]
            return self.backend.asarray(np.sqrt(gaps) / self.amplitude_norm)
        size = xp.abs(G) if coherence is None else xp.sqrt(self.expected(G, coherence))
        del G  # what is not needed any more must not stand beside what follows: this is where large runs take most memory
        size -= self.amplitude
        gap = xp.where(self.measured, size, xp.zeros_like(self.amplitude))
        del size
        gap *= gap
        axes = tuple(range(1, self.ndim + 1))
        return xp.sqrt(xp.sum(gap, axis=axes)) / self.amplitude_norm

    def misfit(self, reconstruction: Reconstruction) -> float:
        """The R-factor of ``object`` in the beam of ``aux``: ``| |F x| - sqrt(Y) | / | sqrt(Y) |`` over measured pixels."""
        field = self.pad(self.backend.asarray(reconstruction.object, self.backend.complex))
        beam = named_coherence(self.backend, self.shape, self._object_shape, reconstruction.aux)
        return float(self.modulus_error(field[None], beam)[0])

    def pad(self, x: Array) -> Array:
        """Place objects (..., *object_shape) at the centre of zeros of the detector's shape."""
        return self.propagation.pad(x)

    def crop(self, g: Array, weight: Array | None = None) -> Array:
        """Cut the object (*object_shape) out of one periodic field (*shape), from the window that loses least of it.

        The position of an object is not measured; one that stands across the edge of the grid is brought together first. An
        object that fits into the frame is never cut, not even where it fills the frame.

        Args:
            g: one field on the detector's grid.
            weight: real, not negative, the same shape, for the choice of the window (see :func:`best_window`); ``|g|^2`` where
                None.
        """
        xp = self.backend.xp
        if self._object_shape == self.shape:
            return g
        energy = self.backend.to_numpy(xp.abs(g) ** 2 if weight is None else weight)
        shifts = tuple(-corner for corner in best_window(energy, self._object_shape))
        del energy
        moved = xp.roll(g, shifts, axis=tuple(range(self.ndim)))
        return xp.asarray(moved[tuple(slice(0, m) for m in self._object_shape)], copy=True)  # a view would keep all of it

    def forward(self, x: Array) -> Array:
        """Expected intensity (*shape) of one object (*object_shape), zero frequency at the centre, as the detector stores it."""
        self.counters.operators += 1
        xp = self.backend.xp
        G = self.transform(xp.astype(self.pad(x), self.backend.complex)[None])[0]
        return self.propagation.centred(xp.abs(G) ** 2)

    def forward_given(self, x: Array, aux: Mapping[str, Any]) -> Array:
        """As :meth:`forward`, blurred where ``aux`` names the ``coherence`` of the beam in sides of the object's frame.

        Raises:
            BadInput: for a coherence that is not one positive number.
        """
        beam = named_coherence(self.backend, self.shape, self._object_shape, aux)
        expected = self.forward(x)
        if beam is None:
            return expected
        self.counters.ffts += 1
        xp, axes = self.backend.xp, tuple(range(self.ndim))
        sharp = self.to_fft_order(expected)[None]
        return xp.roll(beam.blur(sharp)[0], tuple(n // 2 for n in self.shape), axis=axes)

    def without(self, held_out: Array) -> FarField:
        """The measurement with the pixels of ``held_out`` (bool, detector layout) declared unmeasured."""
        mask = ~held_out if self.mask is None else self.mask & ~held_out
        return self._derived(mask=mask)

    def completed(self, result: Reconstruction) -> Reconstruction:
        """An object on the detector's grid is cut to the frame of ``object_shape``, as :meth:`crop` does."""
        whole = getattr(result.object, "shape", None) == self.shape != self._object_shape
        return dataclasses.replace(result, object=self.to(get_backend("numpy")).crop(result.object)) if whole else result

    def check(self, reconstruction: object) -> None:
        """Raise PrbenchError unless ``object`` is a complex array of ``object_shape``."""
        answer_array(reconstruction, "object", self._object_shape, "c", "a far-field solver")

    def suspicions(self, reconstruction: Reconstruction) -> tuple[str, ...]:
        """See :func:`~.suspicions.suspicions`."""
        return suspicions(reconstruction)

    def to_fft_order(self, array: Array) -> Array:
        """From the detector's layout (zero frequency at ``n // 2``) to the FFT's (at 0), contiguous."""
        xp = self.backend.xp
        rolled = xp.roll(array, tuple(-(n // 2) for n in self.shape), axis=tuple(range(self.ndim)))
        return rolled.contiguous() if hasattr(rolled, "contiguous") else xp.ascontiguousarray(rolled)
