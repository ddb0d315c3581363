"""Surfaces for other programs and for the eye: files of triangles, and a rendered relief beside the truth's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.errors import UsageError, one_line
from prbench.metrics.surface import Surface, height_error
from prbench.physics.surface import Mesh, equiangular_skewness, triangulate

from .values import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = Any

FORMATS = ("ply", "stl", "obj")

_UNIT_M = 1e-6
"""Unit of length in files. None of the formats states one, and metres would leave a text format too few digits."""

_MOST_CELLS = 220
"""Cells drawn along the longer side of a surface; more are finer than the picture."""

_RELIEF = 0.22
"""Height of the drawn relief over the longer side of the frame."""

_PANEL_INCH = 4.2
_KEY_INCH = 0.85
_DPI = 110
_COLOURS = "viridis"
_LIGHT = np.array([-0.5, 0.5, 0.85])
"""Towards the light: from the left, from behind, from above."""

_AMBIENT = 0.45
"""Part of the light that comes from everywhere."""

_UNITS = {"m": 1.0, "mm": 1e-3, "µm": 1e-6, "nm": 1e-9, "pm": 1e-12}


@dataclass(frozen=True, eq=False)
class _Relief:
    """One surface as it is drawn, heights in metres, NaN outside its region."""

    height: Array
    label: str


def write_mesh(path: str | Path, mesh: Mesh, *, stretch: float = 1.0) -> Path:
    """Write a mesh, lengths in micrometres, as the path's suffix says: binary PLY, binary STL or text OBJ.

    Vertices that no triangle has are left out. The file is written whole under another name and then renamed.

    Args:
        path: ending in one of :data:`FORMATS`; its folder must exist.
        mesh: with at least one triangle.
        stretch: what heights are multiplied by.

    Raises:
        UsageError: for another suffix, a mesh without triangles, or a file that cannot be written.
    """
    import trimesh

    target = Path(path)
    form = target.suffix[1:].lower()
    if form not in FORMATS:
        raise UsageError(f"{target.name}: meshes are written as {', '.join(FORMATS)}")
    if not len(mesh.faces):
        raise UsageError("the surface has no triangle: its region is too small")
    solid = trimesh.Trimesh(mesh.vertices / _UNIT_M * [1.0, 1.0, stretch], mesh.faces, process=False)
    solid.remove_unreferenced_vertices()
    content: Any = solid.export(file_type=form)
    temporary = target.with_name(f".{target.name}.new")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {one_line(error, 120)}") from error
    return target


def meshes_of(surface: Surface) -> dict[str, Mesh]:
    """The mesh of a reconstruction by the name ``""``, and of the truth, where there is one, by ``"truth"``.

    The truth's mean height over the region is the reconstruction's too, since its own is not known.
    """
    estimate, truth = _levelled(surface)
    both = {"": estimate} if truth is None else {"": estimate, "truth": truth}
    return {name: triangulate(height, surface.pixel_m, surface.region) for name, height in both.items()}


def in_numbers(surface: Surface) -> str:
    """A surface in a line, and its error in another where the truth is known."""
    mesh = meshes_of(surface)[""]
    skew = float(np.mean(equiangular_skewness(mesh))) if len(mesh.faces) else math.nan
    vertices, span = int(np.count_nonzero(surface.region)), float(np.ptp(surface.estimate[surface.region]))
    lines = [f"{vertices} vertices, {len(mesh.faces)} triangles of mean skewness {skew:.6g}, heights over {_length(span)}"]
    if surface.truth is not None:
        square = float(np.mean(height_error(surface.truth, surface.estimate, surface.region) ** 2))
        lines.append(f"against the truth: mesh MSE {square:.4g} m^2, rms {_length(math.sqrt(square))}")
    return "\n".join(lines)


def save_relief(path: str | Path, surface: Surface, title: str) -> Path:
    """Draw a surface as a lit relief in perspective, the truth beside it where there is one, as matplotlib knows the suffix.

    Heights are exaggerated to a fixed part of the frame, by a factor that the picture states; both surfaces have one scale.

    Args:
        path: the picture; its folder must exist.
        surface: what to draw.
        title: one or two lines above.

    Raises:
        UsageError: for a suffix that matplotlib does not know, or a file that cannot be written.
    """
    figure = draw_relief(surface, title)
    try:
        figure.savefig(path, metadata={"Software": None} if Path(path).suffix.lower() == ".png" else None)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be written: {one_line(error, 120)}") from error
    return Path(path)


def draw_relief(surface: Surface, title: str) -> Figure:
    """The figure of :func:`save_relief`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    reliefs = _reliefs(surface)
    low, high = _ends(reliefs[0].height)  # the truth's, where there is one
    side = surface.pixel_m * (max(surface.estimate.shape) - 1)
    factor = _RELIEF * side / (high - low)
    figure = Figure(figsize=(len(reliefs) * _PANEL_INCH + _KEY_INCH, 0.9 * _PANEL_INCH), dpi=_DPI)
    FigureCanvasAgg(figure)
    wide, free = _PANEL_INCH / figure.get_figwidth(), _KEY_INCH / figure.get_figwidth()
    for n, relief in enumerate(reliefs):
        axes: Any = figure.add_axes((n * wide, -0.1, wide, 1.1), projection="3d")
        _draw(axes, relief, surface.pixel_m, (low, high))
        figure.text((n + 0.5) * wide, 0.83, relief.label, fontsize=9, horizontalalignment="center", parse_math=False)
    _key(figure, figure.add_axes((1 - free, 0.2, 0.15 * free, 0.5)), low, high)
    across, down = (_length(surface.pixel_m * (n - 1)) for n in surface.estimate.shape[::-1])
    note = f"{across} by {down}, heights exaggerated {number(float(f'{factor:.2g}'))} times"
    figure.suptitle(f"{title}\n{note}", fontsize=9, parse_math=False, y=0.98, verticalalignment="top")
    return figure


def _levelled(surface: Surface) -> tuple[Array, Array | None]:
    """Both heights with the truth's mean over the region; the reconstruction's own is put to zero where there is no truth."""
    inside = surface.region
    estimate = surface.estimate - surface.estimate[inside].mean()
    if surface.truth is None:
        return estimate, None
    return estimate + surface.truth[inside].mean(), surface.truth


def _reliefs(surface: Surface) -> list[_Relief]:
    estimate, truth = _levelled(surface)
    shown = [np.where(surface.region, height, np.nan) for height in (truth, estimate) if height is not None]
    if truth is None:
        return [_Relief(shown[0], "reconstruction")]
    rms = math.sqrt(float(np.mean(height_error(truth, estimate, surface.region) ** 2)))
    return [_Relief(shown[0], "truth"), _Relief(shown[1], f"reconstruction, rms height error {_length(rms)}")]


def _ends(height: Array) -> tuple[float, float]:
    low, high = float(np.nanmin(height)), float(np.nanmax(height))
    return (low, high) if high > low else (low - 0.5e-9, high + 0.5e-9)


def _draw(axes: Any, relief: _Relief, pixel_m: float, ends: tuple[float, float]) -> None:
    """A surface seen from the lower right, lit from the upper left; coarser where its cells are finer than the picture."""
    import matplotlib as mpl
    from matplotlib.colors import Normalize

    low, high = ends
    step = max(1, math.ceil(max(relief.height.shape) / _MOST_CELLS))
    height = relief.height[::step, ::step]
    rows, columns = height.shape
    y, x = np.meshgrid(np.arange(rows)[::-1] * step * pixel_m, np.arange(columns) * step * pixel_m, indexing="ij")
    factor = _RELIEF * pixel_m * (max(relief.height.shape) - 1) / (high - low)
    filled = np.where(np.isfinite(height), height, low)
    lit = _lit(factor * filled / (step * pixel_m))[..., None]
    colours = np.clip(lit * mpl.colormaps[_COLOURS](Normalize(low, high)(filled))[..., :3], 0, 1)
    axes.plot_surface(
        x, y, height, facecolors=colours, rstride=1, cstride=1, linewidth=0, antialiased=False, shade=False, rasterized=True
    )
    margin = 0.5 * (high - low)  # an error may overshoot, and the box keeps its scale
    axes.set_zlim(low - margin, high + margin)
    axes.set_box_aspect((columns / max(rows, columns), rows / max(rows, columns), 2 * _RELIEF), zoom=1.12)
    axes.view_init(elev=38, azim=-65)
    axes.set_proj_type("persp", focal_length=0.6)
    axes.set_axis_off()


def _lit(height_px: Array) -> Array:
    """Brightness of a matt surface, (H, W); 1 where it is level, so that its colour is that of the key."""
    down, right = np.gradient(height_px)
    slope = np.stack([-right, down, np.ones_like(height_px)], axis=-1)
    cosine = slope @ _LIGHT / np.linalg.norm(slope, axis=-1) / _LIGHT[2]
    estimate: Array = _AMBIENT + (1 - _AMBIENT) * np.maximum(cosine, 0)
    return estimate


def _key(figure: Figure, axes: Axes, low: float, high: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    unit = _unit(max(abs(low), abs(high)))
    scale = _UNITS[unit]
    bar = figure.colorbar(ScalarMappable(Normalize(low / scale, high / scale), _COLOURS), cax=axes)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(f"height, {unit}", fontsize=8)


def _unit(length_m: float) -> str:
    """The largest unit of which a length has at least one."""
    return next((unit for unit, scale in _UNITS.items() if length_m >= scale), "pm")


def _length(length_m: float) -> str:
    unit = _unit(length_m)
    return f"{number(length_m / _UNITS[unit])} {unit}"
