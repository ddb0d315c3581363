"""Naturalness of a phase, judged without a reference: BRISQUE and NIQE of its 8-bit image.

Both ask how far the statistics of an image are from those of undistorted photographs. They judge naturalness, not truth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench.backend import Array
from prbench.core import PHASE_MAP, Case, metric
from prbench.errors import BadInput, one_line

from ._brisque import BRISQUE_LEAST_PX, BRISQUE_WORST, brisque, brisque_enlargement
from ._niqe import NIQE_BLOCK_PX, NIQE_WORST, niqe, niqe_enlargement
from ._phase import WHITE, grey_levels
from .regions import judged_region

_Judge = Callable[[Array], float]


def as_8bit(levels: Array) -> Array:
    """Grey levels rounded and clipped to the 256 that there are, uint8."""
    estimate: Array = np.rint(np.clip(levels, 0, WHITE)).astype(np.uint8)
    return estimate


def _image(case: Case) -> Array:
    """The phase as an 8-bit image: the rectangle about the judged region.

    Without truth a phase whose percentiles coincide is flat, and so is its image.

    Raises:
        BadInput: where the truth is flat, so that it sets no grey levels.
    """

    def make() -> Array:
        rectangle = _rectangle(judged_region(case.problem))
        try:
            return as_8bit(grey_levels(case)[rectangle])
        except BadInput:
            truth = case.problem.truth
            if truth is not None and truth.phase is not None:
                raise
            return np.zeros([edge.stop - edge.start for edge in rectangle], np.uint8)

    return case.shared("8-bit", make)


def _rectangle(region: Array) -> tuple[slice, ...]:
    """The smallest rectangle that holds a region."""
    return tuple(slice(int(hit[0]), int(hit[-1]) + 1) for hit in (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0)))


def _scored(
    case: Case,
    name: str,
    judge: _Judge,
    enlargement: Callable[[tuple[int, ...]], int],
    least: str,
    worst: float,
) -> float:
    """The score of the phase's image, with a note where the image is small or without structure; NaN without a phase, and, with
    the reason in the notes, where there are no grey levels.
    """
    if case.reconstruction.phase is None:
        return case.undefined(name, "the answer has no phase")
    try:
        image = _image(case)
    except BadInput as error:
        return case.undefined(name, one_line(error))
    score, times = judge(image), enlargement(image.shape)
    notes = []
    if times > 1:
        size = "x".join(map(str, image.shape))
        notes.append(f"{size} pixels, continued by mirror images to {times} times each side; {name} needs {least}")
    if score == worst:
        notes.append("an image without structure, which gets the worst score")
    if notes:
        case.notes[name] = "; ".join(notes)
    return score


@metric(
    "brisque",
    better="lower",
    range="(-inf, inf)",
    answers=(PHASE_MAP,),
    header="BRISQUE",
    meaning="how unlike a photograph the phase looks, whatever the truth",
    priority=50,
    smallest=0.1,
    needs="measurement",
    removes=("offset",),
    cite="Mittal, Moorthy, Bovik, IEEE Trans. Image Process. 21 (2012) 4695, doi:10.1109/TIP.2012.2214050",
)
def brisque_of_phase(case: Case) -> float:
    """BRISQUE of the phase as an 8-bit image, black and white at the ends of the truth's range, or without truth at the
    percentiles 0.5 and 99.5: how unlike a photograph it looks, whatever the truth.

    An image under 32 pixels per side is continued by its mirror images; one without structure scores 527.138, the largest value
    that the published regression takes (see :func:`prbench.metrics.brisque`).
    """
    least = f"{BRISQUE_LEAST_PX} pixels per side"
    return _scored(case, "brisque", brisque, brisque_enlargement, least, BRISQUE_WORST)


@metric(
    "niqe",
    better="lower",
    answers=(PHASE_MAP,),
    header="NIQE",
    meaning="how unlike a photograph the phase looks, by another model",
    priority=51,
    smallest=0.01,
    needs="measurement",
    removes=("offset",),
    cite="Mittal, Soundararajan, Bovik, IEEE Signal Process. Lett. 20 (2013) 209, doi:10.1109/LSP.2012.2227726",
)
def niqe_of_phase(case: Case) -> float:
    """NIQE of the phase as an 8-bit image, black and white as for brisque: how unlike a photograph it looks, whatever the truth.

    An image without room for two blocks of 96x96 pixels is continued by its mirror images; one without structure scores 33906.3,
    which no image can exceed (see :func:`prbench.metrics.niqe`).
    """
    least = f"two blocks of {NIQE_BLOCK_PX}x{NIQE_BLOCK_PX} pixels"
    return _scored(case, "niqe", niqe, niqe_enlargement, least, NIQE_WORST)
