import math

import pytest

from prbench.errors import BadInput, UsageError
from prbench.physics.materials import MATERIALS, Material, refraction

AT_28_KEV = {
    "al2o3": (1.032e-6, 1.280e-9),
    "pmma": (3.399e-7, 1.381e-10),
    "nylon": (3.307e-7, 1.253e-10),
    "sic": (8.490e-7, 1.463e-9),
}
"""Delta and total beta, to four digits."""


@pytest.mark.parametrize("name", AT_28_KEV)
def test_known_values(name):
    delta, beta = AT_28_KEV[name]
    found = refraction(name, 28e3)
    assert found.delta == pytest.approx(delta, rel=5e-4)
    assert found.beta == pytest.approx(beta, rel=5e-4)
    assert found.wavelength_m == pytest.approx(0.4428e-10, rel=1e-4)
    assert found.gamma == pytest.approx(delta / beta, rel=1e-3)


@pytest.mark.parametrize("name", MATERIALS)
def test_far_from_edges_delta_falls_with_the_square_of_the_energy(name):
    assert refraction(name, 40e3).delta == pytest.approx(refraction(name, 20e3).delta / 4, rel=0.01)


def test_absorption_is_total():
    """Photoelectric absorption alone attenuates PMMA by 0.13 / cm at 28 keV; with scattering it is three times that."""
    assert refraction("pmma", 28e3).attenuation_per_m == pytest.approx(39.2, rel=0.01)


def test_phase_and_attenuation_are_those_of_the_index():
    found = refraction("al2o3", 28e3)
    k = 2 * math.pi / found.wavelength_m
    assert found.phase_per_m == pytest.approx(-k * found.delta)
    assert found.attenuation_per_m == pytest.approx(2 * k * found.beta)


def test_delta_grows_with_density():
    assert refraction(Material("SiC", 6.42), 28e3).delta == pytest.approx(2 * refraction("sic", 28e3).delta)


def test_a_body_in_a_medium_acts_by_the_difference():
    grain, resin = refraction("sic", 28e3), refraction("phenolic-resin", 28e3)
    assert grain.against(resin).phase_per_m == pytest.approx(grain.phase_per_m - resin.phase_per_m)
    assert grain.against(grain).delta == 0


@pytest.mark.parametrize(
    ("material", "energy_ev", "kind", "message"),
    [
        ("gold", 28e3, UsageError, r"^material .*\bal2o3, nylon, .*'gold'"),
        ("sic", 10.0, UsageError, r"\benergy .*\[1000, 300000\] eV.*\b10\b"),
        (Material("SiC", 0.0), 28e3, BadInput, r"\bdensity .*\bSiC\b.*\b0\.0 g/cm3"),
        (Material("Zz9", 1.0), 28e3, BadInput, r"'Zz9'.*\bformula\b"),
    ],
)
def test_bad_input_is_one_line(material, energy_ev, kind, message):
    with pytest.raises(kind, match=message):
        refraction(material, energy_ev)
