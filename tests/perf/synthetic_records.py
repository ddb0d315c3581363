"""Write a folder of synthetic records, as a study leaves them: ``synthetic_records.py COUNT FOLDER``.

Ten solvers on ten datasets, a curve of 51 points, ten scores each, one in fifty failed: about 4 kB per record. Arrays there are
none. The folder's times are set an hour back, as if the study had ended then.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prbench.running.request.cell import Cell, find_plugin, make_cell
from prbench.running.store.plain import canonical, digest
from prbench.running.store.record import Record
from prbench.running.store.record_text import seal

SOLVERS = ("er", "hio", "raar", "difference-map", "rrr", "hio-er", "hio[beta=0.8]", "raar[beta=0.8]", "er[iterations=500]", "ml")
DATASETS = tuple(f"crystal2d[photons={10 ** (n / 3):.3g}]" for n in range(3, 13))
METRICS = ("frc", "free_r", "prtf", "psnr", "r_factor", "sa_mse", "sa_nmse", "ssim", "mse", "support_error")


def cells() -> list[Cell]:
    """One cell of each kind."""
    solvers = [find_plugin("solver", name) for name in SOLVERS]
    datasets = [find_plugin("dataset", name) for name in DATASETS]
    return [make_cell(s, d, sample=0, seed=0, backend="numpy") for s in solvers for d in datasets]


def texts(count: int) -> Iterator[tuple[str, str]]:
    """Key and text of each record."""
    rng = np.random.default_rng(0)
    kinds = [(dataclasses.asdict(cell), cell, _template(cell)) for cell in cells()]
    scores = rng.random((1000, len(METRICS)))
    for number in range(count):
        spec, cell, template = kinds[number % len(kinds)]
        spec = {**spec, "sample": number // len(kinds) // 20, "seed": number // len(kinds) % 20}
        key = digest(canonical(spec))
        failed = number % 50 == 7
        members = {
            **template,
            "key": key,
            "sample": spec["sample"],
            "seed": spec["seed"],
            "status": "error" if failed else "ok",
            "spec": spec,
            "metrics": {} if failed else dict(zip(METRICS, scores[number % 1000].tolist(), strict=True)),
            "error": {"stage": "solving", "type": "ValueError", "message": f"case {number % 5}"} if failed else None,
        }
        yield key, seal(json.dumps(members))


def _template(cell: Cell) -> dict[str, object]:
    rng = np.random.default_rng(1)
    curve = {
        "iteration": list(range(0, 204, 4)),
        "seconds": np.cumsum(rng.random(51)).tolist(),
        "residual": np.sort(rng.random(51))[::-1].tolist(),
    }
    problem = {
        "id": "crystal2d-test-0",
        "measurement": {"shape": [64, 64], "symmetries": ["shift", "phase", "twin"], "photons": 1e6},
        "provenance": {"source": "computed", "license": "BSD-3-Clause", "sha256": ""},
    }
    cost = {"latency_s": 0.2, "latency_fft": 2063.7, "fft_pair_s": 1e-4, "ffts": 411, "operators": 0, "iterations": 200}
    times = {"started": "2026-01-01T00:00:00.000001+00:00", "ended": "2026-01-01T00:00:01.000001+00:00"}
    record = Record.of(cell, "ok", cost={**cost, "repeats": 3}, curve=curve, problem=problem, code_id="0" * 32, threads=1, **times)
    data: dict[str, object] = json.loads(record.to_json())
    del data["digest"]
    return data


def write(count: int, folder: Path) -> None:
    """Write the records, each in a file of its own."""
    runs = folder / "runs"
    for number in range(256):
        (runs / f"{number:02x}").mkdir(parents=True, exist_ok=True)
    for key, text in texts(count):
        with open(f"{runs}/{key[:2]}/{key}.json", "w", encoding="ascii") as file:  # noqa: PTH123 - a million times
            file.write(text)
    hour_ago = time.time() - 3600
    for path in runs.iterdir():
        for entry in os.scandir(path):
            os.utime(entry.path, (hour_ago, hour_ago))
        os.utime(path, (hour_ago, hour_ago))


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
