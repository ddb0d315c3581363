"""What a solver may be tuned over: the ranges and choices that its settings declare."""

from __future__ import annotations

import math
import typing
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from prbench.core.settings import Scalar, Settings, setting_infos
from prbench.errors import UsageError

_DIGITS = 4
"""Digits kept of a number drawn: more would only make names long."""


@dataclass(frozen=True)
class Dimension:
    """One setting and the values worth trying.

    Attributes:
        name: of the setting.
        low, high: ends of the range, included; NaN where there are ``choices``.
        log: whether the range is searched on a logarithmic scale.
        integer: whether values are whole numbers.
        choices: the values, where they are few.
    """

    name: str
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    integer: bool = False
    choices: tuple[Scalar, ...] = ()

    def at(self, share: float) -> Scalar:
        """The value at a position between 0 (low) and 1 (high)."""
        if self.choices:
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.log:
            return self.clean(self.low * (self.high / self.low) ** share)
        return self.clean(self.low + (self.high - self.low) * share)

    def clean(self, value: float) -> float | int:
        """The value as it is written: whole, or with a few digits, and inside the range."""
        near = min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)
        return round(value) if self.integer else near

    def holds(self, value: Scalar) -> bool:
        """Whether a value is one of those worth trying."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high

    def spread(self, count: int) -> tuple[Scalar, ...]:
        """``count`` values from low to high, fewer where whole numbers coincide."""
        shares = [i / max(count - 1, 1) for i in range(count)]
        return tuple(dict.fromkeys(self.at(share) for share in shares))


def search_space(cls: type[Settings], fixed: Collection[str] = (), only: Collection[str] = ()) -> tuple[Dimension, ...]:
    """The settings of a plug-in that declare a range or choices.

    Args:
        cls: the plug-in.
        fixed: names to leave out, such as those that a user has given a value.
        only: names to keep; all where empty.

    Raises:
        UsageError: where nothing is left, or a name in ``only`` declares nothing.
    """
    infos = setting_infos(cls)
    declared = {name: info for name, info in infos.items() if info.range is not None or info.choices is not None}
    unknown = [name for name in only if name not in declared]
    name = cls.plugin_name or cls.__name__
    if unknown:
        raise UsageError(f"{name}: {', '.join(unknown)} declares no range; those that do: {', '.join(declared) or 'none'}")
    clash = [name for name in only if name in fixed]
    if clash:
        raise UsageError(f"{name}: {', '.join(clash)} is to vary and has a value too; leave out one")
    space = []
    for key, info in declared.items():
        if key in fixed or (only and key not in only):
            continue
        if info.choices is not None:
            space.append(Dimension(key, choices=info.choices))
        else:
            assert info.range is not None
            low, high = info.range
            space.append(Dimension(key, float(low), float(high), info.log, takes_integers(cls, key)))
    if not space:
        raise UsageError(f"{name} has nothing to vary: no setting left declares a range or choices")
    return tuple(space)


def takes_integers(cls: type[Settings], name: str) -> bool:
    """Whether a setting is a whole number."""
    declared = typing.get_type_hints(cls)[name]
    return int in (typing.get_args(declared) or (declared,))


def draw(
    cls: type[Settings], params: dict[str, str], space: tuple[Dimension, ...], rng: np.random.Generator
) -> dict[str, Scalar]:
    """A random point of the space that the plug-in accepts.

    Args:
        cls: the plug-in.
        params: settings that stay as they are, as :func:`prbench.core.parse_name` returns them.
        space: what varies.
        rng: source of randomness.

    Raises:
        UsageError: where the plug-in accepts none of a hundred points.
    """
    reason: UsageError | None = None
    for _ in range(100):
        point = {dimension.name: dimension.at(rng.random()) for dimension in space}
        try:
            cls.from_params({**params, **point})
        except UsageError as error:
            reason = error
        else:
            return point
    raise UsageError(f"none of a hundred random settings is accepted: {reason}")
