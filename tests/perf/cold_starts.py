"""The first solve of each solver in a process whose compile cache is empty: ``python tests/perf/cold_starts.py [NAME...]``.

Prints a Markdown table. Each solver runs in a process of its own, under its example settings, on the
small problem of its task: its first solve minus the second, and the imports before; processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

_PROGRAM = """
import json, sys, time
import prbench
from prbench.core import load_plugin
from prbench.testing.problems import problem_of_task
plugin = load_plugin("solver", sys.argv[1])
solver, y = plugin.from_params(plugin.example), problem_of_task(plugin.info.task).measurement
imported = time.process_time()
prbench.solve(solver, y)
first = time.process_time()
prbench.solve(solver, y)
second = time.process_time()
print(json.dumps([plugin.info.task, imported, first - imported - (second - first)]))
"""


def solvers() -> list[str]:
    """Names of the solvers of this package; programs of others have environments of their own."""
    from prbench.core import load_plugin, plugin_names

    names = plugin_names("solver")
    return sorted(name for name in names if load_plugin("solver", name).__module__.startswith("prbench.algorithms"))


def cold_start(name: str, cache: str) -> tuple[str, float, float]:
    """Task, seconds of imports, seconds that the first solve takes beyond a second one; processor time."""
    env = os.environ | {"NUMBA_CACHE_DIR": cache}
    found = subprocess.run([sys.executable, "-c", _PROGRAM, name], capture_output=True, text=True, env=env, check=True)
    task, imports_s, first_s = json.loads(found.stdout.splitlines()[-1])
    return task, imports_s, first_s


def main() -> None:
    """Print the table, a row as soon as it is known."""
    sys.stdout.write("| solver | task | imports, s | first solve, s |\n|---|---|---:|---:|\n")
    for name in sys.argv[1:] or solvers():
        with tempfile.TemporaryDirectory() as cache:
            task, imports_s, first_s = cold_start(name, cache)
        sys.stdout.write(f"| `{name}` | {task} | {imports_s:.1f} | {max(0.0, first_s):.1f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
