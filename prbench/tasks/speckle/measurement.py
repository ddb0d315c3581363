"""Speckle-based imaging: stacks of images of a structured beam, without and with the sample."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core.checks import NOT_GIVEN, answer_array, known_light, mask_of, positive, real_array, refuse, same_shape
from prbench.core.measurement import Measurement, filled_from_nearest
from prbench.core.outside import outside_training
from prbench.core.reconstruction import Reconstruction
from prbench.errors import BadInput
from prbench.physics.gradients import integrate_gradient

_REMEDY = "mask them (files: invalid=mask)"
_MEAN_SIGMA_PX = 8.0
"""Width of the Gaussian that tells the beam's slow profile from its speckles: several times a usual speckle."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SpeckleStack(Measurement):
    """Pairs of images of a membrane's speckles: ``reference`` without the sample, ``sample`` with it, the membrane at N
    positions.

    What the sample does to each image, ``d`` in pixels, rows then columns (Zdora, J. Imaging 4 (2018) 60,
    doi:10.3390/jimaging4050060)::

        I_s(r) = T(r) I_r(r - d(r)),    d = z / (k pixel^2) grad phi

    with the phase ``phi`` in radians (negative for thickness, ``phi = -k delta t``) and its gradient taken by pixel: a speckle
    at ``r`` moves to ``r + d``. Small-angle scattering also blurs the speckles; ``dark_field`` is the variance of that blur
    along one axis, in square pixels of the detector (``2 z D' / pixel^2`` for MIST's diffusion coefficient D').

    The stacks are corrected on construction: dark current is subtracted, they are divided by the flat field, and unmeasured
    pixels get the value of the nearest measured one, so that no filter sees invalid numbers.

    Args:
        reference: real (N, H, W), positive where measured.
        sample: real (N, H, W), pair by pair with ``reference``.
        wavelength_m, energy_ev: of the light; either, the other follows.
        distance_m: from sample to detector.
        pixel_m: of the detector, at the sample where the beam magnifies.
        mask: bool (H, W), True where measured; all pixels where None.
        flat: (H, W) image of the beam without membrane; both stacks are divided by it, its mean put to 1.
        dark: (H, W) image without beam; subtracted from flat and stacks.
        delta_beta: delta / beta of a sample of one material, where that is known.

    Raises:
        BadInput: for stacks of different shape, without images, or whose measured pixels are not finite; for a reference or a
            flat field that is not positive; for geometry out of range. The message names the stack and the image.
    """

    task: ClassVar[str] = "speckle"
    arrays: ClassVar[tuple[str, ...]] = ("reference", "sample", "mask")
    former_names: ClassVar[Mapping[str, str]] = {"gamma": "delta_beta"}

    reference: Array
    sample: Array
    wavelength_m: float = dataclasses.field(default=NOT_GIVEN, kw_only=True)
    energy_ev: float = dataclasses.field(default=NOT_GIVEN, kw_only=True)
    distance_m: float = dataclasses.field(kw_only=True)
    pixel_m: float = dataclasses.field(kw_only=True)
    mask: Array | None = dataclasses.field(default=None, kw_only=True)
    flat: dataclasses.InitVar[Array | None] = dataclasses.field(default=None, kw_only=True)
    dark: dataclasses.InitVar[Array | None] = dataclasses.field(default=None, kw_only=True)
    delta_beta: float | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self, flat: Array | None, dark: Array | None) -> None:
        wavelength_m, energy_ev = known_light(self.wavelength_m, self.energy_ev)
        object.__setattr__(self, "wavelength_m", wavelength_m)
        object.__setattr__(self, "energy_ev", energy_ev)
        positive(distance_m=self.distance_m, pixel_m=self.pixel_m, delta_beta=self.delta_beta)
        axes = "array (images, rows, columns)"
        reference, sample = (real_array(name, getattr(self, name), (3,), axes) for name in ("reference", "sample"))
        if reference.shape != sample.shape:
            raise BadInput(
                f"reference has shape {reference.shape}, sample {sample.shape}; they must be equal, images pair by pair"
            )
        frame = reference.shape[1:]
        mask = np.ones(frame, bool) if self.mask is None else mask_of(self.mask, frame, "the images")
        dark = None if dark is None else _frame("dark", dark, frame)
        flat = None if flat is None else _frame("flat", flat, frame) - (0 if dark is None else dark)
        if flat is not None:
            refuse("flat", ~(flat > 0) & mask, "not positive", remedy=_REMEDY)
            flat = flat / flat[mask].mean(dtype=np.float64).astype(flat.dtype)
        for name, stack in (("reference", reference), ("sample", sample)):
            corrected = stack if dark is None else stack - dark
            corrected = corrected if flat is None else corrected / np.where(mask, flat, 1)
            for n, image in enumerate(corrected):
                refuse(f"{name} image {n}", ~np.isfinite(image) & mask, "not finite", remedy=_REMEDY)
                if name == "reference":
                    refuse(f"{name} image {n}", ~(image > 0) & mask, "not positive", remedy=_REMEDY)
            object.__setattr__(self, name, filled_from_nearest(corrected, mask))
        object.__setattr__(self, "mask", None if self.mask is None else mask)

    @property
    def images(self) -> int:
        """Number N of pairs."""
        return int(self.reference.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) of an image."""
        return tuple(self.reference.shape[1:])

    @property
    def radians_per_px(self) -> float:
        """Phase difference from one pixel to the next that displaces speckles by one pixel: ``k pixel^2 / z``."""
        return 2 * math.pi * self.pixel_m**2 / (self.wavelength_m * self.distance_m)

    def first(self, images: int) -> Self:
        """The measurement made of the first ``images`` pairs alone.

        Raises:
            BadInput: where there are not as many.
        """
        if not 1 <= images <= self.images:
            raise BadInput(f"asked for {images} of {self.images} pairs of images")
        return self._derived(reference=self.reference[:images], sample=self.sample[:images])

    @cached_property
    def speckle_wavenumber_sq(self) -> float:
        """Mean square of the speckles' wavenumber along one axis, ``<(dR/dx)^2 + (dR/dy)^2> / (2 <(R - m)^2>)``, rad^2/px^2.

        R is the reference and m its local mean. What turns a blur into a loss of visibility, for a weak blur whatever the
        spectrum of the speckles.
        """
        stack = self.backend.to_numpy(self.reference).astype(np.float64)
        ripple = stack - _local_mean(stack)
        rows, columns = np.gradient(ripple, axis=(1, 2))
        power = float(np.mean(ripple**2))
        return float(np.mean(rows**2 + columns**2)) / (2 * power) if power > 0 else math.inf

    def visibility_of(self, dark_field: Array) -> Array:
        """Factor by which a blur of variance ``dark_field`` (px^2) lowers the visibility of these speckles."""
        xp = self.backend.xp
        return xp.exp(-self.speckle_wavenumber_sq * dark_field)

    def dark_field_of(self, visibility: Array) -> Array:
        """The inverse of :meth:`visibility_of`: variance of the blur in px^2; visibilities under 1 % count as 1 %."""
        xp = self.backend.xp
        return -xp.log(xp.where(visibility > 0.01, visibility, xp.ones_like(visibility) * 0.01)) / self.speckle_wavenumber_sq

    def forward(self, x: Reconstruction) -> Array:
        """The sample stack (N, H, W) expected of displacement, transmission and, where there is one, dark field; counted.

        Interpolates by cubic splines on the host; beyond the edge stand the mirrored images.
        """
        from scipy.ndimage import map_coordinates

        self.counters.operators += 1
        to_numpy = self.backend.to_numpy
        dark_field = None if x.dark_field is None else np.maximum(to_numpy(x.dark_field), 0)
        grid = np.indices(self.shape, dtype=np.float64) - to_numpy(x.displacement)
        moved = np.zeros((self.images, *self.shape))
        for weight, reference in _blurred(to_numpy(self.reference).astype(np.float64), dark_field):
            some = weight > 0
            for n, image in enumerate(reference):
                moved[n][some] += weight[some] * map_coordinates(image, grid[:, some], order=3, mode="mirror")
        return self.backend.asarray((to_numpy(x.transmission) * moved).astype(to_numpy(self.sample).dtype))

    def completed(self, result: Reconstruction) -> Reconstruction:
        """Where the phase is missing, the one whose gradient is the displacement."""
        shift = result.displacement
        if result.phase is not None or getattr(shift, "shape", None) != (2, *self.shape):
            return result
        gradient = np.asarray(shift) * self.radians_per_px
        phase = integrate_gradient(gradient[0], gradient[1], get_backend("numpy", self.backend.precision))
        return dataclasses.replace(result, phase=phase.astype(gradient.dtype))

    def check(self, reconstruction: object) -> None:
        """Raise PrbenchError unless displacement (2, H, W), transmission, phase and any dark field (H, W) are real."""
        shapes = {"displacement": (2, *self.shape), "transmission": self.shape, "phase": self.shape, "dark_field": self.shape}
        for name, shape in shapes.items():
            if name == "dark_field" and getattr(reconstruction, name, None) is None:
                continue
            answer_array(reconstruction, name, shape, "f", "a speckle solver")

    def suspicions(self, reconstruction: Reconstruction) -> tuple[str, ...]:
        """What a trained network says of images unlike those of its training."""
        return outside_training(reconstruction)

    def describe(self) -> dict[str, object]:
        """As every measurement, and the number of pairs."""
        return {**super().describe(), "images": self.images}


def _frame(name: str, array: Array, frame: tuple[int, ...]) -> np.ndarray:
    estimate = same_shape(name, array, frame, "the images")
    return estimate if estimate.dtype == np.float64 else estimate.astype(np.float32)


def _blurred(stack: np.ndarray, variance: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Stacks blurred by a ladder of variances, and the weight of each in every pixel that interpolates to ``variance`` (px^2).

    Between two rungs, a factor of 2 apart, Gaussian blurs of speckles a pixel wide or more are nearly linear in the variance.
    """
    from scipy.ndimage import gaussian_filter

    if variance is None:
        yield np.ones(stack.shape[1:]), stack
        return
    rungs = [0.0, *(0.125 * 2.0**n for n in range(60) if n == 0 or 0.125 * 2.0 ** (n - 1) < variance.max())]
    for n, rung in enumerate(rungs):
        heights = np.eye(len(rungs))[n]
        sigma = math.sqrt(rung)
        yield np.interp(variance, rungs, heights), gaussian_filter(stack, (0, sigma, sigma), mode="mirror") if rung else stack


def _local_mean(stack: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    mean: np.ndarray = gaussian_filter(stack, (0, _MEAN_SIGMA_PX, _MEAN_SIGMA_PX), mode="mirror")
    return mean
