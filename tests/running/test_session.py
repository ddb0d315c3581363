import dataclasses
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import prbench
from prbench.core import DirectSolver, Reconstruction, register
from prbench.errors import PrbenchError, UsageError


@register("counting", task="off-axis")
@dataclasses.dataclass(frozen=True)
class CountingSolver(DirectSolver[prbench.Hologram]):
    """Answers with its random numbers, and counts its preparations."""

    def prepare(self, backend, rng):
        prepared.append((backend.name, rng.integers(1000)))

    def solve(self, y, rng):
        active.append(threading.get_ident())
        assert len(active) == 1
        phase = y.backend.asarray(rng.standard_normal(y.shape))
        active.clear()
        return Reconstruction(phase=phase)


prepared: list[object] = []
active: list[int] = []


@pytest.fixture
def frames():
    dataset = prbench.get_dataset("offaxis-cells", size=64)
    prepared.clear()
    return [dataset.problem(i).measurement for i in range(3)]


@pytest.mark.parametrize("solver", ["fourier-filter", "nas-prnet[weights=random]"])
def test_frames_come_out_as_by_solve(frames, solver):
    """Those of other optics too, where what a session knows of earlier frames is tried in vain: that is on the bill."""
    with prbench.open(solver, backend="torch", seed=4, like=frames[0]) as session:
        for frame in frames:
            found, expected = session.solve(frame), prbench.solve(solver, frame, backend="torch", seed=4)
            np.testing.assert_array_equal(found.reconstruction.phase, expected.reconstruction.phase)
            assert (found.status, found.backend) == ("ok", expected.backend)
            with prbench.open(solver, backend="torch", seed=4) as fresh:
                first = fresh.solve(frame)
            counts = ("ffts", "operators", "iterations")
            assert [getattr(first.cost, name) for name in counts] == [getattr(expected.cost, name) for name in counts]
            assert expected.cost.ffts <= found.cost.ffts <= 2 * expected.cost.ffts
            assert found.cost.latency_fft == pytest.approx(found.cost.latency_s / found.cost.fft_pair_s)


def test_an_iterative_solver_keeps_curve_limit_and_callback(frames):
    y = prbench.get_dataset("crystal2d", size=64).problem(0).measurement
    with prbench.open("hio[iterations=60]", backend="numpy", like=y) as session:
        whole = session.solve(y, seed=2)
        expected = prbench.solve("hio[iterations=60]", y, backend="numpy", seed=2)
        np.testing.assert_array_equal(whole.reconstruction.object, expected.reconstruction.object)
        assert [p.residual for p in whole.curve] == [p.residual for p in expected.curve]
        assert session.solve(y, callback=lambda point: point.iteration >= 10).cost.iterations < 60
        assert session.solve(y, time_limit_s=0.0).status == "time_limit"


def test_a_solver_is_prepared_once_and_a_seed_holds_for_every_frame(frames):
    with prbench.open(CountingSolver(), backend="numpy", seed=7) as session:
        first, second = (session.solve(frame).reconstruction.phase for frame in frames[:2])
        other = session.solve(frames[0], seed=8).reconstruction.phase
    assert [name for name, _ in prepared] == ["numpy"]
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_threads_take_turns(frames):
    with prbench.open(CountingSolver(), backend="numpy") as session:
        failures = []

        def work():
            try:
                for _ in range(20):
                    session.solve(frames[0])
            except BaseException as error:  # noqa: BLE001 - told to the test
                failures.append(error)

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert not failures


def test_a_closed_session_says_so(frames):
    session = prbench.open("fourier-filter", backend="numpy")
    assert not session.closed
    assert "fourier-filter" in repr(session)
    session.close()
    session.close()
    assert session.closed
    with pytest.raises(UsageError, match="closed"):
        session.solve(frames[0])


def test_what_cannot_be_solved_is_refused(frames):
    with pytest.raises(UsageError, match=r"'fourier-filtr'.*fourier-filter\b"):
        prbench.open("fourier-filtr")
    with pytest.raises(UsageError, match="seed"):
        prbench.open("fourier-filter", seed=-1)
    with pytest.raises(UsageError, match="off-axis"):
        prbench.open("hio", backend="numpy", like=frames[0])
    with prbench.open("hio", backend="numpy") as session, pytest.raises(UsageError, match="off-axis"):
        session.solve(frames[0])


def test_a_failed_frame_leaves_the_session_usable(frames, monkeypatch):
    with prbench.open(CountingSolver(), backend="numpy") as session:
        with monkeypatch.context() as patch:
            patch.setattr(CountingSolver, "solve", lambda *_: Reconstruction(phase=np.zeros((2, 2), np.float32)))
            with pytest.raises(PrbenchError, match="phase"):
                session.solve(frames[0])
        assert session.solve(frames[0]).status == "ok"


@pytest.mark.parametrize("told", [1, 2])
def test_the_threads_told_to_torch_are_kept(told, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(f"""
import numpy as np, torch
torch.set_num_threads({told})
import prbench, numba
from prbench.backend import get_threads, pointwise
y = prbench.get_dataset("offaxis-cells", size=64).problem(0).measurement
with prbench.open("fourier-filter", backend="torch") as session:
    session.solve(y)

@pointwise
def double(x):
    return x + x

double(np.ones((2, 1 << 20), np.float32), out=np.empty((2, 1 << 20), np.float32))
print(torch.get_num_threads(), get_threads())
""")
    found = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True, env=_two_threads())
    assert found.stdout.split() == [str(told), str(told)]


def _two_threads():

    return os.environ | {"OMP_NUM_THREADS": "2"}


def test_records_tell_the_cost_within_a_session(tmp_path):
    """Beside that of a frame by itself."""
    names = ["fourier-filter", "sparsemask[weights=random]"]
    results = prbench.run(names, "offaxis-cells[size=64]", out=tmp_path, backend="torch", jobs=1)
    frame = results.frame.set_index("solver")
    assert (frame["status"] == "ok").all()
    assert frame.loc["fourier-filter", "cost_fft"] > frame.loc["fourier-filter", "stream_fft"] > 0
    assert frame.drop("fourier-filter")["stream_fft"].isna().all()
