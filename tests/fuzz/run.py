"""Fuzz the readers of users' files for a bounded time: ``python tests/fuzz/run.py --seconds 60``.

Every format in turn, in processes of their own. Findings are printed and the files kept: anything but a pattern or one line of
refusal, a process that hangs or dies, and a write outside of its folder. The HDF5 library alone may hang or die, which is
counted: a run reads users' files in a process of their own, with limits of time and memory, for that reason. The exit code is 1
where there are findings.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from seeds import SUFFIXES, originals

CASES = Path(__file__).with_name("cases.py")
BLOCK = 400
"""Cases of a format before the next one's turn."""
HANGS_S = 20.0
MAY_DIE = (".h5", ".cxi", ".mat")
"""Formats that the HDF5 library reads; a MAT of version 7.3 is one."""


@dataclass
class Tally:
    """What came of it."""

    cases: int = 0
    deaths: int = 0
    hangs: int = 0
    findings: list[str] = field(default_factory=list)


def fuzz(seconds: float, most: int, seed: str, suffixes: tuple[str, ...], keep: Path) -> Tally:
    """Read mutated files until the time is over or there were ``most``."""
    tally, ends, turn = Tally(), time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory(prefix="prbench-fuzz-") as folder:
        while time.monotonic() < ends and tally.cases < most:
            suffix = suffixes[turn % len(suffixes)]
            first = turn // len(suffixes) * BLOCK
            _block(suffix, seed, first, first + min(BLOCK, most - tally.cases), Path(folder), ends, tally, keep)
            turn += 1
    return tally


def _block(suffix: str, seed: str, first: int, last: int, folder: Path, ends: float, tally: Tally, keep: Path) -> None:
    while first < last and time.monotonic() < ends:
        call = [sys.executable, str(CASES), suffix, seed, str(first), str(last), str(folder)]
        process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        hung = False
        reached = first

        def stop(process: subprocess.Popen[str] = process) -> None:
            nonlocal hung
            hung = True
            process.kill()

        timer = threading.Timer(HANGS_S, stop)
        timer.start()
        for line in process.stdout:
            timer.cancel()
            if line.startswith("case "):
                reached = int(line.split()[1])
                tally.cases += 1
            elif line.startswith("escaped "):
                _found(tally, keep, suffix, seed, int(line.split()[1].rstrip(":")), line.partition(": ")[2].strip())
            if time.monotonic() > ends:
                process.kill()
                timer.cancel()
                process.wait()
                return
            timer = threading.Timer(HANGS_S, stop)
            timer.start()
        timer.cancel()
        process.wait()
        if hung and suffix in MAY_DIE:
            tally.hangs += 1
        elif hung:
            _found(tally, keep, suffix, seed, reached, f"did not end within {HANGS_S:.0f} s")
        elif process.returncode < 0:
            tally.deaths += 1
            if suffix not in MAY_DIE:
                _found(tally, keep, suffix, seed, reached, f"died of signal {-process.returncode}")
        elif process.returncode > 0:
            _found(tally, keep, suffix, seed, reached, f"ended with exit code {process.returncode}")
        else:
            return
        first = reached + 1


def _found(tally: Tally, keep: Path, suffix: str, seed: str, number: int, what: str) -> None:
    from cases import mutated

    keep.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"{suffix} {seed} {number}")
    with tempfile.TemporaryDirectory() as folder:
        known = list(originals(suffix, Path(folder)))
    path = keep / f"{seed}-{number}{suffix}"
    path.write_bytes(mutated(rng.choice(known), rng))
    tally.findings.append(f"{path}: {what}")
    sys.stdout.write(f"{tally.findings[-1]}\n")
    sys.stdout.flush()


def main() -> int:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int, default=10**9, help="at most so many")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--formats", default=",".join(SUFFIXES))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder of the files that were found")
    asked = parser.parse_args()
    shutil.rmtree(asked.keep, ignore_errors=True)
    tally = fuzz(asked.seconds, asked.cases, asked.seed, tuple(asked.formats.split(",")), asked.keep)
    library = f"{tally.deaths} deaths and {tally.hangs} hangs of the HDF5 library"
    sys.stdout.write(f"{tally.cases} cases, {library}, {len(tally.findings)} findings\n")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
