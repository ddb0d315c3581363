import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from prbench.reporting.reproduce import matrix_yaml
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.request.spec import Matrix
from prbench.running.store.record import Record


def cell(solver, dataset, sample, seed, **options):
    return make_cell(
        find_plugin("solver", solver), find_plugin("dataset", dataset), sample=sample, seed=seed, backend="numpy", **options
    )


CELLS = st.builds(
    cell,
    st.sampled_from(["er", "hio", "raar[beta=0.8]"]),
    st.sampled_from(["crystal2d", "crystal2d[photons=100,size=32]", "phase-image[image=cell]"]),
    st.integers(0, 4),
    st.integers(0, 3),
    time_limit_s=st.sampled_from([None, 10.0]),
    precision=st.sampled_from(["single", "double"]),
)


@settings(max_examples=30)
@given(st.lists(CELLS, min_size=1, max_size=20))
def test_the_matrix_holds_every_cell(cells):
    matrix = Matrix.parse(matrix_yaml([Record.of(c, "ok") for c in cells], "again"), "again.yaml")
    assert {c.key for c in cells} <= {c.key for c in matrix.cells()}


def test_a_full_rectangle_comes_back_as_it_was():
    cells = [
        cell(s, d, k, seed)
        for s in ("er", "hio")
        for d in ("crystal2d", "crystal2d[photons=10]")
        for k in range(3)
        for seed in (0, 1)
    ]
    text = matrix_yaml([Record.of(c, "ok") for c in cells], "whole")
    assert {c.key for c in Matrix.parse(text, "whole.yaml").cells()} == {c.key for c in cells}
    data = yaml.safe_load(text)
    assert len(data["runs"]) == 1
    assert data["runs"][0] == {
        "solvers": ["er", "hio"],
        "datasets": ["crystal2d", "crystal2d[photons=10]"],
        "samples": 3,
        "seeds": 2,
    }
