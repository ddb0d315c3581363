"""Cells made when asked for are those that a loop would make, each once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.core import build_plugin
from prbench.running.request.cell import Cell
from prbench.running.request.cells import CellBlock, Cells
from prbench.running.request.spec import Matrix

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
KINDS = [Cell("hio", {"beta": beta}, "dots", {"size": 8}, "far-field") for beta in (0.5, 0.7, 0.9)]
NUMBERS = st.integers(1, 4).map(range) | st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True).map(tuple)
PARTS = st.builds(CellBlock, st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), NUMBERS, NUMBERS)


def looped(parts: list[CellBlock]) -> list[str]:
    return list(
        dict.fromkeys(
            Cell("hio", cell.solver_params, "dots", {"size": 8}, "far-field", sample=sample, seed=seed).key
            for part in parts
            for sample in part.samples
            for seed in part.seeds
            for cell in part.cells
        )
    )


@given(st.lists(PARTS, max_size=4), st.slices(30))
def test_they_are_those_of_a_loop(parts, some):
    cells, wanted = Cells(parts), looped(parts)
    assert [cell.key for cell in cells] == wanted
    assert len(cells) == len(wanted)
    assert [cells[i].key for i in range(-len(cells), len(cells))] == wanted + wanted
    assert [cell.key for cell in cells[some]] == wanted[some]
    assert [cell.key for cell in cells[some][::-1]] == wanted[some][::-1]
    with pytest.raises(IndexError):
        cells[len(cells)]


def test_a_million_cells_are_made_of_nothing():
    cells = Matrix.of(
        "t", solvers=f"{FILE}:Guess", datasets=f"{FILE}:Dots", samples=1_000_000, seeds=10, backend="numpy"
    ).expand()
    assert len(cells) == 10**7
    assert (cells[-1].sample, cells[-1].seed) == (999_999, 9)


def test_a_stored_cell_whose_setting_was_renamed_keeps_its_key_and_is_read() -> None:
    spec = Cell("mist-2020", {"gamma": 700.0, "pairs": "all"}, "wattle", {}, "speckle").to_plain()
    key = Cell.from_plain(spec).key
    stored = Cell.from_plain(spec, key=key)
    assert (stored.key, stored.to_plain()) == (key, spec)
    assert stored.build_solver().params()["delta_beta"] == 700.0
    assert stored.solver_spelled == "mist-2020[delta_beta=700]"
    assert Cell.from_plain(spec | {"solver_params": {"delta_beta": 700.0, "pairs": "all"}}).key != key


@pytest.mark.parametrize(
    ("solver", "former"),
    [
        ("hio", "free"),
        ("hio-er-ml", "free"),
        ("raar", "free"),
        ("double-dip-admm", "free"),
        ("dip-random", "held_out"),
        ("unet", "held_out"),
    ],
)
def test_the_share_held_out_is_read_under_its_former_name(solver, former):
    assert build_plugin("solver", f"{solver}[{former}=0.07]").params()["holdout"] == 0.07
    built = build_plugin("solver", solver)
    params = {former if name == "holdout" else name: value for name, value in built.params().items()}
    assert type(built).from_params(params) == built
