import csv
import io
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from prbench.analysis import leaderboards, pivots
from prbench.reporting.pivots import FORMATS, terminal


@pytest.fixture
def found():
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "key": [str(i) for i in range(n)],
            "task": "speckle",
            "solver": rng.choice(["lcs", "umpa[window=5,max_shift=4]", "my_file.py:My$olver_1"], n),
            "dataset": rng.choice([f"warped-speckle[images={images}]" for images in (1, 2, 5, 10)], n),
            "sample": rng.integers(0, 10, n),
            "seed": 0,
            "status": rng.choice(["ok", "crashed"], n, p=[0.9, 0.1]),
            "displacement_rmse": 10 ** rng.normal(-1, 1, n),
            "latency_s": rng.random(n),
            "latency_fft": rng.random(n),
        }
    )
    frame.loc[(frame["solver"] == "lcs") & (frame["dataset"] == "warped-speckle[images=5]"), "status"] = "skipped"
    return pivots(leaderboards(frame), "images")


def test_the_terminal_shows_scores_doses_and_seconds(found):
    out = io.StringIO()
    console = Console(file=out, width=110)
    for part in terminal(found):
        console.print(part, markup=False)
    text = out.getvalue()
    assert re.search(r"\bdisplacement_rmse .*\bimages\b", text)
    assert re.search(r"\bseconds .*\bimages\b", text)
    assert re.search(r"\bphotons .*\s5000\s+10000\s+25000\s+50000", text)
    assert max(len(line.rstrip()) for line in text.splitlines() if "intervals" not in line) <= 110


def test_doses_are_images_times_photons(found):
    rows = json.loads(FORMATS["json"](found, "all"))
    assert {row["value"]: row["dose"] for row in rows} == {1: 5000, 2: 10000, 5: 25000, 10: 50000}


def test_what_was_not_run_is_a_dash(found):
    row = next(line for line in FORMATS["markdown"](found, "all").splitlines() if line.startswith("| lcs |"))
    assert row.split("|")[4].strip() == "–"


def test_csv_reads_back(found):
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](found, "all"))))
    assert len(rows) == len(found[0].rows) == 3 * 4 - 1
    assert {float(row["value"]) for row in rows} == {1, 2, 5, 10}


def test_tables_have_rows_of_one_length_and_no_bare_special_characters(found):
    for block in FORMATS["markdown"](found, "all").split("###")[1:]:
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    text = FORMATS["latex"](found, "all")
    assert not re.search(r"(?<!\\)[%#_]", text)
    for block in re.findall(r"\\midrule\n(.*?)\\bottomrule", text, flags=re.DOTALL):
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in block.strip().splitlines()}) == 1


def test_no_median_is_shown_without_its_interval(found):
    for line in FORMATS["markdown"](found, "all").splitlines():
        if line.startswith(("| lcs", "| umpa", "| my")):
            for cell in line.split("|")[2:-1]:
                assert cell.strip() == "–" or ("\\[" in cell and not math.isnan(float(cell.split()[0].replace("∞", "inf"))))


@pytest.mark.parametrize(("shown", "tables"), [("all", 3), ("scores", 1), ("success", 1), ("seconds", 1)])
def test_one_kind_of_table_alone(found, shown, tables):
    text = FORMATS["markdown"](found, shown)
    assert text.count("###") == tables
    assert bool(re.search(r"^###.*\bseconds\b", text, re.MULTILINE)) == (shown in ("all", "seconds"))
    assert ("success %" in text) == (shown in ("all", "success"))


def test_successes_are_those_of_the_leaderboard(found):
    rows = json.loads(FORMATS["json"](found, "all"))
    assert all(0 <= row["success_low"] <= row["success"] <= row["success_high"] <= 1 for row in rows)
    line = next(line for line in FORMATS["markdown"](found, "success").splitlines() if line.startswith("| lcs |"))
    first = next(row for row in rows if row["solver"] == "lcs" and row["value"] == 1)
    assert line.split("|")[2].split()[0] == f"{100 * first['success']:.0f}"
