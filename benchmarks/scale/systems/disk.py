"""What all systems that keep their data in a folder have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FolderEngine"]


@dataclass(slots=True)
class FolderEngine:
    """All data lies in the folder."""

    folder: Path

    def bytes_on_disk(self) -> int:
        """Length of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
