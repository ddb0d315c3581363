"""Power of the gate on time, by pairs of timings of one unchanged version that were recorded on a busy machine.

The recording (``tests/perf/gate_timings.py``) holds three solvers, eight samples and three pairs of
processes with two rounds each, at a load of about 20 on two cores.
A check here takes one pair of processes and confirms with another, half of what
``prbench check`` takes; sides are swapped as well, so that there are 36 checks. Called slower are 2 of 36 unchanged ones, both of
the quickest solver (1.3 ms), 16 of those made 20 % slower, and all of those made 50 % slower.
"""

import itertools
import json
from pathlib import Path

import pytest
from gate_cells import cell

from prbench.gate.regression import compare_versions, confirm_times

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
