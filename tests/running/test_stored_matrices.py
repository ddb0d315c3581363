"""Every matrix that stands in results/ can be run as it is."""

from pathlib import Path

import pytest

from prbench.errors import DataNotFound
from prbench.running.request.spec import Matrix

MATRICES = sorted((Path(__file__).parents[2] / "results").rglob("*.yaml"))


@pytest.mark.parametrize("path", MATRICES, ids=lambda path: path.name)
def test_it_names_what_is_installed(path):
    matrix = Matrix.read(path)
    try:
        cells = matrix.cells()
    except DataNotFound as error:
        if "prbench-results" not in str(error):
            raise
        pytest.skip(f"{error}; the commands that make it stand in the matrix")
    assert cells
    assert len({cell.key for cell in cells}) == len(cells)
