"""Run many cells and print what the front end took, in resident bytes: ``front_end.py CELLS FOLDER``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

from prbench.running.engine import run_matrix
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store

FILE = Path(__file__).with_name("napping.py").as_posix()


def main(count: int, folder: str) -> None:
    """Two workers, a solver that does nothing."""
    names = {"solvers": f"{FILE}:Nap[cell_s=0]", "datasets": f"{FILE}:Speck"}
    cells = Matrix.of("t", **names, samples=count, backend="numpy").expand()
    before, began = psutil.Process().memory_info().rss, time.monotonic()
    state = run_matrix(cells, Store(folder), jobs=2, threads=1)
    assert state.statuses == {"ok": count}
    after = psutil.Process().memory_info().rss
    sys.stdout.write(json.dumps({"before": before, "after": after, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
