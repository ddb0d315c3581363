"""``prbench show-mesh``: the surface behind a reconstruction, as a file of triangles and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prbench.errors import UsageError, one_line

from . import folders

if TYPE_CHECKING:
    from prbench.core import Problem
    from prbench.metrics.surface import Surface
    from prbench.running.store.results import ResultSet

_LISTED = 5
_LEAST_KEY = 4


@click.command("show-mesh")
@click.argument("record")
@folders.argument
@click.option("--format", "form", type=click.Choice(["ply", "stl", "obj"]), help="Write the mesh, lengths in micrometres.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="For meshes; meshes/ in DIR otherwise.",
)
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Draw the surface, as PNG, PDF or SVG."
)
@click.option(
    "--contrast",
    type=float,
    metavar="DELTA_N",
    help="Refractive index of the object minus that around it, in place of the measurement's.",
)
@click.option(
    "--stretch", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Heights in files times this."
)
def command(
    record: str,
    folder: Path | None,
    form: str | None,
    out: Path | None,
    picture: Path | None,
    contrast: float | None,
    stretch: float,
) -> None:
    """Show the surface that a reconstructed phase reveals, beside the true one where it is known.

    RECORD is a record's file, or its key or the beginning of that; DIR holds the results, the newest below prbench-results
    where it is left out. Without options the surface is told in numbers.
    """
    from prbench.reporting.meshes import in_numbers, meshes_of, save_relief, write_mesh

    results, key = _find(record, folder)
    told = results.record(key)
    name = f"{one_line(told.solver, 60)} on {one_line(told.dataset, 60)}, sample {told.cell.sample}, seed {told.cell.seed}"
    surface = _surface(results.problem(key), results.reconstruction(key), contrast)
    click.echo(f"{name}\n{in_numbers(surface)}")
    if form is not None:
        target = out or results.store.path / "meshes"
        target.mkdir(parents=True, exist_ok=True)
        for which, mesh in meshes_of(surface).items():
            file = f"{'-'.join([key[:8], *([which] if which else [])])}.{form}"
            click.echo(write_mesh(target / file, mesh, stretch=stretch))
    if picture is not None:
        click.echo(save_relief(picture, surface, name))


def _find(text: str, folder: Path | None) -> tuple[ResultSet, str]:
    """The results and the key that a user means by RECORD.

    Raises:
        UsageError: where no record, or several, begin so; the message names some that hold a phase.
    """
    path = Path(text)
    if path.suffix == ".json":
        if not path.is_file() or path.parent.parent.name != "runs":
            raise UsageError(f"{text} is no file of a record; they are runs/<first two of key>/<key>.json")
        return folders.open_results(path.parent.parent.parent), path.stem
    from prbench.core import find_task_info

    results = folders.open_results(folder)
    frame = results.frame
    keys = [str(key) for key in frame["key"] if str(key).startswith(text)] if len(text) >= _LEAST_KEY else []
    if len(keys) == 1:
        return results, keys[0]
    if keys:
        raise UsageError(f"{len(keys)} records begin with {text!r}: {', '.join(key[: len(text) + 4] for key in keys[:_LISTED])}")
    tasks = [name for name in frame["task"].unique() if any(kind.field == "phase" for kind in find_task_info(name).maps)]
    rows = frame[frame["task"].isin(tasks)].head(_LISTED)
    those = "; ".join(f"{row['key'][:8]} {row['solver']} on {row['dataset']}" for row in rows.to_dict("records"))
    raise UsageError(f"no record's key begins with {text!r} ({_LEAST_KEY} letters at least); {those or 'none here has a phase'}")


def _surface(problem: Problem, result: Any, contrast: float | None) -> Surface:
    from prbench.metrics.surface import surface_of
    from prbench.physics.surface import metres_per_radian

    y = problem.measurement
    if result.phase is None:
        raise UsageError(f"a reconstruction of the task {y.task} has no phase of a surface")
    wavelength_m = getattr(y, "wavelength_m", None)
    if wavelength_m is None or getattr(y, "pixel_m", None) is None:
        raise UsageError("the measurement does not say its wavelength and pixel, without which a phase has no height")
    scale = None if contrast is None else metres_per_radian(wavelength_m, contrast)
    surface = surface_of(problem, result, scale)
    if surface is None:
        raise UsageError("the measurement does not say what height a radian is; give --contrast, 0.5 for glass in air")
    return surface
