import numpy as np
import pytest

from prbench.core import COMPLEX_OBJECT
from prbench.errors import BadInput
from prbench.metrics import support_agreement
from prbench.tasks.far_field.support import support_jaccard, support_overlap, support_share


def shape_of(size=20):
    support = np.zeros((size, size), bool)
    support[3:9, 4:8] = True
    support[3:5, 8:12] = True
    return support


def test_a_moved_and_flipped_copy_agrees_whatever_its_frame():
    reference = shape_of()
    copy = np.zeros((30, 25), bool)
    copy[10:30, 4:24] = np.flip(reference)
    assert support_agreement(reference, copy) == (1, 1)


def test_half_and_everything():
    reference = shape_of()
    half = reference.copy()
    half[6:9, 4:8] = False
    size = np.count_nonzero(reference)
    assert support_agreement(reference, half) == ((size - 12) / size, (size - 12) / size)
    assert support_agreement(reference, np.ones_like(reference)) == (1, size / reference.size)
    assert support_agreement(reference, np.zeros_like(reference)) == (0, 0)


def test_metrics_take_the_solvers_support_or_the_objects(make_case):
    x, reference = shape_of().astype(complex), np.pad(shape_of(), 10)
    case = make_case(x, x, truth=None, reference={"support": reference})
    assert support_overlap.applies(case, COMPLEX_OBJECT)
    assert (support_overlap(case), support_jaccard(case)) == (1, 1)
    told = make_case(x, x, truth=None, reference={"support": reference}, aux={"support": np.ones(x.shape, bool)})
    assert (support_overlap(told), support_jaccard(told)) == (1, reference.sum() / x.size)
    assert not support_overlap.applies(make_case(x, x), COMPLEX_OBJECT)
    assert np.isnan(support_overlap(make_case(x, x, reference={"phase": x})))


def test_the_share_of_the_frame_counts_every_pixel_that_was_free(make_case):
    x = shape_of().astype(complex)  # 32 of 400 pixels
    assert support_share(make_case(x, x, truth=None)) == 0.08
    wide = np.zeros(x.shape, bool)
    wide[:10] = True
    assert support_share(make_case(x, x, truth=None, aux={"support": wide})) == 0.5
    claimed = make_case(x, x + 1, truth=None, aux={"support": shape_of()})  # the object fills what the support leaves out
    assert support_share(claimed) == 1
    assert support_share(make_case(x, np.zeros_like(x), truth=None)) == 0


def test_refuses_an_empty_reference():
    with pytest.raises(BadInput, match="empty"):
        support_agreement(np.zeros((4, 4)), np.ones((4, 4)))
