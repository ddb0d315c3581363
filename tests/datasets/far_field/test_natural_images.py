"""Photographs under normal noise, and the published networks that take it out."""

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import prbench
from prbench.algorithms.networks import dncnn
from prbench.algorithms.networks.dncnn_weights import FILE
from prbench.backend import get_backend
from prbench.cli import app
from prbench.core.data_files import verify
from prbench.datasets.originals.pictures import reduced
from prbench.errors import BadInput, DataNotFound

ORIGINALS = Path(os.environ.get("PRBENCH_DATA", "nowhere")) / "originals"
have = pytest.mark.skipif(not (ORIGINALS / "prdeep-images").is_dir(), reason="PRBENCH_DATA has no folder originals/prdeep-images")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A data folder with the pictures and the networks, made of the originals."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRBENCH_DATA", str(folder))
        result = CliRunner().invoke(app, ["data", "get", "natural-images", "pnp", "--from", str(ORIGINALS)])
        assert result.exit_code == 0, result.stderr
        yield folder


def test_reducing_takes_means():
    picture = np.arange(256 * 256, dtype=np.float32).reshape(256, 256)
    small = reduced(picture, "x.png")
    assert small.shape == (128, 128)
    assert small[3, 5] == picture[6:8, 10:12].mean()
    with pytest.raises(BadInput, match=r"^x\.png: .*\b128\b"):
        reduced(picture[:200, :200], "x.png")


@have
@pytest.mark.usefixtures("pictures")
def test_the_noise_is_alpha_times_the_modulus():
    clean, noisy = (prbench.get_dataset("natural-images", alpha=alpha).problem(6) for alpha in (0, 3))
    y = clean.measurement
    assert (y.real, y.nonnegative, y.support.sum(), y.gain) == (True, True, 128 * 128, None)
    truth = np.asarray(clean.truth.object)
    assert truth.real.min() >= 0
    assert truth.real.max() <= 255
    np.testing.assert_allclose(y.forward(truth), y.intensity, rtol=1e-4, atol=1e-4 * y.intensity.max() / 1e6)
    modulus = np.sqrt(y.intensity.astype(np.float64)) / 512
    strong = modulus > 15  # where the noise leaves no intensity at zero
    pull = ((noisy.measurement.intensity - y.intensity) / 512**2)[strong] / modulus[strong]
    assert pull.std() == pytest.approx(3, rel=0.05)
    assert abs(pull.mean()) < 0.2
    assert noisy.measurement.gain == pytest.approx((3 * 512) ** 2)


@have
@pytest.mark.usefixtures("pictures")
def test_coded_patterns_are_those_of_the_same_pictures_behind_masks():
    clean, noisy, far = (
        prbench.get_dataset(name).problem(6) for name in ("coded-images[alpha=0]", "coded-images[alpha=27]", "natural-images")
    )
    y = clean.measurement
    assert (y.intensity.shape, y.real, y.gain, noisy.measurement.gain) == ((4, 128, 128), True, None, pytest.approx(27**2))
    np.testing.assert_array_equal(clean.truth.object, far.truth.object)
    np.testing.assert_array_equal(y.modulations, noisy.measurement.modulations)
    np.testing.assert_allclose(np.abs(y.modulations), 1, rtol=1e-6)
    assert y.intensity.sum() == pytest.approx(4 * np.sum(np.abs(clean.truth.object) ** 2), rel=1e-4)  # F and masks are unitary
    strong = y.intensity > (5 * 27) ** 2  # where the noise leaves no intensity at zero
    pull = (noisy.measurement.intensity - y.intensity)[strong] / np.sqrt(y.intensity[strong])
    assert pull.std() == pytest.approx(27, rel=0.05)
    assert prbench.get_dataset("coded-images").samples == 12


@have
@pytest.mark.usefixtures("pictures")
def test_psnr_is_taken_against_white():
    problem = prbench.get_dataset("natural-images").problem(6)
    off = prbench.Reconstruction(object=problem.truth.object + np.where(np.indices((128, 128)).sum(0) % 2, 5, -5))
    assert np.ptp(np.abs(problem.truth.object)) < 250
    assert prbench.score(off, problem, ["psnr"])["psnr"] == pytest.approx(20 * np.log10(255 / 5), abs=0.05)


@have
def test_networks_take_noise_out(pictures):
    assert FILE.path.is_relative_to(pictures)
    assert verify(FILE) == "ok"
    import torch

    truth = np.asarray(prbench.get_dataset("natural-images").problem(6).truth.object).real[32:96, 32:96]
    for noise, level in ((8, "0to10"), (15, "10to20"), (30, "20to40"), (50, "40to60")):
        assert dncnn.level_for(noise) == level
        noisy = truth + noise * np.random.default_rng(0).standard_normal(truth.shape)
        given = torch.from_numpy(noisy.astype(np.float32) / 255)[None, None]
        clean = 255 * dncnn.network(FILE.path, level)(given)[0, 0].numpy()
        assert np.std(clean - truth) < 0.7 * noise


@have
@pytest.mark.usefixtures("pictures")
def test_the_network_is_a_prior():
    problem = prbench.get_dataset("natural-images").problem(9)
    settings = {"first_steps": 20, "starts": 2, "choose_after": 5, "iterations": 2}
    found = {
        name: prbench.solve(prbench.get_solver("pnp", denoiser=name, **settings), problem.measurement) for name in ("tv", "dncnn")
    }
    assert [solution.status for solution in found.values()] == ["ok", "ok"]
    first, second = (np.asarray(solution.reconstruction.object) for solution in found.values())
    assert not np.array_equal(first, second)


def test_weights_that_are_missing_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFound, match="prbench data get pnp"):
        prbench.get_solver("pnp[denoiser=dncnn]").prepare(get_backend("numpy"), np.random.default_rng(0))
