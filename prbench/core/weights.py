"""Files of trained weights: safetensors with a card in their header, so that a file says itself what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.errors import BadInput, one_line

if TYPE_CHECKING:
    import torch

_KEY = "prbench"


@dataclass(frozen=True, eq=False)
class Weights:
    """Tensors by name, on the host, and their card: how they were made, in plain values."""

    tensors: Mapping[str, torch.Tensor]
    card: Mapping[str, Any] = field(default_factory=dict)


def read_weights(path: Path) -> Weights:
    """Read a file of weights; nothing in it is executed.

    Raises:
        BadInput: where the file is not whole or not safetensors, or holds no card.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} is not a whole safetensors file: {one_line(error, 120)}") from error
    try:
        card = json.loads(text) if text else None
    except ValueError as error:
        raise BadInput(f"{path}: its card is not JSON: {one_line(error, 120)}") from error
    if not isinstance(card, dict):
        raise BadInput(f"{path} holds no card; weights are written by `prbench train`")
    return Weights(tensors, card)


def write_weights(path: Path, weights: Weights, *, half: bool = False) -> None:
    """Write a file of weights whole or not at all.

    Args:
        path: its folder must exist.
        weights: what to write.
        half: whether floating-point tensors are rounded to half precision.
    """
    import torch
    from safetensors.torch import save_file

    tensors = {}
    for name, tensor in weights.tensors.items():
        host = tensor.detach().cpu().contiguous()
        tensors[name] = host.to(torch.float16) if half and host.is_floating_point() else host.clone()
    temporary = path.with_name(f".{path.name}.new")
    save_file(tensors, temporary, metadata={_KEY: json.dumps(weights.card, sort_keys=True)})
    temporary.chmod(0o644)  # the library makes files that only their owner may read; these are made to be passed on
    temporary.replace(path)
