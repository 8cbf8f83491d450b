"""Forgetting with a preview and a receipt: what went, when, and that no file holds it any more.

A receipt holds no word of what was forgotten, but a digest of each record, made with a salt of its
own. With it anybody can check later that none of them has come back (``verify``). Whoever has a
receipt can also test a guess, so it should be kept where only its owner reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remem.contents import Doomed, Where
from remem.store import InvalidInput, Record
from remem.store.open import folder_of

if TYPE_CHECKING:
    from remem.memory import Memory

FORM = 1
"""The version of the form of a receipt."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A search for traces of what was forgotten, byte by byte, in the files of a store.

    Attributes:
        files, bytes: How many were read, and how long they are together.
        probes: Pieces of forgotten texts that were looked for, spread over all of them.
        found: Those that a file still held, though no memory that is left has these words.
    """

    files: int
    bytes: int
    probes: int
    found: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A statement that memories were forgotten.

    Attributes:
        at: When, in ISO 8601.
        namespace: Where.
        records: How many went, all versions counted.
        salt: In hexadecimal digits, of the digests.
        digests: SHA-256 of salt, key and text of each, sorted.
        scan: The search for traces; None of a store on a server, whose files are not ours to read.
        seal: SHA-256 of all the rest.
    """

    at: str
    namespace: str
    records: int
    salt: str
    digests: tuple[str, ...]
    scan: Scan | None
    seal: str = ""

    @property
    def is_whole(self) -> bool:
        """True if nothing was changed in it."""
        return self.seal == _seal(self)

    def to_json(self) -> str:
        """The receipt as a file holds it."""
        return json.dumps({"remem_receipt": FORM, **asdict(self)}, indent=2, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Receipt:
        """The receipt that a file holds.

        Raises:
            InvalidInput: it holds none.
        """
        try:
            values: Any = json.loads(text)
            if values.pop("remem_receipt") != FORM:
                raise ValueError
            scan = values.pop("scan")
            digests = tuple(map(str, values.pop("digests")))
            return Receipt(**values, digests=digests, scan=scan and Scan(**scan))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InvalidInput(
                "this is no receipt of remem; give the file that 'remem forget --receipt' wrote, "
                "or that the page let you save"
            ) from None


def counts(doomed: Doomed) -> dict[str, int]:
    """Numbers of what forgetting removes and touches, by name: ``records``, of these ``versions``
    that were replaced, ``sources`` that they are of, and ``rewritten``, memories nearby that are
    indexed again without them. Pure."""
    return {
        "records": len(doomed.records),
        "versions": sum(record.superseded_by is not None for record in doomed.records),
        "sources": len({record.source for record in doomed.records}),
        "rewritten": len(doomed.rewritten),
    }


def forget(memory: Memory, where: Where) -> Receipt:
    """Forget what matches, all versions and all traces, and look for what may be left of it.

    Raises:
        InvalidInput: the filter matches everything by its form; nothing was forgotten.
    """
    return receipt_of(memory, memory.wipe(where))


def receipt_of(memory: Memory, gone: Collection[Record]) -> Receipt:
    """The receipt of records that have just been forgotten; see ``Memory.wipe``."""
    salt = secrets.token_hex(16)
    receipt = Receipt(
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        namespace=memory.namespace,
        records=len(gone),
        salt=salt,
        digests=tuple(sorted(digest_of(salt, each.key, each.text) for each in gone)),
        scan=_scanned(memory, [record.text for record in gone]),
    )
    return replace(receipt, seal=_seal(receipt))


def verify(receipt: Receipt, memory: Memory) -> list[str]:
    """One sentence for each thing that is wrong: with the receipt, or because something that was
    forgotten is remembered again. Reads the whole namespace."""
    problems = [] if receipt.is_whole else ["the receipt was changed after it was made"]
    wanted = set(receipt.digests)
    again = sum(digest_of(receipt.salt, each.key, each.text) in wanted for each in memory.scan())
    if again:
        problems.append(f"{again:,} of what was forgotten is remembered again")
    if receipt.scan and receipt.scan.found:
        problems.append(
            f"{receipt.scan.found:,} pieces were still in files of the store when it was made"
        )
    return problems


def digest_of(salt: str, key: str, text: str) -> str:
    """The digest of a record in a receipt."""
    salted = f"{salt}\0{key}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(salted).hexdigest()


def _seal(receipt: Receipt) -> str:
    values = asdict(replace(receipt, seal=""))
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


# Traces in files.

_SHORTEST, _LONGEST = 16, 96  # bytes; what is shorter may stand anywhere
_FEWEST, _MOST = 8, 256
_AT_MOST_READ = 4 * 2**30  # bytes, all probes together: some two seconds
_AT_ONCE = 16 * 2**20  # bytes


def _scanned(memory: Memory, texts: Sequence[str]) -> Scan | None:
    folder = folder_of(memory.url)
    if folder is None or not folder.is_dir():
        return None
    scan, found = traces(_files(folder), texts)
    left = _unexplained(found, memory.scan()) if found else found
    return replace(scan, found=len(left))


def _files(folder: Path) -> list[Path]:
    inside = (Path(name, each) for name, _, files in os.walk(folder) for each in files)
    return [path for path in inside if path.is_file()]


def traces(files: Iterable[Path], texts: Sequence[str]) -> tuple[Scan, set[bytes]]:
    """A search for forgotten texts in files, and the pieces of them that these hold.

    Others may use the store meanwhile: a file that vanishes holds nothing, and is not counted.
    """
    sizes = {path: size for path in files if (size := _size(path)) is not None}
    most = min(max(_AT_MOST_READ // (sum(sizes.values()) or 1), _FEWEST), _MOST)
    probes = _probes(texts, most)
    found: set[bytes] = set()
    read: list[int] = []
    for path in sizes:
        with suppress(FileNotFoundError):
            held, size = _held(path, probes) if probes else (set(), sizes[path])
            found |= held
            read.append(size)
    return Scan(len(read), sum(read), len(probes), len(found)), found


def _size(path: Path) -> int | None:
    """The size of a file; None: it is gone."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return None


def _probes(texts: Iterable[str], most: int) -> list[bytes]:
    """The beginnings of texts, so many of them, spread evenly."""
    pieces = {text.encode("utf-8", "surrogatepass")[:_LONGEST] for text in texts}
    long_enough = sorted(piece for piece in pieces if len(piece) >= _SHORTEST)
    step = max(1, -(-len(long_enough) // most))
    return long_enough[::step]


def _held(path: Path, probes: Sequence[bytes]) -> tuple[set[bytes], int]:
    """Those of the probes that a file holds, and how many bytes of it were read."""
    found: set[bytes] = set()
    size, tail = 0, b""
    # Not mapped into memory: where a file is cut short meanwhile, that would end the process.
    with path.open("rb") as file:
        while part := file.read(_AT_ONCE):
            size += len(part)
            part = tail + part
            found |= {probe for probe in probes if probe in part}
            tail = part[-_LONGEST:]
    return found, size


def _unexplained(found: Iterable[bytes], left: Iterable[Record]) -> set[bytes]:
    """Those that no memory that is left has in its text."""
    unexplained = set(found)
    for record in left:
        text = record.text.encode("utf-8", "surrogatepass")
        unexplained -= {probe for probe in unexplained if probe in text}
    return unexplained
