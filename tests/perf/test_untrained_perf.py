"""What forward model and framework add to an untrained network: ``pytest tests/perf/test_untrained_perf.py --benchmark-only``."""

import pytest
from _timing import interleaved
from kernels_untrained import NETWORKS, bare_passes, fitting_step, model_passes


@pytest.mark.parametrize("side", [220, 440])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_beside_forward_and_backward(benchmark, name, side):
    """At most 1.15 of the network's own passes."""
    step = fitting_step(name, side)
    times = interleaved({"step": step, "bare": bare_passes(name, side), "model": model_passes(side)}, repeats=5)
    benchmark.extra_info["of_bare_passes"] = round(times["step"] / times["bare"], 3)
    benchmark.extra_info["model_of_bare_passes"] = round(times["model"] / times["bare"], 3)
    benchmark.extra_info["steps_per_s"] = round(1 / times["step"], 2)
    benchmark.pedantic(step, rounds=1)
