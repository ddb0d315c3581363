"""Tables of results/speckle.md: ``python results/speckle/tables.py [RECORDS]``.

Errors of displacement, in pixels per component, as medians over objects with intervals from order statistics that cover at least
95 %. Ratios are paired by object: the same object, membrane and, as far as they go, the same pairs of images. The four rods have
no truth; there, answers from the first pair are compared with ``umpa`` on the other twelve, which share no noise with it.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import prbench
from prbench.analysis.paired import signed_rank
from prbench.analysis.statistics import medians
from prbench.core import parse_name
from prbench.running.store.folder import Store
from prbench.running.store.results import ResultSet
from prbench.tasks.speckle import SpeckleStack

HOME = Path(__file__).parent
GEOMETRIES = ("fibre", "sphere", "cuboid", "random")
HELD_BACK = "unet-speckle[weights=results/speckle/held-back.safetensors]"
ONE = "unet-speckle"
KINDS = ("seen", "geometry unseen", "material unseen", "both unseen")
RIM_PX = 16


def estimate(values: pd.Series | np.ndarray) -> str:
    """The median, with its interval where there are enough values for one."""
    array = np.asarray(values, float)
    e = medians(array, np.zeros(len(array), int), 1)
    interval = "–" if np.isnan(e.low[0]) else f"{e.low[0]:.2g}, {e.high[0]:.2g}"
    return f"{e.value[0]:.3g} \\[{interval}\\]"


def table(rows: list[list[str]], head: list[str], words: int = 1) -> None:
    """Print a table in Markdown, its first ``words`` columns of words, the others of numbers."""
    rule = [":---"] * words + ["---:"] * (len(head) - words)
    for row in (head, rule, *rows):
        sys.stdout.write(f"| {' | '.join(row)} |\n")
    sys.stdout.write("\n")


def escaped(name: str) -> str:
    """A solver's name in Markdown, short where its weights stand in a file."""
    if "weights=" in name:
        path = Path(str(parse_name(name)[1]["weights"]))
        return f"`unet-speckle`, {(path.parent.name if path.stem == 'weights' else path.stem).replace('-', ' ')}"
    return f"`{name}`"


def simulated(frame: pd.DataFrame) -> pd.DataFrame:
    """The records of ``sandpaper`` on its own beamline, with what their objects and images are; failures are infinite."""
    frame = frame[frame["dataset"].str.startswith("sandpaper[geometry=")].copy()
    settings = [parse_name(name)[1] for name in frame["dataset"]]
    frame["geometry"] = [held["geometry"] for held in settings]
    frame["images"] = [int(str(held["images"])) for held in settings]
    frame["photons"] = [float(str(held.get("photons", 5000))) for held in settings]
    frame["material"] = [problem.split("-")[2] for problem in frame["problem_id"]]
    unseen = frame["geometry"].isin(["fibre", "sphere"]).astype(int) + 2 * (frame["material"] == "nylon")
    frame["kind"] = [KINDS[number] for number in unseen]
    frame["error"] = frame["displacement_rmse"].where(frame["status"] == "ok", np.inf)
    return frame


def errors(frame: pd.DataFrame, solver: str, images: int, photons: float) -> pd.Series:
    """Errors of a solver by geometry and sample."""
    mine = frame[(frame["solver"] == solver) & (frame["images"] == images) & (frame["photons"] == photons)]
    return mine.set_index(["geometry", "sample"])["error"].sort_index()


def by_geometry(frame: pd.DataFrame) -> None:
    """Print a row per number of images and solver, a column per geometry."""
    rows = []
    for (images, photons, solver), mine in frame.groupby(["images", "photons", "solver"]):
        parts = [mine[mine["geometry"] == geometry]["error"] for geometry in GEOMETRIES]
        others = [f"{mine[metric].median():.3g}" for metric in ("phase_rmse", "transmission_rmse")]
        cells = [*map(estimate, parts), estimate(mine["error"]), *others]
        rows.append((images, float(mine["error"].median()), [str(images), f"{photons:g}", escaped(str(solver)), *cells]))
    rows.sort(key=lambda row: row[:2])
    head = ["images", "photons of each", "solver", *GEOMETRIES, "all", "phase, rad", "transmission"]
    table([row for _, _, row in rows], head, words=3)


def held_back(frame: pd.DataFrame) -> None:
    """Print errors by whether geometry and material were in the training of the network that some were held back from."""
    one = frame[frame["images"] == 1]
    rows = [
        [escaped(str(solver)), *(estimate(mine[mine["kind"] == kind]["error"]) for kind in KINDS)]
        for solver, mine in one.groupby("solver")
    ]
    counts = one[one["solver"] == ONE]["kind"].value_counts()
    table(rows, ["solver, one pair", *(f"{kind}, {counts[kind]}" for kind in KINDS)])


def paired(frame: pd.DataFrame, first: str, kinds: tuple[str, ...]) -> None:
    """Print by what factor the errors of others differ from those of a network with one pair, on objects of some kinds."""
    frame = frame[frame["kind"].isin(kinds)]
    base, rows = errors(frame, first, 1, 5000), []
    for (images, photons, solver), mine in frame.groupby(["images", "photons", "solver"]):
        if (images, solver) == (1, first):
            continue
        other = mine.set_index(["geometry", "sample"])["error"].reindex(base.index)
        ratio = (other / base).dropna().to_numpy()
        test = signed_rank(np.log(ratio)[None])
        won = f"{(ratio > 1).sum()} of {len(ratio)}"
        row = [str(images), f"{photons:g}", escaped(str(solver)), estimate(ratio), won, f"{test.p[0]:.1g}"]
        rows.append((float(np.median(ratio)), row))
    rows.sort(key=lambda row: row[0])
    table([row for _, row in rows], ["images", "photons of each", "solver", "ratio", "network better", "p"], words=3)


def beamlines(frame: pd.DataFrame) -> None:
    """Print the errors on beamlines that no training has seen, and their ratios to that of the network, object by object."""
    mine = frame[frame["dataset"].str.startswith("sandpaper[") & ~frame["dataset"].str.contains("geometry=")]
    others = sorted(set(mine["solver"]) - {ONE})
    rows = []
    for dataset, found in mine.groupby("dataset"):
        error = found.assign(error=found["displacement_rmse"].where(found["status"] == "ok", np.inf))
        by_solver = error.pivot(index="sample", columns="solver", values="error")
        ratios = [estimate(by_solver[name] / by_solver[ONE]) for name in others]
        rows.append([f"`{dataset}`", *(estimate(by_solver[name]) for name in (ONE, *others)), *ratios])
    names = [f"`{name}`" for name in (ONE, *others)]
    table(rows, ["beamline", *names, *(f"{name}, ratio" for name in names[1:])])


def rods(solvers: list[str]) -> None:
    """Print what answers from the first pair of the four rods have in common with ``umpa`` on the other twelve, and what not.

    Two halves of the twelve pairs share no noise, so that the mean product of their displacements is the mean square of what is
    there, and the product of an answer with those of twelve, over it, the slope with which the answer holds it.
    """
    y = prbench.get_dataset("fourrod").problem(0).measurement
    assert isinstance(y, SpeckleStack)

    def found(solver: str, first: int, end: int) -> np.ndarray:
        pairs = dataclasses.replace(y, reference=y.reference[first:end], sample=y.sample[first:end], flat=None, dark=None)
        answer = prbench.solve(solver, pairs).reconstruction.displacement
        inside = np.asarray(answer, float)[:, RIM_PX:-RIM_PX, RIM_PX:-RIM_PX]
        return np.asarray(inside - inside.mean(axis=(1, 2), keepdims=True))

    there = float((found("umpa", 1, 7) * found("umpa", 7, 13)).mean())
    twelve = found("umpa", 1, 13)
    sys.stdout.write(f"displacements of the rods: root mean square {np.sqrt(there):.3f} px\n\n")
    rows = []
    for solver in solvers:
        answer = found(solver, 0, 1)
        slope = float((answer * twelve).mean()) / there
        rest = np.sqrt((answer**2).mean() - slope**2 * there)
        rows.append([escaped(str(solver)), f"{slope:.2f}", f"{rest:.3f}"])
    table(rows, ["solver, one pair", "slope", "rest, px"])


def read(records: Path) -> pd.DataFrame:
    """The records of simulated pairs in a folder of results."""
    return simulated(ResultSet(Store(records)).frame)


def of_records(records: Path) -> None:
    """Print the tables that records alone make."""
    frame = read(records)
    sys.stdout.write("## Equal images\n\n")
    by_geometry(frame[frame["photons"] == 5000])
    sys.stdout.write("## Equal dose\n\n")
    by_geometry(frame[frame["images"] * frame["photons"] == 5000])
    sys.stdout.write("## Held back\n\n")
    held_back(frame)
    sys.stdout.write("## Paired with the network that was taught everything, all objects\n\n")
    paired(frame, ONE, KINDS)
    sys.stdout.write("## Paired with the network that some were held back from, objects of unseen geometry or material\n\n")
    paired(frame, HELD_BACK, KINDS[1:])
    sys.stdout.write("## Other beamlines\n\n")
    beamlines(ResultSet(Store(records)).frame)


def main(records: Path) -> None:
    """Print all tables."""
    of_records(records)
    frame = read(records)
    sys.stdout.write("## Four rods\n\n")
    rods(sorted(name for name in frame[frame["images"] == 1]["solver"].unique() if "prbench-results" not in name))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
