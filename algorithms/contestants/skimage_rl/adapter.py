"""skimage.restoration.richardson_lucy on the image, continued at its edges by the kernel's size minus one."""

import numpy as np
import skimage
from skimage.restoration import richardson_lucy


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    image, kernel = measurement["image"], measurement["kernel"]
    larger = np.pad(image, [(n // 2, n // 2) for n in kernel.shape], mode="edge")
    found = richardson_lucy(larger, kernel, num_iter=settings["iterations"], clip=False)
    return {"image": found.astype(image.dtype), "kernel": kernel, "counts": {"iterations": settings["iterations"]}}


def version():
    return skimage.__version__
