"""A reconstructed phase as surfaces and pictures are made of it: unwrapped, and as grey levels."""

from __future__ import annotations

import numpy as np

from prbench.backend import Array
from prbench.core import Case, Problem, Reconstruction
from prbench.errors import BadInput
from prbench.physics.surface import has_steps, is_wrapped, unwrap

from .regions import judged_region

WHITE = 255
"""Grey level of the upper end."""

PERCENTILES = (0.5, 99.5)
"""Of the phase, that become black and white where there is no truth."""


def whole_phase(problem: Problem, estimate: Reconstruction) -> tuple[Array, bool]:
    """The phase of a reconstruction, float64 (H, W), and whether it had to be unwrapped.

    One that looks wrapped (:func:`~prbench.physics.surface.is_wrapped`) is unwrapped, unless the truth has steps of more than
    half a turn itself, which unwrapping would take away.
    """
    phase = np.asarray(estimate.phase, np.float64)
    truth = None if problem.truth is None else problem.truth.phase
    wrapped = is_wrapped(phase) and not (truth is not None and has_steps(np.asarray(truth, np.float64)))
    return (unwrap(phase) if wrapped else phase), wrapped


def case_phase(case: Case) -> Array:
    """:func:`whole_phase` of a case, noted in it and computed once."""

    def make() -> Array:
        phase, wrapped = whole_phase(case.problem, case.reconstruction)
        case.notes["phase"] = "unwrapped" if wrapped else "as reconstructed"
        return phase

    return case.shared("whole-phase", make)


def grey_levels(case: Case) -> Array:
    """The phase in grey levels, float64 (H, W), neither rounded nor clipped; the mapping is noted in the case.

    Black, 0, and white, 255, are the ends of the truth's phase over the judged region, where both phases have one mean; without
    truth they are the :data:`PERCENTILES` of the phase.

    Raises:
        BadInput: where black and white fall together.
    """

    def make() -> Array:
        phase, truth, region = case_phase(case), case.problem.truth, judged_region(case.problem)
        if truth is not None and truth.phase is not None:
            truth_phase = np.asarray(truth.phase, np.float64)[region]
            phase = phase - phase[region].mean() + truth_phase.mean()
            low, high, source = float(truth_phase.min()), float(truth_phase.max()), "range of the truth, means made equal"
        else:
            low, high = (float(end) for end in np.percentile(phase[region], PERCENTILES))
            source = "percentiles {} and {} of the phase".format(*PERCENTILES)
        case.notes.update({"grey_0_rad": low, "grey_255_rad": high, "grey_levels": source})
        if not high > low:
            raise BadInput(f"black and white are the same phase, {low:.4g} rad; there is no picture")
        return WHITE * (phase - low) / (high - low)

    return case.shared("grey-levels", make)
