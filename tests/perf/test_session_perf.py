"""What a session adds to a frame beyond the solver's own time: limit 1 ms. What it saves where the solver knows its optics."""

import statistics
import time

import pytest
from _timing import one_thread

import prbench

FRAMES = 40


@pytest.mark.parametrize("solver", ["fourier-filter", "nas-prnet"])
@pytest.mark.parametrize("how", ["session", "solve"])
def test_a_frame_of_256_pixels(benchmark, solver, how):
    """Seconds per frame, and what of it is not on the solver's clock, by wall and by processor time of the whole process."""
    frame = prbench.get_dataset("offaxis-cells", size=256).problem(0).measurement
    with prbench.open(solver, backend="torch", like=frame) as session:
        call = session.solve if how == "session" else lambda y: prbench.solve(solver, y, backend="torch")
        added, processor, pair = [], [], []

        def one():
            began, used = time.perf_counter(), time.process_time()
            cost = call(frame).cost
            added.append(time.perf_counter() - began - cost.latency_s)
            processor.append(time.process_time() - used)
            pair.append(cost.fft_pair_s)

        benchmark.pedantic(one, rounds=FRAMES, warmup_rounds=3)
    benchmark.extra_info.update(
        added_ms=1e3 * statistics.median(added),
        least_added_ms=1e3 * min(added),
        frame_processor_ms=1e3 * statistics.median(processor),
        pair_ms=1e3 * statistics.median(pair),
    )


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_frame_of_a_stream_in_fft_pairs(benchmark, backend):
    """``fourier-filter``, 256x256: at most 60 within a session; processor time on one thread."""
    frame = prbench.get_dataset("offaxis-cells", size=256).problem(0).measurement
    with one_thread(), prbench.open("fourier-filter", backend=backend, like=frame) as session:
        costs = [session.solve(frame).cost.stream_fft for _ in range(FRAMES)]
        alone = [prbench.solve("fourier-filter", frame, backend=backend).cost.cost_fft for _ in range(FRAMES // 4)]
        benchmark.extra_info.update(stream_fft=statistics.median(costs), cost_fft=statistics.median(alone))
        benchmark.pedantic(lambda: session.solve(frame), rounds=3)
