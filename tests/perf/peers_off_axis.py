"""``fourier-filter`` beside qpretrieve in one process: ``python tests/perf/peers_off_axis.py [SIDE...]``.

Simulated cells with a hologram of the background, of 128, 256 and 512 pixels per side. qpretrieve (``pip install
qpretrieve==0.7.0``) filters hologram and background; scikit-image unwraps its phase, for it has no unwrapping of its own. The
programs take turns on one thread. The table has the processor time of a solve in FFT pairs of the hologram's shape as torch
makes them in the same round, and the quality of both phases.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
import qpretrieve
import torch
from skimage.restoration import unwrap_phase

import prbench
from prbench.backend import keep_freed_memory, set_threads
from prbench.core import Reconstruction
from prbench.tasks.off_axis import Hologram

SAMPLES = 5


def qpretrieve_phase(y: Hologram) -> np.ndarray:
    """The phase of the ratio of the two fields; the sign is that of a positive carrier along the columns."""
    options = {"filter_name": "disk", "filter_size": 1 / 3}
    sample, empty = (qpretrieve.OffAxisHologram(np.asarray(a, np.float64)) for a in (y.interferogram, y.background))
    empty.run_pipeline(**options)
    band = empty.pipeline_kws["sideband_freq"]
    sample.run_pipeline(sideband_freq=band, **options)
    ratio = np.asarray(sample.field)[0] * np.conj(np.asarray(empty.field)[0])
    sign = np.sign(band[1] if abs(band[1]) * ratio.shape[1] >= 1 else band[0])
    return np.asarray(sign * unwrap_phase(np.angle(ratio)), np.float32)


def pair_seconds(side: int, pairs: int = 200) -> float:
    """Processor seconds of an FFT pair."""
    x = torch.zeros((side, side), dtype=torch.complex64)
    spectrum = torch.empty_like(x)
    begin = time.process_time()
    for _ in range(pairs):
        torch.fft.fftn(x, out=spectrum)
        torch.fft.ifftn(spectrum, out=x)
    return (time.process_time() - begin) / pairs


def main(sides: list[int]) -> None:
    """Print the table."""
    set_threads(1)
    keep_freed_memory()
    sys.stdout.write("| side | fourier-filter, pairs | qpretrieve, pairs | ratio | PSNR, dB | qpretrieve's PSNR, dB |\n")
    sys.stdout.write("|---:|---:|---:|---:|---:|---:|\n")
    for side in sides:
        problems = [prbench.get_dataset(f"offaxis-cells[size={side},background=true]").problem(i) for i in range(SAMPLES)]
        cost: list[tuple[float, float]] = []
        marks: list[tuple[float, float]] = []
        for number, problem in enumerate([problems[0], *problems * 3]):  # the first round compiles and is not counted
            y, pair = problem.measurement, pair_seconds(side)
            begin = time.process_time()
            own = prbench.solve("fourier-filter", y).reconstruction
            between = time.process_time()
            other = Reconstruction(phase=qpretrieve_phase(y))
            end = time.process_time()
            if number:
                cost.append(((between - begin) / pair, (end - between) / pair))
                marks.append(tuple(prbench.score(one, problem, ["psnr"])["psnr"] for one in (own, other)))
        ratio = statistics.median(ours / theirs for ours, theirs in cost)
        ours, theirs = (statistics.median(part) for part in zip(*cost, strict=True))
        ours_db, theirs_db = (statistics.median(part) for part in zip(*marks, strict=True))
        sys.stdout.write(f"| {side} | {ours:.0f} | {theirs:.0f} | {ratio:.2f} | {ours_db:.1f} | {theirs_db:.1f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main([int(side) for side in sys.argv[1:]] or [128, 256, 512])
