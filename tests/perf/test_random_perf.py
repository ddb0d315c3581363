"""A gradient step in applications of its operators, and the time to solve."""

import time

import numpy as np
import pytest
from _timing import interleaved, one_thread, work_ratio
from kernels_random import FLOWS, MAPS, PICTURES, gradient_step, operator_pair, untrained_parts, untrained_step

import prbench


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("dataset", MAPS)
@pytest.mark.parametrize("solver", FLOWS)
def test_a_step_in_operator_pairs(benchmark, solver, dataset):
    """CPU seconds on one thread, those that the table shows as well."""
    step, pair = gradient_step(solver, dataset), operator_pair(dataset)
    benchmark.extra_info["step in operator pairs"] = work_ratio(step, pair, repeats=101)
    with one_thread():
        benchmark.pedantic(step, rounds=25)


@pytest.mark.parametrize("dataset", PICTURES)
def test_a_step_of_the_untrained_network_in_its_parts(benchmark, dataset):
    step, parts = untrained_step(dataset), untrained_parts(dataset)
    medians = interleaved({"parts": parts, "step": step}, repeats=15)
    benchmark.extra_info["step over network passes and operators"] = medians["step"] / medians["parts"]
    benchmark.pedantic(step, rounds=5)


def test_coded_diffraction_of_six_masks_at_256(benchmark):
    made = prbench.get_dataset("coded-diffraction[size=256,patterns=6]").problem(0)
    found = benchmark.pedantic(prbench.solve, args=("reweighted-af", made.measurement), rounds=3, warmup_rounds=1)
    benchmark.extra_info["seconds"] = found.cost.latency_s
    benchmark.extra_info["iterations"] = found.cost.iterations
    benchmark.extra_info["relative error"] = float(np.sqrt(prbench.score(found.reconstruction, made, ["sa_nmse"])["sa_nmse"]))
