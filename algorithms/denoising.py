"""Denoisers as priors: of fields on a grid, on the box that holds their supports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from prbench.backend import Array, Backend, Counters
from prbench.core.data_files import verify
from prbench.core.network_size import size_of
from prbench.errors import DataNotFound
from prbench.physics.total_variation import denoise_by_variation

from .networks.dncnn_weights import FILE

_VARIATION_STEPS = 8
_VARIATION_PER_NOISE = 0.7
"""Weight of the total variation over the standard deviation of the noise that it removes best from photographs."""

_WHITE = 2.0
"""What a network takes for white, in units of the root mean square of the object: that of photographs is near a half."""

_GREYS = 255.0


@dataclass(frozen=True)
class Fields:
    """What a denoiser knows of the fields that it is given.

    Attributes:
        backend: of their arrays.
        counters: of the measurement.
        size: root mean square of the object on its support.
        real, nonnegative: what is known of the object.
    """

    backend: Backend
    counters: Counters
    size: float
    real: bool = False
    nonnegative: bool = False


Denoiser = Callable[[Fields, Array, Array, float], Array]
"""Fields (B, *shape), their supports (bool, the same shape), and the standard deviation of their noise, to fields without it."""


def by_variation(fields: Fields, x: Array, support: Array, noise: float) -> Array:
    """Total variation; real and imaginary part together."""
    box = _box(fields, support)
    real = x.real if fields.real else x
    part = denoise_by_variation(real[box], support[box], _VARIATION_PER_NOISE * noise, _VARIATION_STEPS, fields.backend)
    result = fields.backend.xp.zeros_like(x)
    result[box] = part
    return result


def by_network(fields: Fields, x: Array, support: Array, noise: float) -> Array:
    """The published network for this noise; real and imaginary part are a picture each."""
    import torch

    from .networks import dncnn

    box, backend, white = _box(fields, support), fields.backend, _WHITE * fields.size
    parts = [x.real[box]] if fields.real else [x.real[box], x.imag[box]]
    low, span = (0.0, white) if fields.real and fields.nonnegative else (-white, 2 * white)
    pictures = backend.xp.stack([(part - low) / span for part in parts], axis=1).reshape((-1, 1, *parts[0].shape[1:]))
    on_torch = pictures if backend.library == "torch" else torch.from_numpy(np.asarray(backend.to_numpy(pictures)))
    net = dncnn.network(FILE.path, dncnn.level_for(_GREYS * noise / span))
    net = net.to(device=on_torch.device, dtype=on_torch.dtype)
    fields.counters.add_passes(len(on_torch))
    with torch.no_grad():
        clean = net(on_torch)
    back = clean if backend.library == "torch" else backend.asarray(clean.numpy())
    back = low + span * back.reshape((-1, len(parts), *parts[0].shape[1:]))
    result = backend.xp.zeros_like(x)
    result[box] = back[:, 0] if fields.real else back[:, 0] + 1j * back[:, 1]
    return result


def denoiser_size(denoiser: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Parameters of a denoiser's network, and operations of one pass over a picture of ``shape``; None where it has none."""
    if denoiser != "dncnn":
        return None
    from .networks import dncnn

    net = dncnn.network(located_weights("pnp"), dncnn.level_for(0.0))
    return sum(one.numel() for one in net.parameters()), size_of(net, (1, 1, *shape))[1]


def located_weights(solver: str) -> Any:
    """The path of the network's weights, verified.

    Args:
        solver: who needs them, for the message.

    Raises:
        DataNotFound: where it is not whole on this machine, saying how to get it.
    """
    if verify(FILE) != "ok":
        raise DataNotFound(
            f"{solver}[denoiser=dncnn] needs {FILE.path}, which is {verify(FILE)}; `prbench data get pnp` makes it"
        )
    return FILE.path


DENOISERS: dict[str, Denoiser] = {"tv": by_variation, "dncnn": by_network}


def _box(fields: Fields, support: Array) -> tuple[slice, ...]:
    """The smallest box of pixels that holds the supports of all starts, with the axis of starts before it."""
    inside = np.asarray(np.any(fields.backend.to_numpy(support), axis=0))
    box = [slice(None)]
    for axis in range(inside.ndim):
        hit = np.flatnonzero(np.any(inside, axis=tuple(a for a in range(inside.ndim) if a != axis)))
        box.append(slice(int(hit[0]), int(hit[-1]) + 1) if hit.size else slice(0, inside.shape[axis]))
    return tuple(box)
