"""HIO beside its peers in one process: ``python tests/perf/peers_far_field.py [CRYSTALS]``.

Every program solves the same patterns of 128x128 (crystals of 64x64, without noise and at 100 photons per pixel) by the same
recipe: 8 random starts, three times 20 steps of error reduction and 180 of HIO, then 20 of error reduction, and a shrinkwrap
every 20 steps that begins with the object's frame. They take turns on one thread; the table has the processor time of a solve
in FFT pairs of 128x128 as torch makes them in the same round, medians over crystals, and the error of the start whose
modulus error is lowest.

Install the peers without their dependencies, so that numpy and torch stay as they are::

    pip install --no-deps solvephase==0.2.0 aobasis==2.4.0 aocore==0.2.0 threadpoolctl cohere-core==4.5.4 scikit-learn joblib \
        natsort tqdm
    git clone https://github.com/RenZhe88/pyCXIM && export PYTHONPATH=$PWD/pyCXIM

A peer that is not installed is left out, and said to be.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import prbench
from prbench.backend import keep_freed_memory, set_threads
from prbench.core import Problem, Reconstruction
from prbench.tasks.far_field import FarField

RECIPE, EVERY, STARTS = (("ER", 20), ("HIO", 180)) * 3 + (("ER", 20),), 20, 8
Solve = Callable[[FarField], np.ndarray]


def frame(y: FarField) -> np.ndarray:
    """The object's frame, bool, in the middle of the pattern's grid."""
    return np.asarray(y.pad(np.ones(y.object_shape))) > 0


def best(y: FarField, objects: list[np.ndarray]) -> np.ndarray:
    """The field with the lowest modulus error, at the scale that suits its pattern best, cut to the object's frame."""
    amplitude = np.sqrt(y.intensity)
    models = [np.abs(np.fft.fftshift(np.fft.fftn(x))) for x in objects]
    scales = [np.sum(model * amplitude) / np.sum(model**2) for model in models]
    errors = [np.linalg.norm(scale * model - amplitude) for scale, model in zip(scales, models, strict=True)]
    chosen = int(np.argmin(errors))
    return np.asarray(y.crop(scales[chosen] * objects[chosen]))


def own(backend: str, finalists: int) -> Solve:
    """prbench's hio-er; with as many finalists as starts none is dropped."""
    recipe = "+".join(f"{steps}*{name}" for name, steps in RECIPE)
    solver = f"hio-er[starts={STARTS},recipe={recipe},breed_every=0,update_every={EVERY},finalists={finalists}]"

    def solve(y: FarField) -> np.ndarray:
        return np.asarray(prbench.solve(solver, y, backend=backend).reconstruction.object)

    return solve


def solvephase(precision: str) -> Solve:
    """solvephase.cdi, all starts as one batch, on numpy."""
    from solvephase import cdi

    schedule = ",".join(f"{name.lower()}:{steps}" for name, steps in RECIPE)

    def solve(y: FarField) -> np.ndarray:
        found = cdi(
            y.intensity,
            frame(y),
            intensity=True,
            schedule=schedule,
            starts=STARTS,
            shrinkwrap={"every": EVERY},
            precision=precision,
            seed=0,
        )
        return best(y, list(np.asarray(found.objects)))

    return solve


def cohere(package: str) -> Solve:
    """cohere_core's reconstruction of the command line, one start after another; it reads its pattern from a file."""
    from cohere_core.controller import phasing

    params = {
        "algorithm_sequence": "+".join(f"{steps}*{name}" for name, steps in RECIPE),
        "initial_support_area": (0.5, 0.5),
        "shrink_wrap_trigger": [EVERY, EVERY],
        "shrink_wrap_type": "GAUSS",
        "shrink_wrap_threshold": 0.1,
        "shrink_wrap_gauss_sigma": 1.0,
    }

    def solve(y: FarField) -> np.ndarray:
        objects = []
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "data.npy")
            np.save(path, np.sqrt(y.intensity))
            for start in range(STARTS):
                np.random.seed(start)  # noqa: NPY002 - it draws from the global generators
                torch.manual_seed(start)
                work = phasing.create_rec(dict(params), path, package, -1, debug=True)
                work.iterate()
                objects.append(np.conj(np.asarray(work.get_image())))
        return best(y, objects)

    return solve


def pycxim() -> Solve:
    """pyCXIM's steps on numpy in complex64, one start after another, chained as its scripts chain them."""
    from pyCXIM.phase_retrieval.phase_retrieval_numpy import PhaseRetrievalFuns

    def solve(y: FarField) -> np.ndarray:
        objects = []
        for start in range(STARTS):
            work = PhaseRetrievalFuns(y.intensity, start, support=frame(y), precision="32")
            k, last = 0, sum(steps for _, steps in RECIPE)
            for name, steps in RECIPE:
                for _ in range(0, steps, EVERY):
                    getattr(work, name)(EVERY)
                    k += EVERY
                    if k < last:
                        work.Sup(3.5 ** (1 - k / last), 0.1)
            work.End()
            objects.append(work.get_img())
        return best(y, objects)

    return solve


def programs() -> dict[str, Solve]:
    """The programs that are installed, by name; a line for each that is not."""
    result: dict[str, Solve] = {
        "prbench, torch": own("torch", STARTS),
        "prbench, numpy": own("numpy", STARTS),
        "prbench, torch, hopeless starts dropped": own("torch", 3),
    }
    peers: dict[str, dict[str, Callable[[], Solve]]] = {
        "solvephase": {
            "solvephase, complex128": lambda: solvephase("double"),
            "solvephase, complex64": lambda: solvephase("single"),
        },
        "cohere_core": {"cohere-core, torch": lambda: cohere("torch"), "cohere-core, numpy": lambda: cohere("np")},
        "pyCXIM": {"pyCXIM, numpy": pycxim},
    }
    for package, makers in peers.items():
        if importlib.util.find_spec(package) is None:
            sys.stdout.write(f"{package} is not installed\n")
            continue
        result |= {name: make() for name, make in makers.items()}
    return result


def problems(photons: str, count: int) -> list[Problem]:
    """Test crystals of 64x64 pixels."""
    dataset = prbench.get_dataset(f"crystal2d[size=64{photons}]")
    return [dataset.problem(index) for index in range(count)]


def pair_seconds() -> float:
    """Processor seconds of an FFT pair of 128x128."""
    x = torch.zeros((128, 128), dtype=torch.complex64)
    spectrum = torch.empty_like(x)
    begin = time.process_time()
    for _ in range(1000):
        torch.fft.fftn(x, out=spectrum)
        torch.fft.ifftn(spectrum, out=x)
    return (time.process_time() - begin) / 1000


def main(crystals: int = 10) -> None:
    """Print a table for clean and one for noisy patterns."""
    set_threads(1)
    keep_freed_memory()
    solvers = programs()
    for photons in ("", ",photons=100"):
        pairs: dict[str, list[float]] = {name: [] for name in solvers}
        errors: dict[str, list[float]] = {name: [] for name in solvers}
        work = problems(photons, crystals)
        for number, problem in enumerate([work[0], *work]):  # the first round compiles and is not counted
            pair = pair_seconds()
            for name, solve in solvers.items():
                begin = time.process_time()
                with contextlib.redirect_stdout(io.StringIO()):
                    answer = solve(problem.measurement)
                seconds = time.process_time() - begin
                if number:
                    pairs[name].append(seconds / pair)
                    errors[name].append(prbench.score(Reconstruction(object=answer), problem, ["sa_nmse"])["sa_nmse"])
        sys.stdout.write(f"\n| crystal2d[size=64{photons}] | FFT pairs | of the first | sa_nmse | below 0.05 |\n")
        sys.stdout.write("|---|---:|---:|---:|---:|\n")
        first = pairs["prbench, torch"]
        for name, cost in pairs.items():
            ratio = np.median(np.divide(cost, first))
            below = sum(error < 0.05 for error in errors[name])
            row = f"{np.median(cost):.0f} | {ratio:.2f} | {np.median(errors[name]):.2g} | {below} of {crystals}"
            sys.stdout.write(f"| {name} | {row} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
