"""Cells as the gate measures them, to plant faults in."""

CURVE = [[0, 1.0], [10, 0.5], [20, 0.11], [30, 0.1]]


def cell(sample=0, solver="hio", **changes):
    """One cell of a far-field solver, with three rounds."""
    return {
        "solver": solver,
        "dataset": "crystal2d",
        "task": "far-field",
        "sample": sample,
        "seed": 0,
        "split": "test",
        "backend": "numpy",
        "precision": "single",
        "device_class": "cpu",
        "status": "ok",
        "metrics": {"sa_nmse": 0.01, "r_factor": 0.02},
        "repeats": True,
        "ffts": 100,
        "operators": 0,
        "iterations": 50,
        "allocated_bytes": 10_000_000,
        "latency_s": [0.1] * 3,
        "latency_fft": [100.0] * 3,
        "cpu_s": [0.1] * 3,
        "cpu_fft": [100.0] * 3,
        "curve": CURVE,
        **changes,
    }


def cells(count=8, **changes):
    """Cells of so many samples, whose scores differ as those of different problems do."""
    scores = [{"sa_nmse": 0.01 * 1.3**n, "r_factor": 0.02 * 1.2**n} for n in range(count)]
    return [cell(n, **{"metrics": scores[n], **changes}) for n in range(count)]


def scored(base, count, name="sa_nmse", by=None, to=None):
    """The cells with a score of the first ``count`` multiplied, or replaced."""
    changed = [{**c, "metrics": {**c["metrics"], name: by * c["metrics"][name] if by else to}} for c in base[:count]]
    return [*changed, *base[count:]]
