import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prbench.errors import BadInput
from prbench.physics.surface import (
    Mesh,
    equiangular_skewness,
    has_steps,
    is_wrapped,
    metres_per_radian,
    triangulate,
    unwrap,
)

DEGENERATE = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0], [0, 0, 0], [1, 0, 1e-9], [0, 0, 5.0]]),
    np.array([[0, 1, 2], [0, 1, 3], [0, 4, 1], [0, 4, 0], [0, 1, 5], [0, 1, 6], [0, 0, 0], [0, 3, 1]], np.int32),
)
"""Half a square, points on a line in two orders, points that fall together, a needle, and one steep triangle."""


def bumps(shape=(40, 50), height=1e-6):
    rows, columns = np.meshgrid(*(np.linspace(-2, 2, n) for n in shape), indexing="ij")
    return height * np.exp(-(rows**2) - (columns - 0.4) ** 2) * (1 + 0.3 * np.sin(3 * rows))


def by_law_of_cosines(mesh):
    """The definition, side by side."""
    corners = mesh.vertices[mesh.faces]
    found = []
    for triangle in corners:
        angles = []
        for n in range(3):
            a, b = triangle[(n + 1) % 3] - triangle[n], triangle[(n + 2) % 3] - triangle[n]
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            angles.append(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))))
        found.append(max((max(angles) - 60) / 120, (60 - min(angles)) / 60))
    return np.array(found)


def test_a_turn_of_phase_is_a_wavelength_of_glass_path_and_half_a_wavelength_of_height_in_reflection():
    assert 2 * math.pi * metres_per_radian(500e-9, 0.5) == pytest.approx(1e-6)
    assert 2 * math.pi * metres_per_radian(500e-9) == pytest.approx(250e-9)
    assert metres_per_radian(1e-10, -1e-6) < 0  # X-rays: more matter, less phase


@pytest.mark.parametrize("contrast", [0.0, math.nan, math.inf])
def test_a_contrast_that_gives_no_height_is_refused(contrast):
    with pytest.raises(BadInput, match="refractive_contrast"):
        metres_per_radian(500e-9, contrast)
    with pytest.raises(BadInput, match="wavelength_m"):
        metres_per_radian(-1.0, 0.5)


def test_a_flat_surface_is_made_of_halves_of_squares():
    mesh = triangulate(np.zeros((5, 7)), 2e-6)
    assert mesh.vertices.shape == (35, 3)
    assert mesh.faces.shape == (2 * 4 * 6, 3)
    assert equiangular_skewness(mesh) == pytest.approx(np.full(48, 0.25), abs=1e-12)
    edges = np.diff(mesh.vertices[mesh.faces][:, [0, 1, 2]], axis=1)
    normals = np.cross(edges[:, 0], edges[:, 1])
    assert (normals[:, 2] > 0).all()  # all look up
    assert 0.5 * normals[:, 2].sum() == pytest.approx(4 * 6 * 4e-12)  # they cover the frame, once


def test_the_mesh_seen_from_above_is_the_image():
    mesh = triangulate(np.arange(12.0).reshape(3, 4), 1.0)
    upper_left, last = mesh.vertices[0], mesh.vertices[-1]
    assert tuple(upper_left) == (0, 2, 0)
    assert tuple(last) == (3, 0, 11)


def test_triangles_need_all_their_corners_in_the_region():
    region = np.ones((6, 6), bool)
    assert len(triangulate(np.zeros((6, 6)), 1.0, region).faces) == 50
    region[0, 0] = False
    assert len(triangulate(np.zeros((6, 6)), 1.0, region).faces) == 49
    region[3, 3] = False  # an inner pixel is the corner of six
    assert len(triangulate(np.zeros((6, 6)), 1.0, region).faces) == 43


@given(st.integers(0, 2**32 - 1), st.floats(-9, 4))
@settings(max_examples=30, deadline=None)
def test_skewness_is_that_of_the_definition_whatever_the_slope(seed, exponent):
    height = 10**exponent * np.random.default_rng(seed).normal(size=(4, 5))
    mesh = triangulate(height, 1.0)
    found = equiangular_skewness(mesh)
    assert found == pytest.approx(by_law_of_cosines(mesh), abs=1e-6)
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()


def test_skewness_sees_neither_scale_nor_place_nor_the_order_of_corners():
    mesh = triangulate(bumps(), 8e-8)
    values = equiangular_skewness(mesh)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    moved = Mesh(1e6 * mesh.vertices @ turn + 3.0, mesh.faces[:, [1, 2, 0]])
    assert equiangular_skewness(moved) == pytest.approx(values, abs=1e-9)


def test_an_equilateral_triangle_has_none_and_one_without_area_all():
    equilateral = Mesh(np.array([[0, 0, 0], [1, 0, 0], [0.5, math.sqrt(0.75), 0]]), np.array([[0, 1, 2]]))
    assert equiangular_skewness(equilateral) == pytest.approx([0], abs=1e-12)
    steep = (60 - math.degrees(math.atan(1 / 5))) / 60
    assert equiangular_skewness(DEGENERATE) == pytest.approx([0.25, 1, 1, 1, 1, steep, 1, 1], abs=1e-7)


@pytest.mark.parametrize(
    "mesh",
    [
        triangulate(np.zeros((30, 30)), 8e-6),
        triangulate(bumps(), 8e-6),
        triangulate(1e-6 * np.random.default_rng(1).normal(size=(60, 70)), 8e-6),
        triangulate(1e3 * np.random.default_rng(2).normal(size=(60, 70)), 8e-6),
        Mesh(np.random.default_rng(3).normal(size=(300, 3)), np.random.default_rng(4).integers(0, 300, (2000, 3))),
        DEGENERATE,
    ],
    ids=["flat", "bumps", "rough", "steep", "any", "degenerate"],
)
def test_skewness_is_that_of_vtk(mesh):
    pyvista = pytest.importorskip(
        "pyvista",
        reason="pyvista is not installed: pip install -c constraints.txt -e '.[mesh-check]' (0.6 GB)",
        exc_type=ImportError,
    )
    quality = pyvista.PolyData.from_regular_faces(mesh.vertices, mesh.faces).cell_quality(["min_angle", "max_angle"])
    theirs = np.maximum((quality["max_angle"] - 60) / 120, (60 - quality["min_angle"]) / 60)
    ours = equiangular_skewness(mesh)
    assert np.abs(ours - theirs).max() < 1e-6
    assert abs(ours.mean() - theirs.mean()) < 1e-6


def test_unwrapping_finds_a_smooth_phase_up_to_whole_turns():
    phase = bumps(height=20.0) + np.linspace(0, 4, 50)
    wrapped = np.angle(np.exp(1j * phase))
    assert is_wrapped(wrapped)
    assert not is_wrapped(phase)  # it spans more than a turn
    assert not is_wrapped(0.1 * phase)
    turns = (unwrap(wrapped) - phase) / (2 * math.pi)
    assert np.ptp(turns) == pytest.approx(0, abs=1e-9)
    assert turns[0, 0] == pytest.approx(round(turns[0, 0]), abs=1e-9)
    assert np.array_equal(unwrap(wrapped), unwrap(wrapped))


def test_a_wall_of_more_than_half_a_turn_is_a_step():
    phase = np.zeros((8, 8))
    phase[:, 4:] = 3.2
    assert has_steps(phase)
    assert not has_steps(phase - 0.2 * (phase > 1))


def test_what_is_no_surface_is_refused():
    with pytest.raises(BadInput, match=r"\b2x2\b.*\(1, 9\)"):
        triangulate(np.zeros((1, 9)), 1.0)
    with pytest.raises(BadInput, match="pixel_m"):
        triangulate(np.zeros((4, 4)), 0.0)
