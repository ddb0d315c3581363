"""Comparison of versions: measuring cells with two checkouts, baselines, verdicts and their tables."""
