"""How far the networks are from ``fourier-filter`` on the measured holograms: ``python tests/perf/measured_holograms.py``.

Per hologram and solver: the median amount, in radians, of the difference of the phases once the plane that fits it best and its
median are taken off; and its standard deviation. Needs ``prbench data get offaxis-real``. Other solvers may be named.
"""

from __future__ import annotations

import sys

import numpy as np

import prbench
from prbench.datasets.off_axis.offaxis_real import HOLOGRAMS, JUDGED

SOLVERS = ("fourier-filter[unwrapping=least-squares]", "unet-offaxis", "nas-prnet")


def off_plane(difference: np.ndarray) -> np.ndarray:
    """A difference (H, W) without its best plane, and without the median of what is left."""
    rows, columns = (np.linspace(-1, 1, n) for n in difference.shape)
    tilts = [(difference * t).mean() / (t**2).mean() * t for t in (rows[:, None], columns[None, :])]
    rest = difference - difference.mean() - sum(tilts)
    return np.asarray(rest - np.median(rest))


def main(solvers: tuple[str, ...]) -> None:
    """Print a table, and the medians of its columns."""
    sys.stdout.write(f"| hologram | pixels | residues | {' | '.join(solvers)} |\n")
    medians: list[list[float]] = []
    for name in HOLOGRAMS:
        y = prbench.get_dataset("offaxis-real", hologram=name).problem(0).measurement
        reference = prbench.solve("fourier-filter", y, backend="torch").reconstruction
        cells = []
        for solver in solvers:
            found = prbench.solve(solver, y, backend="torch").reconstruction
            rest = off_plane(np.asarray(found.phase, np.float64) - reference.phase)
            outside = sum(key.startswith("outside ") for key in found.aux)
            cells.append((float(np.median(np.abs(rest))), float(rest.std()), outside))
        medians.append([median for median, _, _ in cells])
        told = " | ".join(f"{m:.3f} ({s:.2f}){' outside' * bool(o)}" for m, s, o in cells)
        size = "x".join(map(str, y.shape))
        sys.stdout.write(f"| {name} | {size} | {int(reference.aux['residues'])} | {told} |\n")
        sys.stdout.flush()
    for label, names in (("median of those to judge by", JUDGED), ("median", tuple(HOLOGRAMS))):
        chosen = [row for name, row in zip(HOLOGRAMS, medians, strict=True) if name in names]
        middle = np.median(np.array(chosen), axis=0)
        sys.stdout.write(f"| {label} | | | {' | '.join(f'{value:.3f}' for value in middle)} |\n")


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or SOLVERS)
