"""Small problems of the same kind as a large one, for a solver to start up on."""

from __future__ import annotations

import math

from prbench.core import Measurement, load_plugin, plugin_names

from .request.cell import Cell

_SMALL = 1 << 16
"""Pixels of a measurement that is small already, so that nobody looks for an example beyond its own dataset."""


def small_measurement(cell: Cell, measurement: Measurement) -> Measurement | None:
    """A smaller measurement of the same class and number of axes, from the dataset's example or another's; None without one."""
    size = math.prod(measurement.shape)

    def fits(result: Measurement | None) -> bool:
        if result is None or type(result) is not type(measurement):
            return False
        return len(result.shape) == len(measurement.shape) and math.prod(result.shape) < size

    dataset = type(cell.build_dataset())
    example = _example(dataset, {**cell.dataset_params, **dataset.example}) if dataset.example else None
    if fits(example):
        return example
    if size <= _SMALL:
        return None
    for name in plugin_names("dataset"):
        other = load_plugin("dataset", name)
        if other.info.task == cell.task and other.example and not other().inputs:
            example = _example(other, other.example)
            if fits(example):
                return example
    return None


def _example(dataset: type, params: dict[str, object]) -> Measurement | None:
    try:
        result: Measurement = dataset.from_params(params).problem(0, split="tune").measurement  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - without an example one starts up otherwise
        return None
    return result
