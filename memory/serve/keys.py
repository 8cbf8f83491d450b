"""Keys: who may use the server, in which namespaces, and to do what.

A key is ``remem_<id>_<secret>``. The id finds it; the secret has 256 random bits and is kept only
as its SHA-256. A slow hash protects passwords, because people choose them from few; nobody can try
2^256 secrets, however fast the hash, and every request pays for a slow one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import IntEnum
from itertools import permutations
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.db import NotFoundError

from remem.lookup import composed
from remem.store import CorruptStore, InvalidInput, RememError, StoreReadOnly, digests
from remem.store.validation import check_name

_log = logging.getLogger(__name__)

_PREFIX = "remem"
_FIELDS = (
    "id",
    "name",
    "hash",
    "permission",
    "namespaces",
    "created_at",
    "rotated_at",
    "revoked_at",
)


class Permission(IntEnum):
    """Permissions of a key; each includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept, which is without its secret.

    Attributes:
        id: The public part.
        name: What its owner calls it.
        permission: The most it may do.
        namespaces: Where: exact names, or ``prefix/*`` for all below, or ``*``; none of them
            within another.
        created_at: When it was made.
        rotated_at: When it last got another secret.
        revoked_at: Since when it is worth nothing.
    """

    id: str
    name: str
    permission: Permission
    namespaces: tuple[str, ...]
    created_at: datetime
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, namespace: str) -> bool:
        """True if it opens a namespace."""
        return any(_covers(pattern, namespace) for pattern in self.namespaces)

    @property
    def prefix(self) -> str | None:
        """The beginning of its users' namespaces: that of its first pattern, if it has one."""
        return next((each[:-1] for each in self.namespaces if each.endswith("*")), None)

    def namespace_of(self, user: str) -> str:
        """The namespace of a user: no other name has the same, of this key or of any key
        with another prefix.

        A user is a name below the prefix and never a path: ``a/b`` of ``bot/*`` must not be ``b``
        of ``bot/a/*``. A key without a pattern has the users that it names.
        """
        if self.prefix is None:
            return user
        return self.prefix + user.replace("%", "%25").replace("/", "%2F")


class KeyRing:
    """The keys of a server, in an SQLite file that only its owner can read.

    Those in a file that cannot be written can be used and not changed.

    Thread-safe; several processes may use one file, and see each other's changes at once.

    Args:
        path: The file; made if needed.

    Raises:
        StoreReadOnly: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        with _translated(path):
            self._database = Database(_connected(path))
            self._keys = self._database.table("keys")
            self._keys.create(dict.fromkeys((*_FIELDS, "digest"), str), pk="id", if_not_exists=True)
            if self._keys.columns_dict.keys() == set(_FIELDS):  # of an older version
                with suppress(sqlite3.OperationalError), self._database.conn:  # it may be read-only
                    self._keys.add_column("digest", str)
                    for row in list(self._keys.rows):
                        self._keys.update(row["id"], _marked(row))

    def create(self, name: str, namespaces: Sequence[str], permission: Permission) -> str:
        """Make a key; what is returned cannot be seen again.

        Raises:
            InvalidInput: no namespace, one that is no name or pattern, or one within another.
        """
        if not namespaces:
            raise InvalidInput("name at least one namespace that the key may use")
        patterns = [_checked_pattern(pattern) for pattern in namespaces]
        _refuse_overlaps(patterns)
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = {
            "id": key_id,
            "name": check_name(name, "name of the key"),
            "hash": _hash(secret),
            "permission": permission.name.lower(),
            "namespaces": json.dumps(patterns),
            "created_at": _now(),
            "rotated_at": None,
            "revoked_at": None,
        }
        with self._writing():
            self._keys.insert(_marked(row))
        return f"{_PREFIX}_{key_id}_{secret}"

    def rotate(self, key_id: str) -> str:
        """Give a key another secret; the old one is worth nothing from now on.

        Raises:
            InvalidInput: no such key, or it was revoked.
        """
        secret = secrets.token_urlsafe(32)
        with self._writing():
            self._change(key_id, hash=_hash(secret), rotated_at=_now())
        return f"{_PREFIX}_{key_id}_{secret}"

    def revoke(self, key_id: str) -> None:
        """Make a key worthless.

        Raises:
            InvalidInput: no such key, or it was revoked already.
        """
        with self._writing():
            self._change(key_id, revoked_at=_now())

    def all(self) -> list[Key]:
        """All keys, the oldest first, those that were revoked too."""
        with self._guard, _translated(self.path):
            rows = list(self._keys.rows_where(order_by="created_at, id"))
        for row in rows:
            if not _is_whole(row):
                _log.warning("left out: %s", self._damaged(row.get("id")))
        return [_key(row) for row in rows if _is_whole(row)]

    def check(self, token: str) -> Key | None:
        """The key that somebody showed, None if it is none or was revoked."""
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        row = self._row(key_id)
        expected = row["hash"] if row else _hash("")
        # Compared also where there is nothing to compare with: the time must not tell which ids
        # exist.
        same = hmac.compare_digest(_hash(secret), expected)
        valid = same and prefix == _PREFIX and row is not None and row["revoked_at"] is None
        return _key(row) if valid and row else None

    def close(self) -> None:
        """Release the file."""
        with self._guard:
            self._database.close()

    def _change(self, key_id: str, **values: str) -> None:
        row = self._found(key_id)
        if row is None:
            raise InvalidInput(f"no key has the id {key_id!r}; 'remem keys list' shows them")
        if row["revoked_at"] is not None:
            raise InvalidInput(f"the key {key_id} was revoked; create another one")
        self._keys.update(key_id, _marked({**row, **values}))

    def _row(self, key_id: str) -> dict[str, Any] | None:
        with self._guard, _translated(self.path):
            try:
                return self._found(key_id)
            except CorruptStore as error:
                _log.warning("%s", error)
                return None

    def _found(self, key_id: str) -> dict[str, Any] | None:
        try:
            row = dict(self._keys.get(key_id))
        except NotFoundError:
            return None
        if not _is_whole(row):
            raise CorruptStore(self._damaged(key_id))
        return row

    def _damaged(self, key_id: object) -> str:
        return (
            f"the key {key_id!r} in {self.path} is damaged and opens nothing: restore a backup of "
            "the file, or make another key with 'remem keys create'"
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guard, _translated(self.path), self._database.conn:
            yield


def _connected(path: Path) -> sqlite3.Connection:
    if path.exists() and not os.access(path, os.W_OK):
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite would make the file readable for everybody.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return sqlite3.connect(path, check_same_thread=False)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreReadOnly(
            f"the keys in {path} cannot be read or written ({error.strerror}); "
            "check the folder, or name another file with --keys"
        ) from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if any(word in str(error) for word in ("decode", "malformed")):
            raise CorruptStore(
                f"the keys in {path} are damaged: restore a backup of the file, or name another "
                "one with --keys and make new keys"
            ) from None
        raise RememError(
            f"the keys in {path} cannot be used ({error}); name another file with --keys"
        ) from error


def _checked_pattern(pattern: str) -> str:
    pattern = check_name(pattern, "namespace of a key")
    stem = pattern.removesuffix("*")
    if "*" in stem or (stem != pattern and stem and not stem.endswith("/")):
        raise InvalidInput(
            f"{pattern!r} is no namespace or pattern; write a name, prefix/* or * for all"
        )
    return pattern


def _refuse_overlaps(patterns: Sequence[str]) -> None:
    """Refuse patterns within another: they would not restrict the key, as its maker may think."""
    for within, outer in permutations(patterns, 2):
        if within == outer or _covers(outer, within):
            raise InvalidInput(
                f"{outer!r} opens {within!r} too; leave one out, or make a key for each"
            )


def _covers(pattern: str, namespace: str) -> bool:
    pattern, namespace = composed(pattern), composed(namespace)
    if pattern.endswith("*"):
        prefix = pattern[:-1]
        return namespace.startswith(prefix) and len(namespace) > len(prefix)
    return pattern == namespace


def _marked(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the digest that tells damage: none may open another namespace."""
    return {**row, "digest": digests.of_values(*(row[name] for name in _FIELDS)).hex()}


def _is_whole(row: dict[str, Any]) -> bool:
    """True if a row is what was written, or of a file of an older version that cannot be."""
    try:
        _key(row)
        return row.keys() == set(_FIELDS) or _marked(row) == row
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return False


def _key(row: dict[str, Any]) -> Key:
    return Key(
        id=row["id"],
        name=row["name"],
        permission=Permission[row["permission"].upper()],
        namespaces=tuple(json.loads(row["namespaces"])),
        created_at=datetime.fromisoformat(row["created_at"]),
        rotated_at=row["rotated_at"] and datetime.fromisoformat(row["rotated_at"]),
        revoked_at=row["revoked_at"] and datetime.fromisoformat(row["revoked_at"]),
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
