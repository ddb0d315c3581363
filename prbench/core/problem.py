"""A problem: a measurement, and, apart from it, the truth where one is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeVar

from prbench.backend import Array
from prbench.errors import WrongProblem

from .measurement import Measurement
from .reconstruction import Reconstruction

Split = Literal["tune", "test", "train"]
M = TypeVar("M", bound=Measurement)


@dataclass(frozen=True)
class Provenance:
    """Where data come from: source, licence, and the checksum of the file where there is one."""

    source: str
    licence: str
    sha256: str = ""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Measured pixels kept from the solver, to check its reconstruction against.

    Attributes:
        mask: bool, detector layout, True where held out.
        intensity: the full measured intensity, detector layout.
    """

    mask: Array
    intensity: Array


@dataclass(frozen=True, eq=False)
class Problem:
    """One instance: the measurement goes to the solver, everything else stays with the framework.

    Attributes:
        measurement: what the solver sees.
        truth: the reconstruction that made the measurement, or None where it is unknown.
        id: unique within the dataset, stable between runs.
        split: ``tune`` for choosing settings, ``test`` for reporting, ``train`` for learning.
        provenance: source and licence.
        held_out: pixels for free R, where the dataset keeps some back.
        object_region: bool, the truth's shape: where PSNR and SSIM are computed; all of it where None.
        reference: a published or otherwise trusted answer by name, for measured data without truth, such as a support.
        warnings: what is suspicious in the data though they can be used, one line each.
        data_range: of a magnitude's values, where their format tells one, as 255; the truth's own for PSNR and SSIM where None.
    """

    measurement: Measurement
    truth: Reconstruction | None
    id: str
    split: Split
    provenance: Provenance
    held_out: HeldOut | None = None
    object_region: Array | None = None
    reference: dict[str, Array] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    data_range: float | None = None

    def measured(self, kind: type[M]) -> M:
        """The measurement, for what judges measurements of one class only.

        Raises:
            WrongProblem: for a measurement of another class.
        """
        if not isinstance(self.measurement, kind):
            raise WrongProblem(f"{self.id} has a measurement of {type(self.measurement).__name__}, {kind.__name__} is needed")
        return self.measurement
