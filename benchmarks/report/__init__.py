"""A run as one HTML file that opens from disk: tables, plots, and a browser of misses.

``command`` reads a file of runs and writes the page; ``summary`` says what is on it, ``plots``
draws, ``page`` puts it together from ``templates``. Nothing here computes a metric.
"""

from __future__ import annotations

from remem.benchmarks.report.command import report, write_report

__all__ = ["report", "write_report"]
