"""Detection of the data set that a file or folder holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from remem.benchmarks.datasets.base import Dataset, Reader
from remem.benchmarks.datasets.beir import BEIR
from remem.benchmarks.datasets.locomo import LOCOMO
from remem.benchmarks.datasets.longmemeval import BOTH_ROLES, OFFICIAL, longmemeval
from remem.benchmarks.datasets.own import OWN
from remem.store import InvalidInput

READERS: Sequence[Reader] = (LOCOMO, longmemeval(BOTH_ROLES), BEIR, OWN)
"""All readers, in the order in which they are asked."""

OFFICIAL_READERS: Sequence[Reader] = (longmemeval(OFFICIAL),)
"""The readers of formats whose authors prescribe what is indexed and asked."""


def detect(path: str | Path, readers: Sequence[Reader] = READERS) -> Dataset:
    """The data set at a path: a file, a folder, or a folder in which exactly one lies.

    Raises:
        InvalidInput: there is nothing at the path, nothing that a reader knows, or a choice.
    """
    path = Path(path)
    if not path.exists():
        raise InvalidInput(f"there is no file or folder {path}")
    found = _find([path], readers)
    if not found and path.is_dir():
        found = _find(sorted(each for each in path.iterdir() if each.name[0] != "."), readers)
    if len(found) > 1:
        names = ", ".join(dataset.path.name for dataset in found)
        raise InvalidInput(f"{path} holds several data sets; name one of them: {names}")
    if not found:
        known = "; ".join(reader.format for reader in readers)
        raise InvalidInput(f"{path} {_what_is_wrong(path)}; known formats are: {known}")
    return found[0]


def detect_all(paths: Iterable[str | Path], readers: Sequence[Reader] = READERS) -> list[Dataset]:
    """The data sets at several paths, for one run.

    Raises:
        InvalidInput: as ``detect``; or two have the same name, and results could not be told apart.
    """
    found: dict[str, Dataset] = {}
    for dataset in (detect(path, readers) for path in paths):
        other = found.setdefault(dataset.name, dataset)
        if other is not dataset:
            raise InvalidInput(
                f"{other.path} and {dataset.path} would both be called {dataset.name!r}: rename "
                "one of them, or measure them one at a time"
            )
    return list(found.values())


def _find(paths: Sequence[Path], readers: Sequence[Reader]) -> list[Dataset]:
    firsts = ((path, next((each for each in readers if each.detect(path)), None)) for path in paths)
    return [reader.open(path) for path, reader in firsts if reader]


def _what_is_wrong(path: Path) -> str:
    if path.is_dir():
        return "holds no data set" if any(path.iterdir()) else "is an empty folder"
    if path.stat().st_size == 0:
        return "is an empty file"
    return "is of no known format, or cut short"
