"""Write a folder of synthetic records, as a study leaves them: ``synthetic_records.py COUNT FOLDER [tables]``.

Ten solvers on ten datasets, a curve of 51 points, ten scores each, one in fifty failed: about 4 kB per record. Arrays there are
none. The folder's times are set an hour back, as if the study had ended then. With ``tables`` the Parquet files are written that
``prbench compact`` would make of them, without the records' own files.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from prbench.running.request.cell import Cell, find_plugin, make_cell
from prbench.running.store.index import TABLE
from prbench.running.store.parquet import Rows, Stamp, write_part
from prbench.running.store.plain import canonical, digest
from prbench.running.store.record import Record
from prbench.running.store.record_text import seal
from prbench.running.store.table import row_of

SOLVERS = ("er", "hio", "raar", "difference-map", "rrr", "hio-er", "hio[beta=0.8]", "raar[beta=0.8]", "er[iterations=500]", "ml")
DATASETS = tuple(f"crystal2d[photons={10 ** (n / 3):.3g}]" for n in range(3, 13))
METRICS = ("frc", "free_r", "prtf", "psnr", "r_factor", "sa_mse", "sa_nmse", "ssim", "mse", "support_error")


def cells() -> list[Cell]:
    """One cell of each kind."""
    solvers = [find_plugin("solver", name) for name in SOLVERS]
    datasets = [find_plugin("dataset", name) for name in DATASETS]
    return [make_cell(s, d, sample=0, seed=0, backend="numpy") for s in solvers for d in datasets]


def texts(numbers: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Key and text of the records of these numbers."""
    rng = np.random.default_rng(0)
    kinds = [(dataclasses.asdict(cell), _template(cell)) for cell in cells()]
    scores = rng.random((1000, len(METRICS)))
    for number in numbers:
        spec, template = kinds[number % len(kinds)]
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
    record = Record.of(
        cell, "ok", cost={**cost, "repeats": 3}, curve=curve, problem=problem, code_id="0" * 32, threads=1, **times
    )
    data: dict[str, object] = json.loads(record.to_json())
    del data["digest"]
    return data


def write(count: int, folder: Path) -> None:
    """Write the records, each in a file of its own."""
    runs = folder / "runs"
    for number in range(256):
        (runs / f"{number:02x}").mkdir(parents=True, exist_ok=True)
    for key, text in texts(range(count)):
        with open(f"{runs}/{key[:2]}/{key}.json", "w", encoding="ascii") as file:  # noqa: PTH123 - a million times
            file.write(text)
    hour_ago = time.time() - 3600
    for path in runs.iterdir():
        for entry in os.scandir(path):
            os.utime(entry.path, (hour_ago, hour_ago))
        os.utime(path, (hour_ago, hour_ago))


def write_tables(count: int, folder: Path) -> None:
    """Write the tables alone: one is made of records, the others are that one with other keys and samples.

    Commands that count and rank read rows, not texts, which are those of the first table in all of them.
    """
    import pyarrow as pa

    each = count // 256
    rows = Rows([], [], [])
    for _, text in texts(range(each)):
        rows.rows.append(row_of(Record.from_json(text, curve=False)))
        rows.texts.append(text)
        rows.stamps.append(Stamp(0, len(text)))
    table, rng = rows.table(), np.random.default_rng(2)
    samples = max(row["sample"] for row in rows.rows) + 1
    (folder / TABLE).mkdir(parents=True)
    for number in range(256):
        sample = pa.array(table["sample"].to_numpy() + number * samples)
        part = table.set_column(table.column_names.index("key"), "key", pa.array(_keys(rng, number, each)))
        part = part.set_column(part.column_names.index("sample"), "sample", sample)
        with (folder / TABLE / f"{number:02x}.parquet").open("wb") as file:
            write_part(file, [part], {})


def _keys(rng: np.random.Generator, number: int, count: int) -> list[str]:
    text = rng.bytes(15 * count).hex()
    return [f"{number:02x}{text[30 * at : 30 * at + 30]}" for at in range(count)]


if __name__ == "__main__":
    (write_tables if sys.argv[3:] == ["tables"] else write)(int(sys.argv[1]), Path(sys.argv[2]))
