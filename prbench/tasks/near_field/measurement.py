"""Near-field (in-line) imaging: one intensity, a distance behind the object."""

from __future__ import annotations

import dataclasses
import math
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from prbench.backend import Array
from prbench.core.checks import NOT_GIVEN, answer_array, known_light, mask_of, positive, real_array, refuse_intensities
from prbench.core.measurement import Measurement, filled_from_nearest
from prbench.core.reconstruction import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.physics.in_line import InLine, PaddedFrame
from prbench.physics.propagation import Method
from prbench.physics.surface import metres_per_radian

Model = Literal["angular-spectrum", "fresnel", "fourier-born"]
MODELS: tuple[Model, ...] = ("angular-spectrum", "fresnel", "fourier-born")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class NearField(Measurement):
    """The intensity at a distance z behind an object in a plane wave, divided by the empty beam's: 1 where there is no object.

    The object is the field just behind it, ``t exp(i phi)``, t the transmission of the amplitude and ``phi`` the phase; with
    waves ``exp(i k z)`` it is positive where the optical path is longer, negative for X-rays in matter. Of one intensity it is
    known up to a constant. Three models of what a detector sees, chi = pi wavelength z f^2, f the spatial frequency (Goodman,
    Introduction to Fourier Optics, ch. 4; Cloetens et al., J. Phys. D 29 (1996) 133, doi:10.1088/0022-3727/29/1/023)::

        angular-spectrum    |F^-1[ F[t exp(i phi)] exp(i k z (sqrt(1 - wavelength^2 f^2) - 1)) ]|^2
        fresnel             |F^-1[ F[t exp(i phi)] exp(-i chi) ]|^2
        fourier-born        1 + F^-1[ 2 sin(chi) F[phi] + 2 cos(chi) F[ln t] ],  the first order in phi and ln t

    Transforms are taken on a grid larger than the frame, :attr:`grid_shape`: phase and transmission go on beyond the frame with
    their edge values, so that a constant phase stays without effect, and what reaches the frame from the grid's far side is
    light that was diffracted over at least ``padding`` pixels. With ``padding`` 0 the object is periodic.

    Args:
        intensity: real (H, W), at least 0. Unmeasured pixels get the value of the nearest measured one.
        mask: bool (H, W), True where measured; all pixels where None.
        wavelength_m, energy_ev: of the light; give one, the other follows. In a medium give the wavelength there.
        pixel_m: of the detector, at the object where the beam magnifies.
        distance_m: z, from object to detector, at least 0.
        model: one of the three; the model that a solver may assume.
        padding: pixels on every side of the frame, at least; on the far sides there are a few more where that makes FFTs quick.
        pure_phase: whether t is known to be 1.
        phase_range: smallest and largest phase in radians, an end infinite where it is not known; None where nothing is known.
            The ends are those of ``phi`` with the constant that the dataset chose, or that a solver may choose.
        amplitude_range: smallest and largest t, at least 0 and the last one perhaps infinite; None where no more is known than
            that an object gives no light. With ``pure_phase`` t is 1, which the range must hold.
        delta_beta: delta / beta of an object of one material, where that is known.
        gain: units of ``intensity`` per photon, where there is shot noise of known dose.
        refractive_contrast: index of the object minus that of what surrounds it, by which a phase is a height; None where it is
            not known. Negative for X-rays in matter.
        reflection: whether a surface reflected the wave, so that its phase is a height whatever the index.

    Raises:
        BadInput: for arrays that are not a real frame and its mask, measured intensities that are negative or not finite,
            geometry out of range, and a distance at which the transfer function is not sampled, naming the admissible one.
    """

    task: ClassVar[str] = "near-field"
    arrays: ClassVar[tuple[str, ...]] = ("intensity", "mask")

    intensity: Array
    mask: Array | None = None
    wavelength_m: float = dataclasses.field(default=NOT_GIVEN, kw_only=True)
    energy_ev: float = dataclasses.field(default=NOT_GIVEN, kw_only=True)
    pixel_m: float = dataclasses.field(kw_only=True)
    distance_m: float = dataclasses.field(kw_only=True)
    model: Model = dataclasses.field(default="angular-spectrum", kw_only=True)
    padding: int = dataclasses.field(default=64, kw_only=True)
    pure_phase: bool = dataclasses.field(default=False, kw_only=True)
    phase_range: tuple[float, float] | None = dataclasses.field(default=None, kw_only=True)
    amplitude_range: tuple[float, float] | None = dataclasses.field(default=None, kw_only=True)
    delta_beta: float | None = dataclasses.field(default=None, kw_only=True)
    gain: float | None = dataclasses.field(default=None, kw_only=True)
    refractive_contrast: float | None = dataclasses.field(default=None, kw_only=True)
    reflection: bool = dataclasses.field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        intensity = real_array("intensity", self.intensity, (2,), "array (rows, columns)")
        if self.mask is not None:
            mask = mask_of(self.mask, intensity.shape, "the intensity")
            object.__setattr__(self, "mask", mask)
            intensity = filled_from_nearest(intensity, mask)
        refuse_intensities(intensity)
        object.__setattr__(self, "intensity", intensity)
        self._check_geometry()

    def _check_geometry(self) -> None:
        """What is said beside the arrays must be physical, and the transfer function sampled."""
        wavelength_m, energy_ev = known_light(self.wavelength_m, self.energy_ev)
        object.__setattr__(self, "wavelength_m", wavelength_m)
        object.__setattr__(self, "energy_ev", energy_ev)
        positive(pixel_m=self.pixel_m, delta_beta=self.delta_beta, gain=self.gain)
        if not (math.isfinite(self.distance_m) and self.distance_m >= 0):
            raise BadInput(f"distance_m must be at least 0 and finite, got {self.distance_m}")
        if self.model not in MODELS:
            raise BadInput(f"model must be one of {', '.join(MODELS)}, got {self.model!r}")
        padding: object = self.padding
        if isinstance(padding, bool) or not isinstance(padding, int) or padding < 0:
            raise BadInput(f"padding must be a whole number of pixels, at least 0, got {padding!r}")
        self._check_ranges()
        if self.reflection and self.refractive_contrast is not None:
            raise BadInput("a wave is reflected or transmitted: give refractive_contrast or reflection, not both")
        if self.refractive_contrast is not None:
            metres_per_radian(self.wavelength_m, self.refractive_contrast)  # refuses what gives no height
        limit = self.space.admissible_distance_m
        if self.distance_m > limit:
            least = math.ceil(self.distance_m / limit * min(self.grid_shape))
            raise BadInput(
                f"distance_m {self.distance_m:g} is beyond the {limit:.4g} m up to which the {self.model} model is sampled: "
                f"{min(self.shape)} pixels of {self.pixel_m:g} m, padding {self.padding}, wavelength {self.wavelength_m:g} m; "
                f"raise padding to {math.ceil((least - min(self.shape)) / 2)} or more, or bin the pixels"
            )

    def _check_ranges(self) -> None:
        """Ranges must be ones, and that of t must agree with what else is said of it."""
        for name in ("phase_range", "amplitude_range"):
            if (ends := getattr(self, name)) is not None:
                low, high = (float(end) for end in ends)
                if not low < high:
                    raise BadInput(f"{name} must be two numbers, the smaller first, got {ends}")
                object.__setattr__(self, name, (low, high))
        low, high = self.amplitude_range or (0.0, 1.0)
        if low < 0:
            raise BadInput(f"amplitude_range must begin at 0 or above, got {self.amplitude_range}")
        if self.pure_phase and not low <= 1 <= high:
            raise BadInput(f"a pure phase has a transmission of 1, which amplitude_range {self.amplitude_range} does not hold")

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) of the frame."""
        return tuple(self.intensity.shape)

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Shape of the grid that waves are propagated on; the frame's corner stands at ``(padding, padding)``."""
        return self.space.frame.grid_shape

    @property
    def metres_per_radian(self) -> float | None:
        """Height of the object's surface per radian of phase; None where neither contrast nor reflection is stated."""
        if self.reflection:
            return metres_per_radian(self.wavelength_m)
        return None if self.refractive_contrast is None else metres_per_radian(self.wavelength_m, self.refractive_contrast)

    @cached_property
    def space(self) -> InLine:
        """The space between object and detector, on a grid around the frame; what it computes is not counted.

        Waves travel by the transfer function of the model, those of the Fourier-Born model by Fresnel's.
        """
        frame = PaddedFrame((self.shape[0], self.shape[1]), self.padding)
        method: Method = "angular-spectrum" if self.model == "angular-spectrum" else "fresnel"
        return InLine(frame, self.wavelength_m, self.pixel_m, self.distance_m, method, self.backend)

    # Waves on the grid, counted

    def to_detector(self, field: Array) -> Array:
        """A complex field on the grid, (..., *grid_shape), from object to detector; unitary, two FFTs per field, counted."""
        self._count(field, ffts=2)
        return self.space.to_detector(field)

    def to_object(self, field: Array) -> Array:
        """The inverse of :meth:`to_detector`, which is its adjoint; two FFTs per field, counted."""
        self._count(field, ffts=2)
        return self.space.to_object(field)

    # The model

    def expected(self, phase: Array, transmission: Array | None = None) -> Array:
        """The intensity (..., H, W) that :attr:`model` expects; differentiable on torch.

        Counted as one operator per field and two FFTs of the grid; the Fourier-Born model takes a third for a transmission.

        Args:
            phase: real (..., H, W), radians.
            transmission: real, of the amplitude, same shape; 1 everywhere where None. Positive for the Fourier-Born model.
        """
        self.counters.operators += math.prod(phase.shape[:-2])
        if self.model == "fourier-born":
            self._count(phase, ffts=2 if transmission is None else 3)
            return self.space.born_intensity(phase, transmission)
        self._count(phase, ffts=2)
        return self.space.intensity(phase, transmission)

    def _count(self, field: Array, *, ffts: int) -> None:
        self.counters.ffts += ffts * math.prod(field.shape[:-2])

    def forward(self, x: Reconstruction) -> Array:
        """The intensity (H, W) expected of phase and, where there is one, transmission."""
        xp, real = self.backend.xp, self.backend.real
        transmission = None if x.transmission is None else xp.astype(x.transmission, real)
        return self.expected(xp.astype(x.phase, real), transmission)

    @cached_property
    def contrast(self) -> float:
        """``|I - 1|``, the norm over measured pixels of what the object does to the empty beam; 1 where it does nothing."""
        xp = self.backend.xp
        return float(self._norm(self.intensity - xp.ones_like(self.intensity))) or 1.0

    def _norm(self, gap: Array) -> Array:
        xp = self.backend.xp
        squares = gap * gap if self.mask is None else xp.where(self.mask, gap * gap, xp.zeros_like(gap))
        return xp.sqrt(xp.sum(squares, axis=(-2, -1)))

    def residual(self, phase: Array, transmission: Array | None = None) -> Array:
        """``|expected - I| / |I - 1|``, norms over measured pixels, of shape (...); 1 is no better than no object. Counted."""
        return self._norm(self.expected(phase, transmission) - self.intensity) / self.contrast

    def misfit_of(self, expected: Array) -> float:
        """The :meth:`residual` of an intensity (H, W) that has been computed."""
        return float(self._norm(expected - self.intensity)) / self.contrast

    def misfit(self, reconstruction: Reconstruction) -> float:
        """The :meth:`residual` of ``phase`` and ``transmission``."""
        estimate = (reconstruction.phase, reconstruction.transmission)
        return float(self.residual(*(None if array is None else self.backend.asarray(array) for array in estimate)))

    def check(self, reconstruction: object) -> None:
        """Raise PrbenchError unless ``phase``, and ``transmission`` where there is one, are real (H, W), and that at least 0."""
        for name in ("phase", "transmission"):
            if name == "transmission" and getattr(reconstruction, name, None) is None:
                continue
            answer_array(reconstruction, name, self.shape, "f", "a near-field solver")
            if name == "transmission" and (lowest := float(np.min(getattr(reconstruction, name)))) < 0:
                raise PrbenchError(f"a near-field solver must return a transmission of at least 0, got {lowest:g}")

    def describe(self) -> dict[str, object]:
        """As every measurement, and the shape of the grid; ends of ranges that are not known are None."""
        ranges = {"phase_range": self.phase_range, "amplitude_range": self.amplitude_range}
        known = {name: [end if math.isfinite(end) else None for end in ends] for name, ends in ranges.items() if ends is not None}
        return {**super().describe(), "grid_shape": list(self.grid_shape), **known}
