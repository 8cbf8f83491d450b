"""Which data was measured, whatever it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

from memory.models import sha256

__all__ = ["digest_of"]


def digest_of(path: Path) -> str:
    """SHA-256 in hex: of a file, or of the names and digests of all files of a folder."""
    if path.is_file():
        return sha256(path)
    parts = sorted(part.relative_to(path).as_posix() for part in path.rglob("*") if part.is_file())
    listing = "".join(f"{sha256(path / part)} {part}\n" for part in parts)
    return hashlib.sha256(listing.encode()).hexdigest()
