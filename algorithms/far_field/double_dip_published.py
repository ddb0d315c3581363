"""The published double deep image prior: misfit of amplitudes, Adam, thousands of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.core import register, setting

from .double_dip_admm import DoubleDipADMM


@register(
    "double-dip-published",
    task="far-field",
    cite="Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799; "
    "Ulyanov, Vedaldi, Lempitsky, CVPR 2018, arXiv:1711.10925",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleDipPublished(DoubleDipADMM):
    """Magnitude and phase by a network each, fitted by the mean squared misfit of amplitudes and nothing else.

    Adam has a constant rate and its usual averages. There is no multiplier, no likelihood, no pixel held out, and no frame that
    moves; networks reflect at their edges, and every start runs to the end, where the lowest misfit chooses. Restarts and the
    size of the networks are those of ``double-dip-admm``, so that the two differ in the fit alone. Rate, steps and disturbance
    are a choice: with 1e-3 and no disturbance fits of crystals stall.
    """

    iterations: int = setting(2000, valid="[1, inf)", range=(1000, 10000), log=True, doc="steps of the optimiser")
    screen: float = setting(
        1.0, valid="(0, 1]", range=(0.3, 1), doc="part of the steps after which only the finalists go on; 1: all to the end"
    )
    schedule: Literal["cosine", "constant"] = setting(
        "constant", choices=("cosine", "constant"), doc="course of the learning rate"
    )
    loss: Literal["auto", "amplitude", "root", "poisson"] = setting(
        "amplitude",
        choices=("auto", "amplitude", "root", "poisson"),
        doc="misfit of amplitudes, of their roots, or of counts; auto: of counts where there is shot noise, else of amplitudes",
    )
    multiplier: float = setting(
        0.0, valid="[0, 1]", range=(0, 0.2), doc="part of each step's misfit that a multiplier remembers; 0: none, as published"
    )
    centring: int = setting(
        0, valid="[0, inf)", doc="steps between two moves of the frame with its object, early on; 0: it stays, as published"
    )
    holdout: float | None = setting(
        0.0, valid="[0, 0.5]", doc="fraction of pixels held out to choose by; none: 0.05 where there is shot noise"
    )

    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
