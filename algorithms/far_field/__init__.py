"""Coherent diffraction imaging: solvers of ``Y = |F X|^2``."""
