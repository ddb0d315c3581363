"""Settings: the hyperparameters of solvers and the parameters of datasets.

A plug-in is a frozen dataclass whose fields are made by :func:`setting`. The field carries default, admissible
values, the range worth searching, unit and one line of documentation, so that validation, ``prbench show``, tuning and
sensitivity analysis need nothing else.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self, TypeVar, cast

from prbench.errors import UsageError

from .names import format_name, format_value

Scalar = bool | int | float | str | None
Value = TypeVar("Value", bound=Scalar)
_KEY = "prbench"


@dataclass(frozen=True)
class SettingInfo:
    """What is known about a setting besides its name, type and default."""

    doc: str
    range: tuple[float, float] | None = None
    valid: str | None = None
    choices: tuple[Scalar, ...] | None = None
    log: bool = False
    unit: str = ""


def setting(
    default: Value,
    *,
    doc: str,
    range: tuple[float, float] | None = None,  # noqa: A002 - the natural word in a solver file
    valid: str | None = None,
    choices: tuple[Scalar, ...] | None = None,
    log: bool = False,
    unit: str = "",
) -> Value:
    """Declare a setting of a plug-in.

    To a type checker the declaration is its default, so that ``iterations: int = setting("many", ...)`` is an error.

    Args:
        default: the value used when the user says nothing.
        doc: one line for ``prbench show``.
        range: the interval worth searching when tuning, ends included; not a limit.
        valid: the admissible interval in mathematical notation, such as ``"(0, 2]"`` or ``"[1, inf)"``.
        choices: the admissible values, where they are few and not spelled by the annotation: those of a ``Literal`` are derived.
        log: whether the range is searched on a logarithmic scale.
        unit: SI unit, where there is one.
    """
    info = SettingInfo(doc=doc, range=range, valid=valid, choices=choices, log=log, unit=unit)
    return dataclasses.field(default=default, metadata={_KEY: info})


@dataclass(frozen=True)
class Settings:
    """Base of plug-ins with settings: validated on construction, spelled as ``name[key=value,...]``."""

    plugin_name: typing.ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Coerce every value to its declared type and check it.

        Raises:
            UsageError: naming the setting, the limit and the value found.
        """
        where = self.plugin_name or type(self).__name__
        cls: Any = type(self)
        types_ = _field_types(cls)
        for name, info in setting_infos(cls).items():
            value = _coerce(where, name, getattr(self, name), types_[name])
            _check(where, name, value, info)
            object.__setattr__(self, name, value)

    @classmethod
    def from_params(cls, params: Mapping[str, object]) -> Self:
        """Build from a mapping of names to values; strings are converted to the declared types.

        Raises:
            UsageError: for an unknown name (with the known ones) or an inadmissible value.
        """
        known = setting_infos(cls)
        for key in params:
            if key not in known:
                listed = ", ".join(known) or "none"
                raise UsageError(f"{cls.plugin_name or cls.__name__} has no setting {key!r}; its settings are: {listed}")
        return cls(**params)

    def params(self) -> dict[str, Scalar]:
        """All settings with their values, defaults included, in declaration order."""
        return {name: getattr(self, name) for name in setting_infos(type(self))}

    def spelled(self) -> str:
        """The canonical name: settings that differ from their defaults, in declaration order."""
        defaults = setting_defaults(type(self))
        changed = {k: v for k, v in self.params().items() if v != defaults[k]}
        return format_name(self.plugin_name, changed)


def setting_infos(cls: type[Settings]) -> dict[str, SettingInfo]:
    """The settings of a plug-in class, in declaration order, with the choices of ``Literal`` annotations.

    Raises:
        UsageError: for a setting whose ``choices=`` are others than its annotation's.
    """
    return dict(_infos(cast("Any", cls)))


def setting_defaults(cls: type[Settings]) -> dict[str, Scalar]:
    """The default of every setting of a plug-in class."""
    return {f.name: cast("Scalar", f.default) for f in dataclasses.fields(cls) if _KEY in f.metadata}


@cache
def _infos(cls: Any) -> dict[str, SettingInfo]:
    types_, infos = _field_types(cls), {}
    for field in dataclasses.fields(cls):
        if _KEY in field.metadata:
            info, choices = field.metadata[_KEY], literal_choices(types_[field.name])
            if info.choices is not None and choices is not None and set(info.choices) != set(choices):
                raise UsageError(
                    f"{cls.__name__}: {field.name} has choices {info.choices}, its annotation {choices}; drop choices="
                )
            infos[field.name] = dataclasses.replace(info, choices=info.choices or choices)
    return infos


@cache
def _field_types(cls: Any) -> dict[str, object]:
    return typing.get_type_hints(cls)


def literal_choices(declared: object) -> tuple[Scalar, ...] | None:
    """The values that a type admits where it is a ``Literal``, or one of those and None; None for any other type."""
    if typing.get_origin(declared) is Literal:
        return typing.get_args(declared)
    options = typing.get_args(declared) if typing.get_origin(declared) in (types.UnionType, typing.Union) else ()
    literals = [option for option in options if typing.get_origin(option) is Literal]
    if not literals or len(literals) + (type(None) in options) != len(options):
        return None
    return (*(value for literal in literals for value in typing.get_args(literal)), *([None] if type(None) in options else []))


def _coerce(where: str, name: str, value: object, declared: object) -> Scalar:
    union = typing.get_origin(declared) in (types.UnionType, typing.Union)  # of a Literal and None it is the latter
    options = typing.get_args(declared) if union else (declared,)
    if value is None or (isinstance(value, str) and value.lower() == "none" and type(None) in options):
        if type(None) in options:
            return None
        raise UsageError(f"{where}: {name} must not be none")
    for option in options:
        converted = _convert(value, option)
        if converted is not None:
            return converted
    wanted = " or ".join(_spelled_type(option) for option in options)
    raise UsageError(f"{where}: {name} must be {wanted}, got {value!r}")


def _spelled_type(option: object) -> str:
    if option is type(None):
        return "none"
    if typing.get_origin(option) is Literal:
        return "one of " + ", ".join(format_value(choice) for choice in typing.get_args(option))
    return getattr(option, "__name__", str(option))


def _convert(value: object, wanted: object) -> Scalar:  # noqa: PLR0911 - one line a type reads best
    """``value`` as ``wanted``, or None where that would change its meaning."""
    if typing.get_origin(wanted) is Literal:
        return value if value in typing.get_args(wanted) else None  # type: ignore[return-value]
    if wanted is bool:
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.lower())
        return value if isinstance(value, bool) else None
    if wanted is str:
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if wanted is int and not isinstance(value, float):
        try:
            return int(value)  # exact, where the way through a float would round
        except ValueError:
            pass
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if wanted is int:
        return int(number) if math.isfinite(number) and number == int(number) else None
    return number if wanted is float and not math.isnan(number) else None


def _check(where: str, name: str, value: Scalar, info: SettingInfo) -> None:
    if value is None:
        return
    if info.choices is not None and value not in info.choices:
        listed = ", ".join(format_value(c) for c in info.choices)
        raise UsageError(f"{where}: {name} must be one of {listed}, got {format_value(value)}")
    if info.valid is not None and isinstance(value, int | float) and not _inside(value, info.valid):
        raise UsageError(f"{where}: {name} must be in {info.valid}, got {value!r}")


def _inside(value: float, interval: str) -> bool:
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = value >= low if interval[0] == "[" else value > low
    below = value <= high if interval[-1] == "]" else value < high
    return above and below
