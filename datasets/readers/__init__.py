"""Readers of file formats. Each refuses what it cannot trust with one line, and never executes what a file contains."""
