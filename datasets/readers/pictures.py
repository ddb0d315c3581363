"""PNG and JPEG, the pictures that radiographs and cameras come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prbench.errors import BadInput, one_line

from .raw import check_declared

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue in a grey value (ITU-R BT.601)."""


def read_picture(path: Path) -> np.ndarray:
    """A picture as grey values, float32 (rows, columns), in its own units; colours become their luma.

    Raises:
        BadInput: in one line, for anything that is not such a file.
    """
    from PIL import Image

    if not path.is_file():
        raise BadInput(f"{path}: {'is not a regular file' if path.exists() else 'does not exist'}")
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            check_declared(str(path), (height, width), np.dtype(np.float32), path.stat().st_size)
            plain = picture.convert("RGB") if picture.mode in ("P", "RGBA", "LA", "CMYK", "YCbCr", "PA") else picture
            grey = np.asarray(plain, np.float32)
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"{path}: not a readable picture ({type(error).__name__}: {one_line(error, 120)})") from error
    return grey if grey.ndim == 2 else np.asarray(grey @ np.array(_LUMA, np.float32))


def centre_square(picture: np.ndarray) -> np.ndarray:
    """The largest square in the middle of a picture."""
    side = min(picture.shape)
    top, left = ((n - side) // 2 for n in picture.shape)
    return picture[top : top + side, left : left + side]


def random_square(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A square of 0.8 to 0.95 of the shorter side, cut out anywhere, turned and mirrored."""
    side = round(min(picture.shape) * rng.uniform(0.8, 0.95))
    top, left = (int(rng.integers(0, n - side + 1)) for n in picture.shape)
    rotated = np.rot90(picture[top : top + side, left : left + side], int(rng.integers(4)))
    return rotated[:, ::-1] if rng.integers(2) else rotated


def resized(square: np.ndarray, size: int) -> np.ndarray:
    """A square sampled at (size, size) without aliasing, float64."""
    from skimage.transform import resize

    return np.asarray(resize(square.astype(np.float64), (size, size), order=1, anti_aliasing=True))  # type: ignore[no-untyped-call]


def stretched(picture: np.ndarray) -> np.ndarray:
    """A picture from its darkest, 0, to its brightest, 1; zero where it is constant."""
    above = picture - picture.min()
    return np.asarray(above / (above.max() or 1.0))
