"""What UMPA and LCS cost a pixel and how near they come to the truth: ``pytest tests/perf --benchmark-only``."""

import time
import tracemalloc

import numpy as np
import pytest
from kernels_speckle import errors, tiled, track, warped

from prbench.backend import get_threads, set_threads

SIDES = (256, 512, 1024, 2048)
PROBLEMS = 3


@pytest.fixture(autouse=True)
def two_threads():
    before = get_threads()
    set_threads(2)
    yield
    set_threads(before)


def timed(benchmark, run, pixels, rounds=25):
    """Seconds by the benchmark; microseconds a pixel, and those of processor time, which other programs do not lengthen."""
    run()
    busy = []

    def once():
        start = time.process_time()
        run()
        busy.append(time.process_time() - start)

    benchmark.pedantic(once, rounds=rounds)
    benchmark.extra_info.update(
        us_per_px_best=round(benchmark.stats.stats.min / pixels * 1e6, 3),
        us_per_px_median=round(benchmark.stats.stats.median / pixels * 1e6, 3),
        cpu_us_per_px_over_threads=round(float(np.median(busy)) / get_threads() / pixels * 1e6, 3),
    )


def judged(benchmark, solver, settings, images):
    """The worst of some test problems."""
    found = np.array([errors(solver, warped(settings, index), images) for index in range(PROBLEMS)])
    benchmark.extra_info.update(
        rmse_px=round(float(np.sqrt(np.mean(found[:, 0] ** 2))), 4),
        rmse_px_worst=round(float(found[:, 0].max()), 4),
        outliers=float(found[:, 1].max()),
    )


@pytest.mark.parametrize(("window", "images"), [(5, 10), (5, 20), (9, 10), (9, 20)])
def test_umpa(benchmark, window, images):
    """At most 0.055, 0.040, 0.023, 0.017 px with not one pixel off by 1 px, in 0.4, 0.6, 0.45, 0.7 us a pixel."""
    solver = f"umpa[window={window},max_shift=4,dark_field=false]"
    judged(benchmark, solver, "", images)
    y = warped().measurement.first(images)
    timed(benchmark, track(solver, y), np.prod(y.shape))


@pytest.mark.parametrize("images", [1, 2, 3, 5])
def test_umpa_with_few_images(benchmark, images):
    judged(benchmark, "umpa", "", images)
    y = warped().measurement.first(images)
    timed(benchmark, track("umpa", y), np.prod(y.shape))


@pytest.mark.parametrize("solver", ["umpa[dark_field=true]", "lcs[dark_field=true]"])
def test_with_a_dark_field(benchmark, solver):
    settings = "shift=0.9,blur=0.3"
    judged(benchmark, solver, settings, 20)
    y = warped(settings).measurement
    timed(benchmark, track(solver, y), np.prod(y.shape), rounds=5)


@pytest.mark.parametrize("images", [10, 20])
@pytest.mark.parametrize("solver", ["lcs", "lcs[window=5]", "umpa", "lcs-umpa"])
def test_displacements_under_a_pixel(benchmark, solver, images):
    """LCS: at most 0.03 px with 10 images, in 0.15 us a pixel."""
    settings = "shift=0.9"
    judged(benchmark, solver, settings, images)
    y = warped(settings).measurement.first(images)
    timed(benchmark, track(solver, y), np.prod(y.shape))


@pytest.mark.parametrize("images", [2, 10, 20])
def test_the_combination(benchmark, images):
    judged(benchmark, "lcs-umpa", "", images)
    y = warped().measurement.first(images)
    timed(benchmark, track("lcs-umpa", y), np.prod(y.shape))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("solver", ["umpa", "lcs", "lcs-umpa"])
def test_cost_grows_with_the_pixels(benchmark, solver, side):
    """The same microseconds a pixel at every side; numpy's arrays beyond the stacks, in their size (a kernel's are a strip's)."""
    y = tiled(side, 10)
    run = track(solver, y)
    run()
    tracemalloc.start()
    run()
    more = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    benchmark.extra_info["more_arrays_in_stacks"] = round(more / (y.reference.nbytes + y.sample.nbytes), 2)
    timed(benchmark, run, side**2, rounds=25 if side < 1024 else 5)


@pytest.mark.parametrize("images", [8, 16, 32, 64])
@pytest.mark.parametrize("solver", ["umpa", "lcs"])
def test_cost_grows_with_the_images(benchmark, solver, images):
    """In steps of eight, which a vector register holds."""
    timed(benchmark, track(solver, tiled(512, images)), 512**2, rounds=7)


@pytest.mark.parametrize("photons", ["none", "5000"])
@pytest.mark.parametrize("solver", ["umpa", "umpa[window=9]", "lcs-umpa"])
def test_bias_between_pixels(benchmark, solver, photons):
    """Mean error of uniform displacements from 0 to 1 px, the largest of them: at most 0.01 px."""

    def sweep():
        means = []
        for shift in np.linspace(0, 1, 11):
            problem = warped(f"uniform=true,shift={shift:g},photons={photons},size=160")
            found = track(solver, problem.measurement)()
            means.append((found.displacement - problem.truth.displacement)[:, problem.object_region].mean(axis=1))
        return float(np.abs(means).max())

    benchmark.extra_info["bias_px"] = round(benchmark.pedantic(sweep, rounds=1), 5)
