"""The ESRF logo: forward coherent diffraction of a lithographed object, with a beamstop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.far_field import FarField

from ..originals import conversions
from ..originals.table import originals_of
from ..readers.arrays import npz_array
from ..readers.locate import locate
from ..readers.pattern import read_pattern
from ..readers.reading import Reading
from ._measured import HOLDOUT_DOC, hold_out, parse_shape

_LICENCE = "CeCILL-B"


@register(
    "esrf-logo",
    task="far-field",
    cite=(
        "Chushkin et al., J. Synchrotron Rad. 21 (2014) 594; "
        "Favre-Nicolin et al., J. Appl. Cryst. 53 (2020) 1404, doi:10.1107/S1600576720010985"
    ),
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class ESRFLogo(Dataset):
    """Diffraction of a 5 micrometre logo, 512x512 pixels, measured at the ESRF, beamline ID10; an example of PyNX.

    The pattern is symmetrised, the beamstop and the gaps are unmeasured. There is no truth; the published support
    is kept as ``Problem.reference["support"]`` and told to the solver on request.
    """

    support: Literal["none", "reference"] = setting("none", doc="whether the solver is told the published support")
    object_shape: str | None = setting(
        None, doc="shape of the object, such as 160x160 (its support spans 143x126); none: half the detector's", unit="px"
    )
    holdout: float = setting(0, valid="[0, 0.5]", doc=HOLDOUT_DOC)

    files: ClassVar[tuple[DataFile, ...]] = (
        DataFile(
            name="far_field/esrf_logo_id10.npz",
            licence=_LICENCE,
            sha256="08e1f60d56215c08cbe7e24bdb4c6f42e01b93b6a70472dc728ae9bead34412d",
            note=(
                "made from logo5mu_20sec.edf and mask_logo5mu_20sec.edf of PyNX's examples "
                "(http://ftp.esrf.fr/pub/scisoft/PyNX/): arrays intensity (float32), bad (the example's mask) "
                "and support_ref (bool), each 512x512"
            ),
            originals=originals_of("esrf-logo"),
            convert=conversions.esrf_logo,
            content="99834989dd711e5327949f50659d9877ef0098ca38fbdbd66d78638d64f163d6",
        ),
    )

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the pattern."""
        path, sha256 = locate(self.files[0], self.plugin_name)
        pattern = read_pattern(path, Reading(dataset="intensity"))
        shape = None if self.object_shape is None else parse_shape(self.object_shape, f"{self.plugin_name}: object_shape")
        reference = npz_array(path, "support_ref").astype(bool)
        problem = Problem(
            measurement=FarField(
                pattern.intensity, pattern.mask, shape, support=reference if self.support == "reference" else None
            ),
            truth=None,
            id=f"{self.plugin_name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source="ESRF ID10, from PyNX's examples", licence=_LICENCE, sha256=sha256),
            reference={"support": reference},
        )
        return hold_out(problem, self.holdout, self.streams(1, index, seed, split)[0])
