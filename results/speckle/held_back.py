"""Options of ``prbench train`` for a network from which objects are held back: ``python results/speckle/held_back.py``.

All beamlines of the recipe of ``unet-speckle``, each with cuboids and with overlapping spheres, of Al2O3 and of PMMA; no fibre,
no single sphere, no nylon.
"""

from __future__ import annotations

import sys
from itertools import product

from prbench.algorithms.speckle.unet_speckle import UNetSpeckle
from prbench.core import format_name, parse_name


def main() -> None:
    """Print ``-d`` and a dataset for every beamline, geometry and material."""
    found = []
    for name in UNetSpeckle.recipe.datasets:
        plugin, settings = parse_name(name)
        for geometry, material in product(("cuboid", "random"), ("al2o3", "pmma")):
            found.append(format_name(plugin, {**settings, "geometry": geometry, "material": material}))
    sys.stdout.write(" ".join(f"-d {name}" for name in dict.fromkeys(found)) + "\n")


if __name__ == "__main__":
    main()
