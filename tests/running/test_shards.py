"""Shards: parts of a matrix that make the whole, each cell once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.errors import UsageError
from prbench.running.engine import run_matrix
from prbench.running.remote.shard import parse_shard, shard_of
from prbench.running.request.cell import Cell
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
from prbench.running.store.record import same_outcome

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
SOLVERS = [f"{FILE}:{name}" for name in ("Walk", "Guess", "Raise")]


def cells(samples: int, seeds: int = 1) -> list[Cell]:
    return Matrix.of("t", solvers=SOLVERS, datasets=f"{FILE}:Dots", samples=samples, seeds=seeds, backend="numpy").cells()


@given(st.integers(1, 12), st.integers(1, 3), st.integers(1, 20), st.randoms())
def test_shards_are_a_partition_that_does_not_depend_on_order(samples, seeds, count, random):
    whole = cells(samples, seeds)
    parts = [list(shard_of(whole, number, count)) for number in range(1, count + 1)]
    assert Counter(cell.key for part in parts for cell in part) == Counter(cell.key for cell in whole)
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    kinds = [Counter(cell.solver for cell in part) for part in parts]
    assert all(max(k[s] for k in kinds) - min(k[s] for k in kinds) <= 1 for s in SOLVERS)
    shuffled = random.sample(whole + whole[:2], len(whole) + len(whole[:2]))
    assert all(set(shard_of(shuffled, n, count)) == set(part) for n, part in enumerate(parts, 1))
    assert all(part == [cell for cell in whole if cell in set(part)] for part in parts)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1.0/2", "1/9999999999"])
def test_what_is_no_shard_is_told_in_one_line(text):
    with pytest.raises(UsageError, match=rf"\bi/N\b.*{text!r}") as caught:
        parse_shard(text)
    assert "\n" not in str(caught.value)


def test_a_shard_is_read():
    assert parse_shard(" 3/8 ") == (3, 8)
    assert parse_shard("1/1") == (1, 1)


def test_shards_in_parallel_fill_one_folder_as_one_run_does(tmp_path):
    """Two fronts by the command line, the dataset noting each cell begun: none twice, and the records of an undivided run."""
    args = [f"-s{','.join(SOLVERS)}", f"-d{FILE}:CountedDots[log={tmp_path}/log]", "--samples", "9", "--backend", "numpy"]
    code = "from prbench.cli import main; main()"
    command = [sys.executable, "-c", code, "run", *args, "-j", "1", "--threads", "1", "-o", str(tmp_path / "shards")]
    fronts = [subprocess.Popen([*command, "--shard", f"{n}/2"], stdout=subprocess.PIPE, text=True) for n in (1, 2)]
    told = [front.communicate(timeout=120)[0] for front in fronts]
    assert [front.returncode for front in fronts] == [1, 1]  # one of the solvers raises
    assert ["14 cells" in text or "13 cells" in text for text in told] == [True, True]
    # A worker keeps the problem for the cells of the same sample that follow, so a line is a sample's visit to a shard.
    begun = Counter(line.split()[1] for line in (tmp_path / "log").read_text().splitlines())
    assert len(begun) == 2
    whole = Matrix.of(
        "t", solvers=SOLVERS, datasets=f"{FILE}:CountedDots[log={tmp_path}/log]", samples=9, backend="numpy"
    ).cells()
    shards, local = Store(tmp_path / "shards"), Store(tmp_path / "local")
    assert run_matrix(whole, shards).cached == 27
    run_matrix(whole, local, jobs=2, threads=1)
    for ours, theirs in zip(shards.records(), local.records(), strict=True):
        assert same_outcome(ours, theirs)
        a, b = shards.arrays(ours.key), local.arrays(theirs.key)
        assert {n: x.tobytes() for n, x in a.items()} == {n: x.tobytes() for n, x in b.items()}
