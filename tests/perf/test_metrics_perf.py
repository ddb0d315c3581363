import numpy as np
import pytest
from _timing import interleaved

from prbench.backend import get_backend, get_threads
from prbench.metrics import symmetry_adjusted_mse


@pytest.mark.parametrize("shape", [(128, 128, 128), (256, 256)], ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("filled", ["dense", "ball"])
def test_symmetry_adjusted_mse_in_ffts_of_the_padded_shape(benchmark, shape, filled):
    rng = np.random.default_rng(0)
    radius = np.sqrt(sum(axis**2 for axis in np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")))
    inside = radius < (0.7 if filled == "ball" else 9)
    x, xh = ((inside * (rng.normal(size=shape) + 1j * rng.normal(size=shape))).astype(np.complex64) for _ in range(2))
    backend = get_backend("torch")
    padded = backend.zeros([2 * n for n in shape], backend.complex)
    medians = interleaved(
        {"fft": lambda: backend.fftn(padded, len(shape)), "sa_mse": lambda: symmetry_adjusted_mse(x, xh)},
    )
    benchmark.extra_info.update(medians, ffts=medians["sa_mse"] / medians["fft"], threads=get_threads())
    benchmark.pedantic(symmetry_adjusted_mse, (x, xh), rounds=3)
