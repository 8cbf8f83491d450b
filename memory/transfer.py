"""Export and import: JSON Lines, lossless, the same for every store.

The first line is ``{"remem_export": 1}``. Each other line is one record: ``namespace`` and the
fields of ``store.Record``, times in ISO 8601 with their offset, fields without a value left out.
Lines come in the order of (namespace, source, position, key), so equal stores give equal files.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from remem.store import InvalidInput, OnDamage, Record, Store, StoreReadOnly, log_damage
from remem.store.validation import check_name

HEADER = {"remem_export": 1}

_FIELDS = tuple(field.name for field in fields(Record))
_TIMES = ("said_at", "stored_at", "expires_at", "valid_to")


def export(
    store: Store,
    target: str | Path | IO[str],
    namespaces: Sequence[str],
    damaged: OnDamage = log_damage,
) -> int:
    """Write the records of some namespaces; returns how many.

    Args:
        damaged: Called with each record that is damaged, and so not written.
    """
    count = 0
    with _writable(target) as file:
        file.write(json.dumps(HEADER) + "\n")
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
        lines = (
            from_line(path, number, line) for number, line in enumerate(file, 2) if line.strip()
        )
        for namespace, group in groupby(lines, lambda pair: pair[0]):
            yield namespace, (record for _, record in group)


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


def from_line(path: Path, number: int, line: str) -> tuple[str, Record]:
    """The namespace and record in a line.

    Raises:
        InvalidInput: it is not one; the message has file and line.
    """
    return from_values(path, number, _parse(path, number, line))


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


@contextmanager
def _writable(target: str | Path | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(target, (str, Path)):
        yield target
        return
    # Written beside the target and moved over it: a failure leaves an older backup whole.
    path = Path(target)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
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
