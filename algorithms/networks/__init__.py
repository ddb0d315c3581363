"""Architectures that several learned solvers share; torch modules, imported when a network is built."""
