"""The bibliography of names as records spell them."""

import pytest

from prbench.catalogue.citations import bibliography_of
from prbench.core.references import parse_bibtex


@pytest.mark.parametrize(
    ("solvers", "datasets", "metrics", "keys"),
    [
        (["hio[beta=0.7]", "er"], [], [], ["fienup1982phase"]),
        (
            ["raar"],
            ["crystal2d[size=32]"],
            ["frc"],
            ["hirth1982theory", "luke2005relaxed", "rosenthal2003optimal", "zhuang2022practical"],
        ),
        (["solvephase-cdi"], [], [], ["fienup1982phase", "solvephase"]),
        (["my_file.py:MySolver", "./folder/contestant.toml", "unheard-of"], [], ["latency_s"], []),
    ],
    ids=["one reference, once", "ordered by key", "a contestant", "files are not imported"],
)
def test_names_lead_to_entries(solvers, datasets, metrics, keys):
    assert [entry.key for entry in parse_bibtex(bibliography_of(solvers, datasets, metrics))] == keys
