"""Fuzz the readers of users' files for a bounded time: ``python tests/fuzz/run.py --seconds 60``.

Every format in turn, in processes of their own. Findings are printed and the files kept: anything but a pattern or one line of
refusal, a process that hangs or dies, and a write outside of its folder. The HDF5 library alone may hang or die, which is
counted: a run reads users' files in a process of their own, with limits of time and memory, for that reason. The exit code is 1
where there are findings, or fewer cases than ``--least``.
"""

from __future__ import annotations

import argparse
import mmap
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from cases import mutated, progress_of
from seeds import SUFFIXES, originals

CASES = Path(__file__).with_name("cases.py")
FIRST_BLOCK, BLOCK = 500, 5000
"""Cases of a format before the next one's turn, in the first round and after it; a new process costs as much as 500 cases."""
HANGS_S, SLEEPS_S = 20.0, 900.0
"""Seconds at one case, of processor time and by the clock: on a busy machine an idle process is no slow one."""
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
            turns = turn // len(suffixes)
            first, size = (FIRST_BLOCK + (turns - 1) * BLOCK, BLOCK) if turns else (0, FIRST_BLOCK)
            _block(suffix, seed, first, first + min(size, most - tally.cases), Path(folder), ends, tally, keep)
            turn += 1
    return tally


def _block(suffix: str, seed: str, first: int, last: int, folder: Path, ends: float, tally: Tally, keep: Path) -> None:
    """Read the cases from ``first`` up to ``last``, in another process after each that ended one."""
    progress = progress_of(folder)
    while first < last and time.monotonic() < ends:
        struct.pack_into("<q", progress, 0, first - 1)
        call = [sys.executable, str(CASES), suffix, seed, str(first), str(last), str(folder)]
        with (folder / "said").open("w+") as said:
            process = subprocess.Popen(call, stdout=said, stderr=subprocess.DEVNULL)
            hung = _wait(process, progress, first - 1, ends)
            said.seek(0)
            for line in said:
                if line.startswith("escaped "):
                    number, _, what = line.removeprefix("escaped ").partition(": ")
                    _found(tally, keep, suffix, seed, int(number), what.strip())
        (reached,) = struct.unpack_from("<q", progress)
        tally.cases += reached + 1 - first
        if hung is None or process.returncode == 0:
            return
        if hung and suffix in MAY_DIE:
            tally.hangs += 1
        elif hung:
            _found(tally, keep, suffix, seed, reached, f"did not end within {HANGS_S:.0f} s")
        elif process.returncode < 0:
            tally.deaths += 1
            if suffix not in MAY_DIE:
                _found(tally, keep, suffix, seed, reached, f"died of signal {-process.returncode}")
        else:
            _found(tally, keep, suffix, seed, reached, f"ended with exit code {process.returncode}")
        first = reached + 1


def _wait(process: subprocess.Popen[bytes], progress: mmap.mmap, before: int, ends: float) -> bool | None:
    """Whether the process was killed because it stayed at one case for too long; None where it was because the time is over.

    Raises:
        TimeoutError: where it does not come as far as its first case, the one after ``before``.
    """
    at, since, worked = bytes(progress), time.monotonic(), 0.0
    unstarted, watched = struct.pack("<q", before), psutil.Process(process.pid)
    while True:
        try:
            process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            now, spent = time.monotonic(), sum(watched.cpu_times()[:2])
            if bytes(progress) != at:
                at, since, worked = bytes(progress), now, spent
            if now < ends and spent - worked < HANGS_S and (now - since < SLEEPS_S or at == unstarted):
                continue
            process.kill()
            process.wait()
            if now < ends and at == unstarted:
                raise TimeoutError(f"no case was read within {HANGS_S:.0f} s of processor time: {process.args}") from None
            return None if now >= ends else True
        else:
            return False


def _found(tally: Tally, keep: Path, suffix: str, seed: str, number: int, what: str) -> None:
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
    parser.add_argument("--least", type=int, default=0, help="fewer within the time are a failure")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--formats", default=",".join(SUFFIXES))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder of the files that were found")
    asked = parser.parse_args()
    shutil.rmtree(asked.keep, ignore_errors=True)
    tally = fuzz(asked.seconds, asked.cases, asked.seed, tuple(asked.formats.split(",")), asked.keep)
    library = f"{tally.deaths} deaths and {tally.hangs} hangs of the HDF5 library"
    sys.stdout.write(f"{tally.cases} cases, {library}, {len(tally.findings)} findings\n")
    return 1 if tally.findings or tally.cases < asked.least else 0


if __name__ == "__main__":
    sys.exit(main())
