"""Solvers of near-field imaging: the phase behind one intensity."""
