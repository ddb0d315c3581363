"""How much device memory cupy's arrays have taken at the highest: its pool tells what it holds, not what was in use."""

from __future__ import annotations

from typing import Any

_meters: list[Any] = []


def reset_peak() -> None:
    """Start counting from what is in use now."""
    import cupy

    if not _meters:
        _meters.append(_meter(cupy))
    _meters[0].peak = int(cupy.get_default_memory_pool().used_bytes())


def peak() -> int:
    """Bytes in use at the highest since :func:`reset_peak`; what is in use now where that was never called."""
    import cupy

    return int(_meters[0].peak if _meters else cupy.get_default_memory_pool().used_bytes())


def _meter(cupy: Any) -> Any:
    """A hook that cupy calls at every allocation of this thread."""

    class Meter(cupy.cuda.MemoryHook):  # type: ignore[misc]
        name = "prbench"
        peak = 0

        def malloc_postprocess(self, **_: Any) -> None:
            """Called after each allocation."""
            self.peak = max(self.peak, int(cupy.get_default_memory_pool().used_bytes()))

    meter = Meter()
    meter.__enter__()
    return meter
