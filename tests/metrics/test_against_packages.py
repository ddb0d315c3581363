"""BRISQUE and NIQE beside piq and pyiqa themselves, where the extra iqa is installed; a job of its own runs this."""

import importlib
import importlib.util
import sys
import warnings

import numpy as np
import pytest

from prbench.metrics import brisque, niqe
from prbench.metrics._natural_scenes import NUMBERS

THERE = all(importlib.util.find_spec(name) for name in ("piq", "pyiqa", "torchvision"))
pytestmark = pytest.mark.skipif(not THERE, reason="the extra iqa is not installed: pip install -c constraints.txt -e '.[iqa]'")


def pictures():
    """8-bit images by name: photographs, textures, crops of odd sizes, and photographs made worse."""
    data = pytest.importorskip("skimage.data")
    rng = np.random.default_rng(0)
    camera = data.camera()
    found = {name: getattr(data, name)() for name in ("camera", "moon", "coins", "brick", "gravel", "grass", "text", "cell")}
    found["crop"] = camera[:255, :333]
    found["noisy"] = camera + rng.normal(scale=20, size=camera.shape)
    found["blurred"] = (camera.astype(float) + np.roll(camera, 1, 0) + np.roll(camera, 1, 1) + np.roll(camera, 2, 0)) / 4
    found["noise"] = rng.integers(0, 256, (200, 301))
    return {name: np.clip(np.rint(image), 0, 255).astype(np.uint8) for name, image in found.items()}


def with_flat_areas():
    """Images whose flat blocks NIQE has to leave out, and one with small flat areas. BRISQUE of these follows rounding in piq."""
    found = {name: pictures()["camera"].copy() for name in ("grey", "black")}
    found["dark"] = pictures()["camera"] // 8
    found["grey"][:300, :250] = 90
    found["black"][:300, :250] = 0
    return found


@pytest.fixture(scope="module", name="packages")
def _packages():
    """The modules of piq and pyiqa that compute the scores."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages' own imports
        library = _allow_torchvision()
        yield importlib.import_module("piq.brisque"), importlib.import_module("pyiqa.archs.niqe_arch")
    del library


def _allow_torchvision():
    """Import torchvision beside a torch without CUDA as well.

    The wheels of the package index are built for CUDA. Beside another torch their operators do not load, and the import fails
    where torchvision describes two of them. Nothing here calls these operators, so that declaring them is enough.
    """
    import torch

    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
    return None


def test_brisque_is_that_of_piq(packages, monkeypatch):
    import torch

    module = packages[0]
    with np.load(NUMBERS / "brisque_svm.npz") as numbers:
        vectors, coefficients = torch.from_numpy(numbers["sv"]), torch.from_numpy(numbers["sv_coef"])
    monkeypatch.setattr(module, "load_url", lambda *_, **__: (coefficients, vectors.clone()))
    for name, image in pictures().items():
        theirs = float(module.brisque(torch.from_numpy(image[None, None].astype(np.float32)), data_range=255))
        # Their last digits depend on how torch adds up a convolution on this processor.
        assert brisque(image) == pytest.approx(theirs, abs=0.1), name


def test_niqe_is_that_of_pyiqa(packages):
    import torch

    with np.load(NUMBERS / "niqe_pristine.npz") as numbers:
        mean, covariance = torch.from_numpy(numbers["mu"].ravel()), torch.from_numpy(numbers["cov"])
    for name, image in (pictures() | with_flat_areas()).items():
        one = torch.from_numpy(image.astype(np.float64))[None, None] / 255
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of blocks without variance, which are left out
            theirs = float(packages[1].calculate_niqe(one, mu_pris_param=mean, cov_pris_param=covariance))
        assert niqe(image) == pytest.approx(theirs, rel=1e-4), name
