"""spexwavepy.trackfun's XSVT on a padded square. Its delays point from the sample to the reference; its X runs along the rows."""

from importlib.metadata import version as installed

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from spexwavepy.imstackfun import Imagestack
from spexwavepy.trackfun import Tracking


def prepare(settings, device):
    """Nothing to prepare."""


def solve(measurement, settings, seed):
    rows, columns = measurement["sample"].shape[1:]
    side, border = max(rows, columns), settings["pad"] + settings["width"] // 2

    def stack(array):
        lack = [(1, 1), (border, border + side - rows), (border, border + side - columns)]
        made = Imagestack("", (0, 0, 0, 0))
        made.rawdata = made.data = np.pad(array, lack, mode="reflect").astype(float)
        made.verbose = False
        return made

    track = Tracking(stack(measurement["sample"]), stack(measurement["reference"]))
    track.dimension, track.subpixelmeth = "2D", settings["subpixel"]
    track.pixsize = track.dist = 1.0
    track.XSVT_withrefer(settings["pad"], 1, hw_xy=settings["width"], pad_xy=settings["pad"], verbose=False)
    displacement = -np.stack([track.delayX, track.delayY])[:, :rows, :columns]
    transmission = measurement["sample"].mean(0) / measurement["reference"].mean(0)  # which it does not estimate
    return {"displacement": displacement.astype("f4"), "transmission": transmission.astype("f4")}


def version():
    return installed("spexwavepy")
