"""Settings that vary between results: the axes along which a robustness or a sensitivity curve can be drawn."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from prbench.core import format_name, parse_name
from prbench.core.settings import Scalar
from prbench.errors import UsageError

Kind = Literal["dataset", "solver"]
Params = Mapping[str, Scalar]


@dataclass(frozen=True)
class SettingAxis:
    """One setting that takes several numbers while all others of its plug-in stay as they are.

    Attributes:
        kind: whose setting it is.
        plugin: the name of the dataset or solver, without settings.
        setting: the name of the setting.
        fixed: the plug-in with those of its other settings that are not at their defaults: tells two axes of a setting apart.
        values: the value at each spelled name, ordered; None (such as "no noise") comes last.
    """

    kind: Kind
    plugin: str
    setting: str
    fixed: str
    values: Mapping[str, float | None]

    @property
    def numbers(self) -> list[float]:
        """The values that are numbers, ascending."""
        return [value for value in self.values.values() if value is not None]

    @property
    def logarithmic(self) -> bool:
        """Whether the values call for a logarithmic axis: all positive, spread over more than a factor of five (of 20 where there
        are but two), and their least step a larger part of that axis than of a linear one.
        """
        known = sorted(set(self.numbers))
        if known[0] <= 0 or known[-1] / known[0] <= (5 if len(known) > 2 else 20):
            return False
        linear = min(b - a for a, b in pairwise(known)) / (known[-1] - known[0])
        return math.log(min(b / a for a, b in pairwise(known))) / math.log(known[-1] / known[0]) >= linear

    def positions(self) -> dict[str, float]:
        """Where each name stands on the axis: at its value; None one step beyond the largest."""
        low, high = min(self.numbers), max(self.numbers)
        steps = max(len(set(self.numbers)) - 1, 1)
        beyond = high * max((high / low) ** (1 / steps), 2.0) if self.logarithmic else high + ((high - low) / steps or 1.0)
        return {name: beyond if value is None else value for name, value in self.values.items()}


def axes(kind: Kind, params: Mapping[str, tuple[str, Params]]) -> list[SettingAxis]:
    """The axes among plug-ins met in results, those with most values first.

    Args:
        kind: ``dataset`` or ``solver``.
        params: by spelled name, the plug-in's own name and all its settings.

    Returns:
        Axes of at least two values, of which at least two are numbers, or one is and the other is none.
    """
    groups: dict[tuple[str, str, tuple[tuple[str, Scalar], ...]], dict[str, float | None]] = defaultdict(dict)
    for spelled, (plugin, settings) in params.items():
        for name, value in settings.items():
            if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)):
                rest = tuple(sorted((k, v) for k, v in settings.items() if k != name))
                groups[plugin, name, rest][spelled] = None if value is None else float(value)
    result = []
    for (plugin, name, _), values in groups.items():
        if len(values) < 2 or all(value is None for value in values.values()):
            continue
        ordered = dict(sorted(values.items(), key=lambda item: (item[1] is None, item[1] or 0.0, item[0])))
        result.append(SettingAxis(kind, plugin, name, _without(next(iter(ordered)), name), ordered))
    return sorted(result, key=lambda axis: (-len(axis.values), axis.plugin, axis.setting, axis.fixed))


def natural(name: str) -> list[str | float]:
    """A key that sorts spelled names as people do: ``x[photons=9]`` before ``x[photons=10]``, and ``x`` before both."""
    parts = re.split(r"(\d+(?:\.\d+)?)", name.replace("]", ""))
    return [float(part) if at % 2 else part for at, part in enumerate(parts)]


def _without(spelled: str, setting: str) -> str:
    """A name without one of its settings; what a record calls itself but no longer is a name stays whole."""
    try:
        plugin, params = parse_name(spelled)
    except UsageError:
        return spelled
    return format_name(plugin, {name: value for name, value in params.items() if name != setting})
