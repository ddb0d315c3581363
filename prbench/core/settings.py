"""Settings: the hyperparameters of solvers and the parameters of datasets.

A plug-in is a frozen dataclass whose fields are made by :func:`setting`. The field carries default, admissible
values, the range worth searching, unit and one line of documentation, so that validation, ``prbench show``, tuning and
sensitivity analysis need nothing else.

A setting may be given under other names: one that it had in earlier versions (``was=``), or that of another quantity which means
the same (``also=``), such as ``wavelength_m`` for ``energy_ev``. They are read wherever settings are given by name, in requests,
in files of tuned settings and in stored records; what is written from then on is the present name. The key of a record is that of
the names and values it was stored with, so that a stored record keeps its key and is found by it, and a cell that is run again
under a new name gets a new one.

Settings that belong together have a name of their own, a preset: ``hio-er[preset=measured]``. It stands for their values where
they are given by name, and gives way to settings given beside it. What is built, spelled and recorded are the values.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self, TypeVar, cast

from prbench.errors import UsageError, one_line

from .names import format_name, format_value

Scalar = bool | int | float | str | None
Value = TypeVar("Value", bound=Scalar)
_KEY = "prbench"
PRESET = "preset"
"""The word that gives the settings of a preset."""


@dataclass(frozen=True)
class SettingInfo:
    """What is known about a setting besides its name, type and default."""

    doc: str
    range: tuple[float, float] | None = None
    valid: str | None = None
    choices: tuple[Scalar, ...] | None = None
    log: bool = False
    unit: str = ""
    was: str = ""
    also: Mapping[str, Callable[[float], float]] = dataclasses.field(default_factory=dict)

    @property
    def other_names(self) -> tuple[str, ...]:
        """Names that the setting may be given under besides its own."""
        return (*((self.was,) if self.was else ()), *self.also)


def setting(
    default: Value,
    *,
    doc: str,
    range: tuple[float, float] | None = None,  # noqa: A002 - the natural word in a solver file
    valid: str | None = None,
    choices: tuple[Scalar, ...] | None = None,
    log: bool = False,
    unit: str = "",
    was: str = "",
    also: Mapping[str, Callable[[float], float]] | None = None,
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
        was: the name that the setting had in earlier versions, under which it is still read.
        also: other quantities that say the same, by name, each with the function that turns its number into the setting's.
    """
    info = SettingInfo(doc, range, valid, choices, log, unit, was, also or {})
    return dataclasses.field(default=default, metadata={_KEY: info})


@dataclass(frozen=True)
class Settings:
    """Base of plug-ins with settings: validated on construction, spelled as ``name[key=value,...]``."""

    plugin_name: typing.ClassVar[str] = ""
    presets: typing.ClassVar[Mapping[str, Mapping[str, Scalar]]] = {}
    """Settings that belong together, by the name under which ``preset=`` gives them."""

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
            UsageError: for an unknown name (with the known ones), an inadmissible value, or a setting given under two names.
        """
        return cls(**cls.given(params))

    @classmethod
    def given(cls, params: Mapping[str, object]) -> dict[str, Any]:
        """The same settings under the names that they have now, those of a preset written out.

        Raises:
            UsageError: for an unknown name or preset (with the known ones), or a setting given under two names.
        """
        if not cls.presets or PRESET not in params:
            return _present_names(cls, params)
        preset, others = params[PRESET], {name: value for name, value in params.items() if name != PRESET}
        if preset not in cls.presets:
            known = ", ".join(cls.presets)
            raise UsageError(f"{cls.plugin_name}: {PRESET} must be one of {known}, got {one_line(preset, 40)!r}")
        return {**_present_names(cls, cls.presets[str(preset)]), **_present_names(cls, others)}

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


def _present_names(cls: type[Settings], params: Mapping[str, object]) -> dict[str, Any]:
    """The same settings under the names that they have now."""
    where, infos = cls.plugin_name or cls.__name__, setting_infos(cls)
    owners = {other: name for name, info in infos.items() for other in info.other_names}
    result: dict[str, Any] = {}
    given: dict[str, str] = {}
    for key, value in params.items():
        name = key if key in infos else owners.get(key, "")
        if not name:
            raise UsageError(f"{where} has no setting {key!r}; its settings are: {', '.join(infos) or 'none'}")
        if name in given:
            raise UsageError(f"{where}: {given[name]} and {key} are one setting, {name}; give it once")
        convert = infos[name].also.get(key) if key != name else None
        given[name], result[name] = key, value if convert is None else _converted(where, key, value, convert)
    return result


def _converted(where: str, key: str, value: object, convert: Callable[[float], float]) -> object:
    """A number of another quantity as the setting's; none stays none."""
    number = _coerce(where, key, value, float | None)
    if number is None:
        return None
    assert isinstance(number, float)
    if not (math.isfinite(number) and number > 0):
        raise UsageError(f"{where}: {key} must be positive and finite, got {value}")
    return convert(number)


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
