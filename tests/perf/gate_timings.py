"""Records pairs of timings of one unchanged version, for the tests of the gate's power::

    python tests/perf/gate_timings.py tests/gate/timings.json

For each solver and each pair of processes, the processor time and the wall time in milliseconds of both sides, of eight samples,
round by round. The load of the machine stands at the end.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from prbench.gate.checking import REPEAT_S
from prbench.gate.measuring import measure
from prbench.gate.probing import Probe
from prbench.running.request.spec import Matrix

PROCESSES, ROUNDS = 3, 2
MATRIX: dict[str, Any] = {
    "samples": 8,
    "backend": "numpy",
    "solvers": ["hio[iterations=100]"],
    "datasets": ["crystal2d[size=32]"],
    "runs": [
        {"solvers": ["umpa"], "datasets": ["sandpaper[size=64,images=3]"]},
        {"solvers": ["ctf"], "datasets": ["radiograph[size=128]"]},
    ],
}


def main(path: Path) -> None:
    """Time all cells by pairs of processes in turn."""
    lines = []
    for process in range(PROCESSES):
        with Probe() as base, Probe() as head:
            found = measure(Matrix.of("timings", **MATRIX).cells(), {"base": base, "head": head}, ROUNDS, repeat_s=REPEAT_S)
        for side, cells in found.items():
            for cell in cells:
                times = {name: [round(1e3 * seconds, 4) for seconds in cell[name]] for name in ("cpu_s", "latency_s")}
                label = {"process": process, "side": side, "solver": cell["solver"], "sample": cell["sample"]}
                lines.append(json.dumps(label | times))
    load = json.dumps([round(load, 1) for load in os.getloadavg()])
    path.write_text("{\n" + f'"load": {load},\n"cells": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
