"""How fast networks for off-axis holograms are: ``pytest tests/perf/test_phase_networks_perf.py --benchmark-only``."""

import time

import pytest
from _timing import interleaved, one_thread
from kernels import fft_pair
from kernels_phase_networks import LARGE, SIDE, SMALL, SOLVERS, WAVES, network, solve, step, wave


def test_a_frame_beside_the_published_unet(benchmark):
    """The U-Net of width 64 takes at least twelve times as long; both on one frame of 256x256 in turn."""
    times = interleaved({**{name: solve(name) for name in SOLVERS}, "pair": fft_pair((SIDE, SIDE))}, repeats=15)
    for name in SOLVERS:
        benchmark.extra_info[f"ms_{name}"] = round(times[name] * 1e3, 2)
        benchmark.extra_info[f"fft_pairs_{name}"] = round(times[name] / times["pair"], 1)
    benchmark.extra_info["times_faster"] = round(times[LARGE] / times[SMALL], 1)
    benchmark.pedantic(solve(SMALL), rounds=3)


def test_a_frame_by_networks_of_waves(benchmark, monkeypatch):
    """Processor time on one thread of one frame of 256x256: all of it, and the network without the front end that all share."""
    monkeypatch.setattr("prbench.core.learned._KEPT", len(WAVES))
    kinds = {"frame": solve, "network": wave}
    calls = {f"{kind}_{name}": make(name) for name in WAVES for kind, make in kinds.items()}
    with one_thread():
        times = interleaved(calls, repeats=15, clock=time.process_time)
    for name, seconds in times.items():
        benchmark.extra_info[f"processor_ms_{name}"] = round(seconds * 1e3, 2)
    benchmark.pedantic(calls["frame_nas-prnet"], rounds=3)


def test_folding_norms_and_joining_convolutions(benchmark):
    """The network as used beside the network as trained."""
    times = interleaved({"used": network(SMALL), "trained": network(SMALL, folded=False)}, repeats=15)
    benchmark.extra_info["of_trained"] = round(times["used"] / times["trained"], 3)
    benchmark.pedantic(network(SMALL), rounds=3)


def test_frames_in_a_batch(benchmark):
    """Milliseconds a frame, one at a time and eight at once."""
    times = interleaved({"1": network(SMALL), "8": network(SMALL, 8)}, repeats=9)
    for batch, seconds in times.items():
        benchmark.extra_info[f"ms_a_frame_batch_{batch}"] = round(seconds / int(batch) * 1e3, 2)
    benchmark.pedantic(network(SMALL, 8), rounds=3)


def test_compiled_beside_eager(benchmark):
    """torch.compile, which needs a C++ compiler; compiling is not counted."""
    pytest.importorskip("torch._inductor")
    compiled, eager = network(SMALL, compiled=True), network(SMALL)
    times = interleaved({"compiled": compiled, "eager": eager}, repeats=15)
    benchmark.extra_info["of_eager"] = round(times["compiled"] / times["eager"], 3)
    benchmark.pedantic(network(SMALL), rounds=3)


@pytest.mark.parametrize("search", [False, True], ids=["training", "search"])
def test_a_step(benchmark, search):
    """Batch of four at 128x128."""
    benchmark.pedantic(step(SMALL, search=search), rounds=3, warmup_rounds=1)
