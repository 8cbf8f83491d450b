"""Which words can still be read in the files of a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["traces"]


def traces(folder: Path, words: Iterable[str]) -> set[str]:
    """The words that some file or file name holds, in UTF-8 or UTF-16, in any ASCII case."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = " ".join(str(path.relative_to(folder)) for path in paths)
    haystacks = [path.read_bytes().lower() for path in paths] + [names.lower().encode()]
    return {
        word
        for word in words
        for encoding in ("utf-8", "utf-16-le", "utf-16-be")
        if any(word.lower().encode(encoding) in haystack for haystack in haystacks)
    }
