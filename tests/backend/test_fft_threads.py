"""From which size several threads transform: found by timing, kept, and without effect on the numbers."""

import json

import numpy as np
import pytest

from prbench.backend import fft_threads, get_backend, threads
from prbench.backend.fft_threads import measured, parallel_from


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fft_threads, "free_cores", lambda: 8)
    parallel_from.cache_clear()
    yield tmp_path / "prbench" / "fft-threads.json"
    parallel_from.cache_clear()


@pytest.mark.parametrize(("crossing", "expected"), [(0, 64**2), (100, 128**2), (500, 512**2), (10**6, 2 * 512**2)])
def test_the_smallest_size_at_which_threads_help_is_found(crossing, expected):
    assert measured(4, lambda side, threads: 1.0 if threads == 1 else (0.5 if side >= crossing else 2.0)) == expected


def test_a_busy_moment_does_not_decide():
    calls = iter(range(10**6))
    assert measured(2, lambda side, threads: (3.0 if next(calls) % 3 == 0 else 1.0) / threads) == 64**2


def test_it_is_measured_once_and_remembered(cache, monkeypatch):
    found = parallel_from(2)
    assert json.loads(cache.read_text()) == {fft_threads._label(2): found}
    parallel_from.cache_clear()
    monkeypatch.setattr(fft_threads, "measured", lambda threads: pytest.fail(f"measured again with {threads}"))
    assert parallel_from(2) == found


def test_a_busy_machine_is_not_measured(cache, monkeypatch):
    monkeypatch.setattr(fft_threads, "free_cores", lambda: 1)
    assert parallel_from(2) == 1 << 15
    assert not cache.exists()


@pytest.mark.parametrize("text", ["", "[1]", '{"a": "b"}', "\0"])
def test_a_damaged_cache_is_made_anew(cache, text):
    cache.parent.mkdir()
    cache.write_text(text)
    assert parallel_from(2) in json.loads(cache.read_text()).values()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    parallel_from.cache_clear()
    assert parallel_from(2) > 0
    parallel_from.cache_clear()


def test_one_thread_needs_no_measurement_and_more_change_no_number(cache, monkeypatch):
    backend, x = get_backend("numpy"), np.random.default_rng(0).standard_normal((600, 600)).astype(np.complex64)
    cache.unlink(missing_ok=True)
    monkeypatch.setattr(threads, "_threads", 1)
    alone = backend.fftn(x, 2)
    assert not cache.exists()
    monkeypatch.setattr(threads, "_threads", 2)
    np.testing.assert_array_equal(backend.fftn(x, 2), alone)
    assert parallel_from(2) <= 2 * 512**2
