import hashlib
import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from fabio.edfimage import EdfImage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prbench.datasets.readers.pattern import Pattern, binned, read_pattern
from prbench.datasets.readers.raw import MAX_PIXELS
from prbench.datasets.readers.reading import Reading
from prbench.errors import BadInput

PATTERN = np.random.default_rng(0).integers(0, 50, (12, 10)).astype(np.float32)
FLAGS = np.zeros((12, 10), dtype=np.uint8)
FLAGS[3:5, 4] = 1
SUFFIXES = (".npy", ".npz", ".tif", ".edf", ".h5", ".cxi")


def write(path: Path, array: np.ndarray, flags: np.ndarray | None = None) -> Path:
    """Write a pattern in the format of the suffix, with its mask where the format has a place for it."""
    match path.suffix:
        case ".npy":
            np.save(path, array)
        case ".npz":
            np.savez(path, intensity=array, **({} if flags is None else {"bad": flags}))
        case ".tif":
            tifffile.imwrite(path, array, photometric="minisblack")
        case ".edf":
            image = EdfImage(data=array if array.ndim == 2 else array[0])
            if array.ndim == 3:
                for frame in array[1:]:
                    image.append_frame(data=frame)
            image.write(str(path))
        case _:
            with h5py.File(path, "w") as file:
                file["/entry_1/data_1/data"] = array
                if flags is not None:
                    file["/entry_1/data_1/mask"] = flags
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_every_format_gives_the_pattern_back(tmp_path: Path, suffix: str, dtype: str) -> None:
    path = write(tmp_path / f"p{suffix}", PATTERN.astype(dtype))
    read = read_pattern(path)
    np.testing.assert_array_equal(read.intensity, PATTERN)
    assert read.intensity.dtype == np.float32
    assert read.mask is None
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_holds_three_dimensions(tmp_path: Path, suffix: str) -> None:
    stack = np.stack([PATTERN, PATTERN + 1, PATTERN + 2])
    path = write(tmp_path / f"p{suffix}", stack)
    np.testing.assert_array_equal(read_pattern(path).intensity, stack)
    np.testing.assert_array_equal(read_pattern(path, Reading(frames="1")).intensity, stack[1])
    with pytest.raises(BadInput, match=rf"frame 3\b.*{re.escape(str(stack.shape))}"):
        read_pattern(path, Reading(frames="3"))


@pytest.mark.parametrize("suffix", [".npz", ".cxi"])
def test_the_mask_beside_the_pattern_is_taken(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"p{suffix}", PATTERN, FLAGS)
    read = read_pattern(path)
    np.testing.assert_array_equal(read.mask, FLAGS == 0)
    assert (read.intensity[FLAGS != 0] == 0).all()
    assert read_pattern(path, Reading(mask_means="measured")).mask.sum() == 2  # type: ignore[union-attr]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_mask_may_be_another_file(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / "p.npy", PATTERN)
    mask = write(tmp_path / f"m{suffix}", FLAGS)
    np.testing.assert_array_equal(read_pattern(path, Reading(mask=str(mask))).mask, FLAGS == 0)


def test_hdf5_finds_the_only_image_or_asks_which(tmp_path: Path) -> None:
    path = tmp_path / "p.h5"
    with h5py.File(path, "w") as file:
        file["scan/counts"] = PATTERN
        file["scan/energy"] = 8.0
    np.testing.assert_array_equal(read_pattern(path).intensity, PATTERN)
    with h5py.File(path, "a") as file:
        file["scan/dark"] = 2 * PATTERN
    np.testing.assert_array_equal(read_pattern(path).intensity, PATTERN)
    with h5py.File(path, "a") as file:
        file["scan/other"] = 3 * PATTERN
    with pytest.raises(BadInput, match=r"/scan/counts, /scan/dark, /scan/other\b.*dataset="):
        read_pattern(path)
    np.testing.assert_array_equal(read_pattern(path, Reading(dataset="scan/other")).intensity, 3 * PATTERN)
    with pytest.raises(BadInput, match=r"p\.h5.*/scan/none"):
        read_pattern(path, Reading(dataset="/scan/none"))


def test_cxi_gives_geometry_in_si_units_through_links_inside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.cxi"
    with h5py.File(path, "w") as file:
        detector = file.create_group("/entry_1/instrument_1/detector_1")
        detector["data"], detector["mask"] = PATTERN, FLAGS * 4
        detector["distance"], detector["x_pixel_size"], detector["y_pixel_size"] = 1.5, 55e-6, 55e-6
        file["/entry_1/instrument_1/source_1/energy"] = 1.281741e-15
        file["/entry_1/data_1/data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
        file["entry_last"] = h5py.SoftLink("/entry_1")
    read = read_pattern(path)
    assert (read.distance_m, read.pixel_m) == (1.5, 55e-6)
    assert read.wavelength_m == pytest.approx(1.55e-10, rel=1e-3)
    np.testing.assert_array_equal(read.mask, FLAGS == 0)
    np.testing.assert_array_equal(read_pattern(path, Reading(dataset="/entry_last/data_1/data")).intensity, read.intensity)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, -np.inf])
def test_bad_pixels_are_an_error_or_unmeasured(tmp_path: Path, value: float) -> None:
    broken = PATTERN.copy()
    broken[2, 3] = value
    path = write(tmp_path / "p.npy", broken)
    with pytest.raises(BadInput, match=r"p\.npy: 1 .*\(2, 3\).*invalid=mask"):
        read_pattern(path)
    read = read_pattern(path, Reading(invalid="mask"))
    assert read.mask is not None
    assert np.argwhere(~read.mask).tolist() == [[2, 3]]
    hidden = np.zeros(PATTERN.shape, dtype=bool)
    hidden[2, 3] = True
    mask = write(tmp_path / "m.npy", hidden)
    np.testing.assert_array_equal(read_pattern(path, Reading(mask=str(mask))).intensity, read.intensity)


def _external(path: Path) -> None:
    write(path.with_name("secret.h5"), PATTERN)
    with h5py.File(path, "w") as file:
        file["/entry_1/data_1/data"] = h5py.ExternalLink("secret.h5", "/entry_1/data_1/data")


def _external_group(path: Path) -> None:
    write(path.with_name("secret.h5"), PATTERN)
    with h5py.File(path, "w") as file:
        file["out"] = h5py.ExternalLink("secret.h5", "/")
        file["/entry_1/data_1/data"] = h5py.SoftLink("/out/entry_1/data_1/data")


def _external_storage(path: Path) -> None:
    path.with_name("raw.bin").write_bytes(PATTERN.tobytes())
    with h5py.File(path, "w") as file:
        storage = [(str(path.with_name("raw.bin")), 0, PATTERN.nbytes)]
        file.create_dataset("/entry_1/data_1/data", shape=PATTERN.shape, dtype="f4", external=storage)


def _virtual(path: Path) -> None:
    write(path.with_name("secret.h5"), PATTERN)
    layout = h5py.VirtualLayout(shape=PATTERN.shape, dtype="f4")
    layout[:] = h5py.VirtualSource(path.with_name("secret.h5"), "/entry_1/data_1/data", shape=PATTERN.shape)
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("/entry_1/data_1/data", layout)


def _circle(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["/entry_1/data_1/data"] = h5py.SoftLink("/entry_1/data_1/data")


def _bomb(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "/entry_1/data_1/data", shape=(2**12, 2**12, 2**12), dtype="f4", chunks=(8, 64, 64), compression="gzip"
        )


def _group(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("/entry_1/data_1/data")


def _text(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["/entry_1/data_1/data"] = np.array([[b"a", b"b"]])


def _huge_npy(path: Path) -> None:
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (2**20, 2**20)})


def _truncated_npy(path: Path) -> None:
    np.save(path, PATTERN)
    path.write_bytes(path.read_bytes()[:-100])


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("intensity.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (2**15, 2**15)})
        stream.write(bytes(2**20))


def _edf_elsewhere(path: Path) -> None:
    path.with_name("raw.bin").write_bytes(PATTERN.tobytes())
    header = "{\nEDF_BinaryFileName = raw.bin ;\nDim_1 = 10 ;\nDim_2 = 12 ;\nDataType = FloatValue ;\n"
    path.write_text(header.ljust(510) + "}\n")


def _edf_short(path: Path) -> None:
    write(path, PATTERN)
    path.write_bytes(path.read_bytes()[:-8])


def _edf_huge(path: Path) -> None:
    header = "{\nDim_1 = 1000000 ;\nDim_2 = 1000000 ;\nDataType = FloatValue ;\nByteOrder = LowByteFirst ;\n"
    path.write_text(header.ljust(510) + "}\n")


REFUSED = {
    "external link": ("p.cxi", _external, "secret.h5"),
    "soft link through an external one": ("p.cxi", _external_group, "secret.h5"),
    "external storage": ("p.cxi", _external_storage, " raw "),
    "virtual": ("p.cxi", _virtual, "secret.h5"),
    "circle": ("p.cxi", _circle, " 32 links "),
    "compression bomb": ("p.cxi", _bomb, f" {MAX_PIXELS} "),
    "group": ("p.cxi", _group, "dataset="),
    "text in hdf5": ("p.cxi", _text, "|S1"),
    "huge npy": ("p.npy", _huge_npy, f" {MAX_PIXELS} "),
    "truncated npy": ("p.npy", _truncated_npy, "truncated"),
    "pickle npy": ("p.npy", lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True), "unpickled"),
    "pickle npz": ("p.npz", lambda path: np.savez(path, data=np.array([{}], dtype=object)), "unpickled"),
    "zip bomb": ("p.npz", _zip_bomb, f" {MAX_PIXELS} "),
    "two arrays": ("p.npz", lambda path: np.savez(path, a=PATTERN, b=PATTERN), ": a, b;"),
    "no arrays": ("p.npz", np.savez, "axes"),
    "colour": ("p.tif", lambda path: tifffile.imwrite(path, np.zeros((8, 8, 3), "u1"), photometric="rgb"), " 3 samples "),
    "edf elsewhere": ("p.edf", _edf_elsewhere, "raw.bin"),
    "edf truncated": ("p.edf", _edf_short, "bytes"),
    "edf huge": ("p.edf", _edf_huge, "truncated"),
    "complex": ("p.npy", lambda path: np.save(path, PATTERN.astype(complex)), "complex"),
    "one axis": ("p.npy", lambda path: np.save(path, PATTERN[0]), "(10,)"),
    "four axes": ("p.npy", lambda path: np.save(path, PATTERN.reshape(2, 3, 2, 10)), "frames=0"),
    "empty": ("p.npy", lambda path: np.save(path, np.empty((0, 4))), "(0, 4)"),
    "dark": ("p.npy", lambda path: np.save(path, np.zeros((4, 4))), " zero"),
    "unknown suffix": ("p.dat", lambda path: path.write_bytes(b"1"), "suffix '.dat'"),
    "folder": ("p.npy", lambda path: path.mkdir(), "regular"),
    "missing": ("p.npy", lambda path: None, "exist"),
    **{f"empty {s}": (f"p{s}", lambda path: path.write_bytes(b""), f"p{s}") for s in SUFFIXES},
    **{f"text {s}": (f"p{s}", lambda path: path.write_text("not a pattern\n" * 99), f"p{s}") for s in SUFFIXES},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_pattern_is_refused_in_one_line_that_names_the_file(tmp_path: Path, case: str) -> None:
    name, make, says = REFUSED[case]
    path = tmp_path / name
    make(path)
    with pytest.raises(BadInput) as caught:
        read_pattern(path)
    message = str(caught.value)
    assert says in message
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (np.zeros((12, 11)), r"\(12, 10\).*\(12, 11\)"),
        (np.ones((12, 10)), "mask_means"),
        (np.zeros((12, 10), dtype=complex), "complex128"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(tmp_path: Path, flags: np.ndarray, says: str) -> None:
    path = write(tmp_path / "p.npy", PATTERN)
    np.save(tmp_path / "m.npy", flags)
    with pytest.raises(BadInput, match=says):
        read_pattern(path, Reading(mask=str(tmp_path / "m.npy")))


@pytest.mark.parametrize("suffix", SUFFIXES[:4])  # the others in test_fuzzing.py, for a library that may die
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    path = tmp_path / f"p{suffix}"
    content = bytearray(write(path, PATTERN).read_bytes())
    kind = data.draw(st.sampled_from(["random", "cut", "changed"]))
    if kind == "random":
        content = bytearray(data.draw(st.binary(max_size=300)))
    elif kind == "cut":
        content = content[: data.draw(st.integers(0, len(content)))]
    else:
        for _ in range(data.draw(st.integers(1, 8))):
            offset = data.draw(st.integers(0, min(len(content), 2048) - 1))
            content[offset] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        read = read_pattern(path)
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - being read is right as well
    else:
        assert np.isfinite(read.intensity).all()


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("shape", [(24, 36), (25, 31), (12, 14, 17)])
def test_binning_keeps_zero_frequency_in_the_middle_and_loses_no_count(factor: int, shape: tuple[int, ...]) -> None:
    centre = tuple(n // 2 for n in shape)
    counts = np.zeros(shape, dtype=np.float32)
    counts[centre] = 7
    found = binned(Pattern(counts, None, "", pixel_m=2.0), factor)
    assert found.pixel_m == 2.0 * factor
    assert found.intensity[tuple(n // 2 for n in found.intensity.shape)] == 7
    assert found.intensity.sum() == 7
    if factor == 2 and all(n % 2 == 0 for n in shape):
        random = np.random.default_rng(0).integers(0, 9, shape).astype(np.float32)
        assert binned(Pattern(random, None, ""), factor).intensity.sum() == random.sum()


def test_a_binned_pattern_has_the_tapered_autocorrelation() -> None:
    rng = np.random.default_rng(0)
    objects = np.zeros((45, 45), complex)
    objects[:5, :6] = rng.standard_normal((5, 6)) + 1j * rng.standard_normal((5, 6))
    intensity = np.fft.fftshift(abs(np.fft.fft2(objects)) ** 2)
    found = binned(Pattern(intensity, None, ""), 3).intensity
    lags = np.fft.fftfreq(45) * 2 * np.pi
    taper = np.multiply.outer(1 + 2 * np.cos(lags), 1 + 2 * np.cos(lags))
    whole = np.fft.ifft2(np.fft.ifftshift(intensity)) * taper
    kept = np.r_[0:8, -7:0]
    np.testing.assert_allclose(np.fft.ifft2(np.fft.ifftshift(found)), whole[np.ix_(kept, kept)], atol=1e-10)


def test_a_sum_with_an_unmeasured_pixel_is_unmeasured() -> None:
    mask = np.ones((8, 8), dtype=bool)
    mask[5, 2] = False
    found = binned(Pattern(mask.astype(np.float32), mask, ""), 2)
    assert found.mask is not None
    assert np.argwhere(~found.mask).tolist() == [[2, 1]]
    np.testing.assert_array_equal(found.intensity, 4 * found.mask)


def test_too_few_sums_are_refused() -> None:
    with pytest.raises(BadInput, match=r"^bin: 5\b.*\b1\b.*\b3\b.*\b2\b"):
        binned(Pattern(np.ones((12, 5), np.float32), None, ""), 3)
