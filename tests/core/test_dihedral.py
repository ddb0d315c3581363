import numpy as np
import pytest

from prbench.core import Reconstruction
from prbench.core.dihedral import SYMMETRIES_OF_THE_SQUARE, rotated, rotated_vectors
from prbench.tasks.speckle import SpeckleStack

ELEMENTS = range(SYMMETRIES_OF_THE_SQUARE)
RNG = np.random.default_rng(0)
IMAGE = RNG.random((3, 7, 7))


def test_the_turns_are_the_eight_symmetries_of_the_square():
    found = {rotated(IMAGE, element).tobytes() for element in ELEMENTS}
    assert len(found) == SYMMETRIES_OF_THE_SQUARE
    assert {rotated(rotated(IMAGE, a), b).tobytes() for a in ELEMENTS for b in ELEMENTS} == found
    assert rotated(IMAGE, 0) is IMAGE


@pytest.mark.parametrize("element", ELEMENTS)
def test_gradients_turn_as_vectors(element):
    rows, columns = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9), indexing="ij")
    hill = rows**2 + 3 * columns**3 + rows * columns
    np.testing.assert_allclose(
        rotated_vectors(np.stack(np.gradient(hill)), element), np.stack(np.gradient(rotated(hill, element))), atol=1e-12
    )


@pytest.mark.parametrize("element", ELEMENTS)
def test_a_turned_stack_is_explained_by_the_turned_displacement(element):
    reference = 1 + RNG.random((1, 24, 24))
    displacement = np.stack([np.full((24, 24), 2.0), np.full((24, 24), -1.0)])
    flat = np.ones((24, 24))
    geometry = {"energy_ev": 1e4, "distance_m": 1.0, "pixel_m": 1e-6}

    def moved(stack, field):
        y = SpeckleStack(stack, stack, **geometry)
        return y.forward(Reconstruction(displacement=field, transmission=flat, phase=flat))

    found = moved(np.ascontiguousarray(rotated(reference, element)), rotated_vectors(displacement, element))
    np.testing.assert_allclose(found, rotated(moved(reference, displacement), element), atol=1e-9)
