"""What the figures of a matrix cost."""

import os
import subprocess
import sys

import numpy as np
import pytest

from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record

SOLVERS = ("er", "hio", "raar", "hio-er", "hio-er[starts=4]")
DATASETS = ("crystal2d", *(f"crystal2d[photons={n}]" for n in (1, 10, 100, 1000)), *(f"crystal2d[beamstop={n}]" for n in (2, 4)))
SAMPLES = 50
FORMATS = "pdf,svg,png"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A matrix of seven datasets and five solvers, fifty samples of each, with curves and some reconstructions."""
    store = Store(tmp_path_factory.mktemp("figures"))
    rng = np.random.default_rng(0)
    steps = list(range(0, 1020, 20))
    for solver in SOLVERS:
        for dataset in DATASETS:
            for sample in range(SAMPLES):
                plugins = find_plugin("solver", solver), find_plugin("dataset", dataset)
                cell = make_cell(*plugins, sample=sample, seed=0, backend="numpy")
                curve = {
                    "iteration": steps,
                    "seconds": [1e-3 * s for s in steps],
                    "residual": list(10 ** rng.normal(-2, 1, len(steps))),
                }
                metrics = {name: float(10 ** rng.normal(-2, 1)) for name in ("sa_nmse", "r_factor", "psnr", "ssim")}
                cost = {"latency_s": rng.random(), "latency_fft": 1e3 * rng.random(), "fft_pair_s": 1e-4}
                arrays = {"object": rng.normal(size=(64, 64)).astype(np.complex64)} if sample == 0 else None
                store.write(Record.of(cell, "ok", metrics=metrics, cost=cost, curve=curve), arrays)
    return store


def test_drawing_a_matrix(benchmark, store, tmp_path):
    code = "from prbench.cli import main; main()"
    command = [sys.executable, "-c", code, "figures", str(store.path), "--out", str(tmp_path), "--format", FORMATS]

    def figures():
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout

    before = os.times()
    benchmark.pedantic(figures, rounds=1)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    files = len(list(tmp_path.iterdir()))
    benchmark.extra_info.update(records=len(SOLVERS) * len(DATASETS) * SAMPLES, files=files, formats=FORMATS, cpu_s=cpu)
    assert files >= 3 * 6
    assert cpu < 30.0  # the processor's time: others may share the machine
