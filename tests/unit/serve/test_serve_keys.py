"""Keys: random, kept as hashes, tied to namespaces, worthless once revoked."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from remem.serve.keys import KeyRing, Permission
from remem.store import InvalidInput, StoreReadOnly


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite3"


@pytest.fixture
def ring(path: Path) -> Iterator[KeyRing]:
    ring = KeyRing(path)
    yield ring
    ring.close()


def made(ring: KeyRing, *namespaces: str, permission: Permission = Permission.READ) -> str:
    return ring.create("test", namespaces or ("a",), permission)


def key_id(token: str) -> str:
    return token.split("_")[1]


def test_a_key_opens_what_it_was_made_for(ring: KeyRing) -> None:
    key = ring.check(ring.create("phone", ["a", "bot/*"], Permission.WRITE))
    assert key is not None
    assert (key.name, key.namespaces, key.permission) == (
        "phone",
        ("a", "bot/*"),
        Permission.WRITE,
    )


def test_no_two_keys_are_the_same(ring: KeyRing) -> None:
    assert len({made(ring) for _ in range(50)}) == 50


def test_the_secret_has_256_bits(ring: KeyRing) -> None:
    assert len(made(ring).split("_", 2)[2]) == 43  # of base 64, with 6 bits each


@pytest.mark.parametrize("pattern", ["", "_", "remem", "remem_", "remem__", "{}x", "x{}", "{}_"])
def test_what_is_no_key_opens_nothing(ring: KeyRing, pattern: str) -> None:
    assert ring.check(pattern.format(made(ring))) is None


def test_the_secret_of_one_key_does_not_open_another(ring: KeyRing) -> None:
    one, other = made(ring), made(ring)
    assert ring.check(f"remem_{key_id(one)}_{other.split('_', 2)[2]}") is None


def test_the_file_holds_no_secret(ring: KeyRing, path: Path) -> None:
    secret = made(ring).split("_", 2)[2]
    assert all(secret.encode() not in each.read_bytes() for each in path.parent.iterdir())


def test_only_its_owner_can_read_the_file(ring: KeyRing, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_still_works_when_the_file_is_opened_again(ring: KeyRing, path: Path) -> None:
    token = made(ring)
    other = KeyRing(path)
    assert other.check(token) is not None
    other.close()


def test_a_revoked_key_stops_working_at_once_in_every_process(ring: KeyRing, path: Path) -> None:
    token = made(ring)
    elsewhere = KeyRing(path)
    assert elsewhere.check(token) is not None
    ring.revoke(key_id(token))
    assert elsewhere.check(token) is None
    elsewhere.close()


def test_after_a_rotation_only_the_new_secret_works(ring: KeyRing) -> None:
    old = made(ring, "a", "b")
    new = ring.rotate(key_id(old))
    assert ring.check(old) is None
    key = ring.check(new)
    assert key is not None
    assert (key.id, key.namespaces) == (key_id(old), ("a", "b"))
    assert key.rotated_at is not None


def test_all_keys_are_listed_those_that_were_revoked_too(ring: KeyRing) -> None:
    tokens = [made(ring) for _ in range(3)]
    ring.revoke(key_id(tokens[1]))
    assert sorted(key.id for key in ring.all()) == sorted(map(key_id, tokens))
    assert [key.id for key in ring.all() if key.revoked_at] == [key_id(tokens[1])]


@pytest.mark.parametrize("change", [KeyRing.rotate, KeyRing.revoke])
def test_a_key_that_is_not_there_cannot_be_changed(ring: KeyRing, change: object) -> None:
    with pytest.raises(InvalidInput, match="no key has the id 'nope'"):
        change(ring, "nope")  # type: ignore[operator]


@pytest.mark.parametrize("change", [KeyRing.rotate, KeyRing.revoke])
def test_a_revoked_key_stays_revoked(ring: KeyRing, change: object) -> None:
    token = made(ring)
    ring.revoke(key_id(token))
    with pytest.raises(InvalidInput, match="was revoked"):
        change(ring, key_id(token))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("namespaces", "opened", "closed"),
    [
        (["a"], ["a"], ["b", "A", "a/b", "a/", "aa"]),
        (["bot/*"], ["bot/anna", "bot/a/b", "bot/../x"], ["bot", "bot/", "bots/anna", "anna"]),
        (["a", "b"], ["a", "b"], ["c"]),
        (["*"], ["a", "bot/anna"], []),
    ],
)
def test_names_open_themselves_and_patterns_all_below(
    ring: KeyRing, namespaces: list[str], opened: list[str], closed: list[str]
) -> None:
    key = ring.check(made(ring, *namespaces))
    assert key is not None
    assert all(map(key.allows, opened))
    assert not any(map(key.allows, closed))


@pytest.mark.parametrize("pattern", ["", " ", "a*", "*/a", "a/*/b", "a/**", "a\nb"])
def test_other_patterns_are_refused(ring: KeyRing, pattern: str) -> None:
    with pytest.raises(InvalidInput):
        made(ring, pattern)
    assert ring.all() == []


@pytest.mark.parametrize(
    "patterns",
    [
        ["*", "bot/*"],
        ["bot/*", "*"],
        ["*", "a"],
        ["bot/*", "bot/anna"],
        ["bot/*", "bot/a/*"],
        ["a"] * 2,
    ],
)
def test_a_key_with_one_pattern_within_another_is_refused(
    ring: KeyRing, patterns: list[str]
) -> None:
    with pytest.raises(InvalidInput, match="too; leave one out"):
        made(ring, *patterns)
    assert ring.all() == []


def test_a_key_needs_a_namespace(ring: KeyRing) -> None:
    with pytest.raises(InvalidInput, match="at least one namespace"):
        ring.create("test", [], Permission.ADMIN)


def test_a_file_that_is_no_database_is_one_sentence(path: Path) -> None:
    path.write_text("no database " * 1000)
    with pytest.raises(Exception, match=r"cannot be used \(file is not a database\); name another"):
        KeyRing(path)


def test_a_folder_that_cannot_be_made_is_one_sentence(path: Path) -> None:
    path.write_text("a file")
    with pytest.raises(StoreReadOnly, match="check the folder"):
        KeyRing(path / "keys.sqlite3")


def test_a_ring_can_be_read_while_another_process_writes(ring: KeyRing, path: Path) -> None:
    token = made(ring)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE keys SET name = 'other'")
    assert ring.check(token) is not None
    writer.execute("ROLLBACK")
    writer.close()
