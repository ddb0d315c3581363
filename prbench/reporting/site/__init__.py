"""The public board: a static site from several folders of results."""

from .building import build_site

__all__ = ["build_site"]
