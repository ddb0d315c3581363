"""Scores: one family a file."""
