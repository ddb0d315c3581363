import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from prbench.analysis.comparison import compare_solvers
from prbench.reporting.comparisons import FORMATS, terminal

NASTY = "evil[path='a|b_c%d$e#f&g{h}~i^j\\k<script>']"


@pytest.fixture
def found():
    rng = np.random.default_rng(0)
    sample = np.arange(12)
    made = {"task": "far-field", "seed": 0, "status": "ok", "stale": False}
    frame = pd.concat(
        pd.DataFrame(
            {**made, "solver": s, "dataset": d, "sample": sample, "sa_nmse": rng.random(12), "latency_fft": rng.random(12)}
        )
        for s in ("er", NASTY)
        for d in ("crystal2d", "file[path='x|y.cxi',a_long_setting=12345678]")
    ).reset_index(drop=True)
    frame.loc[3, ["status", "sa_nmse"]] = ["crashed", np.nan]
    frame.loc[30, "stale"] = True
    return compare_solvers(frame.drop(index=40), ["er", NASTY])


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_fits_the_terminal_and_says_how_many_stand_behind_it(found, width):
    out = io.StringIO()
    console = Console(file=out, width=width)
    for part in terminal(found, width):
        console.print(part, markup=False)
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    assert any(line.split()[:5] == ["dataset", "measure", "verdict", "n", "change"] for line in text.splitlines())
    assert "unpaired: " in text
    assert "failed: " in text
    assert "stale:" in text


def test_json_is_strict_and_complete(found):
    def refuse(constant):
        raise AssertionError(constant)

    read = json.loads(FORMATS["json"](found), parse_constant=refuse)
    assert (read["first"], read["second"]) == ("er", NASTY)
    assert [set(row) for row in read["rows"]] == [set(found.rows.columns)] * len(found.rows)


def test_csv_reads_back(found):
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](found))))
    assert [float(row["p_holm"]) for row in rows] == found.rows["p_holm"].tolist()


def test_markdown_rows_have_one_number_of_cells_and_no_html(found):
    text = FORMATS["markdown"](found)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<" not in text.replace("&lt;", "")


def test_latex_has_no_bare_special_characters(found):
    text = FORMATS["latex"](found)
    for block in re.findall(r"\\midrule\n(.*?)\\bottomrule", text, flags=re.DOTALL):
        assert len({len(re.findall(r"(?<!\\)&", line)) for line in block.strip().splitlines()}) == 1
    assert not re.search(r"(?<!\\)[%#_]", text)
    assert not re.search(r"[<>|~∞–×]", text)
