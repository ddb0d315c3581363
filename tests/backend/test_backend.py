import os
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.backend import BACKENDS, Backend, Clock, fft_pair_seconds, get_backend, get_threads, set_threads
from prbench.errors import MissingDependency, UsageError

LIBRARIES = ["numpy", "torch"]
PRECISIONS = ["single", "double"]


@pytest.fixture
def threads():
    """Leave the number of threads as it was."""
    before = get_threads()
    yield
    set_threads(before)


@pytest.fixture(params=LIBRARIES)
def library(request) -> str:
    return request.param


@pytest.fixture(params=PRECISIONS)
def backend(request, library) -> Backend:
    return get_backend(library, request.param)


def accuracy(backend: Backend) -> float:
    return 2e-6 if backend.precision == "single" else 1e-14


SHAPES = st.lists(st.integers(1, 12), min_size=2, max_size=3).map(tuple)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", LIBRARIES)
def test_transforms_are_the_textbooks_and_invert_each_other(name, precision):
    backend = get_backend(name, precision)

    @given(SHAPES, st.integers(1, 3), st.integers(0, 99))
    def law(shape, batch, seed):
        rng = np.random.default_rng(seed)
        host = rng.standard_normal((batch, *shape)) + 1j * rng.standard_normal((batch, *shape))
        x, ndim = backend.asarray(host), len(shape)
        spectrum = backend.fftn(x, ndim)
        scale = np.abs(host).max() * np.sqrt(host.size)
        axes = tuple(range(1, ndim + 1))
        np.testing.assert_allclose(backend.to_numpy(spectrum), np.fft.fftn(host, axes=axes), atol=10 * accuracy(backend) * scale)
        np.testing.assert_allclose(backend.to_numpy(backend.ifftn(spectrum, ndim)), host, atol=10 * accuracy(backend) * scale)
        raw = backend.to_numpy(backend.ifftn(spectrum, ndim, normalised=False))
        np.testing.assert_allclose(raw / np.prod(shape), host, atol=10 * accuracy(backend) * scale)

    law()


@pytest.mark.parametrize("shape", [(8, 6), (7, 5), (1, 4), (4, 5, 6), (3, 4, 7)])
def test_transforms_of_real_arrays_come_back(backend, shape):
    x = np.random.default_rng(0).standard_normal((2, *shape))
    spectrum = backend.rfftn(backend.asarray(x), len(shape))
    full = np.fft.rfftn(x, axes=tuple(range(1, len(shape) + 1)))
    np.testing.assert_allclose(backend.to_numpy(spectrum), full, atol=1e3 * accuracy(backend))
    back = backend.to_numpy(backend.irfftn(spectrum, shape))
    np.testing.assert_allclose(back, x, atol=50 * accuracy(backend))
    assert back.dtype == (np.float32 if backend.precision == "single" else np.float64)


def test_a_normalised_inverse_leaves_its_argument_alone(backend):
    x = backend.asarray(np.ones((1, 4, 4), complex))
    backend.ifftn(x, 2)
    np.testing.assert_array_equal(backend.to_numpy(x), 1)


def test_transforms_into_given_arrays_are_the_same(backend):
    x = backend.asarray(np.random.default_rng(1).standard_normal((2, 8, 8)) + 0j)
    out = backend.empty(x.shape, backend.complex)
    np.testing.assert_array_equal(backend.to_numpy(backend.fftn(x, 2, out=out)), backend.to_numpy(backend.fftn(x, 2)))


def test_arrays_arrive_in_the_backends_precision_and_come_back(backend):
    for host in (np.ones((2, 3), np.float64), np.ones((2, 3), np.complex64), np.eye(3, dtype=bool), np.arange(4)):
        there = backend.asarray(host)
        back = backend.to_numpy(there)
        np.testing.assert_array_equal(back, host)
        expected = {"f": backend.real, "c": backend.complex}.get(host.dtype.kind)
        assert expected is None or there.dtype == expected
        assert expected is not None or back.dtype == host.dtype
    np.testing.assert_array_equal(backend.to_numpy(backend.zeros((2, 3), backend.real)), 0)
    assert tuple(backend.empty((2, 3), backend.complex).shape) == (2, 3)


def test_what_was_copied_does_not_change_with_the_original(backend):
    host = np.zeros((2, 2), np.float32 if backend.precision == "single" else np.float64)
    there = backend.asarray(host)
    host[0, 0] = 1
    assert backend.to_numpy(there)[0, 0] == 0


def test_turned_and_conjugated_arrays_come_back(library):
    backend = get_backend(library, "double")
    x = backend.asarray(np.array([[1 + 2j, 3], [4, 5j]]).T[::-1])
    np.testing.assert_array_equal(backend.to_numpy(backend.xp.conj(x)), [[3, -5j], [1 - 2j, 4]])


@pytest.mark.parametrize("name", ["tensorflow", "", "TORCH", "cuda"])
def test_an_unknown_backend_is_answered_with_the_known(name):
    with pytest.raises(UsageError, match=f"^backend .*{', '.join(BACKENDS)}.*{name!r}"):
        get_backend(name)


def test_names_and_backends_correspond(library):
    backend = get_backend(library)
    assert (backend.name, backend.library, backend.device, backend.precision) == (library, library, "cpu", "single")
    assert backend.device_class == "cpu"
    assert backend.peak_memory() is None
    assert get_backend(library) == backend
    assert Backend("torch", "cuda").name == "torch:cuda"


def test_without_a_gpu_gpu_backends_say_what_they_need():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    assert get_backend("auto") == get_backend("torch")
    with pytest.raises(MissingDependency, match="`prbench doctor`"):
        get_backend("torch:cuda")
    with pytest.raises(MissingDependency, match=r".\[cuda\]"):
        get_backend("cupy")


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["torch:cuda", "cupy"])
def test_a_gpu_transforms_alike(name):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    if name == "cupy":
        pytest.importorskip("cupy", reason="cupy is not installed; pip install -c constraints.txt -e '.[cuda]'")
    backend, host = get_backend(name, "double"), get_backend("numpy", "double")
    x = np.random.default_rng(0).standard_normal((2, 8, 9)) + 0j
    there = backend.fftn(backend.asarray(x), 2)
    np.testing.assert_allclose(backend.to_numpy(there), host.fftn(x, 2), atol=1e-10)
    np.testing.assert_allclose(backend.to_numpy(backend.ifftn(there, 2)), x, atol=1e-10)
    real = backend.rfftn(backend.asarray(x.real), 2)
    np.testing.assert_allclose(backend.to_numpy(backend.irfftn(real, (8, 9))), x.real, atol=1e-10)
    assert backend.device_class.startswith("cuda:")
    assert backend.peak_memory() > 0


def test_a_clock_runs_only_between_start_and_stop(library):
    clock = Clock(get_backend(library).synchronize)
    assert clock.seconds == 0
    clock.start()
    time.sleep(0.02)
    assert clock.seconds >= 0.02
    clock.stop()
    stopped = clock.seconds
    time.sleep(0.02)
    assert clock.seconds == stopped
    clock.stop()
    assert clock.seconds == stopped
    with clock:
        time.sleep(0.01)
    assert clock.seconds >= stopped + 0.01
    assert clock.seconds < stopped + 1


def test_a_clock_stops_where_the_work_fails():
    clock = Clock(get_backend("numpy").synchronize)
    with pytest.raises(RuntimeError), clock:
        raise RuntimeError
    stopped = clock.seconds
    time.sleep(0.005)
    assert clock.seconds == stopped


@pytest.mark.parametrize("shape", [(16, 16), (8, 8, 8)])
def test_a_pair_of_transforms_takes_time(library, shape):
    assert 0 < fft_pair_seconds(get_backend(library), shape, repeats=2) < 1


@pytest.mark.usefixtures("threads")
def test_threads_hold_for_every_library():
    import numba
    import torch

    for count in (1, 2):
        set_threads(count)
        assert get_threads() == count
        assert torch.get_num_threads() == count
        assert numba.get_num_threads() == min(count, numba.config.NUMBA_NUM_THREADS)
    set_threads(1)
    get_backend("torch")
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(("asked", "found"), [("1", 1), ("3", 3), ("0", None), ("many", None), (None, None)])
def test_threads_are_the_environments_where_nobody_said(asked, found):
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    if asked is not None:
        environment["OMP_NUM_THREADS"] = asked
    code = "from prbench.backend import get_threads, physical_cores; print(get_threads(), physical_cores())"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    threads, cores = map(int, run.stdout.split())
    assert threads == (found or cores)
    assert cores >= 1


def test_workers_share_the_cores_that_are_free(monkeypatch):
    from prbench.backend import threads
    from prbench.running import engines

    monkeypatch.setattr(threads, "physical_cores", lambda: 8)
    monkeypatch.setattr(engines, "physical_cores", lambda: 8)
    monkeypatch.setattr(engines, "get_threads", lambda: 8)
    monkeypatch.setattr("psutil.cpu_count", lambda logical: 16 if logical else 8)
    for busy, jobs, each in ((0.0, 1, 8), (50.0, 1, 4), (50.0, 2, 2), (100.0, 1, 1), (100.0, 2, 1), (0.0, 8, 1)):
        monkeypatch.setattr("psutil.cpu_percent", lambda seconds, busy=busy: busy)
        assert engines._threads_of_each(jobs) == each
    monkeypatch.setattr(engines, "get_threads", lambda: 3)
    monkeypatch.setattr("psutil.cpu_percent", lambda seconds: 0.0)
    assert engines._threads_of_each(1) == 3


@pytest.mark.parametrize(("shape", "expected"), [((64, 64), 1), ((2, 64, 64), 1), ((16, 64, 64), 4), ((256, 256), 4)])
def test_small_transforms_take_one_thread(monkeypatch, shape, expected):
    import scipy.fft

    from prbench.backend import backend as module

    taken = []
    monkeypatch.setattr(module, "get_threads", lambda: 4)
    monkeypatch.setattr(module, "parallel_from", lambda _threads: 1 << 15)
    monkeypatch.setattr(scipy.fft, "fftn", lambda x, workers, **_: taken.append(workers) or x)
    get_backend("numpy").fftn(np.zeros(shape, np.complex64), 2)
    assert taken == [expected]
