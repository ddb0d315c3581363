"""Parameters and operations of networks as costs of a record."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from prbench.backend import get_backend
from prbench.core import build_plugin
from prbench.core.learned import fresh_network
from prbench.core.network_size import network_flops, parameter_count, size_of
from prbench.running.cost import solve_flops
from prbench.running.executing import execute
from prbench.running.request.cell import Cell
from prbench.running.solving import solve
from prbench.running.store.folder import Store
from prbench.running.store.table import COST

HERE = Path(__file__).parents[1] / "training" / "tiny.py"
WIDTH = 5


def test_a_network_is_counted_by_hand_the_same():
    """Two convolutions of 3x3 with bias, 2 -> 5 -> 2 channels, and a scale and shift for each of the five."""
    solver = build_plugin("solver", f"{HERE}:Tiny", {"width": WIDTH})
    problem = build_plugin("dataset", f"{HERE}:Shifts").problem(0)
    parameters, flops = solver.network_size(problem.measurement.to(get_backend("torch")))
    assert parameters == (9 * 2 * WIDTH + WIDTH) + 2 * WIDTH + (9 * WIDTH * 2 + 2)
    assert flops == 2 * np.prod(problem.measurement.shape) * 9 * (2 * WIDTH + WIDTH * 2)
    network = fresh_network(solver, 1)
    assert (parameters, flops) == (parameter_count(network), network_flops(network, (1, 2, *problem.measurement.shape)))


def test_after_a_solve_its_size_makes_no_input_again(monkeypatch):
    solver = build_plugin("solver", f"{HERE}:Tiny", {"weights": "random", "width": WIDTH + 1})
    y = build_plugin("dataset", f"{HERE}:Shifts").problem(0).measurement
    before = solver.network_size(y.to(get_backend("torch")))
    solve(solver, y, backend="torch")
    monkeypatch.delattr(type(solver), "network_input")
    assert solver.network_size(y.to(get_backend("torch"))) == before


def test_one_that_depends_on_values_is_counted_too():
    class Sized(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Conv2d(1, 1, 3)

        def forward(self, x):
            return self.inner(x) * float(x.sum() >= 0)

    assert size_of(Sized(), (1, 1, 5, 5)) == (10, 2 * 9 * 9)


@pytest.mark.parametrize("width", [0, WIDTH])
def test_a_record_says_how_large_its_network_is(tmp_path, width):
    store = Store(tmp_path)
    settings = {"weights": "random", "width": width} if width else {}
    solver = f"{HERE}:Tiny" if width else "umpa"
    dataset = f"{HERE}:Shifts" if width else "warped-speckle"
    size = {} if width else {"size": 64, "images": 2, "shift": 1}
    made = execute(Cell(solver, settings, dataset, size, "speckle", backend="torch"), store)
    assert made.status == "ok", made.error
    assert (made.cost["parameters"] is not None) == (made.cost["flops"] is not None) == bool(width)
    row = store.frame().iloc[0]
    assert np.isnan(row["flops"]) if not width else row["flops"] == made.cost["flops"]


def test_a_table_of_an_earlier_version_lacks_no_column(tmp_path):
    store = Store(tmp_path)
    execute(Cell(f"{HERE}:Tiny", {"weights": "random"}, f"{HERE}:Shifts", {}, "speckle", backend="torch"), store)
    store.compact()
    path = next(tmp_path.rglob("*.parquet"))
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["parameters", "flops"]), path)
    assert set(COST) <= set(Store(tmp_path).frame().columns)


def test_a_solve_counts_its_ffts_and_its_passes():
    """One network pass with its gradient costs three forward ones; an FFT of N pixels counts 5 N log2 N."""
    assert solve_flops(2, (8, 4), None, None) == 2 * 5 * 32 * 5
    assert solve_flops(None, (8, 4), 6, 100) == 600
    assert solve_flops(2, (8, 4), 6, 100) == 1600 + 600
    assert solve_flops(None, (8, 4), None, 100) is None
    assert solve_flops(2, (8, 4), 6, None) is None


def test_passes_of_an_untrained_network_are_those_of_its_steps(tmp_path):
    """Two starts take twelve steps, one is dropped after eight; the record has what torch counts for the two networks."""
    settings = {"iterations": 12, "starts": 2, "finalists": 1, "screen": 8 / 12, "channels": 4, "centring": 0}
    cell = Cell("double-dip-admm", settings, "crystal2d", {"size": 16}, "far-field", backend="torch")
    made = execute(cell, Store(tmp_path))
    assert made.status == "ok", made.error
    cost = made.cost
    assert cost["passes"] == 3 * (2 * 8 + 4)
    network = build_plugin("solver", "double-dip-admm", settings).networks(2, (16, 16), 1, 1)
    assert cost["flops"] == 2 * network_flops(network, (1, 8, 16, 16))
    pixels = 32 * 32
    assert cost["solve_flops"] == cost["ffts"] * 5 * pixels * 10 + cost["passes"] * cost["flops"]
