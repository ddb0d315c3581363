import dataclasses

import numpy as np
import pytest

from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

NASTY_NAME = "an-unknown"
NASTY_PATH = "<img src=x onerror=window.hacked=1></script><script>window.hacked=1</script><!--"
NASTY = f"{NASTY_NAME}[path='{NASTY_PATH}']"
NASTY_SPEC = {
    "solver": NASTY_NAME,
    "solver_params": {"path": NASTY_PATH},
    "dataset": NASTY_NAME,
    "dataset_params": {"path": NASTY_PATH},
}
SOLVERS = ("er", "hio", "raar[beta=0.8]", "hio-er[starts=4]")
DATASETS = ("crystal2d[size=16]", "crystal2d[size=16,photons=10]", "crystal2d[size=16,photons=100]")
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py"\nValueError: </pre></script><script>window.hacked=1</script><!--'


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Results with three datasets, pictures, a failure and names that try to run code."""
    store = Store(tmp_path_factory.mktemp("report") / "o'brien <b>results")
    rng = np.random.default_rng(0)
    environment = store.write_environment({"python": "3.11", "gpu": None, "packages": {"numpy": "<script>"}})
    for solver in SOLVERS:
        for dataset in DATASETS:
            cells = [
                make_cell(find_plugin("solver", solver), find_plugin("dataset", dataset), sample=k, seed=0, backend="numpy")
                for k in range(3)
            ]
            for cell in cells:
                truth = cell.problem().truth.object
                found = truth + 0.1 * rng.normal(size=truth.shape)
                store.write(scored(cell, rng, environment), {"object": found.astype(np.complex64)})
    failing = dataclasses.replace(cells[0], seed=7, **NASTY_SPEC)
    error = {"stage": "solving", "type": "ValueError", "message": "<b>bold</b>", "traceback": TRACEBACK}
    store.write(Record(failing, "error", NASTY, NASTY, error=error, started="2026-01-01T00:00:00", ended="2026-01-02T00:00:00"))
    for sample in (5, 6, 7):
        nasty = dataclasses.replace(cells[0], sample=sample, **NASTY_SPEC)
        store.write(dataclasses.replace(scored(cells[0], rng), cell=nasty, solver=NASTY, dataset=NASTY))
    return ResultSet(store)


def scored(cell, rng, environment=""):
    curve = {"iteration": [0, 10, 20], "seconds": [0.001, 0.01, 0.02], "residual": list(np.sort(rng.random(3))[::-1])}
    metrics = {"sa_nmse": 10 ** rng.normal(-2, 1), "r_factor": rng.random(), "prtf": float("nan")}
    if photons := cell.dataset_params["photons"]:
        metrics |= {"noise_bound": 0.1 / photons, "noise_bound_uniform": 0.05 / photons}
    cost = {"latency_s": rng.random(), "latency_fft": 1e3 * rng.random(), "fft_pair_s": 1e-4, "ffts": 100, "iterations": 20}
    times = {"started": "2026-01-01T00:00:00", "ended": "2026-01-01T00:00:01"}
    return Record.of(cell, "ok", metrics=metrics, cost=cost, curve=curve, environment=environment, code_id="0" * 32, **times)
