"""Matrices: reading, refusing and expanding them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.errors import UsageError
from prbench.running.request.spec import Matrix, builtin_names, parse_indices

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
WALK, GUESS, DOTS = f"{FILE}:Walk", f"{FILE}:Guess", f"{FILE}:Dots"


@pytest.mark.parametrize(
    ("text", "found"),
    [("5", 5), ("0:3", (0, 1, 2)), ("0,3,7", (0, 3, 7)), ("3,", (3,)), (":2", (0, 1)), ("1, 5:7", (1, 5, 6)), ("2,2", (2,))],
)
def test_indices(text, found):
    assert parse_indices(text) == found


@given(st.text(alphabet="0123456789:,- x", max_size=12))
def test_indices_are_read_or_refused(text):
    try:
        found = parse_indices(text)
    except UsageError:
        return
    assert found >= 1 if isinstance(found, int) else found and min(found) >= 0


def keys(**data):
    return [cell.key for cell in Matrix.of("test", backend="numpy", **data).cells()]


def test_every_solver_meets_every_problem_and_none_twice():
    cells = Matrix.of("test", solvers=[WALK, GUESS, WALK], datasets=[DOTS], samples=3, seeds="1:3", backend="numpy").cells()
    assert len(cells) == len({c.key for c in cells}) == 2 * 3 * 2
    assert {(c.sample, c.seed) for c in cells} == {(i, s) for i in range(3) for s in (1, 2)}


def test_python_yaml_and_blocks_say_the_same():
    text = f"solvers: ['{WALK}']\ndatasets:\n- {{dataset: '{DOTS}', samples: 2}}\nseeds: [4]\nbackend: numpy\n"
    block = {"solvers": WALK, "datasets": DOTS, "samples": [0, 1], "seeds": (4,)}
    assert [c.key for c in Matrix.parse(text, "a.yaml").cells()] == keys(**block) == keys(runs=[block])


def test_a_block_inherits_what_it_does_not_say():
    one, two = Matrix.of(
        "test", backend="numpy", time_limit_s=5, runs=[{"solvers": WALK, "datasets": DOTS, "time_limit_s": t} for t in (None, 7)]
    ).cells()
    assert (one.time_limit_s, two.time_limit_s) == (5, 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("solvers: [hio\n", "m.yaml .*YAML"),
        ("- a\n", r"m.yaml: .*solvers.*datasets.*\blist\b"),
        ("sovlers: [hio]\n", r"m.yaml: sovlers: .*\bsolvers, datasets\b"),
        ("solvers: [3]\n", r"m.yaml: solvers: .*\bint\b"),
        ("datasets: [{dataset: crystal2d, sample: 3}]\n", "m.yaml: datasets.0.sample"),
        ("samples: 0\n", r"m.yaml: samples: .*\b1\b.*\b0\b"),
        ("seeds: x\n", "m.yaml: seeds: .*'x'"),
        ("time_limit_s: -1\n", "m.yaml: time_limit_s"),
        ("backend: abacus\n", "m.yaml: backend"),
        ("runs: [{solver: hio}]\n", "m.yaml: runs.0.solver"),
    ],
)
def test_a_wrong_matrix_is_told_in_one_line(text, told):
    with pytest.raises(UsageError, match=told) as caught:
        Matrix.parse(text, "m.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"solvers": "no-such", "datasets": DOTS}, "solver 'no-such'"),
        ({"solvers": WALK}, "^matrix: (?!.*solvers).*datasets"),
        ({}, "^matrix: .*solvers.*datasets"),
        ({"solvers": WALK + "[beta=1]", "datasets": DOTS}, "setting 'beta'"),
        ({"solvers": GUESS, "datasets": DOTS, "backend": "torch"}, r"guess .*numpy.*\btorch\b"),
    ],
)
def test_cells_that_cannot_be_are_told(data, told):
    with pytest.raises(UsageError, match=told):
        Matrix.of("test", **{"backend": "numpy", **data}).cells()


def test_built_in_matrices_are_read():
    assert "quick" in builtin_names()
    for name in builtin_names():
        assert Matrix.builtin(name).name == name
    with pytest.raises(UsageError, match="quick"):
        Matrix.builtin("no-such")
