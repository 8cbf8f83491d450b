"""The users of a key have a memory each, whatever they call themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from unicodedata import normalize

import pytest

pytest.importorskip("fastapi")

from hypothesis import assume, example, given
from hypothesis import strategies as st

from remem import Memory
from remem.serve.access import Caller
from remem.serve.errors import ApiError
from remem.serve.keys import KeyRing, Permission
from remem.store import InvalidInput
from remem.testing import HashEncoder

NAMES = st.one_of(
    st.sampled_from(["*", "bot/*", "a/*", "shared", "a", "b", "a/b", "%2F", "a%2Fb", "..", "main"]),
    st.text(st.sampled_from("ab/*%25F .é\u0301\u0307"), min_size=1, max_size=8),
    st.text(min_size=1, max_size=20),
)
PATTERNS = st.sampled_from(
    ["*", "bot/*", "bot/a/*", "a/*", "b/*", "shared", "main", "a", "bot/main"]
)
KEYS = st.lists(PATTERNS, min_size=1, max_size=3, unique=True)


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyRing]:
    with closing(KeyRing(tmp_path_factory.mktemp("keys") / "keys.sqlite3")) as ring:
        yield ring


def caller(ring: KeyRing, memory: Memory, patterns: list[str], default: str = "main") -> Caller:
    try:
        key = ring.check(ring.create("test", patterns, Permission.WRITE))
    except InvalidInput:  # patterns within each other: there is no such key
        assume(False)
        raise
    return Caller(key, default, memory)


def memory_of(who: Caller, user: str | None) -> str | None:
    """The namespace of a user; None of one who gets none."""
    try:
        return who.granted_to(user).namespace
    except (ApiError, InvalidInput):
        return None


@given(patterns=KEYS, one=NAMES, other=NAMES)
@example(patterns=["bot/*"], one="*", other="bot/*")
@example(patterns=["bot/*", "shared"], one="shared", other="bot/shared")
@example(patterns=["*"], one="a/b", other="a%2Fb")
def test_no_two_users_of_a_key_share_a_memory(
    ring: KeyRing, memory: Memory, patterns: list[str], one: str, other: str
) -> None:
    assume(normalize("NFC", one) != normalize("NFC", other))
    who = caller(ring, memory, patterns)
    ones = memory_of(who, one)
    assert ones is None or ones != memory_of(who, other)


@given(patterns=KEYS, others=KEYS, one=NAMES, other=NAMES)
@example(patterns=["bot/*"], others=["bot/a/*"], one="a/b", other="b")
@example(patterns=["*"], others=["bot/*"], one="bot/b", other="b")
def test_users_of_different_prefixes_share_no_memory(
    ring: KeyRing, memory: Memory, patterns: list[str], others: list[str], one: str, other: str
) -> None:
    who, whoever = caller(ring, memory, patterns), caller(ring, memory, others)
    assert who.key is not None
    assert whoever.key is not None
    assume(None not in (who.key.prefix, whoever.key.prefix))
    assume(who.key.prefix != whoever.key.prefix)
    ones = memory_of(who, one)
    assert ones is None or ones != memory_of(whoever, other)


@given(patterns=KEYS, user=NAMES)
def test_the_memory_of_a_user_is_one_that_the_key_opens(
    ring: KeyRing, memory: Memory, patterns: list[str], user: str
) -> None:
    who = caller(ring, memory, patterns)
    namespace = memory_of(who, user)
    assert who.key is not None
    assert namespace is None or who.key.allows(namespace)


@given(patterns=KEYS, user=NAMES, default=st.sampled_from(["main", "bot/main", "a"]))
@example(patterns=["bot/*"], user="main", default="bot/main")
def test_under_a_prefix_no_user_has_the_memory_of_requests_without_one(
    ring: KeyRing, memory: Memory, patterns: list[str], user: str, default: str
) -> None:
    who = caller(ring, memory, patterns, default)
    assert who.key is not None
    assume(who.key.prefix)
    unnamed = memory_of(who, None)
    assert unnamed is None or unnamed != memory_of(who, user)


@given(user=NAMES)
def test_a_plain_name_stands_below_the_prefix_as_it_is(
    ring: KeyRing, memory: Memory, user: str
) -> None:
    assume(not set(user) & set("/%"))
    namespace = memory_of(caller(ring, memory, ["bot/*", "shared"]), user)
    assert namespace is None or normalize("NFC", namespace) == normalize("NFC", f"bot/{user}")


def test_there_are_users_of_every_kind_of_name(ring: KeyRing, memory: Memory) -> None:
    who = caller(ring, memory, ["bot/*", "shared"])
    users = ["anna", "shared", "*", "bot/*", "a/b", "a%2Fb", "..", "Zoë Ümit"]
    assert len({memory_of(who, user) for user in users} - {None}) == len(users)
