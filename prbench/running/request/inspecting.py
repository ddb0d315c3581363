"""Looking at users' files in a process of its own: a library that a damaged file crashes takes nothing along."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prbench.core import Dataset, load_plugin, plugin_names
from prbench.core.inspection import ArrayNote, Inspection
from prbench.errors import BadInput, PrbenchError, UsageError, one_line
from prbench.running.environment import available_memory
from prbench.running.local.memory import limit_memory
from prbench.running.local.process_environment import environment_of
from prbench.running.local.time_limit import how_it_ended, limit_time


def inspect_file(path: str) -> Inspection:
    """What the dataset that fits a file or folder best makes of it.

    Raises:
        UsageError: in one line, where nothing reads it; the next step is in it where there is one.
    """
    with tempfile.TemporaryDirectory(prefix="prbench-") as folder:
        call = [sys.executable, "-P", "-c", "from prbench.running.request.inspecting import main; main()"]
        asked = json.dumps({"path": path, "folder": folder}).encode()
        done = subprocess.run(call, input=asked, capture_output=True, check=False, env=environment_of(1))  # noqa: S603 - our own module
        if done.returncode != 0:
            raise UsageError(f"{path}: {how_it_ended(done.returncode)}")
        reply: dict[str, Any] = json.loads(done.stdout)
        if "error" in reply:
            raise BadInput(reply["error"])
        result = reply["inspection"]
        picture = Path(folder) / "picture.npy"
        notes = tuple(ArrayNote(**{**note, "shape": tuple(note["shape"])}) for note in result.pop("arrays"))
        result["picture"] = np.load(picture, allow_pickle=False) if picture.exists() else None
        return Inspection(
            **{**result, "arrays": notes, "warnings": tuple(result["warnings"]), "missing": tuple(result["missing"])}
        )


def best_inspection(path: str, names: Sequence[str] | None = None) -> Inspection:
    """The inspection with the best fit among the datasets that look at users' files.

    Args:
        path: of a file or a folder.
        names: of datasets; all installed ones where None.

    Raises:
        BadInput: where no dataset reads it; what the dataset says that came nearest to it.
    """
    result: list[Inspection] = []
    failures: list[str] = []
    for name in plugin_names("dataset") if names is None else names:
        try:
            dataset = load_plugin("dataset", name)
        except (PrbenchError, ImportError):
            continue  # a stranger's broken package does not keep a file from being looked at
        if not issubclass(dataset, Dataset) or not _inspects(dataset):
            continue
        try:
            inspected = dataset.inspect(path)
        except PrbenchError as failure:
            failures.append(str(failure))
            continue
        if inspected is not None:
            result.append(inspected)
    if result:
        return max(result, key=lambda inspection: inspection.fit)
    raise BadInput(failures[0] if failures else f"{path}: no dataset of users' files reads it; see `prbench list --measured`")


def _inspects(dataset: type[Dataset]) -> bool:
    """Whether a dataset looks at users' files at all."""
    return any("inspect" in vars(base) for base in dataset.__mro__ if base is not Dataset)


def main() -> None:
    """Inspect the path on stdin, and answer on stdout."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what libraries print is not the answer
    limit_memory(int(0.9 * available_memory()))
    asked = json.load(sys.stdin)
    path = asked["path"]
    limit_time([path])
    try:
        result = best_inspection(path)
        if result.picture is not None:
            np.save(Path(asked["folder"]) / "picture.npy", np.asarray(result.picture, dtype=np.float32))
        reply: dict[str, Any] = {"inspection": dataclasses.asdict(dataclasses.replace(result, picture=None))}
    except PrbenchError as failure:
        reply = {"error": str(failure)}
    except MemoryError:
        reply = {"error": f"{path}: reading it takes more memory than there is; crop it first"}
    except Exception as failure:  # noqa: BLE001 - a stranger's dataset may raise anything
        reply = {"error": f"{path}: {type(failure).__name__}: {one_line(failure)}"}
    os.write(answer, json.dumps(reply).encode())
