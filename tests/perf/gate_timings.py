"""Records pairs of timings of one unchanged version, for the tests of the gate's power::

    python tests/perf/gate_timings.py tests/gate/timings.json

One line per solver: for each of eight samples the processor time and the wall time in milliseconds of both versions, round by
round. The load of the machine meanwhile stands at its end.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from prbench.gate.probing import Probe
from prbench.running.request.spec import Matrix

ROUNDS = 8
MATRIX = {
    "samples": 8,
    "backend": "numpy",
    "solvers": ["hio[iterations=100]"],
    "datasets": ["crystal2d[size=32]"],
    "runs": [
        {"solvers": ["umpa"], "datasets": ["sandpaper[size=64,images=3]"]},
        {"solvers": ["ctf"], "datasets": ["radiograph[size=128]"]},
        {"solvers": ["amplitude-flow"], "datasets": ["coded-diffraction[size=32]"], "backend": "torch"},
    ],
}


def main(path: Path) -> None:
    """Time all cells by two processes in turn."""
    found: dict[str, dict[str, list[list[float]]]] = {}
    with Probe() as base, Probe() as head:
        for cell in Matrix.of("timings", **MATRIX).cells():
            times = found.setdefault(cell.solver, {name: [] for name in ("base_cpu", "head_cpu", "base_wall", "head_wall")})
            answers: dict[str, list[dict[str, float]]] = {"base": [], "head": []}
            for turn in range(ROUNDS):
                for name, probe in (("base", base), ("head", head))[:: -1 if turn % 2 else 1]:
                    answers[name].append(probe.ask(cell))
            for name, all_answers in answers.items():
                times[f"{name}_cpu"].append([round(1e3 * answer["cpu_s"], 4) for answer in all_answers])
                times[f"{name}_wall"].append([round(1e3 * answer["latency_s"], 4) for answer in all_answers])
    lines = [f"{json.dumps(solver)}: {json.dumps(times)}" for solver, times in found.items()]
    lines.append(f'"load": {json.dumps([round(load, 1) for load in os.getloadavg()])}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
