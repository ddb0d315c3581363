"""Tuned settings: ``hio-er@tuned`` is ``hio-er`` with the settings that a file in the folder of tuned settings holds.

The name is resolved to plain settings at once, so that records, keys and tables tell what was run. The folder is
``prbench-tuned`` here, or the one that the environment variable ``PRBENCH_TUNED`` names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prbench.errors import BadInput, UsageError, one_line

from .names import format_name, parse_name
from .settings import Scalar

VARIABLE = "PRBENCH_TUNED"
LABEL = "tuned"


def tuned_path(solver: str, label: str = LABEL) -> Path:
    """The file of a solver's tuned settings; of one in a user's file, whatever characters its path has."""
    name = re.sub(r"[^\w.-]+", "-", solver).strip(".-")
    return Path(os.environ.get(VARIABLE) or "prbench-tuned") / f"{name}@{label}.yaml"


def resolve_tuned(name: str) -> tuple[str, dict[str, Scalar]]:
    """The name without ``@label``, and the settings that stand behind the label; none where there is no label.

    Args:
        name: of a solver, without brackets.

    Raises:
        UsageError: where there is no such file, with the command that makes it.
        BadInput: where the file is not one of tuned settings of this solver.
    """
    path_, colon, last = name.rpartition(":")  # a user's path may have an @ of its own
    stem, toml, rest = last.rpartition(".toml")  # as a file's may
    at_file = bool(toml) and rest[:1] in ("", "@")
    short, at, label = (f"{stem}{toml}", rest[:1], rest[1:]) if at_file else last.partition("@")
    if not at:
        return name, {}
    solver = f"{path_}{colon}{short}"
    path = tuned_path(solver, label)
    if not label or not path.is_file():
        extra = "" if label == LABEL else f" --label {label or 'NAME'}"
        raise UsageError(
            f"there is no {path}: `prbench tune {solver} -d DATASET{extra}` makes it; {VARIABLE} names another folder"
        )
    return solver, dict(read_tuned(path, solver)["settings"])


def plain_name(spelled: str) -> str:
    """A solver as spelled, with the settings that stand behind a label written out; as it is where there is no label.

    Raises:
        UsageError: as :func:`resolve_tuned`.
    """
    name, params = parse_name(spelled)
    solver, settings = resolve_tuned(name)
    return spelled if solver == name else format_name(solver, {**settings, **params})


def read_tuned(path: Path, solver: str) -> dict[str, Any]:
    """What a file of tuned settings holds.

    Raises:
        BadInput: where it is not one of tuned settings of ``solver``.
    """
    import yaml

    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path} is not readable as YAML: {one_line(error, 150)}") from error
    settings = held.get("settings") if isinstance(held, dict) else None
    if not isinstance(settings, dict) or not all(isinstance(v, bool | int | float | str | None) for v in settings.values()):
        raise BadInput(f"{path}: expected a mapping with solver and settings, as `prbench tune` writes it")
    if held.get("solver") != solver:
        raise BadInput(f"{path}: expected the settings of {solver}, got those of {one_line(held.get('solver'), 60)}")
    return {str(key): value for key, value in held.items()}


def write_tuned(path: Path, held: Mapping[str, Any]) -> None:
    """Write a file of tuned settings whole or not at all; its folder is made."""
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(yaml.safe_dump(dict(held), sort_keys=False, allow_unicode=True), encoding="utf-8")
    temporary.replace(path)
