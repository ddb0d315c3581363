"""Plain JSON for keys and records: one spelling a value, and numbers that are not finite as strings.

JSON has no NaN and no infinity. Here they are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which ``float`` reads
back, so that every JSON parser can read a record.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

_PLAIN = frozenset({type(None), bool, int, str})
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def plain(value: Any) -> Any:
    """``value`` in JSON's own types: numpy scalars and arrays become numbers and lists, non-finite numbers strings.

    Raises:
        TypeError: for anything that is none of these.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:  # by far the most frequent, and several times faster than what asks whether it is a mapping
        return {name if type(name) is str else str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, np.generic | np.ndarray | Mapping):
        return plain(dict(value) if isinstance(value, Mapping) else value.tolist())
    if isinstance(value, int | str):
        return value
    raise TypeError(f"a record holds plain values, got {type(value).__name__}")


def canonical(value: Any) -> str:
    """The one JSON text of ``value``: keys sorted, no spaces, ASCII."""
    try:
        return _encode(value)  # most values are plain already
    except (TypeError, ValueError):
        return _encode(plain(value))


def digest(*texts: str | bytes) -> str:
    """BLAKE2b of the texts, 16 bytes as 32 hexadecimal digits; where one text ends and the next begins counts."""
    state = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        if len(texts) > 1:
            state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()
