"""Fourier filtering: one order of the hologram's spectrum, without what the optics add to its phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.physics.unwrapping import congruent, least_squares, unwrapped
from prbench.tasks.off_axis import Hologram

from ._reading import read


@register(
    "fourier-filter",
    task="off-axis",
    cite=(
        "Takeda, Ina, Kobayashi, J. Opt. Soc. Am. 72 (1982) 156, doi:10.1364/JOSA.72.000156; "
        "Cuche, Marquet, Depeursinge, Appl. Opt. 39 (2000) 4070, doi:10.1364/AO.39.004070; "
        "Colomb et al., Appl. Opt. 45 (2006) 851, doi:10.1364/AO.45.000851; "
        "least squares: Ghiglia, Romero, J. Opt. Soc. Am. A 11 (1994) 107, doi:10.1364/JOSAA.11.000107"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class FourierFilter(DirectSolver[Hologram]):
    """The order at the carrier, cut out and moved to zero frequency; its phase, minus that of the empty optics, unwrapped.

    Where there is a hologram of the background its order is divided by, and a plane fitted; else a polynomial stands for carrier
    and aberrations, of the lowest total degree that leaves the rim of the frame as flat as any up to :data:`HIGHEST_DEGREE`. It
    is fitted to what is background: first to the slopes that most pixels have, then to the phase that most pixels have, last to
    the unwrapped phase around all that rises above it. Fits and unwrapping take place on the coarse grid that just holds the
    order, around what is not measured; the phase itself is evaluated on every pixel.

    ``aux`` has the carrier, the part of the frame found to be background (``free``), the ``degree``, the number of ``residues``
    that make unwrapping ambiguous, the part of the frame without fringes (``faded``), and the ``radius`` in cycles/px.
    """

    radius: float | None = setting(
        None,
        valid="[0.05, 0.9]",
        range=(0.2, 0.5),
        doc="of the filter, over the carrier's frequency; none: 1/3, or up to 1/2 where the order stands out of the noise",
    )
    degree: int | None = setting(
        None, valid="[1, 8]", range=(1, 6), doc="total degree of the aberration; none: what the background supports, up to 4"
    )
    unwrapping: Literal["reliability", "least-squares"] = setting(
        "reliability", doc="along the most reliable pixels first, or to the whole turns nearest to the least-squares phase"
    )

    example: ClassVar[dict[str, object]] = {}

    def solve(self, y: Hologram, rng: Rng) -> Reconstruction:
        """Find the carrier, cut out the order, flatten, unwrap."""
        return self.solve_next(y, rng, {})

    def solve_next(self, y: Hologram, rng: Rng, memory: dict[str, Any]) -> Reconstruction:  # noqa: ARG002 - nothing is random
        """As :meth:`solve`; carrier, filter and the polynomial of the optics are those of the last frame while they flatten it.

        They do where at least 0.95 times as much of the frame's rim comes out flat as when they were found, in a frame of the
        same shape and mask. Else they are searched for anew.
        """
        reading = read(y, memory, self.radius, self.degree)
        seen, measured = reading.level.phase, reading.level.measured
        plain = self.unwrapping == "reliability"
        result = reading.answer(unwrapped(seen, measured) if plain else congruent(least_squares(seen, measured), seen))
        reading.remember(memory)
        return result
