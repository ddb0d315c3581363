"""Checking a folder of results that somebody wants to publish: digests, versions, seals, and a tenth of its cells run again."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import goals
from prbench.core.names import is_reference
from prbench.errors import CannotWrite, PrbenchError, UsageError, one_line
from prbench.running.engine import run_matrix
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.verifying import verify

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet

SHARE = 0.1
"""Part of the cells that is run again."""
EQUAL = 0.01
"""Relative difference of a score up to which a repeated cell is the same."""
WORST_FACTOR = 2.0
"""A score that is worse than the published one by more than this is a fault; chaotic solvers differ by less between machines."""
PUBLISHED = ("runs", "environments", "tasks.json", "salts.json", "submission.json")
"""What of a folder is published; claims, pictures and tables are not."""


@dataclass
class Submission:
    """What a check found.

    Attributes:
        records: how many there are.
        seed: what the cells that were run again were drawn with.
        faults: why the folder cannot be published, one line each.
        remarks: what a reviewer should know.
        versions: of prbench, with the number of records.
        machines: processors, in the same way.
        sealed: how problems were drawn, in the same way.
        repeated: one line per cell that was run again.
        equal: how many of them have the same scores.
    """

    records: int = 0
    seed: int = 0
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    machines: Counter[str] = field(default_factory=Counter)
    sealed: Counter[str] = field(default_factory=Counter)
    repeated: list[str] = field(default_factory=list)
    equal: int = 0


def check_submission(results: ResultSet, again: Path, *, seed: int, jobs: int | None = None, on_event: Any = None) -> Submission:
    """Check a folder, and run a random tenth of its cells again in the folder ``again``; ``seed`` decides which.

    Raises:
        UsageError: for a folder without records.
    """
    frame, store = results.frame, results.store
    if frame.empty:
        raise UsageError(f"no records in {store.path}; `prbench run` makes some")
    found = Submission(records=len(frame), seed=seed)
    verified = verify(store)
    found.faults += [f"{path.name}: {reason}" for path, reason in sorted(verified.faults.items())]
    found.faults += [f"{path.name}: {reason}" for path, reason in sorted(store.corrupt.items()) if path not in verified.faults]
    if verified.undigested:
        found.remarks.append(f"{verified.undigested} records have no digest (schema 1); only their form was checked")
    _count_environments(results, found)
    found.sealed = Counter(map(str, frame["sealed"]))
    stale = int(frame["stale"].sum())
    if stale:
        found.remarks.append(f"{stale} records were made with other code than is installed here")
    failed = len(results.failed)
    if failed:
        found.remarks.append(f"{failed} cells failed; they count as worst")
    _repeat(results, again, found, jobs, on_event)
    return found


def _count_environments(results: ResultSet, found: Submission) -> None:
    for name, count in Counter(map(str, results.frame["environment"])).items():
        path = results.store.path / "environments" / f"{name}.json"
        try:
            values = json.loads(path.read_bytes())
            version = str(values["packages"]["prbench"])
            machine = str(values.get("processor") or "unknown")
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            found.faults.append(f"{count} records name the environment {name or 'unknown'!r}, which is not there or not readable")
            continue
        found.versions[version] += count
        found.machines[machine] += count
    if len(found.versions) > 1:
        found.remarks.append(f"several versions of prbench: {', '.join(sorted(found.versions))}")


def _draw_cells(results: ResultSet, found: Submission) -> dict[str, Record]:
    """A random tenth of the cells, one at least; cells of plug-ins or data that are not installed here give way to others."""
    keys = sorted(map(str, results.frame["key"]))
    wanted = max(1, math.ceil(SHARE * len(keys)))
    chosen: dict[str, Record] = {}
    unusable = 0
    for position in np.random.default_rng(found.seed).permutation(len(keys)):
        record = results.record(keys[position])
        if _can_be_repeated(record):
            chosen[record.key] = record
        else:
            unusable += 1
        if len(chosen) == wanted:
            break
    if unusable:
        found.remarks.append(f"{unusable} cells drawn cannot be run again here: their plug-ins or data are not installed")
    return chosen


def _repeat(results: ResultSet, again: Path, found: Submission, jobs: int | None, on_event: Any) -> None:
    """Run the drawn cells again and compare."""
    chosen = _draw_cells(results, found)
    if not chosen:
        found.remarks.append("no cell was run again")
        return
    store = Store(again)
    run_matrix([record.cell for record in chosen.values()], store, jobs=jobs, rerun="all", on_event=on_event)
    for key, before in chosen.items():
        after = store.read(key)
        if after is None:
            found.faults.append(f"{before.cell}: no record was made when it was run again")
            continue
        _compare(before, after, found)


def _can_be_repeated(record: Record) -> bool:
    cell = record.cell
    if is_reference(cell.solver) or is_reference(cell.dataset):
        return False
    try:
        cell.build_solver()
        cell.problem()
    except PrbenchError:
        return False
    return True


def _compare(before: Record, after: Record, found: Submission) -> None:
    name = one_line(before.cell, 160)
    if before.status != after.status:
        found.faults.append(f"{name}: ended as {before.status}, and as {after.status} when it was run again")
        return
    shared = [metric for metric in before.metrics if metric in after.metrics]
    gaps = {metric: _gap(before.metrics[metric], after.metrics[metric]) for metric in shared}
    worst = max(gaps.values(), default=0.0)
    same = worst <= EQUAL
    found.equal += same
    found.repeated.append(f"{name}: {'the same' if same else f'scores differ by up to {100 * worst:.3g} %'}")
    for goal in goals(before.cell.task):
        if goal.metric in shared and (factor := _worse(before, after, goal.metric, goal.better)) > WORST_FACTOR:
            found.faults.append(f"{name}: {goal.metric} is worse by a factor of {factor:.3g} when it is run again")
            return


def _gap(a: float, b: float) -> float:
    """Relative difference; 0 where both are undefined, infinite where one is."""
    if math.isnan(a) and math.isnan(b):
        return 0.0
    largest = max(abs(a), abs(b))
    return float(np.nan_to_num(abs(a - b) / largest, nan=math.inf)) if largest else 0.0


def _worse(before: Record, after: Record, metric: str, better: str) -> float:
    a, b = float(before.metrics[metric]), float(after.metrics[metric])
    if better == "higher":
        a, b = b, a
    if not (a > 0 and b > 0):
        return 1.0
    return b / a


def prepare(results: ResultSet, found: Submission, folder: Path, said: dict[str, str], text: Callable[[Submission], str]) -> Path:
    """Write the folder and the text of the pull request below ``folder``; the folder of results is left as it is.

    Returns:
        The path of the text.

    Raises:
        UsageError: where ``folder`` holds something.
        CannotWrite: where it cannot be written to.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name another folder with --out")
    target = folder / "results" / "submissions" / said["name"]
    try:
        target.mkdir(parents=True)
        for name in PUBLISHED:
            source = results.store.path / name
            if source.is_dir():
                shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("*.tmp"))
            elif source.is_file():
                shutil.copy(source, target / name)
        (target / "submission.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")
        path = folder / "PULL_REQUEST.md"
        path.write_text(text(found), "utf-8")
    except OSError as error:
        raise CannotWrite(f"{folder}: {error.strerror}; choose another folder with --out") from error
    return path
