"""LaTeX tables of boards: labels, numbers under each other, the best in bold, few columns."""

import re

import pandas as pd

from prbench.analysis import leaderboards
from prbench.reporting.latex import aligned, best, label
from prbench.reporting.leaderboards import MOST_COLUMNS, as_latex


def frame(dataset="crystal2d[size=32]"):
    rows = []
    for k, solver in enumerate(("er", "hio")):
        for sample in range(3):
            cell = {"task": "far-field", "solver": solver, "dataset": dataset, "seed": 0, "status": "ok", "sample": sample}
            rows.append(
                {**cell, "sa_nmse": 0.2 - 0.1 * k, "psnr": 20.0 + k, "ssim": 0.5, "r_factor": 0.1, "latency_s": 1.5, "ffts": 10}
            )
    return pd.DataFrame(rows)


def test_numbers_stand_under_each_other():
    assert aligned(["100", "2.5", "0.125", "–"], [False, True, False, False]) == [
        r"100\phantom{.000}",
        r"\textbf{2.5}\phantom{00}",
        "0.125",
        "--",
    ]


def test_the_best_is_none_where_all_are_the_same():
    assert best([1.0, 2.0, float("nan")], "higher") == [False, True, False]
    assert best([1.0, 2.0, float("inf")], "lower") == [True, False, False]
    assert best([1.0, 1.0], "lower") == [False, False]


def test_a_table_has_a_label_few_columns_and_its_best_in_bold():
    text = as_latex(leaderboards(frame()))
    assert rf"\label{{{label('far-field', 'crystal2d[size=32]')}}}" in text
    assert label("far-field", "crystal2d[size=32]") == "tab:far-field-crystal2d-size-32"
    rows = re.search(r"\\midrule\n(.*?)\\bottomrule", text, flags=re.DOTALL)[1].strip().splitlines()
    assert [len(row.split(" & ")) for row in rows] == [MOST_COLUMNS] * 2
    assert r"\textbf{0.1" in rows[0]
    assert "hio" in rows[0]
    assert not any(r"\textbf" in cell for cell in rows[1].split(" & "))
    assert "prbench leaderboard" in text
    whole = as_latex(leaderboards(frame()), None)
    assert "prbench leaderboard" not in whole
    assert len(re.search(r"\\midrule\n(.*?)\n", whole)[1].split(" & ")) > MOST_COLUMNS
