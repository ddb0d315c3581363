"""Off-axis holography: one image of the interference of an object wave with a reference that meets it at an angle."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core.checks import answer_array, light, mask_of, positive, real_array, refuse, same_shape
from prbench.core.measurement import Measurement, filled_from_nearest
from prbench.core.outside import outside_training
from prbench.core.reconstruction import Reconstruction
from prbench.errors import BadInput
from prbench.physics.fringe_quality import fringes_stand_out
from prbench.physics.fringes import find_carrier
from prbench.physics.surface import metres_per_radian

NUISANCES = ("offset", "modulation", "aberration", "carrier")
"""What an interferogram holds besides the phase, by their names in ``Reconstruction.aux``."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Hologram(Measurement):
    """One off-axis interferogram, and another without the object where one was taken::

        I(r) = b(r) + m(r) cos(2 pi c.r + a(r) + phi(r)),   r = (row, column) in pixels, the first pixel at (0, 0)

    with the phase ``phi`` of the object, wanted; the smooth aberration ``a`` of the optics; the fringes' offset b and modulation
    m; and the carrier c in cycles per pixel. ``phi`` is unwrapped and zero on free background.

    An image cannot tell ``(c, a + phi)`` from ``(-c, -a - phi)``. The order meant is that of a carrier of positive column
    frequency; where that is below one fringe per frame, of positive row frequency; where ``carrier`` is given, the nearer one.

    Args:
        interferogram: real (H, W). Unmeasured pixels get the value of the nearest measured one.
        background: real (H, W), taken with the same optics without an object; None where there is none.
        mask: bool (H, W), True where measured; all pixels where None.
        wavelength_m, energy_ev: of the light in vacuum; either, the other follows. None where it is not known, which no phase
            depends on.
        pixel_m: of the camera, seen at the object; None where it is not known.
        carrier: row and column frequency in cycles/px, a hint that decides the sign; None where nothing is known.
        denser: whether the object is known to delay the wave. Where no carrier is given either, the order meant is the one in
            which its phase is positive.
        refractive_contrast: index of the object minus that of the medium, by which a phase is a height; None where not known.

    Raises:
        BadInput: for arrays that are not real frames of one shape, at least 16 pixels per side, measured pixels that are not
            finite, an interferogram that is constant, and numbers out of range.
    """

    task: ClassVar[str] = "off-axis"
    arrays: ClassVar[tuple[str, ...]] = ("interferogram", "background", "mask")

    interferogram: Array
    background: Array | None = None
    mask: Array | None = None
    wavelength_m: float | None = dataclasses.field(default=None, kw_only=True)
    energy_ev: float | None = dataclasses.field(default=None, kw_only=True)
    pixel_m: float | None = dataclasses.field(default=None, kw_only=True)
    carrier: tuple[float, float] | None = dataclasses.field(default=None, kw_only=True)
    denser: bool = dataclasses.field(default=False, kw_only=True)
    refractive_contrast: float | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        frame = np.asarray(self.interferogram).shape
        mask = None
        if self.mask is not None:
            mask = mask_of(self.mask, frame, "the interferogram")
            object.__setattr__(self, "mask", mask)
        for name in ("interferogram", "background"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, _frame(name, array, frame, mask))
        if not np.ptp(self.interferogram):
            raise BadInput("interferogram is constant; there are no fringes to take a phase from")
        wavelength_m, energy_ev = light(self.wavelength_m, self.energy_ev)
        object.__setattr__(self, "wavelength_m", wavelength_m)
        object.__setattr__(self, "energy_ev", energy_ev)
        positive(pixel_m=self.pixel_m)
        if self.carrier is not None:
            carrier = tuple(float(frequency) for frequency in self.carrier)
            if len(carrier) != 2 or not all(abs(frequency) <= 0.5 for frequency in carrier) or not any(carrier):
                raise BadInput(f"carrier must be two frequencies of at most 0.5 cycles/px, not both zero, got {self.carrier}")
            object.__setattr__(self, "carrier", carrier)
        if self.refractive_contrast is not None and self.wavelength_m is not None:
            metres_per_radian(self.wavelength_m, self.refractive_contrast)  # refuses what gives no height

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) of the frame."""
        return tuple(self.interferogram.shape)

    @property
    def metres_per_radian(self) -> float | None:
        """Thickness of the object per radian of phase; None where wavelength, pixel or contrast are not known."""
        if self.wavelength_m is None or self.pixel_m is None or self.refractive_contrast is None:
            return None
        return metres_per_radian(self.wavelength_m, self.refractive_contrast)

    def forward(self, x: Reconstruction) -> Array:
        """The interferogram (H, W) expected of a phase and of what stands in ``x.aux``; counted.

        Raises:
            BadInput: where ``x.aux`` lacks ``offset``, ``modulation``, ``aberration`` (H, W, or numbers) or ``carrier`` (2,).
        """
        missing = [name for name in NUISANCES if x.aux.get(name) is None]
        if missing:
            raise BadInput(f"the interferogram of a phase depends on the optics: aux lacks {', '.join(missing)}")
        self.counters.operators += 1
        backend, (rows, columns) = self.backend, self.shape
        xp = backend.xp
        row, column = (float(frequency) for frequency in x.aux["carrier"])
        offset, modulation, aberration = (
            xp.astype(backend.asarray(backend.to_numpy(x.aux[name])), backend.real) for name in NUISANCES[:3]
        )
        # Whole turns are taken off in double precision, which single precision would lose in a large frame.
        ramps = [np.mod(frequency * np.arange(n), 1.0) for frequency, n in ((row, rows), (column, columns))]
        turns = backend.asarray(ramps[0])[:, None] + backend.asarray(ramps[1])[None, :]
        return offset + modulation * xp.cos(2 * math.pi * turns + aberration + xp.astype(x.phase, backend.real))

    def check(self, reconstruction: object) -> None:
        """Raise PrbenchError unless ``phase`` is real (H, W)."""
        answer_array(reconstruction, "phase", self.shape, "f", "an off-axis solver")

    def suspicions(self, reconstruction: Reconstruction) -> tuple[str, ...]:
        """What a solver that reads fringes says of its answer: little background, residues, fringes that fade, none at all."""
        aux, said = reconstruction.aux, []
        free, degree = aux.get("free"), aux.get("degree")
        if free is not None and degree is not None and self.background is None and free < _LITTLE_FREE:
            said.append(
                f"background was found on {100 * free:.0f} % of the frame: the optics are a polynomial of degree {degree} fitted "
                "there; a hologram without the object, background=, or degree= would tell more"
            )
        if aux.get("residues"):
            said.append(f"the wrapped phase has {aux['residues']} residues: unwrapping depends on the path around them")
        if (aux.get("faded") or 0) > _FADED:
            said.append(f"the fringes fade out on {100 * aux['faded']:.0f} % of the measured frame: the phase is doubtful there")
        seen = np.asarray(self.backend.to_numpy(self.interferogram), np.float64)
        if not fringes_stand_out(seen, None if self.carrier is None else find_carrier(seen, self.carrier)):
            said.append("no fringes stand out of the noise: the phase means nothing")
        return (*said, *outside_training(reconstruction))

    def describe(self) -> dict[str, object]:
        """As every measurement, and whether a background was taken."""
        return {**super().describe(), "has_background": self.background is not None}


_LITTLE_FREE = 0.25
"""Part of the frame with background below which a fitted aberration is doubtful: a choice."""

_FADED = 0.01
"""Part of the frame without fringes from which that is said: a choice."""

LEAST_SIDE_PX = 16
"""Side of a frame under which fringes and what they carry cannot be told apart."""


def _frame(name: str, array: Array, shape: tuple[int, ...], mask: np.ndarray | None) -> np.ndarray:
    estimate = real_array(name, array, (2,), "array (rows, columns)")
    same_shape(name, estimate, shape, "the interferogram")
    if min(shape) < LEAST_SIDE_PX:
        raise BadInput(f"{name} has shape {shape}; fringes need at least {LEAST_SIDE_PX} pixels per side")
    estimate = np.ascontiguousarray(estimate) if mask is None else filled_from_nearest(estimate, mask)
    refuse(name, ~np.isfinite(estimate), "not finite")
    return estimate
