"""Run a ``prbench`` command in this process and print what it cost: ``measured_command.py WORDS...``.

The last line is JSON: processor seconds of user and system together, seconds by the clock, the highest resident memory in bytes,
and the processor seconds of an FFT pair of 256 x 256 complex64 numbers, timed in the same process after the command.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import statistics
import sys
import time

_BEGAN = time.perf_counter()


def pair_s() -> float:
    """Processor seconds of a forward and an inverse transform."""
    import numpy as np
    import scipy.fft

    x = np.ones((256, 256), np.complex64)
    times = []
    for _ in range(50):
        start = time.process_time()
        scipy.fft.ifft2(scipy.fft.fft2(x, workers=1), workers=1)
        times.append(time.process_time() - start)
    return statistics.median(times)


def main(words: list[str]) -> None:
    """Run it; its own output goes to standard error."""
    from prbench.cli import app

    told = io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(told):
        try:
            app.main(words, prog_name="prbench")
        except SystemExit as end:
            code = end.code
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "exit_code": code,
        "processor_s": used.ru_utime + used.ru_stime,
        "seconds": time.perf_counter() - _BEGAN,
        "peak_bytes": used.ru_maxrss * 1024,
        "fft_pair_s": pair_s(),
    }
    sys.stderr.write(told.getvalue())
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
