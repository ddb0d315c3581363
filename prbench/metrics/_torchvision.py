"""Lets torchvision be imported beside a torch without CUDA.

The wheels of torchvision on the package index are built for CUDA. Beside a CPU build of torch their compiled operators cannot be
loaded, and the import ends where torchvision describes two of them for tracing. Nothing here calls these operators; declaring
that they exist is enough.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

_NOT_LOADED = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
"""The operators that torchvision describes whether or not it has them."""


@functools.cache
def allow_torchvision() -> Any:
    """Call before the first import of torchvision; declares its operators where torch has no CUDA and they cannot be loaded.

    Returns:
        The declarations, which last as long as they are referred to; None where none are needed.
    """
    import torch

    if torch.version.cuda is not None or importlib.util.find_spec("torchvision") is None or _operators_load():
        return None
    declared = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _NOT_LOADED:
        if not hasattr(torch.ops.torchvision, schema.partition("(")[0]):
            declared.define(schema)  # type: ignore[no-untyped-call]
    return declared


def _operators_load() -> bool:
    """Whether torchvision's compiled operators suit this torch; loading them again, as its import does, has no effect."""
    import torch

    found = importlib.util.find_spec("torchvision")
    places = (found.submodule_search_locations or []) if found else []
    libraries = [path for place in places for path in Path(place).glob("_C.*") if path.suffix in {".so", ".pyd"}]
    try:
        for library in libraries:
            torch.ops.load_library(library)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return bool(libraries)
