"""Problems made ahead of their use, by several processes, into a folder that a later call goes on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from prbench.backend import each
from prbench.core import Dataset, Split, build_plugin
from prbench.errors import UsageError, one_line

from .code_id import code_id
from .store.files import replace_file
from .store.plain import canonical, plain
from .store.problem_files import write_problem

MANIFEST = "problems.json"


@dataclass(frozen=True)
class ProblemRequest:
    """Which problems: plain text and numbers, so that another process can make them.

    Attributes:
        dataset: its name with settings.
        split: ``train``, ``tune`` or ``test``.
        seed: of the dataset.
    """

    dataset: str
    split: Split = "train"
    seed: int = 0


def problem_path(folder: Path, index: int) -> Path:
    """Where problem ``index`` lies in a folder of them."""
    return folder / f"{index:06d}.npz"


def make_problems(
    folder: Path,
    request: ProblemRequest,
    samples: int,
    *,
    jobs: int = 1,
    on_made: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Make the first ``samples`` problems that a folder does not hold yet.

    Every file is written under another name and renamed, so that what is there is whole; killed, the same call goes on.
    ``problems.json`` says what the folder holds.

    Args:
        folder: made where it is not there.
        request: which problems.
        samples: how many, the first ones.
        jobs: processes of one thread each.
        on_made: called with the number of problems there and of all, at the beginning and after each.

    Returns:
        How many were made now.

    Raises:
        UsageError: where the dataset has fewer problems, or the folder holds others, or such of another version of the code.
    """
    dataset = _dataset(request.dataset)
    if dataset.samples is not None and dataset.samples < samples:
        raise UsageError(f"{request.dataset} has {dataset.samples} problems, asked for {samples}")
    _sign(folder, request, dataset)
    todo = [index for index in range(samples) if not problem_path(folder, index).exists()]
    done = samples - len(todo)
    on_made(done, samples)
    for _ in each(partial(_make, str(folder), request), todo, min(jobs, len(todo))):
        done += 1
        on_made(done, samples)
    return len(todo)


def _sign(folder: Path, request: ProblemRequest, dataset: Dataset) -> None:
    """Write what the folder holds, or refuse one that holds something else."""
    manifest = folder / MANIFEST
    described = {
        **asdict(request),
        "dataset": dataset.spelled(),
        "settings": plain(dataset.params()),
        "code_id": code_id(type(dataset)),
    }
    if not manifest.exists():
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(described, indent=2) + "\n"
        replace_file(manifest, lambda file: file.write(text.encode()))
        return
    try:
        there = json.loads(manifest.read_text(encoding="utf-8"))
        different = [key for key in described if canonical(there.get(key)) != canonical(described[key])]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"{manifest} cannot be read: {one_line(error, 100)}; choose another folder") from error
    if different:
        key = different[0]
        result, asked = one_line(there.get(key), 60), one_line(described[key], 60)
        raise UsageError(f"{folder} holds other problems ({key}: {result} there, {asked} asked for); choose another folder")


def _make(folder: str, request: ProblemRequest, index: int) -> None:
    problem = _dataset(request.dataset).problem(index, seed=request.seed, split=request.split)
    write_problem(problem_path(Path(folder), index), problem)


@cache
def _dataset(spelled: str) -> Any:
    return build_plugin("dataset", spelled)
