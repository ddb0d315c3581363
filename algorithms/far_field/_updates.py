"""One step of each projection algorithm: two FFTs, one pass in Fourier space, one pass over the object.

With ``P_F`` the modulus projection and S the pixels that the constraints keep, ER, HIO and RAAR all read

    g <- P_F g            on S
         c g + d P_F g    off S

with (c, d) = (0, 0) for ER, (1, -beta) for HIO and (beta, 1 - 2 beta) for RAAR.
"""

from __future__ import annotations

from collections.abc import Callable

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import where

from ._constraints import cut
from ._state import ProjectionState

Update = Callable[[ProjectionState], None]


@pointwise
def relax(g: Array, p: Array, inside: Array, c: float, d: float) -> Array:
    """``p`` inside, ``c g + d p`` outside."""
    return where(inside, p, c * g + d * p)


@pointwise
def reflect(g: Array, inside: Array) -> Array:
    """``2 P_S g - g``."""
    return where(inside, g, -g)


@pointwise
def rrr_add(g: Array, p: Array, inside: Array, keep: float, beta: float) -> Array:
    """``g + beta (p - P_S g)``, where ``keep`` is ``1 - beta``."""
    return where(inside, keep * g, g) + beta * p


def _project_modulus(s: ProjectionState, g: Array) -> Array:
    s.p = s.y.project_modulus(g, spectrum=s.p, out=s.p, coherence=s.coherence, relaxation=s.relaxation)
    if s.constraints.real:
        s.p = s.p.real + 0j
    return s.p


def er(s: ProjectionState) -> None:
    """Error reduction, ``P_S P_F g`` (Fienup 1982, doi:10.1364/AO.21.002758)."""
    p = _project_modulus(s, s.g)
    s.inside = s.constraints.mask(p, s.support)
    s.g = cut(p, s.inside, 0.0, out=s.g)


def hio(s: ProjectionState) -> None:
    """Hybrid input-output: off S, ``g - beta P_F g`` (Fienup 1982, doi:10.1364/AO.21.002758)."""
    p = _project_modulus(s, s.g)
    s.inside = s.constraints.mask(p, s.support)
    s.g = relax(s.g, p, s.inside, 1.0, -s.beta, out=s.g)


def hpr(s: ProjectionState) -> None:
    """Hybrid projection reflection: HIO on the pixels where the constraints keep ``(1 + beta) P_F g - g``.

    Bauschke, Combettes, Luke 2003, doi:10.1364/JOSAA.20.001025.
    """
    p = _project_modulus(s, s.g)
    s.inside = s.constraints.mask((1 + s.beta) * p - s.g, s.support) if s.constraints.nonlinear else s.support
    s.g = relax(s.g, p, s.inside, 1.0, -s.beta, out=s.g)


def raar(s: ProjectionState) -> None:
    """Relaxed averaged alternating reflections (Luke 2005, doi:10.1088/0266-5611/21/1/004)."""
    p = _project_modulus(s, s.g)
    s.inside = s.constraints.mask(2 * p - s.g, s.support) if s.constraints.nonlinear else s.support
    s.g = relax(s.g, p, s.inside, s.beta, 1.0 - 2.0 * s.beta, out=s.g)


def rrr(s: ProjectionState) -> None:
    """Relaxed reflect-reflect, ``g + beta (P_F(2 P_S g - g) - P_S g)`` (Elser, Lan, Bendory 2018, doi:10.1137/18M1170364)."""
    s.inside = s.constraints.mask(s.g, s.support)
    s.p = reflect(s.g, s.inside, out=s.p)
    p = _project_modulus(s, s.p)
    s.g = rrr_add(s.g, p, s.inside, 1.0 - s.beta, s.beta, out=s.g)


def difference_map(s: ProjectionState) -> None:
    """The difference map with its optimal estimates (Elser 2003, doi:10.1364/JOSAA.20.000040).

    ``g + beta [P_S((1 + 1/beta) P_F g - g/beta) - P_F((1 - 1/beta) P_S g + g/beta)]``; at ``beta = 1`` the second estimate is g
    itself, and one modulus projection serves both terms.
    """
    g, beta = s.g, s.beta
    p = _project_modulus(s, g)
    if beta == 1.0:
        s.inside = s.constraints.mask(2 * p - g, s.support) if s.constraints.nonlinear else s.support
        s.g = relax(g, p, s.inside, 1.0, -1.0, out=g)
        return
    x = (1 + 1 / beta) * p - g / beta
    s.inside = s.constraints.mask(x, s.support)
    on_support = x * s.inside
    estimate = (1 - 1 / beta) * (g * s.constraints.mask(g, s.support)) + g / beta
    s.g = g + beta * (on_support - _project_modulus(s, estimate))


UPDATES: dict[str, Update] = {"ER": er, "HIO": hio, "RAAR": raar, "RRR": rrr, "DM": difference_map}
