"""A damaged key opens nothing, and least of all another namespace."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from remem.serve.keys import KeyRing, Permission
from remem.store import CorruptStore, RememError

TIMES = int(os.environ.get("REMEM_DAMAGE", "60"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite3"


@pytest.fixture
def tokens(file: Path) -> list[str]:
    with closing(KeyRing(file)) as ring:
        return [ring.create(f"key {n}", [f"user{n}"], Permission.WRITE) for n in range(3)]


@pytest.fixture
def ring(file: Path, tokens: list[str]) -> Iterator[KeyRing]:
    with closing(KeyRing(file)) as ring:
        yield ring


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


CHANGES = {
    "another namespace": "namespaces = '[\"user9\"]'",
    "all namespaces": "namespaces = '[\"*\"]'",
    "no JSON": "namespaces = '['",
    "more rights": "permission = 'admin'",
    "no permission": "permission = 'x'",
    "no time": "created_at = 'x'",
    "another type": "revoked_at = x'00'",
    "no digest": "digest = NULL",
}


@pytest.mark.parametrize("what", CHANGES.values(), ids=CHANGES)
def test_a_damaged_key_opens_nothing_and_is_named(
    ring: KeyRing, tokens: list[str], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = tokens[1].split("_")[1]
    change(ring.path, f"UPDATE keys SET {what} WHERE id = '{damaged}'")
    assert ring.check(tokens[1]) is None
    assert f"the key '{damaged}'" in caplog.text
    assert [key.name for key in ring.all()] == ["key 0", "key 2"]
    for number in (0, 2):
        key = ring.check(tokens[number])
        assert key is not None
        assert key.namespaces == (f"user{number}",)
    with pytest.raises(CorruptStore, match="'remem keys create'"):
        ring.rotate(damaged)


def test_a_key_that_was_revoked_does_not_come_back(ring: KeyRing, tokens: list[str]) -> None:
    key_id = tokens[0].split("_")[1]
    ring.revoke(key_id)
    change(ring.path, f"UPDATE keys SET revoked_at = NULL WHERE id = '{key_id}'")
    assert ring.check(tokens[0]) is None


def test_rotated_and_revoked_keys_are_whole(ring: KeyRing, tokens: list[str]) -> None:
    token = ring.rotate(tokens[0].split("_")[1])
    ring.revoke(tokens[1].split("_")[1])
    assert ring.check(token) is not None
    assert len(ring.all()) == 3


def test_text_that_is_not_utf8_is_not_quoted(ring: KeyRing) -> None:
    change(ring.path, "UPDATE keys SET name = CAST(x'7178FF' AS TEXT)")
    with pytest.raises(CorruptStore, match="are damaged") as error:
        ring.all()
    assert "qx" not in str(error.value).replace(str(ring.path), "")


def test_keys_of_an_older_version_go_on_working(file: Path, tokens: list[str]) -> None:
    change(file, "ALTER TABLE keys DROP COLUMN digest")
    with closing(KeyRing(file)) as ring:
        assert all(ring.check(token) for token in tokens)
        change(file, "UPDATE keys SET permission = 'admin'")
        assert not any(ring.check(token) for token in tokens)


def test_bits_that_flip_at_random_open_no_other_namespace(file: Path, tokens: list[str]) -> None:
    with closing(KeyRing(file)) as ring:
        written = {token: ring.check(token) for token in tokens}
    whole = file.read_bytes()
    for seed in range(TIMES):
        random, content = Random(seed), bytearray(whole)
        for _ in range(random.choice([1, 2, 40])):
            content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        file.write_bytes(content)
        with suppress(RememError), closing(KeyRing(file)) as ring:
            for token, key in written.items():
                assert ring.check(token) in (key, None), seed
            ring.all()
