"""The kinds of answer that the tasks of this package have; a new task may name one of its own."""

COMPLEX_OBJECT = "complex object"
"""A complex array, known up to the task's symmetries."""

PHASE_MAP = "phase map"
"""A real, unwrapped phase in radians (H, W), known up to a constant."""

SPECKLE_MAPS = "speckle maps"
"""Displacement, phase, transmission and dark field of a sample (H, W)."""

DEBLURRED_IMAGE = "deblurred image"
"""A real image and the kernel that blurred it."""
