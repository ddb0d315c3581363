"""A trained network as an ONNX file, checked against the network itself."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prbench.backend import get_backend
from prbench.core import LearnedSolver, build_plugin
from prbench.core.learned import layout
from prbench.errors import MissingDependency, PrbenchError, UsageError
from prbench.hints import install_hint

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-3
"""Largest difference between the file's answer and the network's, in units of the answer's largest value."""


@dataclass(frozen=True)
class ExportedNetwork:
    """What was written.

    Attributes:
        input_shape: that the file takes: ``input``, float32.
        output_shape: that it gives: ``output``, float32.
        difference: between its answer and the network's, in units of the answer's largest value.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    difference: float


def export_onnx(solver: str, path: Path, *, dataset: str | None = None) -> ExportedNetwork:
    """Write a learned solver's network, as it is used for solving, to a file that ONNX runtimes take.

    What the solver does before and after its network is not in the file. Its input is of fixed shape, that of the problems of a
    dataset; the answers of both are compared on the first problem of its tune split, before the file takes its place.

    Args:
        solver: its name with settings.
        path: of the file.
        dataset: its name with settings; the first of the solver's recipe where None.

    Raises:
        UsageError: where the solver is not a network, or the dataset is of another task.
        MissingDependency: where the packages that write and run such files are not installed.
        PrbenchError: where the answers differ.
    """
    learned = build_plugin("solver", solver)
    if not isinstance(learned, LearnedSolver):
        raise UsageError(f"{learned.plugin_name} is no network that could be exported")
    made = build_plugin("dataset", dataset or learned.training.datasets[0])
    if made.info.task != learned.info.task:
        raise UsageError(
            f"{learned.plugin_name} solves {learned.info.task} problems, {made.plugin_name} has {made.info.task} ones"
        )
    backend, rng = get_backend("torch"), np.random.default_rng(0)
    x = learned.network_input(made.problem(0, split="tune").measurement.to(backend)).float()
    x = x.contiguous(memory_format=layout(x))
    network = learned.load(backend, rng)
    network = getattr(network, "_orig_mod", network)  # one that torch.compile has wrapped
    temporary = path.with_name(f".new.{path.name}")
    try:
        expected = _write(network, x, temporary)
        result = _run(temporary, x.numpy())
        difference = float(np.abs(result - expected).max() / max(float(np.abs(expected).max()), 1e-12))
        if not difference <= TOLERANCE:
            raise PrbenchError(
                f"the exported network's answer differs by {difference:.2g} of its largest value; nothing was written"
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return ExportedNetwork(tuple(x.shape), result.shape, difference)


def _write(network: torch.nn.Module, x: torch.Tensor, path: Path) -> np.ndarray:
    """Export, and what the network itself answers."""
    import torch

    with torch.no_grad():
        expected = network(x)
    if not isinstance(expected, torch.Tensor):
        raise UsageError("only networks with one output are exported")
    try:
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of packages that no network here needs
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch's exporter says about its own parts
            torch.onnx.export(
                network,
                (x,),
                path,
                dynamo=True,
                external_data=False,
                verbose=False,
                input_names=["input"],
                output_names=["output"],
            )
    except ImportError as error:
        raise MissingDependency(f"exporting needs onnx and onnxscript: {install_hint('onnx')}") from error
    return expected.numpy()


def _run(path: Path, x: np.ndarray) -> np.ndarray:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(f"checking an export needs onnxruntime: {install_hint('onnx')}") from error
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input": x})[0])
