"""Contestants that run in the test's own Python, for the tests of the protocol: one that works, and others that do not."""

from __future__ import annotations

from pathlib import Path

DECLARATION = """
name = "{name}"
task = "far-field"
summary = "Error reduction in a fixed square, for tests."
cite = "Nobody (2026)"
licence = "CC0-1.0"
adapter = "adapter.py"

[settings]
iterations = {{ default = 20, range = [5, 50], log = true, valid = "[1, 1000]", doc = "steps" }}
mode = {{ default = "plain", choices = ["plain", "odd"], doc = "for tests" }}
"""

ADAPTER = """
import os, signal, sys, threading, time
import numpy as np

def version():
    return "1.2.3"

def solve(m, settings, seed):
    {body}
    a = np.fft.ifftshift(np.sqrt(m["intensity"]))
    s = np.zeros(a.shape, bool)
    s[tuple(slice(0, n) for n in m["object_shape"])] = True
    g = np.fft.ifftn(a * np.exp(2j * np.pi * np.random.default_rng(seed).random(a.shape)))
    for _ in range(settings["iterations"]):
        G = np.fft.fftn(g)
        g = np.fft.ifftn(a * np.exp(1j * np.angle(G))) * s
    {answer}
"""

ANSWER = 'return {"object": g[tuple(slice(0, n) for n in m["object_shape"])], "counts": {"iterations": settings["iterations"]}}'

BODIES = {
    "works": "pass",
    "prints": "print('x' * 4_000_000); sys.stderr.write('y' * 2_000_000); os.write(1, b'{}\\n' * 1000)",
    "raises": "raise ValueError('because')",
    "dies": "print('farewell', flush=True); os.kill(os.getpid(), signal.SIGSEGV)",
    "exits": "os._exit(7)",
    "leaves": "sys.exit(3)",
    "full": "raise MemoryError('exhausted')",
    "takes": "x = [np.empty(1 << 27) for _ in range(20)]",
    "refuses": "raise NotImplementedError('unsupported')",
    "diverges": "raise FloatingPointError('overflow')",
    "hangs": "time.sleep(3600)",
    "spins": "threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()",
    "lies": "time.perf_counter = time.process_time = lambda: 0.0; [np.sort(np.random.rand(1 << 20)) for _ in range(3)]",
}
ANSWERS = {
    "wrong": 'return {"object": g.real[:3]}',
    "texts": 'return {"object": np.array(["a"])}',
    "empty": 'return {"nothing": g}',
    "whole": 'return {"object": g, "extra": np.arange(3), "number": 2.5, "process": os.getpid()}',
    "nan": 'return {"object": np.full(m["object_shape"], np.nan, complex)}',
}


def write(folder: Path, kind: str = "works", *, name: str = "", declaration: str = DECLARATION) -> str:
    """Write the contestant of a kind into a folder below ``folder``; the path of its declaration."""
    home = folder / kind
    home.mkdir(parents=True, exist_ok=True)
    adapter = ADAPTER.format(body=BODIES.get(kind, "pass"), answer=ANSWERS.get(kind, ANSWER))
    (home / "adapter.py").write_text(adapter, encoding="utf-8")
    (home / "contestant.toml").write_text(declaration.format(name=name or f"standin-{kind}"), encoding="utf-8")
    return str(home / "contestant.toml")
