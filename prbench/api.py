"""The Python interface: datasets, solvers, scores, runs and their results by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from prbench.core import Dataset, Problem, Reconstruction, Solver, build_plugin
from prbench.errors import UsageError

if TYPE_CHECKING:
    from prbench.running.engine import OnEvent, Rerun

    from .running.store.results import ResultSet


def get_dataset(name: str, **params: object) -> Dataset:
    """A dataset by name, such as ``get_dataset("crystal2d", photons=100)`` or ``get_dataset("crystal2d[photons=100]")``.

    Raises:
        UsageError: for an unknown name or setting, or a value out of range.
    """
    return cast("Dataset", build_plugin("dataset", name, params))


def get_solver(name: str, **params: object) -> Solver[Any]:
    """A solver by name, such as ``get_solver("hio-er", starts=16)`` or ``get_solver("my_file.py:MySolver")``.

    Raises:
        UsageError: for an unknown name or setting, or a value out of range.
    """
    return cast("Solver[Any]", build_plugin("solver", name, params))


def score(reconstruction: Reconstruction, problem: Problem, metrics: Sequence[str] | None = None) -> dict[str, float]:
    """Score a reconstruction of a problem.

    Args:
        reconstruction: arrays on the host, as :func:`prbench.solve` returns them.
        problem: what it is a reconstruction of.
        metrics: names of metrics; all installed ones where None. One that does not apply is left out.

    Returns:
        The score by metric; NaN where a metric is not defined for this case.

    Raises:
        UsageError: for an unknown metric, or a reconstruction with non-finite numbers.
        PrbenchError: for a reconstruction of another shape than the problem's, and where a metric fails.
    """
    from prbench.running.scoring import score as compute

    return compute(reconstruction, problem, metrics)


def run(
    solvers: str | Solver[Any] | Sequence[str | Solver[Any]],
    datasets: str | Dataset | Sequence[str | Dataset],
    samples: int | str | Sequence[int] = 1,
    seeds: int | str | Sequence[int] = 1,
    out: str | Path = "prbench-results",
    *,
    jobs: int | None = None,
    threads: int | None = None,
    backend: str = "auto",
    precision: str = "single",
    split: str = "test",
    time_limit_s: float | None = None,
    hard_limit_s: float | None = None,
    memory_bytes: int | None = None,
    rerun: Rerun = "missing",
    progress: OnEvent | None = None,
    sealed: bool = False,
    salt: str | None = None,
) -> ResultSet:
    """Run every solver on every dataset of its task and store one record per cell; the same call resumes.

    Args:
        solvers: names with settings, or solvers; one or several.
        datasets: names with settings, or datasets.
        samples: how many problems, or which: ``5``, ``"3:10"``, ``[0, 3, 7]``.
        seeds: how many seeds, or which.
        out: folder of the results.
        jobs: workers at a time; one per physical core where None, one in all on a GPU.
        threads: CPU threads of each worker; cores divided by jobs where None.
        backend: ``auto``, ``numpy``, ``torch``, ``torch:cuda`` or ``cupy``.
        precision: ``single`` or ``double``.
        split: ``test``, ``tune`` or ``train``.
        time_limit_s: seconds of solving after which a solver is stopped and what it has is scored.
        hard_limit_s: seconds after which a solve is killed; ``1.5 * time_limit_s + 30`` where None.
        memory_bytes: what a worker may allocate; its share of what is free where None.
        rerun: ``missing``, ``failed``, ``stale`` or ``all``; see :func:`prbench.running.engine.run_matrix`.
        progress: called with every :class:`~prbench.running.engine.RunEvent`.
        sealed: whether to draw test problems with a secret salt, kept in ``out`` until ``prbench unseal`` publishes it.
        salt: a salt to draw with, or a folder of results that has one.

    Raises:
        UsageError: for a request that makes no sense, before anything is run or written.
    """
    from prbench.running.engine import run_matrix

    from .running.request.spec import Matrix
    from .running.salts import salt_for
    from .running.store.folder import Store
    from .running.store.results import ResultSet

    matrix = Matrix.of(
        "run",
        name="run",
        solvers=solvers,
        datasets=datasets,
        samples=samples,
        seeds=seeds,
        backend=backend,
        precision=precision,
        split=split,
        time_limit_s=time_limit_s,
    )
    store = Store(out)
    cells = matrix.expand(salt_for(store.path, salt, sealed=sealed))
    run_matrix(
        cells,
        store,
        jobs=jobs,
        threads=threads,
        memory_bytes=memory_bytes,
        hard_limit_s=hard_limit_s,
        rerun=rerun,
        on_event=progress,
    )
    return ResultSet(store, [cell.key for cell in cells])


def load_results(path: str | Path) -> ResultSet:
    """All records of a results folder.

    Raises:
        UsageError: where there is no such folder.
    """
    from .running.store.folder import Store
    from .running.store.results import ResultSet

    if not Path(path).is_dir():
        raise UsageError(f"there is no results folder {path}; `prbench run --out {path}` makes one")
    return ResultSet(Store(path))
