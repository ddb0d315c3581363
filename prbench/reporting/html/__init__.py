"""The report: results as one HTML file that opens anywhere, without network and without a server."""

from .report import Written, write_report

__all__ = ["Written", "write_report"]
