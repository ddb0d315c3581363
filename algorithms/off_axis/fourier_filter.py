"""Fourier filtering: one order of the hologram's spectrum, without what the optics add to its phase."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.core.measurement import filled_from_nearest
from prbench.physics.fringe_quality import order_fraction
from prbench.physics.fringes import Band, find_carrier, order_radius
from prbench.tasks.off_axis import Hologram

from ._flattening import Flat, OpticsFit, flattened, polynomials
from ._orders import OrderFilter, object_order

_GAP = 0.25
"""Depth into unmeasured pixels, times the radius of the filter, up to which fringes from around tell the phase."""


@register(
    "fourier-filter",
    task="off-axis",
    cite=(
        "Takeda, Ina, Kobayashi, J. Opt. Soc. Am. 72 (1982) 156, doi:10.1364/JOSA.72.000156; "
        "Cuche, Marquet, Depeursinge, Appl. Opt. 39 (2000) 4070, doi:10.1364/AO.39.004070; "
        "Colomb et al., Appl. Opt. 45 (2006) 851, doi:10.1364/AO.45.000851"
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

    example: ClassVar[dict[str, object]] = {}

    def solve(self, y: Hologram, rng: Rng) -> Reconstruction:
        """Find the carrier, cut out the order, flatten, unwrap."""
        return self.solve_next(y, rng, {})

    def solve_next(self, y: Hologram, rng: Rng, memory: dict[str, Any]) -> Reconstruction:  # noqa: ARG002 - nothing is random
        """As :meth:`solve`; carrier, filter and the polynomial of the optics are those of the last frame while they flatten it.

        They do where at least 0.95 times as much of the frame's rim comes out flat as when they were found, in a frame of the
        same shape and mask. Else they are searched for anew.
        """
        known = memory.get("optics")
        if isinstance(known, _Optics) and known.suits(y):
            answer = self._with(y, known)
            if answer is not None:
                return answer[0]
        frame = np.asarray(y.backend.to_numpy(y.interferogram), np.float64)
        carrier = find_carrier(frame, y.carrier)
        radius = order_radius(carrier, order_fraction(frame, carrier) if self.radius is None else self.radius)
        answer = self._with(y, _Optics(OrderFilter.of(y, carrier, radius), radius, y))
        assert answer is not None
        result, memory["optics"] = answer
        return result

    def _with(self, y: Hologram, optics: _Optics) -> tuple[Reconstruction, _Optics] | None:
        """The reconstruction by a filter and the optics that flatten it; None where those known do not."""
        cutter, radius, rim = optics.cutter, optics.radius, optics.cutter.rim
        order = object_order(y, y.interferogram, cutter)
        empty = None
        if y.background is not None:
            empty = optics.empty if optics.has_background_of(y) else object_order(y, y.background, cutter)
        flat = flattened(y, order, empty, rim, self.degree, optics.fit)
        if flat is None:
            return None
        y.counters.ffts += 1 if empty is None else 2
        phase = _on_every_pixel(y, order, empty, rim, flat)
        if y.mask is not None:
            phase = _across_gaps(y, phase, _GAP / radius)
        sign = -1.0 if y.denser and y.carrier is None and flat.phase.sum() < 0 else 1.0
        tilt = flat.tilt if empty is None else empty.tilt
        carrier = [bin_ / n + shift for bin_, n, shift in zip(order.centre, order.shape, tilt, strict=True)]
        report = {"free": flat.free, "degree": flat.degree, "residues": flat.residues, "faded": flat.faded, "radius": radius}
        result = Reconstruction(phase=sign * phase, aux={"carrier": sign * np.array(carrier), **report})
        return result, dataclasses.replace(optics, frame=y, empty=empty, fit=flat.fit)


@dataclass(frozen=True, eq=False)
class _Optics:
    """What stays the same between the frames of a camera.

    Attributes:
        cutter: cuts out the order.
        radius: of its filter, cycles/px.
        frame: the last measurement, for its shape, mask, hints and background.
        empty: order of that background; None before it is known, or without one.
        fit: of the optics' phase; None before it is known.
    """

    cutter: OrderFilter
    radius: float
    frame: Hologram
    empty: Band | None = None
    fit: OpticsFit | None = None

    def suits(self, y: Hologram) -> bool:
        """Whether a frame could be of the same camera: backend, shape, mask, hint and kind are those of the frame before."""
        last = self.frame
        same = (y.shape, y.backend, y.carrier, y.background is None, y.mask is None) == (
            (last.shape, last.backend, last.carrier, last.background is None, last.mask is None)
        )
        return same and (y.mask is None or bool(y.backend.xp.all(y.mask == last.mask)))

    def has_background_of(self, y: Hologram) -> bool:
        """Whether the order of the background is known, and the background still the same."""
        return self.empty is not None and bool(y.backend.xp.all(y.background == self.frame.background))


def _on_every_pixel(y: Hologram, order: Band, empty: Band | None, rim: int, flat: Flat) -> Array:
    """The phase (H, W): of the order itself, with the whole turns that the coarse grid tells."""
    backend = y.backend
    xp = backend.xp
    inside = tuple(slice(rim, rim + n) for n in y.shape)
    wave = order.everywhere()[inside]
    if empty is not None:
        wave = wave * xp.conj(empty.everywhere()[inside])
    basis = polynomials(y.shape, [np.arange(n) for n in y.shape], flat.degree)
    phase = xp.atan2(xp.imag(wave), xp.real(wave)) - backend.asarray(basis.sum(flat.coefficients))
    turn = 2 * math.pi
    return phase + turn * xp.round((_between(y, order, rim, flat) - phase) / turn)


def _between(y: Hologram, order: Band, rim: int, flat: Flat) -> Array:
    """The coarse phase at every pixel (H, W), interpolated linearly along both axes."""
    xp, result = y.backend.xp, y.backend.asarray(flat.phase)
    for axis in (0, 1):
        at = (np.arange(y.shape[axis]) + rim) / order.spacing[axis] - flat.start[axis]
        first = np.minimum(np.floor(at).astype(np.int64), flat.phase.shape[axis] - 2)
        share = y.backend.asarray(at - first)
        share = share[:, None] if axis == 0 else share[None, :]
        before, after = (xp.take(result, y.backend.asarray(first + step), axis=axis) for step in (0, 1))
        result = before + share * (after - before)
    return result


def _across_gaps(y: Hologram, phase: Array, depth: float) -> Array:
    """The phase (H, W) with that of unmeasured pixels deeper than ``depth`` taken from the nearest one that is not."""
    from scipy.ndimage import distance_transform_edt

    level = np.asarray(distance_transform_edt(~y.backend.to_numpy(y.mask)) <= depth)
    return phase if level.all() else y.backend.asarray(filled_from_nearest(y.backend.to_numpy(phase), level))
