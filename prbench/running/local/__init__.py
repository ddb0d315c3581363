"""Cells computed by worker processes of this machine."""
