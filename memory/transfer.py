"""Export and import: JSON Lines, lossless, the same for every store.

The first line is ``{"remem_export": 1}``. Each other line is one record: ``namespace`` and the
fields of ``store.Record``, times in ISO 8601 with their offset, fields without a value left out.
Lines come in the order of (namespace, source, position, key), so equal stores give equal files.

A backup of all namespaces also has what is needed to know again what was deleted or forgotten: if
there is any, its second line is ``{"departed": {...}}``, digests by the salts that they were made
with (see ``remem.departed``).
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from remem.store import InvalidInput, OnDamage, Record, Store, StoreReadOnly, log_damage
from remem.store.validation import check_name

HEADER = {"remem_export": 1}

_DEPARTED = "departed"
_DIGEST = re.compile("[0-9a-f]{32}")

_FIELDS = tuple(field.name for field in fields(Record))
_TIMES = ("said_at", "stored_at", "expires_at", "valid_to")


def export(
    store: Store,
    target: str | Path | IO[str],
    namespaces: Sequence[str],
    damaged: OnDamage = log_damage,
    departed: Mapping[str, Collection[str]] | None = None,
) -> int:
    """Write the records of some namespaces; returns how many.

    Args:
        damaged: Called with each record that is damaged, and so not written.
        departed: Digests of what went from the store, by salt.
    """
    count = 0
    with _writable(target) as file:
        file.write(json.dumps(HEADER) + "\n")
        if departed:
            digests = {salt: sorted(departed[salt]) for salt in sorted(departed)}
            file.write(json.dumps({_DEPARTED: digests}) + "\n")
        for namespace in sorted(namespaces):
            for record in store.scan(namespace, damaged=damaged):
                file.write(to_line(namespace, record) + "\n")
                count += 1
    return count


def read(path: Path) -> Iterator[tuple[str, Iterator[Record]]]:
    """The records of an export, by namespace, streamed.

    Raises:
        InvalidInput: a line is not what ``export`` writes.
    """
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        if _parse(path, 1, file.readline()) != HEADER:
            raise InvalidInput(f"{path} was not written by remem export; use remem import")
        lines = (from_line(path, number, line) for number, line in enumerate(file, 2))
        records = (found for found in lines if isinstance(found, tuple))
        for namespace, group in groupby(records, lambda pair: pair[0]):
            yield namespace, (record for _, record in group)


def departed_of(path: Path) -> Mapping[str, Collection[str]]:
    """The digests of what went from the store of a backup, by salt; none of other exports."""
    with path.open("rb") as file:
        file.readline()
        try:
            return departed_in(json.loads(file.readline()))
        except (ValueError, RecursionError):
            return {}


def departed_in(values: Any) -> Mapping[str, Collection[str]]:
    """The digests of what went, by salt, if the JSON of a line holds them; else none."""
    if not isinstance(values, dict) or values.keys() != {_DEPARTED}:
        return {}
    found = values[_DEPARTED]
    if isinstance(found, dict) and all(map(_are_digests, found.items())):
        return found
    return {}


def _are_digests(pair: tuple[str, Any]) -> bool:
    salt, digests = pair
    return isinstance(digests, list) and all(map(_is_digest, (salt, *digests)))


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def record_json(record: Record) -> dict[str, Any]:
    """All fields of a record, in the order of ``Record``; times are ISO 8601."""
    values = {name: getattr(record, name) for name in _FIELDS}
    times = {name: values[name] and values[name].isoformat() for name in _TIMES}
    return values | times | {"metadata": dict(record.metadata)}


def to_line(namespace: str, record: Record) -> str:
    """A record as one line of JSON."""
    values = record_json(record)
    kept = {name: value for name, value in values.items() if value is not None and value != {}}
    return json.dumps({"namespace": namespace, **kept}, ensure_ascii=False)


def from_line(
    path: Path, number: int, line: str
) -> tuple[str, Record] | Mapping[str, Collection[str]]:
    """The namespace and record in a line, or the digests in one that has what went; an empty line
    has none.

    Raises:
        InvalidInput: it is none of these; the message has file and line.
    """
    if not line.strip():
        return {}
    values = _parse(path, number, line)
    return departed_in(values) or from_values(path, number, values)


def from_values(path: Path, number: int, values: Any) -> tuple[str, Record]:
    """The namespace and record that the JSON of a line describes; raises as ``from_line``."""
    try:
        namespace = check_name(values.pop("namespace"), "namespace")
        for name in _TIMES:
            if name in values:
                values[name] = datetime.fromisoformat(values[name])
        return namespace, Record(**values)
    except (AttributeError, KeyError, TypeError, ValueError, InvalidInput) as error:
        raise InvalidInput(f"{path}:{number}: not a record of remem export ({error})") from None


def _parse(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{path}:{number}: the line is not JSON; is the file whole?") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _writable(target: str | Path | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(target, (str, Path)):
        yield target
        return
    # Written beside the target and moved over it: a failure leaves an older backup whole. What
    # somebody said, and digests of what they had forgotten, is for nobody else to read.
    path = Path(target)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(temporary, "x", encoding="utf-8", newline="\n", opener=_private) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreReadOnly(
            f"cannot write {path} ({error.strerror}): choose another place for the export"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
