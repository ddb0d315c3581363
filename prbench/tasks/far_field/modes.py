"""What restarts have in common: the orthogonal modes of objects that were found independently.

Favre-Nicolin, Leake, Chushkin, Sci. Rep. 10 (2020) 2664, doi:10.1038/s41598-020-57561-2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.metrics.symmetry import FAR_FIELD, align


@dataclass(frozen=True, eq=False)
class Modes:
    """Orthogonal modes, the strongest first.

    Attributes:
        arrays: complex (M, *shape); the first is scaled to the first object's norm, the others in proportion.
        shares: float64 (M,), part of the power that each holds; they add up to 1.
    """

    arrays: Array
    shares: Array


def modes_of(objects: Array) -> Modes:
    """The modes of objects, by a singular value decomposition of what is left of them without their symmetries.

    Global phase, translation and conjugate flip are removed against the first object, and each object counts with the same norm.
    What all agree on is the first mode; a share near 1 / M means that the objects have nothing in common.

    Args:
        objects: complex (M, *shape), the best first.
    """
    objects = np.asarray(objects)
    first = objects[0]
    aligned = np.stack([first, *(align(first, other, FAR_FIELD) for other in objects[1:])]).astype(np.complex128)
    rows = aligned.reshape(len(aligned), -1)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(norms > 0, norms, 1.0)
    values, vectors = np.linalg.eigh(rows @ rows.conj().T)  # of M x M numbers, whatever the size of an object
    order = np.argsort(values)[::-1]
    powers = np.maximum(values[order], 0.0)
    modes = vectors[:, order].conj().T @ rows
    total = float(powers.sum())
    turned = np.vdot(modes[0], rows[0])
    phase = turned / abs(turned) if abs(turned) > 0 else 1.0
    scale = float(norms[0, 0]) / (np.sqrt(powers[0]) or 1.0)
    shaped = (modes * (phase * scale)).reshape(aligned.shape).astype(objects.dtype)
    return Modes(shaped, powers / total if total > 0 else powers)
