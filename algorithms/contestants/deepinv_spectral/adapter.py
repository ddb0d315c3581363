"""deepinv's PhaseRetrieval physics on a linear map that holds prbench's matrix or masks, rows divided by their mean power."""

import sys
import types

import numpy as np
import torch

# torchvision of PyPI has no operators beside a torch for processors; deepinv uses none here, but asks to register them.
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("none"))
import deepinv  # noqa: E402
from deepinv.optim.data_fidelity import AmplitudeLoss  # noqa: E402
from deepinv.optim.phase_retrieval import spectral_methods  # noqa: E402


def solve(measurement, settings, seed):
    torch.manual_seed(seed)
    masks, matrix = measurement["modulations"], measurement["matrix"]
    if masks is None:
        power = float(np.sum(np.abs(matrix) ** 2) / matrix.shape[1])
        rows = torch.tensor(matrix / np.sqrt(power)).to(torch.cfloat)
        maps = (lambda x, **_: x @ rows.T), (lambda y, **_: y.to(rows.dtype) @ rows.conj())
    elif masks.shape[1] == 1 and measurement["mask"] is None:
        power = float(np.sum(np.abs(masks) ** 2) / np.prod(masks.shape[2:]))
        d, fft = torch.tensor(masks[:, 0] / np.sqrt(power)).to(torch.cfloat)[None], torch.fft
        back = lambda y, **_: (d.conj() * fft.ifft2(y.to(d.dtype), norm="ortho")).sum(1, keepdim=True)
        maps = (lambda x, **_: fft.fft2(d * x, norm="ortho")), back
    else:
        raise NotImplementedError("patterns of one transform, or a matrix, are taken")
    physics = deepinv.physics.PhaseRetrieval(deepinv.physics.LinearPhysics(A=maps[0], A_adjoint=maps[1]))
    y, loss = torch.tensor(measurement["intensity"])[None] / power, AmplitudeLoss()
    x = spectral_methods(y, physics, n_iter=settings["power_iterations"])
    for _ in range(settings["iterations"]):
        x = x - settings["step"] * loss.grad(x, y, physics)
    return {"object": x.reshape(measurement["shape"]).numpy(), "counts": {"iterations": settings["iterations"]}}


def version():
    return deepinv.__version__
