"""Which data was measured, whatever it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

from memory.models import sha256

__all__ = ["digest_of"]


def digest_of(path: Path) -> str:
    """SHA-256 in hex: of a file, or of the names and digests of a folder's files.

    Hidden files, which desktops leave behind, are no data.
    """
    if path.is_file():
        return sha256(path)
    names = sorted(
        name.as_posix()
        for file in path.rglob("*")
        if file.is_file()
        for name in [file.relative_to(path)]
        if not any(part.startswith(".") for part in name.parts)
    )
    listing = "".join(f"{sha256(path / name)} {name}\n" for name in names)
    return hashlib.sha256(listing.encode()).hexdigest()
