import csv
import io
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from prbench.analysis import leaderboards
from prbench.errors import UsageError
from prbench.reporting.leaderboards import FORMATS, terminal
from prbench.reporting.values import number, spread

NASTY = "evil[path='a|b_c%d$e#f&g{h}~i^j\\k<script>']"


@pytest.fixture
def boards():
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(
        {
            "key": [str(i) for i in range(n)],
            "task": "far-field",
            "solver": rng.choice(["er", NASTY, "hio-er[starts=64,iterations=100000,threshold=0.15,sigma_start=2.5]"], n),
            "dataset": rng.choice(["crystal2d", "file[path='x|y.cxi']"], n),
            "sample": rng.integers(0, 30, n),
            "seed": 0,
            "status": rng.choice(["ok", "crashed", "time_limit"], n),
            "sa_nmse": 10 ** rng.normal(-9, 3, n),
            "r_factor": rng.random(n),
            "latency_s": rng.random(n) * 1e5,
            "latency_fft": rng.random(n) * 1e6,
            "stale": rng.random(n) < 0.5,
        }
    )
    frame.loc[frame["solver"] == "er", "status"] = "error"
    return leaderboards(frame)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_fits_the_terminal(boards, width):
    out = io.StringIO()
    console = Console(file=out, width=width)
    for part in terminal(boards, width):
        console.print(part, markup=False)
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    for block in text.split("ranked by")[1:]:
        assert re.search(r"#\s+solver", block)
    assert "\x1b" not in text


def test_json_is_strict_and_complete(boards):
    def refuse(constant):
        raise AssertionError(constant)

    rows = json.loads(FORMATS["json"](boards), parse_constant=refuse)
    assert len(rows) == len(boards[0].rows)
    assert {row["solver"] for row in rows} == set(boards[0].rows["solver"])
    failed = next(row for row in rows if row["solver"] == "er")
    assert math.isinf(float(failed["median"]))


def test_csv_reads_back(boards):
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](boards))))
    assert [row["solver"] for row in rows] == boards[0].rows["solver"].tolist()
    assert [float(row["median"]) for row in rows] == boards[0].rows["median"].tolist()


def test_markdown_rows_have_one_number_of_cells_and_no_html(boards):
    text = FORMATS["markdown"](boards)
    for block in text.split("###")[1:]:
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<" not in text


def test_latex_has_no_bare_special_characters(boards):
    text = FORMATS["latex"](boards)
    for block in re.findall(r"\\midrule\n(.*?)\\bottomrule", text, flags=re.DOTALL):
        rows = block.strip().splitlines()
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1
    assert not re.search(r"(?<!\\)[%#_]", text)
    assert not re.search(r"[<>|~∞–]", text)
    depth = 0
    for mark in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if mark == "{" else -1
        assert depth >= 0
    assert depth == 0


def test_no_median_is_shown_without_its_interval():
    assert spread(0.0123, 0.01, 0.02) == "0.0123 [0.01, 0.02]"
    assert spread(0.5, float("nan"), float("nan")) == "0.5 [–]"
    assert spread(float("inf"), 0.01, float("inf")) == "∞ [0.01, ∞]"
    assert [number(x) for x in (1234.5, 1.2e-5, 2.5e7, float("nan"))] == ["1234", "1.2e-05", "2.5e+07", "–"]


def test_every_column_is_shown_whatever_the_width(boards):
    def shown(width):
        out = io.StringIO()
        for part in terminal(boards, width):
            Console(file=out, width=width).print(part, markup=False)
        return {
            header
            for header in ("sa NMSE", "ranks", "n", "failed", "R", "seconds", "FFT pairs", "stale")
            if header in out.getvalue()
        }

    assert shown(50) == shown(80) == shown(300)
    assert len(shown(50)) == 8


def test_tables_of_one_board_have_the_same_columns_and_a_legend():
    cell = {"task": "near-field", "sample": 0, "seed": 0, "status": "ok", "psnr": 20.0, "latency_s": 1.0}
    rows = [{**cell, "solver": "a", "dataset": "x", "niqe": 3.0}, {**cell, "solver": "a", "dataset": "y", "niqe": math.nan}]
    boards = leaderboards(pd.DataFrame(rows))
    text = FORMATS["markdown"](boards)
    heads = {line for line in text.splitlines() if line.startswith("| \\#")}
    assert len(heads) == 1
    assert "NIQE" in heads.pop()
    for info in boards[0].columns:
        assert info.meaning
        assert re.sub(r"[^a-z]", "", info.meaning.lower()) in re.sub(r"[^a-z]", "", text.lower())


def test_any_metric_ranks_and_any_columns_are_shown():
    cell = {"task": "far-field", "dataset": "x", "sample": 0, "seed": 0, "status": "ok"}
    rows = [{**cell, "solver": "a", "sa_nmse": 0.1, "psnr": 20.0}, {**cell, "solver": "b", "sa_nmse": 0.2, "psnr": 30.0}]
    frame = pd.DataFrame(rows)
    assert list(leaderboards(frame)[0].rows["solver"]) == ["a", "b"]
    board = leaderboards(frame, rank_by="psnr", columns=["sa_nmse"])[0]
    assert list(board.rows["solver"]) == ["b", "a"]
    assert [info.name for info in board.columns] == ["sa_nmse"]
    with pytest.raises(UsageError, match=r"\bmetric 'nothing'.*\bsa_nmse\b"):
        leaderboards(frame, columns=["nothing"])
    with pytest.raises(UsageError, match=r"'ssim'.*`prbench list --kind metric`"):
        leaderboards(frame, rank_by="ssim")


def board_text(frame, width=200):
    out = io.StringIO()
    for part in terminal(leaderboards(pd.DataFrame(frame)), width):
        Console(file=out, width=width).print(part, markup=False)
    return " ".join(out.getvalue().split())


def told_of_ranks(text):
    """The numbers of every sentence that counts solvers: how many there are, the samples that they need, those they have."""
    return [re.findall(r"\d+", line) for line in re.split(r"(?<=\.) ", text) if re.search(r"\b\d+ solvers\b", line)]


def runs(solver, scores, **more):
    cell = {"task": "far-field", "solver": solver, "dataset": "d", "seed": 0, "status": "ok", **more}
    return [{**cell, "sample": sample, "sa_nmse": score} for sample, score in enumerate(scores)]


def test_few_samples_show_their_values_and_no_interval():
    text = board_text(runs("a", [0.5, 0.25, 0.125]) + runs("b", [1, 2, math.inf]))
    assert "0.25 (0.12, 0.25, 0.5)" in text
    assert "2 (1, 2, ∞)" in text
    assert "0.25 (0.12, 0.25, 0.5)" in FORMATS["latex"](leaderboards(pd.DataFrame(runs("a", [0.5, 0.25, 0.125]))))
    assert "0.55 [0.3, 0.8]" in board_text(runs("a", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]))


def test_a_board_says_how_many_samples_its_ranks_need():
    frame = [row for name in "abcde" for row in runs(name, [0.1, 0.2, 0.3, 0.4])]
    assert told_of_ranks(board_text(frame)) == [["5", "8", "4"]]
    enough = [row for name in "ab" for row in runs(name, np.linspace(0.1, 1, 6))]
    assert told_of_ranks(board_text(enough)) == [["2", "6"]]
    assert told_of_ranks(board_text(runs("a", [0.1, 0.2]))) == []


def test_a_solver_without_a_rank_stands_below_with_the_reason():
    frame = runs("complete", [0.001, 0.002, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]) + runs("partial", [0.003, 0.006])
    text = board_text(frame)
    assert re.search(r"\bpartial .{1,5}\bd .{1,10}\b2 of .{1,10}\b8\b", text)
    assert text.index(" complete ") < text.index(" partial ")
    rows = json.loads(FORMATS["json"](leaderboards(pd.DataFrame(frame))))
    assert [row["rank"] for row in rows] == [1, None]
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](leaderboards(pd.DataFrame(frame))))))
    assert [row["rank"] for row in rows] == ["1", ""]


def test_boards_of_other_conditions_say_which():
    frame = runs("a", [0.1, 0.2], split="test") + runs("a", [0.3, 0.4], split="tune")
    text = board_text(frame)
    assert re.search(r"\bfar-field\b.*\btest · d\b", text)
    assert re.search(r"\bfar-field\b.*\btune · d\b", text)
    rows = json.loads(FORMATS["json"](leaderboards(pd.DataFrame(frame))))
    assert [row["conditions"].split() for row in rows] == [["split", "test"], ["split", "tune"]]
    assert FORMATS["markdown"](leaderboards(pd.DataFrame(frame))).count("###") == 2
