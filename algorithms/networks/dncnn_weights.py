"""The published weights of DnCNN for phase retrieval: where they come from, and how they become plain arrays.

They are those of prDeep (Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212): seventeen layers, one network
for each range of noise, public files of MATLAB.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from prbench.core.data_files import DataFile, Original
from prbench.errors import BadInput

LEVELS = {"0to10": 10, "10to20": 20, "20to40": 40, "40to60": 60}
"""Networks by name, with the largest standard deviation of noise that each was trained for, in grey levels of 255."""

LAYERS = 17
"""Convolutions of each network."""

_BASE = "https://raw.githubusercontent.com/ricedsp/prDeep/71c77456df0f2a61fd7966ae7c9cdee91672bb1d/Packages/DnCNN/BestNets_17/"
_SHA256 = {
    "0to10": "fdc064731dd2a8d15aaec226d39d660377c1084f260fe61ced6c30bc23e5239c",
    "10to20": "9344f48bf5a345d5ca416c80225a7c15df86e18e15292e16f56b7b2760dc1b65",
    "20to40": "028dbae4c52639d3712d5c150ad373f03b71a8f901b40a815a3705ebbb3f9972",
    "40to60": "630602e23ffd13543027ba7f6c10711625b691456c939cac9a93dc46741f576b",
}


def converted(paths: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Kernels and biases of the four networks, float32, by ``<level>/weight<layer>`` and ``<level>/bias<layer>``.

    Args:
        paths: of the files of MATLAB, by name.

    Raises:
        BadInput: where a file is not a network of seventeen convolutions.
    """
    from scipy.io import loadmat

    arrays = {}
    for level in LEVELS:
        path = paths[_name(level)]
        layers = loadmat(path, simplify_cells=True)["net"]["layers"]
        folded: list[list[np.ndarray]] = []
        for layer in layers:
            if layer["type"] == "conv":
                kernel, bias = (np.asarray(values, np.float64) for values in layer["weights"])
                kernel = kernel.reshape(3, 3, -1, np.size(bias))  # MATLAB drops axes of length one
                folded.append([kernel.transpose(3, 2, 0, 1), bias.reshape(-1)])
            elif layer["type"] == "bnorm":
                gain, shift, moments = (np.asarray(values, np.float64) for values in layer["weights"])
                scale = gain / moments[:, 1]  # the second moment is a standard deviation
                kernel, bias = folded[-1]
                folded[-1] = [kernel * scale[:, None, None, None], (bias - moments[:, 0]) * scale + shift]
        if len(folded) != LAYERS:
            raise BadInput(f"{path}: holds {len(folded)} convolutions, expected {LAYERS}")
        for number, (kernel, bias) in enumerate(folded):
            arrays[f"{level}/weight{number}"] = np.ascontiguousarray(kernel, np.float32)
            arrays[f"{level}/bias{number}"] = np.ascontiguousarray(bias, np.float32)
    return arrays


def _name(level: str) -> str:
    return f"DnCNN_17Layer_sigma{level}-best.mat"


FILE = DataFile(
    name="weights/prdeep-dncnn.npz",
    licence="BSD-style, Rice University",
    note="made from the four networks of prDeep (https://github.com/ricedsp/prDeep)",
    originals=tuple(Original(_name(level), _BASE + _name(level), sha256) for level, sha256 in _SHA256.items()),
    convert=converted,
    content="8be62a87121719213c1e8ebb0036297f31b201d7e90ec05b27bafe63e35e01d9",
)
