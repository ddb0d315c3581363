"""Datasets of off-axis holography."""
