"""Datasets of near-field imaging: one intensity behind phase objects."""
