"""Solvers for random measurements: an object from the moduli of a random linear map of it."""
