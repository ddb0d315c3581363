"""Memory of a three-dimensional run: ``memory_3d.py SIDE STARTS [BACKEND] [ITERATIONS]``, with a pattern of SIDE^3 voxels.

The last line is JSON: bytes by which the process grew at its highest during the solve, its resident memory then, and both
over the number of voxels. The steps reach shrinkwrap, guided restarts of enough starts, and the choice of the answer.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import psutil
import scipy.fft

import prbench
from prbench.backend import set_threads
from prbench.running.local.memory import PeakMemory
from prbench.tasks.far_field import FarField


def pattern(side: int) -> np.ndarray:
    """The pattern of a ball with a smooth phase, float32 (side, side, side), zero frequency in the middle."""
    x, y, z = np.ogrid[tuple(slice(-side // 2, side // 2) for _ in range(3))]
    ball = np.zeros((side,) * 3, np.complex64)
    inside = x * x + y * y + z * z < (side // 5) ** 2
    ball[inside] = np.exp(1j * np.broadcast_to(np.sin(6 * x / side), inside.shape)[inside])
    far = scipy.fft.fftn(ball, overwrite_x=True)
    del ball
    intensity = np.square(np.abs(far))
    del far
    return np.asarray(scipy.fft.fftshift(intensity))


def main(side: int, starts: int, backend: str = "numpy", iterations: int = 4) -> None:
    """Solve with few steps and print what it took."""
    set_threads(1)
    y = FarField(pattern(side))
    breed = 2 if starts >= 4 else 0
    name = f"hio-er[starts={starts},iterations={iterations},update_every=2,breed_every={breed}]"
    with PeakMemory() as memory:
        before = psutil.Process().memory_info().rss
        prbench.solve(name, y, seed=0, backend=backend)
    peak, voxels = before + memory.growth, side**3
    told = {"solver": name, "backend": backend, "grown_bytes": memory.growth, "resident_bytes": peak}
    per_voxel = {"grown_per_voxel": memory.growth / voxels, "resident_per_voxel": peak / voxels}
    sys.stdout.write(f"{json.dumps({**told, **per_voxel})}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4], *(int(word) for word in sys.argv[4:5]))
