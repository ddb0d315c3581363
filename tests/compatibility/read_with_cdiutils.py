"""Reads, ranks and draws results in CXI with cdiutils, and prints what it found as JSON.

Run with the Python that has cdiutils, which need not be the one that has prbench: ``python read_with_cdiutils.py FOLDER``.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import silx.io.h5py_utils  # noqa: F401 - cdiutils uses it without importing it
from cdiutils.process.phaser import PhasingResultAnalyser

folder = Path(sys.argv[1])
analyser = PhasingResultAnalyser(result_dir_path=str(folder))
analyser.analyse_phasing_results(sorting_criterion="llkf", plot=True, plot_phasing_results=True)
figures = plt.get_fignums()
for number in figures:
    plt.figure(number).savefig(folder / f"cdiutils-{number}.png")
analyser.select_best_candidates(nb_of_best_sorted_runs=2)
ranked = [Path(path).name for path in analyser._sorted_phasing_results]
best = [Path(path).name for path in analyser.best_candidates]
metrics = {name: {Path(path).name: float(value) for path, value in found.items()} for name, found in analyser._metrics.items()}
print("\n" + json.dumps({"ranked": ranked, "best": best, "metrics": metrics, "figures": len(figures)}))  # noqa: T201 - the answer
