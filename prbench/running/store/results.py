"""Results: the records of a run as a table, with the reconstructions behind it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import Reconstruction, find_task_info
from prbench.core.trust import NotImported, reading
from prbench.errors import BadInput, PrbenchError, UsageError, one_line
from prbench.running.code_id import code_id
from prbench.running.endings import reconstruction_of
from prbench.running.request.cell import find_plugin

from .folder import Store
from .record import FAILED, Record
from .task_files import TASKS, read_tasks

if TYPE_CHECKING:
    import pandas as pd


class ResultSet:
    """Records of a store, all of them or those of one run.

    Attributes:
        store: where they are.
    """

    def __init__(self, store: Store, keys: list[str] | None = None) -> None:
        self.store = store
        self._keys = keys
        try:
            read_tasks(store.path)
        except BadInput as error:
            store.corrupt[store.path / TASKS] = one_line(error)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"ResultSet({len(self)} records, {len(self.failed)} failed, {str(self.store.path)!r})"

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per record, in the order of the run (of the keys where all are loaded), as read at first use.

        Columns: ``key, task, solver, dataset, sample, seed, status``; ``split, backend, device_class, precision, time_limit_s,
        threads``; one per metric, by name; the cost ``latency_s, latency_fft, fft_pair_s, cost_fft, stream_fft, processor_s,
        fft_pair_processor_s, startup_s, load, ffts, operators, iterations, peak_memory_host, peak_memory_device, repeats,
        parameters, flops``; ``problem_id, sealed, code_id, environment, started, ended, error, warnings, failed_metrics``; and
        ``stale``, True where the code of solver or dataset has changed since, or is not installed.
        """
        frame = self.store.frame()
        if self._keys is not None:
            order = {key: index for index, key in enumerate(self._keys)}
            frame = frame[frame["key"].isin(order)].sort_values("key", key=lambda k: k.map(order), ignore_index=True)
        return _with_stale(self._of_declared_tasks(frame)).copy()  # as one block per dtype: many blocks make pandas slow and warn

    def _of_declared_tasks(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows whose task something installed or the folder declares; the others are told, for nothing can rank them."""
        unknown = [name for name in map(str, frame["task"].unique()) if not _is_declared(name)]
        if not unknown:
            return frame
        others = frame["task"].isin(unknown)
        named = ", ".join(repr(one_line(name, 40)) for name in unknown[:3])
        self.store.corrupt[self.store.path / TASKS] = (
            f"nothing installed declares the task {named}; {int(others.sum())} records of such tasks are left out"
        )
        return frame[~others].reset_index(drop=True)

    def tally(self) -> pd.DataFrame:
        """How many records of the store agree in ``task, solver, dataset, status, code_id, error, warnings, failed_metrics``:
        these, their number in ``cells``, and ``stale``. In bounded memory, where :attr:`frame` takes a row per record.
        """
        columns = ("task", "solver", "dataset", "status", "code_id", "error", "warnings", "failed_metrics")
        return _with_stale(self.store.tally(columns))

    @property
    def failed(self) -> pd.DataFrame:
        """The rows without a usable reconstruction; ``error`` says why."""
        return self.frame[self.frame["status"].isin(FAILED)]

    def record(self, key: str) -> Record:
        """The whole record of a row.

        Raises:
            UsageError: for an unknown key.
        """
        result = self.store.read(key)
        if result is None:
            raise UsageError(f"there is no record {key!r} in {self.store.path}")
        return result

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """The arrays stored with a record, by name; what a solver added stands under ``aux.<name>``."""
        return self.store.arrays(key)

    def reconstruction(self, key: str) -> Reconstruction:
        """The reconstruction of a record.

        Raises:
            UsageError: for an unknown key, or a record without reconstruction.
        """
        record, arrays = self.record(key), self.store.arrays(key)
        if not arrays:
            raise UsageError(f"{record.cell} has no reconstruction: it ended as {record.status}")
        return reconstruction_of(arrays)

    def drawable(self, key: str) -> Reconstruction | None:
        """The reconstruction of a record for a picture among others: None where there is none, or none that can be read, which is
        noted in :attr:`Store.corrupt`.
        """
        try:
            arrays = self.store.arrays(key)
            return reconstruction_of(arrays) if arrays else None
        except (PrbenchError, ValueError, TypeError) as error:
            self.store.corrupt[self.store.arrays_path(key)] = one_line(error)
            return None

    def problem(self, key: str) -> Any:
        """The problem of a record, made anew.

        Raises:
            UsageError: where its dataset is no longer known.
        """
        return self.record(key).cell.problem()


def _with_stale(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with ``solver, dataset, code_id``, and ``stale`` beside them."""
    now: dict[tuple[str, str], str | None] = {}
    stale = np.zeros(len(frame), dtype=bool)
    columns = (frame[name] for name in ("solver", "dataset", "code_id"))
    for row, (solver, dataset, code) in enumerate(zip(*columns, strict=True)):
        if (solver, dataset) not in now:
            now[solver, dataset] = _code_now(solver, dataset)
        stale[row] = now[solver, dataset] not in (code, None)
    return frame.assign(stale=stale)


def _is_declared(task: str) -> bool:
    try:
        find_task_info(task)
    except UsageError:
        return False
    return True


def _code_now(solver: str, dataset: str) -> str | None:
    """The code id of a solver and a dataset as spelled; "" where they cannot be loaded; None for references not imported."""
    try:
        with reading():
            return code_id(type(find_plugin("solver", solver).built), type(find_plugin("dataset", dataset).built))
    except NotImported:
        return None
    except PrbenchError:
        return ""
