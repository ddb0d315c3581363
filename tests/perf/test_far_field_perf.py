"""What an iteration costs, in FFT pairs of its own shape timed beside it: ``pytest tests/perf --benchmark-only``."""

import numpy as np
import pytest
from _timing import interleaved, work_ratio
from kernels import SHAPES, fft_pair, iteration, iterations

import prbench

SOLVERS = ("er", "hio", "raar")
PERIOD = 20
PAIRS = 100


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("solver", SOLVERS)
def test_one_iteration_in_fft_pairs(benchmark, solver, shape):
    """At most 1.1, complex64 on torch's CPU."""
    times = interleaved({"pair": fft_pair(shape), "step": iteration(solver, shape)}, repeats=201)
    benchmark.extra_info["fft_pairs"] = round(times["step"] / times["pair"], 3)
    benchmark(iteration(solver, shape))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shrinkwrap_over_its_period_in_iterations(benchmark, shape):
    """At most 0.1 more than without, updated every 20 steps."""
    plain, shrinking = iteration("hio", shape), iteration("hio", shape, update_every=PERIOD)

    def period(step):
        def run():
            for _ in range(PERIOD):
                step()

        return run

    times = interleaved({"plain": period(plain), "shrinkwrap": period(shrinking)}, repeats=31)
    benchmark.extra_info["added_by_shrinkwrap"] = round(times["shrinkwrap"] / times["plain"] - 1, 3)
    benchmark(period(shrinking))


@pytest.mark.parametrize("shape", [(128, 128), *SHAPES], ids=str)
def test_sixteen_starts_as_one_batch_in_single_starts(benchmark, shape):
    """At most 16; twenty steps between two meetings of the starts, as under shrinkwrap."""
    one, batch = iterations("hio", shape, PERIOD), iterations("hio", shape, PERIOD, starts=16)
    times = interleaved({"one": one, "batch": batch}, repeats=15)
    benchmark.extra_info["single_starts"] = round(times["batch"] / times["one"], 2)
    benchmark.pedantic(batch, rounds=3)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("support", ["shrinkwrap", "fixed"])
def test_a_whole_solve_in_fft_pairs(benchmark, shape, support):
    """``prbench.solve`` from outside, 1000 iterations of one start with the default curve: at most 1.25 per iteration.

    Processor time on one thread; the pair is timed before and after each solve.
    """
    problem = prbench.FarField(np.abs(np.fft.fftshift(np.fft.fftn(np.random.default_rng(0).random(shape)))) ** 2)
    solver = prbench.get_solver("hio", **({"update_every": 0} if support == "fixed" else {}))
    pair = fft_pair(shape)

    def pairs():
        for _ in range(PAIRS):
            pair()

    solve = lambda: prbench.solve(solver, problem, backend="torch")  # noqa: E731
    benchmark.extra_info["fft_pairs_a_step"] = round(work_ratio(solve, pairs, repeats=5) * PAIRS / solver.iterations, 3)
    benchmark.pedantic(solve, rounds=1)


def test_sixteen_starts_of_a_thousand_iterations(benchmark):
    """Seconds a crystal, size 64: under 2 on two cores."""
    problem = prbench.get_dataset("crystal2d").problem(0, split="tune")
    solver = prbench.get_solver("hio-er", iterations=1000)
    benchmark.pedantic(lambda: prbench.solve(solver, problem.measurement, backend="torch"), rounds=5, warmup_rounds=1)
