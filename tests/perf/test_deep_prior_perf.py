"""A step of untrained priors in passes of their networks, eight starts in one, coordinates beside convolutions."""

import pytest
from _timing import interleaved
from kernels_deep_prior import prior_networks, prior_step

SOLVERS = ["double-dip-admm", "double-nir"]
DATASETS = ["crystal2d[size=32]", "crystal2d[size=64]"]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("starts", [1, 8])
def test_a_step_in_passes_of_its_networks(benchmark, solver, dataset, starts):
    run, bare = prior_step(solver, dataset, starts), prior_networks(solver, dataset, starts)
    medians = interleaved({"bare": bare, "step": run}, repeats=15)
    benchmark.extra_info["step in passes of its networks"] = medians["step"] / medians["bare"]
    benchmark.pedantic(run, rounds=5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_eight_starts_in_one(benchmark, solver, dataset):
    one, eight = (prior_step(solver, dataset, starts) for starts in (1, 8))
    medians = interleaved({"one": one, "eight": eight}, repeats=15)
    benchmark.extra_info["eight starts in one"] = medians["eight"] / medians["one"]
    benchmark.pedantic(eight, rounds=5)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_step_in_steps_of_convolutional_networks(benchmark, dataset):
    runs = {name: prior_step(name, dataset, 8) for name in SOLVERS}
    medians = interleaved(runs, repeats=15)
    benchmark.extra_info["step in steps of double-dip-admm"] = medians["double-nir"] / medians["double-dip-admm"]
    benchmark.pedantic(runs["double-nir"], rounds=5)
