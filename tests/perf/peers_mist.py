"""MIST beside the scripts of its authors, in one process: ``python tests/perf/peers_mist.py SCRIPT_2023 [SCRIPT_2022]``.

The scripts are those of S. J. Alloo, which reconstruct one fixed set of images each::

    git clone https://github.com/samanthaalloo/MIST_Alloo23                # Alloo2023_SciRep_UPDATE.py
    git clone https://github.com/samanthaalloo/Alloo2024_ThesisScripts     # MIST_Attenuation&SlowlyVarying/...THESIS.py

Of a script its functions and what follows the reading of its images are executed, on the speckles of ``kernels_mist``; what it
saves and prints goes nowhere and is not counted. The programs take turns on one thread. The table has the processor time per
pixel, ours over theirs, and the correlation of the two dark fields away from the edges of the frame.
"""

from __future__ import annotations

import ast
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy
from kernels_mist import stack
from scipy import ndimage

import prbench
from prbench.backend import keep_freed_memory, set_threads
from prbench.tasks.speckle import SpeckleStack

SIDE, PAIRS, ROUNDS, EDGE = 256, 13, 3, 32
_SILENT = SimpleNamespace(fromarray=lambda _: SimpleNamespace(save=lambda _: None))


def method_of(script: Path) -> Any:
    """The functions of a script and all that follows the loop which reads its images, compiled."""
    text = script.read_text(encoding="utf-8").replace("np.complex_", "np.complex128")
    body = ast.parse(text).body
    reads = next(i for i, part in enumerate(body) if isinstance(part, ast.For) and "Image.open" in ast.unparse(part))
    kept = [part for i, part in enumerate(body) if i > reads or isinstance(part, ast.FunctionDef)]
    return compile(ast.Module(kept, []), script.name, "exec")


def theirs(method: Any, y: SpeckleStack, result: str) -> Callable[[], np.ndarray]:
    """One reconstruction by a script; ``result`` is its name of the dark field. Lengths are in micrometres there."""
    count, rows, columns = y.reference.shape
    images = {"Ir": y.reference.astype(float), "Is": y.sample.astype(float), "rows": rows, "columns": columns}
    lengths = {"wavelength": y.wavelength_m * 1e6, "prop": y.distance_m * 1e6, "pixel_size": y.pixel_m * 1e6}
    libraries = {"np": np, "scipy": scipy, "ndimage": ndimage, "math": math, "time": time}
    silent = {"Image": _SILENT, "os": SimpleNamespace(chdir=lambda _: None), "print": lambda *_: None, "savedir": ""}
    given = images | lengths | libraries | silent | {"num_masks": count, "gamma": y.delta_beta}

    def solve() -> np.ndarray:
        names = dict(given)
        exec(method, names)
        return np.asarray(names[result])

    return solve


def main(scripts: list[str]) -> None:
    """Print the table."""
    set_threads(1)
    keep_freed_memory()
    y = stack(SIDE, PAIRS)
    sys.stdout.write(f"{PAIRS} pairs of {SIDE}x{SIDE}\n\n")
    sys.stdout.write("| solver | us per pixel | the authors' script | ratio | correlation |\n|---|---:|---:|---:|---:|\n")
    for solver, result, script in zip(("mist-2023", "mist-2022"), ("DF_atten", "Deffatten"), scripts, strict=False):
        peer = theirs(method_of(Path(script)), y, result)
        seconds: list[tuple[float, float]] = []
        for _ in range(ROUNDS + 1):
            begin = time.process_time()
            own = prbench.solve(solver, y, backend="torch").reconstruction.dark_field
            between = time.process_time()
            other = peer()
            seconds.append((between - begin, time.process_time() - between))
        ours_s, theirs_s = (statistics.median(part) for part in zip(*seconds[1:], strict=True))
        inner = (slice(EDGE, -EDGE),) * 2
        agreement = np.corrcoef(np.asarray(own)[inner].ravel(), other[inner].ravel())[0, 1]
        per_px = [1e6 * s / SIDE**2 for s in (ours_s, theirs_s)]
        row = f"{per_px[0]:.2f} | {per_px[1]:.2f} | {theirs_s / ours_s:.0f} | {agreement:.4f}"
        sys.stdout.write(f"| `{solver}` | {row} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
