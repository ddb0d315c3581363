"""Power of the gate on time, by pairs of timings of one unchanged version that were recorded on a busy machine.

The recording (``tests/perf/gate_timings.py``) holds three solvers, eight samples and three pairs of
processes with two rounds each, at a load of about 20 on two cores.
A check here takes one pair of processes and confirms with another, half of what
``prbench check`` takes; sides are swapped as well, so that there are 36 checks. Called slower are 2 of 36 unchanged ones, both of
the quickest solver (1.3 ms), 16 of those made 20 % slower, and all of those made 50 % slower.
"""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from gate_cells import cell

from prbench.gate import checking
from prbench.gate.regression import compare_versions, confirm_times
from prbench.gate.timing import open_groups, upper_median
from prbench.running.request.spec import Matrix

RECORDED = json.loads(Path(__file__).with_name("timings.json").read_text("utf-8"))
SOLVERS = sorted({c["solver"] for c in RECORDED["cells"]})


def version(solver, side, processes, factor=1.0):
    """Cells of one side with the recorded times of some processes, made slower by a factor."""
    found = []
    for sample in range(8):
        chosen = [
            c
            for c in RECORDED["cells"]
            if (c["solver"], c["side"], c["sample"]) == (solver, side, sample) and c["process"] in processes
        ]
        cpu, wall = ([factor * t for c in chosen for t in c[name]] for name in ("cpu_s", "latency_s"))
        found.append(cell(sample, solver=solver, cpu_s=cpu, cpu_fft=cpu, latency_s=wall, latency_fft=wall))
    return found


def slower(factor):
    """How many of the checks call the head slower."""
    count = 0
    for solver, processes, sides in itertools.product(
        SOLVERS, itertools.permutations(range(3), 2), (("base", "head"), ("head", "base"))
    ):
        first, second = (
            compare_versions(version(solver, sides[0], some), version(solver, sides[1], some, factor), stored=False)
            for some in ([process] for process in processes)
        )
        count += bool(confirm_times(first, second).regressions)
    return count


@pytest.mark.parametrize(("factor", "least", "most"), [(1.0, 0, 2), (1.2, 14, 36), (1.5, 36, 36)])
def test_recorded_timings_made_slower(factor, least, most):
    assert least <= slower(factor) <= most


@pytest.mark.parametrize(("factor", "least"), [(1.2, 5), (1.5, 6)])
def test_pooled_pairs_show_more(factor, least):
    count = 0
    for solver, (base, head) in itertools.product(SOLVERS, (("base", "head"), ("head", "base"))):
        sides = version(solver, base, range(3)), version(solver, head, range(3), factor)
        count += bool(compare_versions(*sides, stored=False).regressions)
    assert count >= least


def test_it_was_recorded_on_a_busy_machine():
    assert min(RECORDED["load"]) > 5


def verdicts(base, head, **more):
    found = compare_versions(base, head, **{"stored": False, **more})
    return {finding.what: (finding.verdict, finding.regression) for finding in found.findings}


def test_processor_time_decides_where_it_is_known():
    """A machine that is busy beside the head lengthens its wall time, and no more."""
    base = [cell(n) for n in range(8)]
    beside = [cell(n, latency_s=[0.14] * 3, latency_fft=[140.0] * 3) for n in range(8)]
    slow = [cell(n, cpu_s=[0.12] * 3, cpu_fft=[120.0] * 3) for n in range(8)]
    assert verdicts(base, beside)["wall time"] == ("same", False)
    assert verdicts(base, slow)["time"] == ("worse", True)
    assert verdicts(slow, base)["time"] == ("better", False)


def test_waiting_is_caught_by_wall_time():
    """A solve that sleeps takes no processor time; its wall time counts from half as much again on, where FFT pairs agree."""
    base = [cell(n) for n in range(8)]
    waits = [cell(n, latency_s=[0.2] * 3, latency_fft=[200.0] * 3) for n in range(8)]
    busy = [cell(n, latency_s=[0.2] * 3) for n in range(8)]
    assert verdicts(base, waits)["wall time"] == ("worse", True)
    assert verdicts(base, busy)["wall time"] == ("unclear", False)


def test_work_on_a_gpu_is_timed_by_the_wall():
    gpu = {"device_class": "NVIDIA H200"}
    base = [cell(n, **gpu) for n in range(8)]
    head = [cell(n, **gpu, latency_s=[0.13] * 3, latency_fft=[130.0] * 3, cpu_s=[0.0001] * 3) for n in range(8)]
    assert verdicts(base, head)["time"] == ("worse", True)


def test_stored_times_are_advice():
    base, head = [cell(n) for n in range(8)], [cell(n, cpu_s=[0.3] * 3, cpu_fft=[300.0] * 3) for n in range(8)]
    assert verdicts(base, head, stored=True)["time"] == ("worse", False)
    assert verdicts(base, head, stored=True, same_class=False)["time"] == ("worse", False)


def test_a_version_is_called_slower_only_where_fresh_processes_confirm_it():
    base, head = [cell(n) for n in range(8)], [cell(n, cpu_s=[0.2] * 3) for n in range(8)]
    slow, equal = compare_versions(base, head, stored=False), compare_versions(base, base, stored=False)
    assert not slow.passes
    assert confirm_times(slow, equal).passes
    assert not confirm_times(slow, slow).passes


def test_the_upper_end_of_a_median_covers_in_95_of_100():
    """By order statistics: P(B <= k) of n fair coins, at least 95 %."""
    assert upper_median([1.0] * 4) == math.inf
    assert upper_median(range(5)) == 4  # 31/32
    assert upper_median(range(16)) == 11  # P(B <= 11) = 0.962, P(B <= 10) = 0.895
    assert upper_median(range(32)) == 21  # 0.975, 0.945


def test_groups_are_open_as_long_as_a_slower_version_is_not_excluded():
    base = [cell(n) for n in range(8)]
    assert open_groups(base, [cell(n) for n in range(8)], 1.2) == []
    assert open_groups(base, [cell(n, cpu_s=[0.13] * 3) for n in range(8)], 1.2) == [("hio", "crystal2d")]
    noisy = [cell(n, cpu_s=[0.06, 0.1, 0.15]) for n in range(8)]
    assert open_groups(base, noisy, 1.2) == [("hio", "crystal2d")]
    gpu = {"device_class": "NVIDIA H200"}
    assert open_groups([cell(0, **gpu)], [cell(0, **gpu)], 1.2) == []


@pytest.mark.parametrize(
    ("slower", "noise", "looks", "caught"),
    [(1.0, 0.01, [2], False), (1.2, 0.01, [2, 2], True), (1.0, 0.6, [2, 2, 2], False), (1.2, 0.3, [2, 2, 2, 2], True)],
    ids=["equal", "slower", "equal-busy", "slower-busy"],
)
def test_more_pairs_are_taken_where_they_do_not_tell(monkeypatch, slower, noise, looks, caught):
    """Two processes per look, and two looks more at most; what is found slower is confirmed by processes of its own."""
    cells = Matrix.of("t", solvers=["hio"], datasets=["crystal2d[size=16]"], samples=8, backend="numpy").cells()
    rng, calls, kinds = np.random.default_rng(1), [], []

    def measure(some, probes, rounds, on_cell, repeat_s, *, times_only):
        def side(factor):
            labels = [{"solver": one.solver_spelled, "dataset": one.dataset_spelled} for one in some]
            times = [factor * 0.1 * np.exp(noise * rng.standard_normal(rounds)) for _ in some]
            more = [{"cpu_s": list(t), "cpu_fft": list(t), "latency_s": list(t), "latency_fft": list(t)} for t in times]
            return [cell(one.sample, **label, **time) for one, label, time in zip(some, labels, more, strict=True)]

        calls.append(len(some))
        kinds.append(times_only)
        return {"base": side(1.0), "head": side(slower)}

    monkeypatch.setattr(checking, "measure", measure)
    found = checking.in_turn(cells, {"base": None, "head": None}, 4)
    assert ("time" in {finding.what for finding in found.regressions}) is caught
    assert len(calls) == sum(looks)
    assert kinds == [False] + [True] * (len(calls) - 1)
    assert set(calls) == {8}
