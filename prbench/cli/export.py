"""``prbench export``: a trained network as a file for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from . import selecting


@click.command("export")
@selecting.solver_argument
@click.option("--onnx", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@selecting.named("dataset", many=False, what="Dataset that decides the shape of the input, the recipe's first otherwise")
def command(solver: str, path: Path, dataset: str | None) -> None:
    """Write the network of a learned solver as ONNX, and check it against the network.

    The file holds the network alone, as it is used for solving: norms folded into convolutions, single precision, input of one
    shape.
    """
    from prbench.training.exporting import export_onnx

    result = export_onnx(solver, path, dataset=dataset)
    shapes = " to ".join("x".join(map(str, shape)) for shape in (result.input_shape, result.output_shape))
    click.echo(f"{path}: {shapes}, differs from the network by {result.difference:.1g} of the largest value")
