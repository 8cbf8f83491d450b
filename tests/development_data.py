"""Public data sets that some tests read where they are there; none is part of the project."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DATA"]

DATA = Path(os.environ.get("REMEM_TEST_DATA", "development-data"))
"""A folder with ``locomo``, ``longmemeval``, ``beir`` and so on; see CONTRIBUTING.md."""
