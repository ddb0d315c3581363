"""Problems made ahead of their use, by several processes, into a folder that a later call goes on with."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prbench.backend import set_threads
from prbench.core import Dataset, Split, build_plugin
from prbench.errors import UsageError, one_line

from .code_id import code_id
from .plain import canonical, plain
from .problem_files import write_problem
from .store import replace_file

MANIFEST = "problems.json"
_AHEAD = 2
"""Problems handed to a process before it asks, so that a long list takes no memory."""


@dataclass(frozen=True)
class Made:
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
    folder: Path, made: Made, samples: int, *, jobs: int = 1, on_made: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """Make the first ``samples`` problems that a folder does not hold yet.

    Every file is written under another name and renamed, so that what is there is whole; killed, the same call goes on.
    ``problems.json`` says what the folder holds.

    Args:
        folder: made where it is not there.
        made: which problems.
        samples: how many, the first ones.
        jobs: processes of one thread each.
        on_made: called with the number of problems there and of all, at the beginning and after each.

    Returns:
        How many were made now.

    Raises:
        UsageError: where the dataset has fewer problems, or the folder holds others, or such of another version of the code.
    """
    dataset = _dataset(made.dataset)
    if dataset.samples is not None and dataset.samples < samples:
        raise UsageError(f"{made.dataset} has {dataset.samples} problems, asked for {samples}")
    _sign(folder, made, dataset)
    todo = [index for index in range(samples) if not problem_path(folder, index).exists()]
    done = samples - len(todo)
    on_made(done, samples)
    for _ in _each(folder, made, todo, jobs):
        done += 1
        on_made(done, samples)
    return len(todo)


def _sign(folder: Path, made: Made, dataset: Dataset) -> None:
    """Write what the folder holds, or refuse one that holds something else."""
    place = folder / MANIFEST
    described = {
        **asdict(made),
        "dataset": dataset.spelled(),
        "settings": plain(dataset.params()),
        "code_id": code_id(type(dataset)),
    }
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(described, indent=2) + "\n"
        replace_file(place, lambda file: file.write(text.encode()))
        return
    try:
        there = json.loads(place.read_text(encoding="utf-8"))
        different = [key for key in described if canonical(there.get(key)) != canonical(described[key])]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"{place} cannot be read: {one_line(error, 100)}; choose another folder") from error
    if different:
        key = different[0]
        found, asked = one_line(there.get(key), 60), one_line(described[key], 60)
        raise UsageError(f"{folder} holds other problems ({key}: {found} there, {asked} asked for); choose another folder")


def _each(folder: Path, made: Made, todo: Sequence[int], jobs: int) -> Iterator[int]:
    """Make problems, yielding their numbers as they are finished."""
    if jobs <= 1 or len(todo) <= 1:
        for index in todo:
            _make(str(folder), made, index)
            yield index
        return
    context, remaining, pending = multiprocessing.get_context("spawn"), iter(todo), set[Future[int]]()
    with ProcessPoolExecutor(min(jobs, len(todo)), context, initializer=_start_worker) as pool:
        try:
            while True:
                for index in remaining:
                    pending.add(pool.submit(_make, str(folder), made, index))
                    if len(pending) >= _AHEAD * jobs:
                        break
                if not pending:
                    return
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start_worker() -> None:
    """One thread a process; and no process outlives the one that it works for, however that ends."""
    set_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _make(folder: str, made: Made, index: int) -> int:
    problem = _dataset(made.dataset).problem(index, seed=made.seed, split=made.split)
    write_problem(problem_path(Path(folder), index), problem)
    return index


@cache
def _dataset(spelled: str) -> Any:
    return build_plugin("dataset", spelled)
