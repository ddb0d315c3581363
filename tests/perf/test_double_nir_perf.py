"""A step of coordinate networks in passes of them, eight starts in one, and beside a step of convolutional ones."""

import pytest
from _timing import interleaved
from kernels_deep_prior import prior_networks, prior_step

DATASETS = ["crystal2d[size=32]", "crystal2d[size=64]"]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("starts", [1, 8])
def test_a_step_in_passes_of_its_networks(benchmark, dataset, starts):
    run, bare = prior_step("double-nir", dataset, starts), prior_networks("double-nir", dataset, starts)
    medians = interleaved({"bare": bare, "step": run}, repeats=15)
    benchmark.extra_info["step in passes of its networks"] = medians["step"] / medians["bare"]
    benchmark.pedantic(run, rounds=5)


@pytest.mark.parametrize("dataset", DATASETS)
def test_eight_starts_in_one(benchmark, dataset):
    one, eight = (prior_step("double-nir", dataset, starts) for starts in (1, 8))
    medians = interleaved({"one": one, "eight": eight}, repeats=15)
    benchmark.extra_info["eight starts in one"] = medians["eight"] / medians["one"]
    benchmark.pedantic(eight, rounds=5)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_step_in_steps_of_convolutional_networks(benchmark, dataset):
    runs = {name: prior_step(name, dataset, 8) for name in ("double-dip", "double-nir")}
    medians = interleaved(runs, repeats=15)
    benchmark.extra_info["step in steps of double-dip"] = medians["double-nir"] / medians["double-dip"]
    benchmark.pedantic(runs["double-nir"], rounds=5)
