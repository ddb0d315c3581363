"""Cosine transforms: the Fourier transform of an image continued by its own mirror images, at a quarter of the cost."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np

from prbench.backend import Array, Backend, get_threads

Wave = Literal["cos", "sin"]


def cosine_transform(x: Array, backend: Backend, axes: tuple[int, ...] = (-2, -1)) -> Array:
    """Coefficients of a real array in the waves ``cos(pi m (j + 1/2) / n)`` along each of ``axes``: DCT-II, the mean in C_0.

    The work is that of one real FFT of the array. On a CPU scipy transforms, on a GPU the FFT of the reordered array (Makhoul,
    IEEE Trans. ASSP 28 (1980) 27, doi:10.1109/TASSP.1980.1163351).
    """
    if backend.device == "cpu":
        from scipy.fft import dctn

        return _from_host(dctn(backend.to_numpy(x), type=2, axes=axes, norm="forward", workers=get_threads()), backend)
    for axis in axes:
        x = _forward_on_device(x, backend, axis)
    return x


def inverse_cosine_transform(
    coefficients: Array, backend: Backend, axes: tuple[int, ...] = (-2, -1), waves: tuple[Wave, ...] = ("cos", "cos")
) -> Array:
    """The real array that has these coefficients, the inverse of :func:`cosine_transform`.

    A derivative turns cosines into sines: along an axis whose ``waves`` is ``sin`` every ``cos(pi m (j + 1/2) / n)`` is replaced
    by the sine of the same argument, C_0 counting for nothing.
    """
    if backend.device != "cpu":
        for axis, wave in zip(axes, waves, strict=True):
            coefficients = _inverse_on_device(coefficients, backend, axis, wave)
        return coefficients
    from scipy.fft import idctn, idst

    host, threads = backend.to_numpy(coefficients), get_threads()
    for axis, wave in zip(axes, waves, strict=True):
        if wave == "sin":  # scipy numbers the waves of a sine transform from 1 and ends with number n, which no cosine has
            host = np.roll(host, -1, axis)
            np.moveaxis(host, axis, -1)[..., -1] = 0
            host = idst(host, type=2, axis=axis, norm="forward", workers=threads, overwrite_x=True)
    cosines = tuple(axis for axis, wave in zip(axes, waves, strict=True) if wave == "cos")
    return _from_host(idctn(host, type=2, axes=cosines, norm="forward", workers=threads), backend)


def _from_host(host: np.ndarray, backend: Backend) -> Array:
    return cast("Array", backend.xp.asarray(host))


def _forward_on_device(x: Array, backend: Backend, axis: int) -> Array:
    xp = backend.xp
    x = xp.moveaxis(x, axis, -1)
    n = x.shape[-1]
    spectrum = xp.fft.fft(xp.concat([x[..., 0::2], xp.flip(x[..., 1::2], axis=-1)], axis=-1), axis=-1)
    turned = spectrum * _quarter_turns(n, -1, spectrum.dtype, backend)
    return xp.moveaxis(xp.real(turned) / n, -1, axis)


def _inverse_on_device(coefficients: Array, backend: Backend, axis: int, wave: Wave) -> Array:
    xp = backend.xp
    C = xp.moveaxis(coefficients, axis, -1)
    n = C.shape[-1]
    backwards = xp.concat([xp.zeros_like(C[..., :1]), xp.flip(C[..., 1:], axis=-1)], axis=-1)
    # sin(pi (n - m) (j + 1/2) / n) is (-1)^j cos(pi m (j + 1/2) / n).
    even, odd = (C, backwards) if wave == "cos" else (backwards, xp.concat([xp.zeros_like(C[..., :1]), C[..., 1:]], axis=-1))
    spectrum = (even - 1j * odd) * n
    v = xp.real(xp.fft.ifft(spectrum * _quarter_turns(n, 1, spectrum.dtype, backend), axis=-1))
    half = (n + 1) // 2
    x = xp.empty_like(v)
    x[..., 0::2] = v[..., :half]
    x[..., 1::2] = xp.flip(v[..., half:], axis=-1) * (1 if wave == "cos" else -1)
    return xp.moveaxis(x, -1, axis)


def _quarter_turns(n: int, sign: int, dtype: Any, backend: Backend) -> Array:
    return cast("Array", backend.asarray(np.exp(sign * 0.5j * np.pi * np.arange(n) / n), dtype))
