"""Refraction of X-rays by the materials that samples and membranes are simulated from.

The refractive index is ``n = 1 - delta + i beta``: a thickness t shifts the phase by ``-k delta t`` and leaves
``exp(-mu t)`` of the intensity, ``mu = 2 k beta``. The values come from xraylib (Schoonjans et al., Spectrochim. Acta B 66
(2011) 776, doi:10.1016/j.sab.2011.09.011), whose ``beta`` holds photoelectric absorption and both kinds of scattering: in
plastics near 30 keV three times what tables of photoelectric absorption alone give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from prbench.errors import BadInput, UsageError

PLANCK_TIMES_C_EV_M = 1.239841984332e-6
"""h c in eV m (CODATA 2018, exact)."""


def energy_of_wavelength(wavelength_m: float) -> float:
    """Photon energy in eV of light of a wavelength in vacuum, in metres."""
    return PLANCK_TIMES_C_EV_M / wavelength_m


def wavelength_of_energy(energy_ev: float) -> float:
    """Wavelength in vacuum, in metres, of a photon energy in eV."""
    return PLANCK_TIMES_C_EV_M / energy_ev


ENERGIES_EV = (1e3, 3e5)
"""Between these the refraction here is defined; xraylib's tables reach farther, the model of free electrons does not."""


@dataclass(frozen=True)
class Material:
    """A compound: chemical formula and mass density."""

    formula: str
    density_g_cm3: float


MATERIALS = {
    "al2o3": Material("Al2O3", 3.97),
    "nylon": Material("C6H11NO", 1.14),  # nylon-6
    "phenolic-resin": Material("C7H6O", 1.3),
    "pmma": Material("C5H8O2", 1.19),
    "sic": Material("SiC", 3.21),
}
"""Materials by name; alumina is corundum, nylon is nylon-6."""


@dataclass(frozen=True)
class Refraction:
    """The refractive index ``1 - delta + i beta`` of a material at one photon energy.

    Attributes:
        delta: refractive decrement.
        beta: absorption index, total: photoelectric absorption, coherent and incoherent scattering.
        wavelength_m: in vacuum.
    """

    delta: float
    beta: float
    wavelength_m: float

    @property
    def phase_per_m(self) -> float:
        """``-k delta``: radians a metre of thickness adds to the phase, negative."""
        return -2 * math.pi * self.delta / self.wavelength_m

    @property
    def attenuation_per_m(self) -> float:
        """Linear attenuation coefficient ``mu = 2 k beta`` of the intensity."""
        return 4 * math.pi * self.beta / self.wavelength_m

    @property
    def gamma(self) -> float:
        """``delta / beta``."""
        return self.delta / self.beta

    def against(self, medium: Refraction) -> Refraction:
        """What a body does that displaces its thickness of ``medium``: the differences of the two."""
        return Refraction(self.delta - medium.delta, self.beta - medium.beta, self.wavelength_m)


@cache
def refraction(material: str | Material, energy_ev: float) -> Refraction:
    """Refraction of a material, by its name in :data:`MATERIALS` or described, at a photon energy.

    Raises:
        UsageError: for an unknown name or an energy outside :data:`ENERGIES_EV`.
        BadInput: for a formula that xraylib cannot read, or a density that is not positive.
    """
    import xraylib

    if isinstance(material, str):
        if material not in MATERIALS:
            raise UsageError(f"material must be one of {', '.join(MATERIALS)}, got {material!r}")
        material = MATERIALS[material]
    low, high = ENERGIES_EV
    if not low <= energy_ev <= high:
        raise UsageError(f"the photon energy must be in [{low:g}, {high:g}] eV, got {energy_ev:g}")
    if not (material.density_g_cm3 > 0 and math.isfinite(material.density_g_cm3)):
        raise BadInput(f"the density of {material.formula} must be positive and finite, got {material.density_g_cm3} g/cm3")
    energy_kev = energy_ev / 1e3
    try:
        delta = 1 - xraylib.Refractive_Index_Re(material.formula, energy_kev, material.density_g_cm3)
        beta = xraylib.Refractive_Index_Im(material.formula, energy_kev, material.density_g_cm3)
    except ValueError as error:
        raise BadInput(f"{material.formula!r} is not a chemical formula that xraylib can read: {error}") from error
    return Refraction(delta, beta, PLANCK_TIMES_C_EV_M / energy_ev)
