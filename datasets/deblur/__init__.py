"""Blurred images."""
