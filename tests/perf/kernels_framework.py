"""What the framework costs: cells that do nothing, and many records to rank and to report."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from prbench.analysis import leaderboards
from prbench.reporting.html import write_report
from prbench.running.request.cell import Cell, find_plugin, make_cell
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

IDLE = (Path(__file__).parents[1] / "running" / "misbehaving.py").as_posix()
SOLVERS = ("er", "hio", "raar", "rrr", "difference-map", "hio[beta=0.8]", "raar[beta=0.8]", "hio-er", "hio-er[starts=4]", "ml")
DATASETS = ("crystal2d", *(f"crystal2d[photons={n}]" for n in (1, 10, 100, 1000)))


def idle_matrix(cells: int) -> Sequence[Cell]:
    """Cells of a solver that guesses, on problems that are drawn at once."""
    return Matrix.of("t", solvers=f"{IDLE}:Guess", datasets=f"{IDLE}:Dots", samples=cells, backend="numpy").cells()


def synthetic_store(folder: Path, records: int) -> Store:
    """A store of records as a run leaves them: one file each, with curves, a few failures, and a few arrays."""
    store = Store(folder)
    rng = np.random.default_rng(0)
    environment = store.write_environment({"python": "3.11"})
    solvers, datasets = [find_plugin("solver", s) for s in SOLVERS], [find_plugin("dataset", d) for d in DATASETS]
    cells = [make_cell(s, d, sample=0, seed=0, backend="numpy") for s in solvers for d in datasets]
    steps = list(range(0, 1020, 20))
    for number in range(records):
        turn = number // len(cells)
        cell = dataclasses.replace(cells[number % len(cells)], sample=turn // 10, seed=turn % 10)
        curve = {"iteration": steps, "seconds": [1e-3 * s for s in steps], "residual": list(10 ** rng.normal(-2, 1, len(steps)))}
        metrics = {name: float(10 ** rng.normal(-2, 1)) for name in ("sa_nmse", "r_factor", "psnr", "ssim", "frc", "sa_mse")}
        cost = {name: float(1e3 * rng.random()) for name in ("latency_s", "latency_fft", "fft_pair_s", "peak_memory_host")}
        done = {"environment": environment, "started": "2026-01-01T00:00:00", "ended": "2026-01-01T00:00:01", "code_id": "0" * 32}
        arrays = {"object": rng.normal(size=(64, 64)).astype(np.complex64)} if turn == 0 else None
        if rng.random() < 0.02:
            error = {"stage": "solving", "type": "ValueError", "message": f"{number % 40}", "traceback": "x" * 2000}
            store.write(Record.of(cell, "error", error=error, **done))
        else:
            store.write(Record.of(cell, "ok", metrics=metrics, cost=cost, curve=curve, **done), arrays)
    return store


def leaderboard(store: Store) -> object:
    """The leaderboards of a store."""
    return leaderboards(ResultSet(store).frame)


def report(store: Store, path: Path) -> object:
    """The HTML report of a store."""
    return write_report(ResultSet(store), path)
