"""Optics and statistics that several plug-ins share."""
